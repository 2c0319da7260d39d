package mfa

import (
	"context"
	"slices"
	"time"
)

// An Overview is what reports count of a user. It holds no address and no secret.
type Overview struct {
	User              string
	Enrollments       []Enrollment // implicit ones and recovery codes included
	Pending           []PendingEnrollment
	RecoveryCodesLeft int
	Devices           int       // browsers that are known
	Waiting           int       // notices that no observer has taken yet
	Generation        uint64    // rises with every security change
	FirstAsked        time.Time // when the user was first asked to enrol; zero: never
	Skips             int       // how often they put it off
	LastActivity      time.Time // zero: none that is still in the history
	Erased            bool      // nothing else is left
}

// A PendingEnrollment was begun and never confirmed. It counts for nothing; once it
// has expired, the user's next enrolment takes it away.
type PendingEnrollment struct {
	ID        string    `json:"id"`
	Method    string    `json:"method"`
	Label     string    `json:"label,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Overview is what reports count of a user: what is stored, read once and nothing
// written. One that has never had anything to do with the engine has the zero value
// but for the User. [ErrBadInput], [ErrStore], [ErrSealed], [ErrNewerVersion].
func (e *Engine) Overview(ctx context.Context, user string) (Overview, error) {
	st, err := e.lookWhole(ctx, user)
	if err != nil {
		return Overview{}, err
	}
	out := Overview{User: user, Enrollments: st.list(), Pending: st.unconfirmed(), Devices: len(st.devices), Waiting: len(st.outbox),
		Generation: st.head.Generation, FirstAsked: fromUnix(st.head.FirstAsked), Skips: st.head.Skips, Erased: st.head.Erased}
	for _, r := range out.Enrollments {
		if r.Method == methodRecovery {
			out.RecoveryCodesLeft = r.Remaining
		}
	}
	list, err := st.history()
	if err == nil && len(list) > 0 {
		out.LastActivity = fromUnix(list[0].Time)
	}
	return out, err
}

// lookWhole is look with every section that has a form of its own.
func (e *Engine) lookWhole(ctx context.Context, user string) (*state, error) {
	if err := checkUserID(user); err != nil {
		return nil, err
	}
	st, err := e.look(ctx, user)
	for _, open := range []func(*state) error{(*state).openPending, (*state).openDevices, (*state).openOutbox} {
		if err == nil {
			err = open(st)
		}
	}
	return st, err
}

// unconfirmed are the enrollments that were begun, those that have expired included.
func (st *state) unconfirmed() []PendingEnrollment {
	out := make([]PendingEnrollment, 0, len(st.pending))
	for _, p := range st.pending {
		began := p.Expires - int64(pendingLifetime/time.Second)
		out = append(out, PendingEnrollment{ID: p.ID, Method: p.Method, Label: p.Label, CreatedAt: fromUnix(began), ExpiresAt: fromUnix(p.Expires)})
	}
	return out
}

// An Export is everything that is kept of a user and is theirs to have (General Data
// Protection Regulation, articles 15 and 20). Secrets, hashes and keyed counts are
// not in it: they say nothing of a person, and would be worth stealing.
type Export struct {
	User              string              `json:"user"`
	At                time.Time           `json:"at"`
	Enrollments       []Enrollment        `json:"enrollments"` // recovery codes not among them
	Pending           []PendingEnrollment `json:"pending_enrollments"`
	RecoveryCodesLeft int                 `json:"recovery_codes_left"`
	Devices           []Device            `json:"devices"` // Remembered and Current are left out
	Activity          []Activity          `json:"activity"`
	FirstAsked        time.Time           `json:"first_asked_to_enrol_at,omitzero"`
	Skips             int                 `json:"skipped"` // how often an enrolment was put off
	FailuresUntold    int                 `json:"failures_not_yet_told"`
	ResetAt           time.Time           `json:"reset_due_at,omitzero"` // of a delayed reset that was asked for
	Learned           any                 `json:"learned_of_sign_ins,omitempty"`
}

// Export is everything that is kept of a user and is theirs to have, from one Load.
// What the scorer has learned is in it as the scorer tells it, by the optional method
//
//	Describe(history []byte) (any, error)
//
// whose result an encoder to JSON can write. Errors as of [Engine.Overview].
func (e *Engine) Export(ctx context.Context, user string) (Export, error) {
	st, err := e.lookWhole(ctx, user)
	if err != nil {
		return Export{}, err
	}
	out := Export{User: user, At: st.now.UTC(), Enrollments: []Enrollment{}, Pending: st.unconfirmed(), Devices: st.deviceList(Remember{}, nil),
		FirstAsked: fromUnix(st.head.FirstAsked), Skips: st.head.Skips, FailuresUntold: st.head.Untold}
	for i := range st.enrolled {
		r := st.enrolled[i].public()
		switch r.Method {
		case methodRecovery:
			out.RecoveryCodesLeft = r.Remaining
		case methodBypass: // support's, and gone in an hour
		default:
			out.Enrollments = append(out.Enrollments, r)
		}
	}
	if st.head.Recovery != nil {
		out.ResetAt = fromUnix(st.head.Recovery.Ready)
	}
	if out.Activity, err = st.activity(); err != nil {
		return Export{}, err
	}
	if d, ok := e.scorer.(interface{ Describe([]byte) (any, error) }); ok && len(st.raw[secRisk]) > 0 {
		out.Learned, err = d.Describe(slices.Clone(st.raw[secRisk]))
	}
	return out, err
}
