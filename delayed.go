package mfa

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// A delayed reset is for somebody who has the password and has lost everything
// else, where a policy grants it. It takes the password twice, the browser that
// asked, the mailbox on file, and time in which the owner, who is told by every
// channel, can say no.

// delayed is one that was asked for.
type delayed struct {
	ID      string `cbor:"1,keyasint"`
	Asked   int64  `cbor:"2,keyasint"` // Unix seconds
	Ready   int64  `cbor:"3,keyasint"`
	Expires int64  `cbor:"4,keyasint"`
	Ticket  []byte `cbor:"5,keyasint"`           // hash of what the browser that asked keeps
	Address string `cbor:"6,keyasint"`           // keyed hash of the address on file then
	Told    int64  `cbor:"7,keyasint,omitempty"` // when its owner was last told that it is ready
	Tells   int    `cbor:"8,keyasint,omitempty"` // how often
	Texted  bool   `cbor:"9,keyasint,omitempty"` // factors have told of it, those that can
}

// A ResetOffer says what a delayed reset is to somebody who cannot go on.
type ResetOffer struct {
	Wait    time.Duration // how long it takes
	Ready   time.Time     // when the one that was asked for can be claimed; zero: none was
	Expires time.Time     // and until when
}

// A ResetRequest is a delayed reset that was asked for.
type ResetRequest struct {
	Ticket  string // keep it in this browser, as a secret, until Expires; empty: it was asked for before, and that browser has it
	Ready   time.Time
	Expires time.Time
}

// pendingReset is the reset that is still open; nil: there is none.
func (st *state) pendingReset() *delayed {
	if r := st.head.Recovery; r != nil && r.Expires > st.now.Unix() {
		return r
	}
	return nil
}

func (st *state) resetOffer(b *flowBody) *ResetOffer {
	o := &ResetOffer{Wait: max(b.Wait, resetMin)}
	if r := st.pendingReset(); r != nil {
		o.Ready, o.Expires = fromUnix(r.Ready), fromUnix(r.Expires)
	}
	return o
}

// RequestReset asks for a delayed reset, in a sign-in whose first factor was right
// and which cannot be finished. Nothing happens before the time is over that the
// policy sets (a day at least). All channels are told at once, and whoever has any
// factor, or reads the mail, can cancel it. Called again once it
// is ready, it has the mail sent again that leads on; see [Engine.ClaimReset].
// [ErrMethodNotAllowed] where the policy grants none, where nothing is enrolled, or
// where there is no verified address on file; [*WaitError] after one was cancelled;
// [ErrNoFlow], [ErrFlowExpired].
func (e *Engine) RequestReset(ctx context.Context, token string, c Client) (ResetRequest, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return ResetRequest{}, err
	}
	client := c.bounded()
	var random [randomSize]byte
	rand.Read(random[:])
	ticket := base64.RawURLEncoding.EncodeToString(random[:])
	e.jobs.begin()
	defer e.jobs.end()
	var asked Event
	var told map[string][]Enrolled
	var owner User
	out, err := commit(ctx, e, user, func(st *state) (ResetRequest, error) {
		asked = Event{}
		b, err := st.resettable(id)
		if err != nil {
			return ResetRequest{}, err
		}
		if r := st.pendingReset(); r != nil {
			out := ResetRequest{Ready: fromUnix(r.Ready), Expires: fromUnix(r.Expires)}
			if !r.Texted {
				asked, told, owner = r.event(st), e.everything(st), b.User
			}
			return out, e.announceReset(st, r, b.User, client)
		}
		if st.head.RecoverFrom > st.now.Unix() {
			return ResetRequest{}, &WaitError{Until: fromUnix(st.head.RecoverFrom), Limit: true}
		}
		ready := st.now.Add(max(b.Wait, resetMin))
		sum := sha256.Sum256([]byte(ticket))
		r := &delayed{ID: newID(), Asked: st.now.Unix(), Ready: ready.Unix(), Expires: ready.Add(resetOpen).Unix(), Ticket: sum[:], Address: e.mailbox(b.User)}
		st.head.Recovery = r
		st.touch(secHead)
		asked, told, owner = r.event(st), e.everything(st), b.User
		return ResetRequest{ticket, fromUnix(r.Ready), fromUnix(r.Expires)}, e.note(st, asked, b.User, client)
	})
	if err == nil && asked.Type != "" {
		e.later(func(ctx context.Context) { e.tellByFactors(ctx, owner, client, asked, told) })
	}
	return out, err
}

// event tells of a reset that was asked for.
func (r *delayed) event(st *state) Event {
	return Event{Type: EventResetRequested, Notice: true, Enrollment: r.ID, Until: fromUnix(r.Ready), Also: st.addresses(), User: st.user, Time: st.now}
}

// everything is all that is enrolled, by method.
func (e *Engine) everything(st *state) map[string][]Enrolled {
	out := map[string][]Enrolled{}
	for _, m := range e.methods {
		out[m.Name] = st.others(m.Name)
	}
	return out
}

// mailbox is a keyed hash of a user's address.
func (e *Engine) mailbox(u User) string { return e.keys.indexOf("mailbox", strings.ToLower(u.Email)) }

// resettable is the body of a flow in which a reset may be asked for or claimed.
func (st *state) resettable(id []byte) (*flowBody, error) {
	if err := st.openAll(); err != nil {
		return nil, err
	}
	if err := st.findFlow(id); err != nil {
		return nil, err
	}
	b := st.body
	if st.current.Status == StatusPassed {
		return nil, ErrFlowExpired
	}
	if !st.grantsReset(b) {
		return nil, ErrMethodNotAllowed
	}
	return b, nil
}

// grantsReset says whether a delayed reset is open to a flow: the policy grants it,
// the first factor was something that its user knows, and there is something to
// reset and an address to tell, which the host has verified.
func (st *state) grantsReset(b *flowBody) bool {
	return b.Purpose == SigningIn && b.Wait > 0 && b.Channel == "" && len(b.Proofs) > 0 && b.Proofs[0].Kind == Know &&
		b.User.Email != "" && b.User.EmailVerified && st.hasOwn()
}

// announceReset has the owner mailed that a reset can be claimed, once an hour at most.
func (e *Engine) announceReset(st *state, r *delayed, u User, c Client) error {
	if st.now.Unix() < r.Ready || st.now.Unix() < r.Told+int64(time.Hour/time.Second) || r.Tells >= resetTells || r.Address != e.mailbox(u) {
		return nil
	}
	r.Told, r.Tells = st.now.Unix(), r.Tells+1
	st.touch(secHead)
	return e.note(st, Event{Type: EventResetReady, Notice: true, Enrollment: r.ID, Until: st.now.Add(claimLifetime).UTC()}, u, c)
}

// ResetDue has the owner of a reset that is ready mailed, if they were not yet. It
// is for walks over a store; the user's own next request does the same.
func (e *Engine) ResetDue(ctx context.Context, u User) error {
	if err := u.check(); err != nil {
		return err
	}
	var asked Event
	var told map[string][]Enrolled
	_, err := commit(ctx, e, u.ID, func(st *state) (struct{}, error) {
		asked = Event{}
		r := st.pendingReset()
		if r == nil {
			return struct{}{}, nil
		}
		if err := st.openAll(); err != nil {
			return struct{}{}, err
		}
		if !r.Texted {
			asked, told = r.event(st), e.everything(st)
		}
		if r.Told == 0 {
			return struct{}{}, e.announceReset(st, r, u, Client{})
		}
		return struct{}{}, nil
	})
	if err == nil && asked.Type != "" {
		e.tellByFactors(ctx, u, Client{}, asked, told)
	}
	return err
}

// tellByFactors brings a notice to those enrollments whose factor can carry one.
func (e *Engine) tellByFactors(ctx context.Context, u User, c Client, ev Event, enrolled map[string][]Enrolled) {
	for i, f := range e.factors {
		t, ok := f.(Teller)
		name := e.methods[i].Name
		if !ok || len(enrolled[name]) == 0 {
			continue
		}
		for _, d := range t.Tell(TellRequest{User: u, Client: c, Event: ev, Enrollments: enrolled[name]}) {
			if err := e.tellOne(ctx, u, c, name, d); err != nil {
				e.log.Warn("mfa: a notice could not be sent by a factor", "method", name, "user", u.ID, "error", err)
			}
		}
	}
}

// tellOne sends one of them. The pause between two messages is not for warnings, or
// whoever asks for a code right before would suppress it.
func (e *Engine) tellOne(ctx context.Context, u User, c Client, method string, d Delivery) error {
	m := &message{id: newID(), user: u.ID, charge: e.newCharge(&d, method, c, u.ID)}
	m.charge.urgent = true
	defer e.settle(m)
	_, err := commitAlways(ctx, e, u.ID, func(st *state) (struct{}, error) {
		if r := st.pendingReset(); r != nil {
			r.Texted = true
		}
		st.paying = m.charge
		st.head.Sent.Add(st.now, 1)
		st.touch(secHead)
		return struct{}{}, nil
	})
	if err != nil {
		return err
	}
	d.Message.ID = m.id
	if err := handOver(ctx, d.Sender, d.Message); err != nil {
		return err
	}
	e.handedOver(ctx, m.charge, e.now())
	return nil
}

// CancelReset ends the delayed reset that was asked for, on behalf of a session
// that has proved something which is enrolled: [*RequirementError]. None
// open is no error. The mail that tells of it has a link that does the same; see
// [Engine.Repudiate]. A sign-in with such a factor cancels it by itself.
func (e *Engine) CancelReset(ctx context.Context, c Caller) error {
	_, err := change(ctx, e, c, holding, func(st *state, act acting) (struct{}, error) {
		r := st.pendingReset()
		if r == nil {
			return struct{}{}, nil
		}
		if act.actor != "" || act.flow != nil {
			return struct{}{}, ErrCaller
		}
		if !st.provedOwner(act.auth.Proofs) {
			return struct{}{}, &RequirementError{Require: Requirement{SecondFactor: true}, Missing: []string{MissingSecondFactor}}
		}
		return struct{}{}, e.cancelReset(st, act.user, act.client)
	})
	return err
}

// provedOwner says whether one of the proofs is by what only the owner can have: an
// enrollment of the user's own, a recovery code or one from support. One that was
// enrolled since the reset was asked for took such a proof, too.
func (st *state) provedOwner(proofs []Proof) bool {
	return slices.ContainsFunc(proofs, func(p Proof) bool {
		r := st.enrollment(p.Enrollment)
		return r != nil && !r.Implicit
	})
}

// endReset ends a delayed reset that may be open, because the account has changed.
func (e *Engine) endReset(st *state, u User, c Client) error {
	if st.pendingReset() == nil {
		return nil
	}
	return e.cancelReset(st, u, c)
}

func (e *Engine) cancelReset(st *state, u User, c Client) error {
	st.head.Recovery, st.head.RecoverFrom = nil, st.now.Add(resetAgain).Unix()
	st.touch(secHead)
	return e.note(st, Event{Type: EventResetCanceled, Notice: true, Also: st.addresses()}, u, c)
}

// ownerIsHere ends a delayed reset in whose time the owner signs in.
func (e *Engine) ownerIsHere(st *state, b *flowBody) error {
	if st.provedOwner(b.Proofs) {
		return e.endReset(st, b.User, b.Client)
	}
	return nil
}

// ClaimReset takes a delayed reset whose time is over: with a flow that the password
// has begun just now, the link from the mail, and the ticket of the browser that
// asked. All that was enrolled ends, and the flow that it returns, which takes the
// place of the other, asks to enrol. What does not fit together, is not ready or
// was cancelled is a [*NotValidError]. [ErrMethodNotAllowed], [ErrNoFlow], [ErrFlowExpired].
func (e *Engine) ClaimReset(ctx context.Context, token, link, ticket string, c Client) (Flow, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return Flow{}, err
	}
	of, err := e.openLink(link)
	if err != nil || of.Type != EventResetReady || of.User != user || len(ticket) > maxToken {
		return Flow{}, &NotValidError{}
	}
	next, nextID, err := e.newFlowToken(user)
	if err != nil {
		return Flow{}, err
	}
	sum := sha256.Sum256([]byte(ticket))
	deviceToken := c.DeviceToken
	return commit(ctx, e, user, func(st *state) (Flow, error) {
		b, err := st.resettable(id)
		if err != nil {
			return Flow{}, err
		}
		r := st.pendingReset()
		fits := r != nil && r.ID == of.Subject && r.Address == e.mailbox(b.User) && subtle.ConstantTimeCompare(r.Ticket, sum[:]) == 1
		// A policy may have made the wait longer meanwhile.
		if !fits || max(r.Ready, r.Asked+int64(b.Wait/time.Second)) > st.now.Unix() {
			st.current, st.body = nil, nil
			return Flow{}, &NotValidError{}
		}
		count, also, body := st.ownCount(), st.addresses(), *b
		if err := st.reset(); err != nil {
			return Flow{}, err
		}
		ev := Event{Type: EventReset, Notice: true, Reason: "delayed_reset", Count: count, Also: also}
		if err := e.note(st, ev, body.User, body.Client); err != nil {
			return Flow{}, err
		}
		fresh := &flowBody{Purpose: SigningIn, User: body.User, Client: body.Client, Proofs: body.Proofs[:1]}
		fresh.decided(e.decide(st, body.User, body.Client))
		// The mailbox has been used up by the link, and whoever comes this way enrols.
		fresh.Channel, fresh.First, fresh.Grace, fresh.Implicit = "email", Requirement{}, Grace{}, nil
		asked := fresh.Require
		fresh.Require.SecondFactor = true
		if len(e.enrollable(st, fresh, fresh.Proofs)) == 0 {
			fresh.Require = asked
		}
		if err := e.begin(st, nextID, fresh, deviceToken); err != nil {
			return Flow{}, err
		}
		return e.advance(st, next, deviceToken)
	})
}
