package notify

import (
	"slices"
	"sync"
)

// maxTaken is how many mails are remembered: those of the notices that a process
// tries again within minutes.
const maxTaken = 256

// A memory holds the mails that were taken while another of the same notice was
// not, so that the next try repeats only what has failed. What it forgets, or
// loses with its process, is sent once more.
type memory struct {
	mu  sync.Mutex
	ids []string
}

func (m *memory) has(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.ids, id)
}

func (m *memory) add(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ids) >= maxTaken {
		m.ids = slices.Delete(m.ids, 0, 1)
	}
	m.ids = append(m.ids, id)
}
