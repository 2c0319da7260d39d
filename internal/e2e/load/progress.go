package load

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A progress is a line that is written anew every second: over itself on a
// terminal, below itself elsewhere.
type progress struct {
	stop chan struct{}
	once sync.Once
	done sync.WaitGroup
}

func follow(w io.Writer, text func(passed time.Duration) string) *progress {
	p := &progress{stop: make(chan struct{})}
	before, after := "", "\n"
	if terminal(w) {
		before, after = "\r\x1b[K", ""
	}
	p.done.Go(func() {
		began := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprint(w, before, text(time.Since(began)), after)
			case <-p.stop:
				fmt.Fprint(w, before)
				return
			}
		}
	})
	return p
}

// end takes the line away, or leaves it where it stands on no terminal.
func (p *progress) end() {
	p.once.Do(func() { close(p.stop) })
	p.done.Wait()
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
