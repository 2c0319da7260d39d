package quota

import "time"

// A Value is the stored form of one budget: what was let through, and, for a
// breaker, what came of what strangers were sent.
type Value struct {
	Used    Counter `cbor:"1,keyasint,omitzero"`
	Sent    Counter `cbor:"2,keyasint,omitzero"`  // to strangers
	Good    Counter `cbor:"3,keyasint,omitzero"`  // of these, what came back as a right answer
	Tripped int64   `cbor:"4,keyasint,omitempty"` // the breaker is open until then, Unix seconds
	Warned  int64   `cbor:"5,keyasint,omitempty"` // a warning was raised for this day
	Last    int64   `cbor:"6,keyasint,omitempty"` // when the last message was handed over, Unix seconds

	LastKnown int64 `cbor:"7,keyasint,omitempty"` // the same, of those to a known destination
}

// Terms are the rules of one budget.
type Terms struct {
	Limit   Limit
	Reserve int // percent of the limit that is kept for known destinations
	MinSent int // messages to strangers in an hour from which on the breaker looks; 0: there is none
	MinGood int // percent of them that have to come back
	Warn    int // percent of the day's or hour's limit at which to warn; 0: never
}

// Verdict says what a budget answers.
type Verdict struct {
	Left  int       // how many may be sent now
	Until time.Time // where Left is 0: when to ask again
}

// breakFor is how long a breaker stays open: until the hour that opened it has passed.
const breakFor = time.Hour

// Ask says how many messages may go to a known destination, or to a stranger.
func (v *Value) Ask(now time.Time, t Terms, known bool) Verdict {
	l := t.Limit
	if !known {
		l = l.less(t.Reserve)
		if v.Tripped > now.Unix() {
			return Verdict{Until: time.Unix(v.Tripped, 0).UTC()}
		}
	}
	return Verdict{Left: v.Used.Left(now, l), Until: v.Used.Until(now, l)}
}

// Take counts n messages, and says whether that opened the breaker or reached the
// warning. Sent is how many have gone out to strangers since that was last told, be
// they of these n or of earlier ones: what is only set aside has had no chance to
// come back.
func (v *Value) Take(now time.Time, t Terms, known bool, n, sent int) (opened, warn bool) {
	v.Used.Add(now, n)
	if sent > 0 {
		v.Sent.Add(now, sent)
	}
	return v.judge(now, t), v.warn(now, t, known)
}

// judge opens the breaker where too little of what strangers were sent in the
// last hour came back. What was just sent has had no time to come back: the
// newest messages, up to half of MinSent, are given the benefit of the doubt.
func (v *Value) judge(now time.Time, t Terms) bool {
	if t.MinSent == 0 || v.Tripped > now.Unix() {
		return false
	}
	sent, good := v.Sent.Hour(now), v.Good.Hour(now)
	if sent < t.MinSent || good*100 >= (sent-t.MinSent/2)*t.MinGood {
		return false
	}
	v.Tripped = now.Add(breakFor).Unix()
	v.Sent, v.Good = Counter{}, Counter{} // afterwards it is tried anew
	return true
}

// warn says once a day that the limit, or what of it is open to strangers, is
// nearly reached.
func (v *Value) warn(now time.Time, t Terms, known bool) bool {
	if !known {
		t.Limit = t.Limit.less(t.Reserve)
	}
	over := func(n, limit int) bool { return limit > 0 && n*100 >= limit*t.Warn }
	today := now.Unix() / day
	if t.Warn == 0 || v.Warned == today+1 || !over(v.Used.Hour(now), t.Limit.Hour) && !over(v.Used.Day(now), t.Limit.Day) {
		return false
	}
	v.Warned = today + 1
	return true
}

// Block is how many messages an instance takes at once of a budget of which left
// remain, when it has sent recent ones since the bucket began. What it may leave
// unused is so a small part of what it has sent, of what remains, and of what
// the breaker looks at.
func (t Terms) Block(left, recent int) int {
	n := min(left/32, recent/32, 64)
	if t.MinSent > 0 {
		n = min(n, t.MinSent/8)
	}
	return max(1, n)
}

// BucketEnd is until when a block that is taken now may be used: to the end of the
// bucket that it is counted in, so that nothing is sent later than it counts.
func BucketEnd(now time.Time) time.Time { return time.Unix((now.Unix()/fine+1)*fine, 0) }
