package mfa

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"
)

// Import brings enrollments from elsewhere to one user, without asking them: what
// they have there works here. It only ever adds. What was brought once is not
// brought again, whatever became of it since, so that a second run never brings
// back what was removed.
type Import struct {
	User   User
	Source string // what it comes from, "authboss"; for the history
	Items  []ImportItem
	DryRun bool // say what would happen, and change nothing
}

// An ImportItem is one enrollment that comes from elsewhere.
type ImportItem struct {
	ID      string    // what it is called there, stable over runs: at most 256 bytes
	Method  string    // the factor that it is for
	Label   string    // empty: one is made up
	Created time.Time // zero: not known
	Used    time.Time // zero: not known
	State   []byte    // in the factor's documented JSON; see EnrollParams.Import
}

// Imported is what became of an [ImportItem].
type Imported struct {
	ID         string
	Enrollment string        // the new enrollment, where it was made
	Outcome    ImportOutcome // Brought, or why not
	Detail     string        // more of it, in words without the state
}

// An ImportOutcome says what became of an item.
type ImportOutcome string

// The outcomes.
const (
	ImportBrought  ImportOutcome = "brought"        // it is an enrollment now, or would be (DryRun)
	ImportKnown    ImportOutcome = "already_known"  // an earlier run has brought it
	ImportMethod   ImportOutcome = "no_such_method" // no factor of this engine has that name
	ImportRefused  ImportOutcome = "refused"        // its factor does not take it
	ImportTooMany  ImportOutcome = "too_many"       // there is no room for more
	ImportExisting ImportOutcome = "existing"       // the user has recovery codes already, and one set is all there can be
)

// Import brings enrollments to a user. It returns what became of each item, in
// their order: one that cannot come does not keep the others from coming. It takes
// one Load and one Save, if no item is claimed by another user. [ErrBadInput], [ErrBusy], [ErrStore].
func (e *Engine) Import(ctx context.Context, in Import) ([]Imported, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	slow := e.slowOnce()
	if in.DryRun {
		st, err := e.look(ctx, in.User.ID)
		if err != nil {
			return nil, err
		}
		return e.bring(ctx, st, in, slow)
	}
	out, err := commit(ctx, e, in.User.ID, func(st *state) ([]Imported, error) {
		if err := st.openAll(); err != nil {
			return nil, err
		}
		return e.bring(ctx, st, in, slow)
	})
	if !errors.Is(err, ErrRefused) {
		return out, err
	}
	// One of them is claimed by another user (a credential's identifier): the others
	// come without it.
	if len(in.Items) == 1 {
		return []Imported{{ID: in.Items[0].ID, Outcome: ImportRefused, Detail: "it is another user's"}}, nil
	}
	out = nil
	for i := range in.Items {
		one := in
		one.Items = in.Items[i : i+1]
		done, err := e.Import(ctx, one)
		if err != nil {
			return out, err
		}
		out = append(out, done...)
	}
	return out, nil
}

func (in Import) check() error {
	if err := in.User.check(); err != nil {
		return err
	}
	if in.Source == "" || len(in.Source) > maxLabel || len(in.Items) > maxEnrollments {
		return badInput("import: want a source of 1 to %d bytes and at most %d items", maxLabel, maxEnrollments)
	}
	for _, item := range in.Items {
		if item.ID == "" || len(item.ID) > maxText || len(item.State) > maxFactorState+maxAttachment*2 || len(item.Method) > maxLabel {
			return badInput("import: an item's identifier, method or state is missing or too long")
		}
	}
	return nil
}

// bring puts all that can come into the state.
func (e *Engine) bring(ctx context.Context, st *state, in Import, slow SlowFunc) ([]Imported, error) {
	if err := st.openFactors(); err != nil {
		return nil, err
	}
	out := make([]Imported, 0, len(in.Items))
	for _, item := range in.Items {
		done, err := e.bringOne(ctx, st, in, item, slow)
		if err != nil {
			return nil, err
		}
		done.ID = item.ID
		out = append(out, done)
	}
	return out, nil
}

func (e *Engine) bringOne(ctx context.Context, st *state, in Import, item ImportItem, slow SlowFunc) (Imported, error) {
	sum, err := hex.DecodeString(e.keys.indexOf("import", in.Source, item.ID))
	if err != nil {
		return Imported{}, err
	}
	mark := sum[:importMark]
	f := e.factor(item.Method)
	switch {
	case slices.ContainsFunc(st.head.Imported, func(m []byte) bool { return bytes.Equal(m, mark) }):
		return Imported{Outcome: ImportKnown}, nil
	case f < 0 || item.Method == methodBypass:
		return Imported{Outcome: ImportMethod}, nil
	case item.Method == methodRecovery && slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.Method == methodRecovery }):
		return Imported{Outcome: ImportExisting}, nil
	case len(st.enrolled) >= maxEnrollments || len(st.head.Imported) >= maxImported:
		return Imported{Outcome: ImportTooMany}, nil
	}
	label, err := cleanLabel(item.Label)
	if err != nil {
		return Imported{Outcome: ImportRefused, Detail: "label"}, nil //nolint:nilerr // one item's fault
	}
	r := enrollment{ID: newID(), Method: item.Method, Created: unixOr(item.Created, st.now), Used: unixOr(item.Used, time.Unix(0, 0))}
	step, err := e.factors[f].Enroll(ctx, EnrollRequest{User: in.User, ID: r.ID, Params: EnrollParams{Import: item.State},
		Existing: st.others(item.Method), UserState: st.factors[item.Method], Now: st.now, Slow: slow})
	if errors.Is(err, ErrBadInput) || errors.Is(err, ErrRefused) {
		return Imported{Outcome: ImportRefused, Detail: cut(err.Error(), maxText)}, nil
	}
	if err != nil {
		return Imported{}, err
	}
	if step.Done == nil {
		return Imported{Outcome: ImportRefused, Detail: "the factor wants a confirmation"}, nil
	}
	v := *step.Done
	if len(v.Attachment) > maxAttachment {
		return Imported{Outcome: ImportRefused, Detail: "too large"}, nil
	}
	r.Label = cmp.Or(label, st.freeLabel(cmp.Or(v.Label, e.methods[f].Label, item.Method)))
	r.Hint = cut(step.Hint, maxText)
	if r.Claims, err = e.claimNames(item.Method, v.Claims); err != nil {
		return Imported{}, err
	}
	r.Scope, r.Bound, r.Attached, r.Address = v.Scope, v.DeviceBound, len(v.Attachment) > 0, v.Address
	st.enrolled = append(slices.DeleteFunc(st.enrolled, func(o enrollment) bool { return o.Implicit && o.Method == item.Method }), r)
	if err := st.keep(&st.enrolled[len(st.enrolled)-1], v); err != nil {
		return Imported{}, err
	}
	st.attach = append(st.attach, attachment{r.ID, v.Attachment})
	st.head.Imported = append(st.head.Imported, mark)
	st.rise()
	ev := Event{Type: EventImported, Notice: true, Method: r.Method, Enrollment: r.ID, Label: r.Label, Hint: r.Hint, Reason: in.Source}
	return Imported{Enrollment: r.ID, Outcome: ImportBrought}, e.note(st, ev, in.User, Client{})
}

// unixOr is t, or what stands for a time that is not known.
func unixOr(t, unknown time.Time) int64 {
	if t.IsZero() {
		t = unknown
	}
	return max(0, t.Unix())
}

// importMark is how many bytes of a keyed hash tell an item from a user's others.
const importMark = 8
