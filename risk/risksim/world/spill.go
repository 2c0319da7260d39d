package world

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// A spill sorts more sign-ins than memory should hold: it puts them by time
// into files, each of which is small enough to be sorted by itself.
type spill struct {
	dir   string
	width int64 // of a file's time, in milliseconds

	mu    sync.Mutex
	files []*os.File
	err   error
}

// perFile is about how many records a file holds: 20 MB.
const perFile = 500_000

func newSpill(expected float64, days int) (*spill, error) {
	dir, err := os.MkdirTemp("", "risksim-")
	if err != nil {
		return nil, err
	}
	count := min(400, int64(expected/perFile)+1)
	span := int64(days) * day
	s := &spill{dir: dir, width: (span + count - 1) / count}
	for i := range count {
		f, err := os.Create(fmt.Sprintf("%s/%03d", dir, i))
		if err != nil {
			return nil, errors.Join(err, s.remove())
		}
		s.files = append(s.files, f)
	}
	return s, nil
}

func (s *spill) remove() error {
	for _, f := range s.files {
		_ = f.Close()
	}
	return os.RemoveAll(s.dir)
}

// A drain takes the records of one goroutine.
type drain struct {
	to     *spill
	buffer [][]byte
}

const drainSize = 512 * recordSize

func (s *spill) drain() *drain { return &drain{s, make([][]byte, len(s.files))} }

func (d *drain) add(r record) {
	i := int(r.at() / d.to.width)
	if d.buffer[i] == nil {
		d.buffer[i] = make([]byte, 0, drainSize)
	}
	if d.buffer[i] = append(d.buffer[i], r[:]...); len(d.buffer[i]) >= drainSize {
		d.empty(i)
	}
}

func (d *drain) empty(i int) {
	d.to.mu.Lock()
	defer d.to.mu.Unlock()
	if _, err := d.to.files[i].Write(d.buffer[i]); err != nil && d.to.err == nil {
		d.to.err = err
	}
	d.buffer[i] = d.buffer[i][:0]
}

func (d *drain) flush() {
	for i := range d.buffer {
		d.empty(i)
	}
}

// sorted is the records of file i in the order of time.
func (s *spill) sorted(i int) ([]record, error) {
	f := s.files[i]
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	raw := make([]byte, info.Size())
	if _, err := f.ReadAt(raw, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	records := make([]record, len(raw)/recordSize)
	for j := range records {
		copy(records[j][:], raw[j*recordSize:])
	}
	slices.SortFunc(records, func(a, b record) int { return bytes.Compare(a[:], b[:]) })
	return records, nil
}
