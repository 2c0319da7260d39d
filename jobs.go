package mfa

import "sync"

// jobs counts what is going on: operations, and the work after their answers. It
// is a sync.WaitGroup that may rise from zero while somebody waits.
type jobs struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed at zero; nil: nobody waits
}

func (j *jobs) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.n++
}

func (j *jobs) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.n--; j.n == 0 && j.idle != nil {
		close(j.idle)
		j.idle = nil
	}
}

// done is closed as soon as nothing goes on.
func (j *jobs) done() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.idle != nil {
		return j.idle
	}
	c := make(chan struct{})
	if j.n == 0 {
		close(c)
	} else {
		j.idle = c
	}
	return c
}
