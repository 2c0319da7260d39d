// Package quota counts messages over an hour and over a day, and says how many
// more a limit lets through. It is pure: a [Value] is what the store keeps.
//
// Counts are kept in buckets, and a bucket counts until all of it has left the
// window. So a limit is never exceeded in any hour or day, and a count is
// forgotten at most one bucket late.
package quota

import (
	"slices"
	"time"
)

const (
	hour, day    = int64(time.Hour / time.Second), 24 * int64(time.Hour/time.Second)
	fine, coarse = hour / 12, day / 12 // the sizes of buckets, in seconds
)

// A Limit is the most that is let through in any hour and in any day. 0: no
// bound of that kind.
type Limit struct{ Hour, Day int }

// less is the limit without a share that is kept back, in percent, rounded up.
func (l Limit) less(percent int) Limit {
	cut := func(n int) int {
		if n == 0 || percent == 0 {
			return n
		}
		if rest := n - (n*percent+99)/100; rest > 0 {
			return rest
		}
		return -1 // nothing at all; 0 is no bound
	}
	return Limit{cut(l.Hour), cut(l.Day)}
}

// A Counter counts over an hour and over a day. The zero value has counted nothing.
type Counter struct {
	Fine   []Bucket `cbor:"1,keyasint,omitempty"`
	Coarse []Bucket `cbor:"2,keyasint,omitempty"`
}

// A Bucket is what happened in one stretch of time.
type Bucket struct {
	_ struct{} `cbor:",toarray"`
	K int64    // which one, since 1970
	N int
}

// Add counts n at now. Under a clock that went back they count in the newest bucket.
func (c *Counter) Add(now time.Time, n int) {
	c.Fine = add(c.Fine, now.Unix(), n, fine, hour)
	c.Coarse = add(c.Coarse, now.Unix(), n, coarse, day)
}

func add(list []Bucket, now int64, n int, size, window int64) []Bucket {
	list = slices.DeleteFunc(list, func(b Bucket) bool { return !b.within(now, size, window) })
	k := now / size
	if last := len(list) - 1; last >= 0 && list[last].K >= k {
		list[last].N += n
		return list
	}
	return append(list, Bucket{K: k, N: n})
}

// Hour is how many were counted in the hour before now.
func (c Counter) Hour(now time.Time) int { return count(c.Fine, now.Unix(), fine, hour) }

// Day is how many were counted in the day before now.
func (c Counter) Day(now time.Time) int { return count(c.Coarse, now.Unix(), coarse, day) }

func count(list []Bucket, now, size, window int64) (n int) {
	for _, b := range list {
		if b.within(now, size, window) {
			n += b.N
		}
	}
	return n
}

// unlimited is more than anybody sends.
const unlimited = 1 << 30

// Left is how many more l lets through.
func (c Counter) Left(now time.Time, l Limit) int {
	left := unlimited
	if l.Hour != 0 {
		left = min(left, max(l.Hour, 0)-c.Hour(now))
	}
	if l.Day != 0 {
		left = min(left, max(l.Day, 0)-c.Day(now))
	}
	return max(left, 0)
}

// Until is when l lets the next one through; zero: now.
func (c Counter) Until(now time.Time, l Limit) time.Time {
	if c.Left(now, l) > 0 {
		return time.Time{}
	}
	at := int64(0)
	if l.Hour != 0 {
		at = max(at, until(c.Fine, now.Unix(), fine, hour, l.Hour))
	}
	if l.Day != 0 {
		at = max(at, until(c.Coarse, now.Unix(), coarse, day, l.Day))
	}
	return time.Unix(max(at, now.Unix()+1), 0).UTC()
}

// until is when fewer than limit are in the window. With a limit of nothing, it
// is after one whole window: somebody may have changed it by then.
func until(list []Bucket, now, size, window int64, limit int) int64 {
	n := count(list, now, size, window)
	if n < limit {
		return 0
	}
	for _, b := range list {
		if !b.within(now, size, window) {
			continue
		}
		if n -= b.N; n < limit {
			return (b.K+1)*size + window
		}
	}
	return now + window
}

// within says whether a bucket is in the window. One that is a whole window ahead was
// counted by a clock that was wrong.
func (b Bucket) within(now, size, window int64) bool {
	return (b.K+1)*size > now-window && b.K*size < now+window
}
