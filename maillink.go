package mfa

import (
	"context"

	"github.com/mfakit/mfa/internal/codec"
)

// link is what the link of a security mail carries, sealed.
type link struct {
	User    string    `cbor:"1,keyasint"`
	Type    EventType `cbor:"2,keyasint"` // of the event that the mail is about
	Subject string    `cbor:"3,keyasint"` // the enrollment, or the reset
	Expires int64     `cbor:"4,keyasint"`
	Name    string    `cbor:"5,keyasint,omitempty"` // the user's, so that they can be told what came of it
	Email   string    `cbor:"6,keyasint,omitempty"`
}

// LinkToken makes the token of the link in the mail about an event, which the
// notifier puts into the address of a page: for the user's first enrollment, by
// which [Engine.Repudiate] undoes it; for a delayed reset that was asked for, by
// which Repudiate cancels it; for one that is ready, by which [Engine.ClaimReset]
// goes on. Events of other kinds have none: empty. Whoever reads the mail can use
// it, until it expires. It may be made any number of times.
func (e *Engine) LinkToken(ev Event) (string, error) {
	of := link{User: ev.User, Type: ev.Type, Subject: ev.Enrollment, Expires: ev.Time.Add(linkLifetime).Unix(),
		Name: ev.Name, Email: ev.Email}
	switch {
	case ev.Type == EventEnrolled && ev.First:
	case ev.Type == EventResetRequested:
		of.Expires = ev.Until.Add(resetOpen).Unix()
	case ev.Type == EventResetReady:
		of.Expires = ev.Until.Unix()
	default:
		return "", nil
	}
	plain, err := codec.Marshal(of)
	if err != nil {
		return "", err
	}
	return e.sealedToken(sealLink, plain)
}

// openLink is the reverse. What is malformed or expired is a NotValidError.
func (e *Engine) openLink(token string) (link, error) {
	plain, err := e.openedToken(sealLink, token, maxToken)
	if err != nil {
		return link{}, &NotValidError{}
	}
	var of link
	if err := codec.Unmarshal(plain, &of); err != nil || of.Expires <= e.now().Unix() {
		return link{}, &NotValidError{}
	}
	return of, nil
}

// LinkEvent says which kind of event a mailed link is about, for the page that it
// opens: [EventEnrolled], [EventResetRequested] or [EventResetReady]. It reads
// nothing. A [*NotValidError] for what is malformed or expired.
func (e *Engine) LinkEvent(token string) (EventType, error) {
	of, err := e.openLink(token)
	return of.Type, err
}

// Repudiate says on behalf of whoever reads the user's mail that it was not them.
// The first enrolment of an account is undone, with everything that was enrolled
// since: the account is as it was before, all evidence is void and no browser is
// remembered. A delayed reset is cancelled. It returns the user, whose sessions the
// host ends and whose password, which somebody else has, it has changed; after
// another call, or when there is nothing left to undo: a [*NotValidError].
func (e *Engine) Repudiate(ctx context.Context, token string, c Client) (user string, err error) {
	of, err := e.openLink(token)
	if err != nil {
		return "", err
	}
	c = c.bounded()
	u := User{ID: of.User, Name: of.Name, Email: of.Email}
	return commit(ctx, e, of.User, func(st *state) (string, error) {
		if err := st.openAll(); err != nil {
			return "", err
		}
		switch of.Type {
		case EventResetRequested:
			if r := st.pendingReset(); r != nil && r.ID == of.Subject {
				return st.user, e.cancelReset(st, u, c)
			}
		case EventEnrolled:
			if st.head.Undo != "" && st.head.Undo == of.Subject {
				ev := Event{Type: EventUndone, Notice: true, Count: st.ownCount(), Enrollment: of.Subject, Also: st.addresses()}
				if r := st.enrollment(of.Subject); r != nil {
					ev.Method, ev.Label = r.Method, r.Label
				}
				if err := st.reset(); err != nil {
					return "", err
				}
				return st.user, e.note(st, ev, u, c)
			}
		}
		return "", &NotValidError{}
	})
}
