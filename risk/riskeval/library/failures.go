package library

import (
	"time"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
)

// failures counts wrong passwords by account within the last hour, as a host would.
type failures struct {
	last  []failure // in the order of their time
	count map[intern.Key]int
}

type failure struct {
	at   int64 // seconds since 1970
	user intern.Key
}

const failureWindow = int64(time.Hour / time.Second)

func (f *failures) add(user string, at time.Time) {
	if f.count == nil {
		f.count = map[intern.Key]int{}
	}
	f.expire(at.Unix())
	k := intern.String(user)
	f.last = append(f.last, failure{at.Unix(), k})
	f.count[k]++
}

func (f *failures) of(user string, now time.Time) int {
	if len(f.last) == 0 {
		return 0
	}
	f.expire(now.Unix())
	return f.count[intern.String(user)]
}

func (f *failures) expire(now int64) {
	gone := 0
	for gone < len(f.last) && f.last[gone].at < now-failureWindow {
		k := f.last[gone].user
		if f.count[k]--; f.count[k] <= 0 {
			delete(f.count, k)
		}
		gone++
	}
	f.last = f.last[gone:] // append makes room anew, and leaves what is gone behind
}
