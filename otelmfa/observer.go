package otelmfa

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// observer measures one of the host's observers.
type observer struct {
	mfa.Observer
	t    *Telemetry
	name string
}

// maxTypeName is for types without a name, which are as long as what they are made of.
const maxTypeName = 64

func (t *Telemetry) observer(o mfa.Observer) mfa.Observer {
	if o == nil {
		return o
	}
	name := fmt.Sprintf("%T", o)
	return &observer{o, t, name[:min(len(name), maxTypeName)]}
}

// Observe tells how long the observer took, and of a notice how old it was by then: one
// that is refused again and again is a backlog, and its age is how long people have
// not been told.
func (o *observer) Observe(ctx context.Context, e mfa.Event) error {
	begun := time.Now()
	err := o.Observer.Observe(ctx, e)
	outcome, _ := outcomeOf(err)
	o.t.m.observer.Record(ctx, time.Since(begun).Seconds(), with(keyOutcome.String(outcome), keyObserver.String(o.name)))
	if e.Notice {
		taken := "taken"
		if err != nil {
			taken = "refused"
		}
		age := max(0, o.t.now().Sub(e.Time).Seconds())
		o.t.m.age.Record(ctx, age, with(keyOutcome.String(taken), keyObserver.String(o.name)))
	}
	return err
}
