package mfa

import (
	"context"
	"slices"

	"github.com/mfakit/mfa/internal/codec"
)

// entry is the stored form of an [Activity].
type entry struct {
	Time       int64     `cbor:"1,keyasint"`
	Type       EventType `cbor:"2,keyasint"`
	Method     string    `cbor:"3,keyasint,omitempty"`
	Enrollment string    `cbor:"4,keyasint,omitempty"`
	Label      string    `cbor:"5,keyasint,omitempty"`
	Actor      string    `cbor:"6,keyasint,omitempty"`
	App        string    `cbor:"7,keyasint,omitempty"`
	IP         []byte    `cbor:"8,keyasint,omitempty"`
	Place      string    `cbor:"9,keyasint,omitempty"`
	Agent      string    `cbor:"10,keyasint,omitempty"`
	Count      int       `cbor:"11,keyasint"`

	ID      string      `cbor:"12,keyasint,omitempty"`
	Risk    *Assessment `cbor:"13,keyasint,omitempty"`
	Device  string      `cbor:"14,keyasint,omitempty"` // of a sign-in that passed
	Verdict Verdict     `cbor:"15,keyasint,omitempty"`
}

// riskOf is what an entry keeps of an assessment: the words only where it asked for something.
func riskOf(a *Assessment) *Assessment {
	if a == nil {
		return nil
	}
	kept := Assessment{Level: a.Level, Score: a.Score, Shadow: a.Shadow, Reasons: slices.Clone(a.Reasons)}
	for i := range kept.Reasons {
		if !a.Level.asks() || i >= maxReasonsKept {
			kept.Reasons[i] = RiskReason{Code: kept.Reasons[i].Code, Weight: kept.Reasons[i].Weight}
		}
	}
	return &kept
}

// attempt says whether an entry is of the kind that goes first: what can be
// repeated at will must not push out what was enrolled and removed.
func (t EventType) attempt() bool {
	switch t {
	case EventFlowPassed, EventFailed, EventFlowDenied, EventRenamed, EventSkipped, EventApproved, EventSignedOut,
		EventDeviceRemembered, EventDeviceForgotten, EventServiceInteractive:
		return true
	}
	return false
}

// record puts an event into the user's history, newest first. The section is a
// sequence of entries, so that one more costs no decoding of the others. An
// attempt like the newest entry is counted there; over the bound the oldest
// attempts go, and changes stay as long as they can.
func (st *state) record(ev Event) error {
	st.noted = ""
	switch ev.Type {
	case EventFlowStarted, EventChallengeSent, EventChallengeUnsent, EventVerified, EventLocked:
		return nil // the flow's outcome says it, or the failure beside it
	}
	n := entry{Time: ev.Time.Unix(), Type: ev.Type, Method: ev.Method, Enrollment: ev.Enrollment, Label: ev.Label,
		Actor: ev.Actor, App: ev.App, IP: ev.IP.AsSlice(), Place: ev.Place, Agent: shortAgent(ev.UserAgent), Count: 1,
		ID: ev.ID[:activityIDSize], Risk: riskOf(ev.Risk), Device: cut(ev.Device, activityIDSize)}
	newest := &st.raw[secHistory]
	if len(st.recorded) > 0 {
		newest = &st.recorded
	}
	if len(*newest) > 0 && ev.Type.attempt() {
		var last entry
		rest, err := st.reader.Next(*newest, &last)
		if err != nil {
			return stateError(err)
		}
		if last.alike(n) {
			n.Count, n.ID, *newest = last.Count+1, last.ID, rest
		}
	}
	data, err := codec.Marshal(&n)
	if err != nil {
		return err
	}
	st.noted = n.ID
	st.recorded = append(data, st.recorded...)
	st.touch(secHistory)
	if len(st.recorded)+len(st.raw[secHistory]) > maxHistoryBytes {
		return st.trimHistory()
	}
	return nil
}

// alike says whether an attempt is counted together with n, which follows it.
func (last entry) alike(n entry) bool {
	level := func(a *Assessment) RiskLevel {
		if a == nil {
			return ""
		}
		return a.Level
	}
	return last.Type == n.Type && last.Method == n.Method && last.Enrollment == n.Enrollment && last.App == n.App && string(last.IP) == string(n.IP) &&
		last.Agent == n.Agent && last.Device == n.Device && last.Verdict == "" && level(last.Risk) == level(n.Risk)
}

// trimHistory brings the history down to three quarters of its bound.
func (st *state) trimHistory() error {
	list, err := st.history()
	if err != nil {
		return err
	}
	var sizes []int
	total := 0
	for _, n := range list {
		data, err := codec.Marshal(&n)
		if err != nil {
			return err
		}
		sizes, total = append(sizes, len(data)), total+len(data)
	}
	drop := func(which func(entry) bool) {
		for i := len(list) - 1; i > 0 && total > maxHistoryBytes*3/4; i-- {
			if which(list[i]) {
				total -= sizes[i]
				list, sizes = slices.Delete(list, i, i+1), slices.Delete(sizes, i, i+1)
			}
		}
	}
	drop(func(n entry) bool { return n.Type.attempt() })
	drop(func(entry) bool { return true })
	return st.setHistory(list)
}

func (st *state) history() ([]entry, error) {
	var list []entry
	for _, rest := range [][]byte{st.recorded, st.raw[secHistory]} {
		for len(rest) > 0 {
			var n entry
			var err error
			if rest, err = st.reader.Next(rest, &n); err != nil {
				return nil, stateError(err)
			}
			list = append(list, n)
		}
	}
	return list, nil
}

// Activity is the user's recent history, newest first. Attempts that follow each
// other are counted together and go first when the space is used up; what was
// enrolled and removed stays longest. One Load.
func (e *Engine) Activity(ctx context.Context, user string) ([]Activity, error) {
	if err := checkUserID(user); err != nil {
		return nil, err
	}
	st, err := e.load(ctx, user)
	if err != nil {
		return nil, err
	}
	return st.activity()
}

func (st *state) activity() ([]Activity, error) {
	list, err := st.history()
	if err != nil {
		return nil, err
	}
	out := make([]Activity, 0, len(list))
	for _, n := range list {
		a := Activity{Time: fromUnix(n.Time), Type: n.Type, Method: n.Method, Enrollment: n.Enrollment, Label: n.Label,
			Actor: n.Actor, App: n.App, Place: n.Place, UserAgent: n.Agent, Count: n.Count, ID: n.ID, Risk: n.Risk, Verdict: n.Verdict}
		a.IP = addrFrom(n.IP)
		out = append(out, a)
	}
	return out, nil
}

// setHistory writes the history anew.
func (st *state) setHistory(list []entry) error {
	var out []byte
	for _, n := range list {
		data, err := codec.Marshal(n)
		if err != nil {
			return err
		}
		out = append(out, data...)
	}
	st.recorded, st.raw[secHistory] = nil, out
	st.touch(secHistory)
	return nil
}
