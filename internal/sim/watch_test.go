package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// A watch is the observer of one process.
type watch struct{ in *instance }

// Observe implements mfa.Observer.
func (o *watch) Observe(ctx context.Context, ev mfa.Event) error {
	w := o.in.w
	// Other work behind the same answer goes first: else it would be chance who does.
	u := o.in.use(ctx, "observe", string(ev.Type))
	if err := nap(ctx, u.d.between(10*time.Microsecond, 200*time.Microsecond)); err != nil {
		return err
	}
	if o.in.isDead() {
		return errDead
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said[fmt.Sprintf("%+v", ev)] = true
	if time.Now().Before(w.deafUntil) && !w.quiet {
		w.count("fault: observer refuses")
		return errors.New("sim: observers are out")
	}
	if !w.plan.set.dishonest || ev.Notice {
		w.saved(ctx, ev)
	}
	w.told[ev.ID] = ev
	w.count("event: " + string(ev.Type))
	return nil
}

// saved holds a notice to be of something that is in the store. What was told of but
// never saved is what an attacker could make up, or what an owner hears in vain. w.mu is held.
func (w *world) saved(ctx context.Context, ev mfa.Event) {
	if ev.User == "" || ev.Activity == "" || !ev.Notice && ev.Type != mfa.EventFlowPassed {
		return
	}
	a := w.account(ev.User)
	if a == nil || a.seen[ev.Activity] {
		return
	}
	if _, ok := w.told[ev.ID]; ok {
		return
	}
	list, err := w.kit.auditor(w.db).Activity(ctx, ev.User)
	if err == nil {
		for _, n := range list {
			a.seen[n.ID] = true
		}
	}
	if a.seen[ev.Activity] {
		return
	}
	// It may have been told late: look at all that there was.
	for _, item := range slices.Backward(w.db.versions("user/" + ev.User)) {
		past := newDatabase()
		if past.Save(ctx, "user/"+ev.User, 0, item) != nil {
			continue
		}
		list, _ := w.kit.auditor(past).Activity(ctx, ev.User)
		if slices.ContainsFunc(list, func(n mfa.Activity) bool { return n.ID == ev.Activity }) {
			a.seen[ev.Activity] = true
			return
		}
	}
	w.broke(noticeAfter, "%s of %s was told and is in no value that was ever saved", ev.Type, a.name())
}

// auditor is an engine that looks at a store on which nothing goes wrong.
func (k *kit) auditor(s mfa.Store) *mfa.Engine {
	e, err := mfa.New(mfa.Config{Store: s, Keys: k.keys, Factors: k.factors(quickCodes)})
	if err != nil {
		panic(err) // the simulator's own mistake
	}
	return e
}
