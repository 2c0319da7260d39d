package risk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// A Recorded is a sign-in as a host has kept it.
type Recorded struct {
	Attempt mfa.Attempt // with its time in Now
	Passed  bool        // it passed the whole flow, the challenge included if there was one: it is learned from

	// Label is what became known of it later. [Unlabelled] if nothing.
	Label Label
}

// A Label says whose a recorded sign-in was. The zero value: it is not known.
type Label uint8

// The labels.
const (
	Unlabelled Label = iota
	Legitimate       // its user's own
	Attack           // somebody else's
)

// Replayed is what two configurations say of the same sign-ins.
type Replayed struct {
	SignIns int `json:"sign_ins"`

	// Now and Then count by level, under either configuration.
	Now  ReplayedSide `json:"now"`
	Then ReplayedSide `json:"then"`

	// Changed are the sign-ins whose level differs, in the order of their times, the
	// first [MaxChanged] of them. Changes counts all.
	Changed []ReplayChange `json:"changed,omitempty"`
	Changes int            `json:"changes"`
}

// A ReplayedSide is one configuration's.
type ReplayedSide struct {
	Levels     map[mfa.RiskLevel]int `json:"levels"`
	Attacks    map[mfa.RiskLevel]int `json:"attacks,omitempty"`    // of those labelled so
	Legitimate map[mfa.RiskLevel]int `json:"legitimate,omitempty"` // of those labelled so, and of those that passed without a label
	Asked      int                   `json:"asked"`                // all levels but low: a second factor where the user has one
	Users      int                   `json:"users"`                // how many different users those are
	Thresholds Thresholds            `json:"thresholds"`           // in the end
}

// A ReplayChange is a sign-in that the two configurations see differently.
type ReplayChange struct {
	Index   int              `json:"index"` // in what was given to Replay
	User    string           `json:"user"`
	Time    time.Time        `json:"time"`
	Now     mfa.RiskLevel    `json:"now"`
	Then    mfa.RiskLevel    `json:"then"`
	Reasons []mfa.RiskReason `json:"reasons,omitempty"` // under the second configuration
}

// MaxChanged is how many changed sign-ins are named.
const MaxChanged = 1000

// Replay runs recorded sign-ins in the order of their times through two
// configurations, each from empty and without a store or a shadow time, and says which
// would have been asked under either. It answers what another budget, weight or
// signal would do before it is switched on:
//
//	then := now
//	then.Budget = 0.01
//	r, err := risk.Replay(ctx, now, then, signIns)
//
// The answer is about these sign-ins: whoever would have been asked might have
// failed, and would then not have been learned from; the record cannot tell. In the beginning nothing
// is known, so that a short record says more about first sign-ins than about a budget. It keeps up to 4 KiB for each user, and takes
// some tens of microseconds for each sign-in.
//
// An error is an invalid configuration, a scorer's failure to learn, or that of ctx.
func Replay(ctx context.Context, now, then Config, signIns []Recorded) (Replayed, error) {
	a, err := newRehearsal(now)
	if err != nil {
		return Replayed{}, fmt.Errorf("risk: replay, first configuration: %w", err)
	}
	b, err := newRehearsal(then)
	if err != nil {
		return Replayed{}, fmt.Errorf("risk: replay, second configuration: %w", err)
	}
	order := make([]int, len(signIns))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return signIns[i].Attempt.Now.Compare(signIns[j].Attempt.Now) })
	out := Replayed{SignIns: len(signIns)}
	for _, i := range order {
		if err := ctx.Err(); err != nil {
			return Replayed{}, err
		}
		rec := &signIns[i]
		was, err := a.play(ctx, rec, i)
		if err != nil {
			return Replayed{}, err
		}
		is, err := b.play(ctx, rec, i)
		if err != nil {
			return Replayed{}, err
		}
		if was.Level == is.Level {
			continue
		}
		if out.Changes++; len(out.Changed) < MaxChanged {
			out.Changed = append(out.Changed, ReplayChange{i, rec.Attempt.User.ID, rec.Attempt.Now, was.Level, is.Level, is.Reasons})
		}
	}
	out.Now, out.Then = a.end(), b.end()
	return out, nil
}

// A rehearsal is one configuration on its way through the record.
type rehearsal struct {
	scorer    *Scorer
	at        time.Time
	histories map[string][]byte
	asked     map[string]bool
	side      ReplayedSide
}

func newRehearsal(c Config) (*rehearsal, error) {
	r := &rehearsal{histories: map[string][]byte{}, asked: map[string]bool{}, side: ReplayedSide{
		Levels: map[mfa.RiskLevel]int{}, Attacks: map[mfa.RiskLevel]int{}, Legitimate: map[mfa.RiskLevel]int{},
	}}
	c.Store, c.Shadow, c.Now = nil, -1, func() time.Time { return r.at }
	var err error
	r.scorer, err = New(c)
	return r, err
}

func (r *rehearsal) play(ctx context.Context, rec *Recorded, i int) (mfa.Assessment, error) {
	r.at = rec.Attempt.Now
	user := rec.Attempt.User.ID
	said, seen, err := r.scorer.Score(ctx, rec.Attempt, r.histories[user])
	if err != nil { // the engine asks then, and learns nothing
		said.Level = mfa.RiskUnknown
	}
	r.count(rec, user, said.Level)
	if err != nil || !rec.Passed || rec.Label == Attack {
		return said, nil
	}
	learned, delta, err := r.scorer.Learn(r.histories[user], seen, fmt.Sprint(i))
	if err != nil {
		return said, errors.Join(fmt.Errorf("risk: replay: sign-in %d", i), err)
	}
	r.histories[user] = learned
	r.scorer.Count(delta)
	return said, nil
}

func (r *rehearsal) count(rec *Recorded, user string, level mfa.RiskLevel) {
	r.side.Levels[level]++
	if level != mfa.RiskLow {
		r.side.Asked++
		r.asked[user] = true
	}
	switch {
	case rec.Label == Attack:
		r.side.Attacks[level]++
	case rec.Label == Legitimate || rec.Passed:
		r.side.Legitimate[level]++
	}
}

func (r *rehearsal) end() ReplayedSide {
	r.side.Users = len(r.asked)
	r.side.Thresholds = r.scorer.Thresholds()
	return r.side
}
