package mfa

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mfakit/mfa/internal/codec"
)

// note tells of something that happened in this try. Security notices go into
// the user's outbox in the same save; all of them reach the observers after it.
func (e *Engine) note(st *state, ev Event, u User, c Client) error {
	st.head.Erased = false // there is something to erase again
	ev.ID, ev.Time, ev.User, ev.Generation = newID(), st.now, st.user, st.head.Generation
	ev.App, ev.IP, ev.Place, ev.UserAgent = c.App, c.IP, c.Place, c.UserAgent
	if ev.Notice {
		ev.Name, ev.Email = u.Name, u.Email
	} else {
		ev.Also = nil
	}
	if err := st.record(ev); err != nil {
		return err
	}
	ev.Activity = st.noted
	if len(e.observers) == 0 {
		return nil
	}
	if ev.Notice {
		if err := st.openOutbox(); err != nil {
			return err
		}
		if len(st.outbox) >= maxOutbox {
			i := dispensable(st.outbox)
			st.outbox = slices.Delete(st.outbox, i, i+1)
		}
		st.outbox = append(st.outbox, ev)
		st.touch(secOutbox)
	}
	st.events = append(st.events, ev)
	return nil
}

// dispensable is the notice to do without when there are too many: the oldest of
// a kind that a later one repeats, so that what can be done again and again does
// not push out what was done once; else the oldest.
func dispensable(list []Event) int {
	for i, ev := range list {
		if slices.ContainsFunc(list[i+1:], func(o Event) bool { return o.Type == ev.Type && o.Method == ev.Method }) {
			return i
		}
	}
	return 0
}

// tell hands a saved state's events to the observers, after the answer, and
// with them the notices that a process which died has left.
func (e *Engine) tell(st *state, events []Event) {
	if len(e.observers) == 0 {
		return
	}
	if len(st.raw[secOutbox]) > 1 && st.openOutbox() == nil {
		for _, ev := range st.outbox {
			if st.now.Sub(ev.Time) > noticeAge && !slices.ContainsFunc(events, func(o Event) bool { return o.ID == ev.ID }) {
				events = append(events, ev)
			}
		}
	}
	if len(events) > 0 {
		e.later(func(ctx context.Context) { e.deliver(ctx, st.user, events) })
	}
}

// later runs f after the answer. What does not fit into the bound is left: notices to
// the outbox, counts to the next flush.
func (e *Engine) later(f func(context.Context)) bool {
	if e.waiting.Add(1) > maxJobs {
		e.waiting.Add(-1)
		return false
	}
	e.jobs.begin()
	go func() {
		defer e.jobs.end()
		defer e.waiting.Add(-1)
		f(context.Background())
	}()
	return true
}

// deliver offers events to all observers, notices a few times until each has
// taken them, and acknowledges those that all took.
func (e *Engine) deliver(ctx context.Context, user string, events []Event) {
	var waiting []offer
	for _, ev := range events {
		if _, busy := e.inFlight.LoadOrStore(ev.ID, make(chan struct{})); !busy {
			waiting = append(waiting, offer{ev, e.observers})
		}
	}
	var taken []string
	pause := noticePause
	for try := 1; len(waiting) > 0; try++ {
		var left []offer
		for _, o := range waiting {
			o.left = e.observe(ctx, o)
			switch {
			case !o.ev.Notice: // told once, taken or not
				e.offeredNow(o.ev.ID)
			case len(o.left) == 0:
				taken = append(taken, o.ev.ID)
			default:
				left = append(left, o)
			}
		}
		if waiting = left; try == noticeTries || len(waiting) == 0 || e.wait(ctx, pause) != nil {
			break
		}
		pause *= 5
	}
	if len(taken) > 0 {
		if err := e.acknowledge(ctx, user, taken); err != nil {
			e.log.Warn("mfa: notices could not be acknowledged, and will come again", "user", user, "error", err)
		}
	}
	for _, id := range taken {
		e.offeredNow(id)
	}
	for _, o := range waiting {
		e.offeredNow(o.ev.ID)
		e.log.Warn("mfa: a notice stays in the outbox", "event", o.ev)
	}
}

// offeredNow ends the offering of an event in this process.
func (e *Engine) offeredNow(id string) {
	if done, ok := e.inFlight.LoadAndDelete(id); ok {
		close(done.(chan struct{}))
	}
}

// awaitOffers waits for those of the events that this process is offering already.
func (e *Engine) awaitOffers(ctx context.Context, events []Event) {
	for _, ev := range events {
		if done, ok := e.inFlight.Load(ev.ID); ok {
			select {
			case <-done.(chan struct{}):
			case <-ctx.Done():
				return
			}
		}
	}
}

// An offer is an event, and the observers who have not taken it.
type offer struct {
	ev   Event
	left []Observer
}

// observe offers an event once, and returns those who did not take it. A slot
// is held only while observers are at it, and each has its time.
func (e *Engine) observe(ctx context.Context, o offer) (left []Observer) {
	e.observing <- struct{}{}
	defer func() { <-e.observing }()
	for _, observer := range o.left {
		if err := observeOnce(ctx, observer, o.ev); err != nil {
			e.log.Warn("mfa: observer failed", "event", o.ev, "error", err)
			left = append(left, observer)
		}
	}
	return left
}

// observeOnce does not let an observer that hangs or panics take others with it.
func observeOnce(ctx context.Context, o Observer, ev Event) error {
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := errors.New("mfa: observer ended its goroutine")
		defer func() {
			if p := recover(); p != nil {
				err = errors.New("mfa: observer panicked")
			}
			done <- err
		}()
		err = o.Observe(ctx, ev)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) acknowledge(ctx context.Context, user string, ids []string) error {
	_, err := commitAlways(ctx, e, user, func(st *state) (struct{}, error) {
		if err := st.openOutbox(); err != nil {
			return struct{}{}, err
		}
		before := len(st.outbox)
		st.outbox = slices.DeleteFunc(st.outbox, func(ev Event) bool { return slices.Contains(ids, ev.ID) })
		if len(st.outbox) != before {
			st.touch(secOutbox)
		}
		return struct{}{}, nil
	})
	return err
}

// Redeliver offers the security notices that are still in a user's outbox to
// the observers, and waits for them. It is for walks over a store, after
// processes died; a user's next operation does the same by itself.
func (e *Engine) Redeliver(ctx context.Context, user string) error {
	st, err := e.load(ctx, user)
	if err != nil {
		return err
	}
	if err := st.openOutbox(); err != nil || len(st.outbox) == 0 {
		return err
	}
	e.awaitOffers(ctx, st.outbox)
	if st, err = e.load(ctx, user); err == nil {
		err = st.openOutbox()
	}
	if err != nil {
		return err
	}
	e.deliver(ctx, user, st.outbox)
	e.awaitOffers(ctx, st.outbox) // of those that have begun since
	if st, err = e.load(ctx, user); err == nil {
		err = st.openOutbox()
	}
	if err == nil && len(st.outbox) > 0 {
		err = errors.New("mfa: some notices were not taken")
	}
	return err
}

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
	var parts [][]byte
	total := 0
	for _, n := range list {
		data, err := codec.Marshal(&n)
		if err != nil {
			return err
		}
		parts, total = append(parts, data), total+len(data)
	}
	drop := func(which func(entry) bool) {
		for i := len(list) - 1; i > 0 && total > maxHistoryBytes*3/4; i-- {
			if which(list[i]) {
				total -= len(parts[i])
				list, parts = slices.Delete(list, i, i+1), slices.Delete(parts, i, i+1)
			}
		}
	}
	drop(func(n entry) bool { return n.Type.attempt() })
	drop(func(entry) bool { return true })
	st.recorded, st.raw[secHistory] = nil, slices.Concat(parts...)
	return nil
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

// owed says whether the owner has to be told of failures, and takes it as done.
func (st *state) owed() bool {
	h := &st.head
	if h.Untold < tellAt || st.now.Unix() < h.Told+int64(tellPause/time.Second) {
		return false
	}
	h.Untold, h.Told = 0, st.now.Unix()
	return true
}

// lockOwed says whether the owner has to be told of a lock, and takes it as done.
func (st *state) lockOwed() bool {
	if st.now.Unix() < st.head.LockTold+int64(lockedPause/time.Second) {
		return false
	}
	st.head.LockTold = st.now.Unix()
	st.touch(secHead)
	return true
}
