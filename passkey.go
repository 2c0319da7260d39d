package mfa

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa/internal/codec"
)

// A Passkey is what a browser needs for a sign-in in which nobody has said who
// they are yet.
type Passkey struct {
	Token     string    // the client's, and a secret; send it back with the answer
	Challenge Challenge // what the browser has to sign
	Expires   time.Time
}

// passkey is what a token carries, sealed.
type passkey struct {
	Pending []byte `cbor:"1,keyasint"`
	Expires int64  `cbor:"2,keyasint"`
	App     string `cbor:"3,keyasint,omitempty"`
}

// discoverer is the factor by which users can sign in without having said who they are.
func (e *Engine) discoverer() (Discoverer, Method, error) {
	if e.users != nil {
		for i, f := range e.factors {
			if d, ok := f.(Discoverer); ok {
				return d, e.methods[i], nil
			}
		}
	}
	return nil, Method{}, ErrMethodNotAllowed
}

// BeginPasskey begins a sign-in by passkey. It reads and writes nothing, so that
// a page can begin one whenever it is shown: what it would have to remember is
// sealed into the token. [ErrMethodNotAllowed] without Config.Users, or without a
// factor that is a [Discoverer].
func (e *Engine) BeginPasskey(ctx context.Context, c Client) (Passkey, error) {
	d, _, err := e.discoverer()
	if err != nil {
		return Passkey{}, err
	}
	return e.beginPasskey(ctx, d, DiscoverRequest{Client: c.bounded()})
}

// BeginPasskeyFor is BeginPasskey for a page that asks for a name first: it lists
// the credentials of the user whose name it is, so that keys can be used which
// cannot be found without. Name is what was typed, in the one form that the host
// compares names in; user is the ID that goes with it, and empty where nobody has
// that name. A name that nobody has, or whose owner has no key, gets
// identifiers that are made up, always the same ones (W3C WebAuthn Level 3, section
// 14.6.2). What still tells them apart is a list that changes, and the little time
// that opening a value takes. It writes nothing. One Load.
func (e *Engine) BeginPasskeyFor(ctx context.Context, name, user string, c Client) (Passkey, error) {
	d, m, err := e.discoverer()
	if err != nil {
		return Passkey{}, err
	}
	if name == "" || len(name) > maxText {
		return Passkey{}, badInput("name: want 1 to %d bytes", maxText)
	}
	if user != "" {
		if err := checkUserID(user); err != nil {
			return Passkey{}, err
		}
	}
	decoy, err := hex.DecodeString(e.keys.indexOf("decoy", m.Name, name))
	if err != nil {
		return Passkey{}, err
	}
	st, err := e.load(ctx, cmp.Or(user, "decoy\x00"+name)) // nobody has such an ID
	if err != nil {
		return Passkey{}, err
	}
	if err := st.openAll(); err != nil {
		return Passkey{}, err
	}
	c = c.bounded()
	return e.beginPasskey(ctx, d, DiscoverRequest{Client: c, Decoy: decoy, Enrollments: enrolledOf(st.usable(m, scope(d, c), nil))})
}

func (e *Engine) beginPasskey(ctx context.Context, d Discoverer, r DiscoverRequest) (Passkey, error) {
	now, c := e.now(), &r.Client
	r.Now, c.DeviceToken = now, ""
	step, err := d.Discover(ctx, r)
	if err != nil {
		return Passkey{}, err
	}
	expires := now.Add(flowLifetime)
	if !step.Expires.IsZero() && step.Expires.Before(expires) {
		expires = step.Expires
	}
	plain, err := codec.Marshal(passkey{Pending: step.Pending, Expires: expires.Unix(), App: c.App})
	if err != nil {
		return Passkey{}, err
	}
	var random [randomSize]byte
	rand.Read(random[:])
	sealed, err := e.seal(sealPasskey, string(random[:]), plain)
	if err != nil {
		return Passkey{}, err
	}
	token := base64.RawURLEncoding.EncodeToString(append(random[:], sealed...))
	if len(token) > maxToken {
		return Passkey{}, ErrTooLarge
	}
	return Passkey{Token: token, Challenge: step.Challenge, Expires: fromUnix(expires.Unix())}, nil
}

// FinishPasskey signs in whoever gave the answer. The flow that it returns is one
// as [Engine.SignIn] begins: it has passed, or says what the policy asks besides.
// Several tokens, of several tabs of one browser, are joined by dots; the answer
// goes with the one that it answers. An unknown credential, one that was removed
// and a wrong signature are the same [*NotValidError]; nothing is stored of them,
// as anybody can send them. What was right is spent: [ErrFlowExpired], also for a
// token that is too old. [ErrNoFlow], [ErrMethodNotAllowed], [ErrBadInput].
func (e *Engine) FinishPasskey(ctx context.Context, token string, a Answer, c Client) (Flow, error) {
	d, m, err := e.discoverer()
	if err != nil {
		return Flow{}, err
	}
	if err := a.check(); err != nil {
		return Flow{}, err
	}
	e.jobs.begin()
	defer e.jobs.end()
	deviceToken := c.DeviceToken
	c = c.bounded()
	asked, spent, claims, err := e.answered(d, token, a, c)
	if err != nil {
		return Flow{}, e.strangerFailed(err, "", m, c)
	}
	user, err := e.claimed(ctx, m.Name, claims)
	if err != nil {
		return Flow{}, err
	}
	if user == "" {
		return Flow{}, e.strangerFailed(&NotValidError{}, "", m, c)
	}
	u, minGeneration, err := e.users(ctx, user)
	if errors.Is(err, ErrNotFound) {
		return Flow{}, e.strangerFailed(&NotValidError{}, "", m, c)
	}
	if err != nil {
		return Flow{}, err
	}
	if u.ID != user {
		return Flow{}, errors.New("mfa: Config.Users returned another user than it was asked for")
	}
	if err := u.check(); err != nil {
		return Flow{}, fmt.Errorf("mfa: Config.Users: %v", err) // the host's fault, not the client's
	}
	flowToken, id, err := e.newFlowToken(user)
	if err != nil {
		return Flow{}, err
	}
	slow := e.slowOnce()
	flow, err := commit(ctx, e, user, func(st *state) (Flow, error) {
		if err := errors.Join(st.openAll(), st.openFactors()); err != nil {
			return Flow{}, err
		}
		covered := st.usable(m, scope(d, c), nil)
		v, err := d.Verify(ctx, VerifyRequest{User: u, Client: c, Purpose: ForDiscovery, Enrollments: enrolledOf(covered), Pending: asked.Pending,
			UserState: st.factors[m.Name], Answer: a, Now: st.now, Slow: slow})
		if nv := (*NotValidError)(nil); errors.As(err, &nv) && nv.Alarm != "" {
			// The signature was right, so this is no stranger's doing.
			st.spend = &spent
			ev := Event{Type: nv.Alarm, Notice: true, Method: m.Name, Enrollment: nv.Enrollment}
			if r := st.enrollment(nv.Enrollment); r != nil {
				ev.Label = r.Label
			}
			st.touch(secHead)
			if err := e.note(st, ev, u, c); err != nil {
				return Flow{}, err
			}
			return Flow{}, &NotValidError{}
		}
		if err != nil {
			return Flow{}, err
		}
		i := slices.IndexFunc(covered, func(r *enrollment) bool { return r.ID == v.EnrollmentID })
		if i < 0 {
			return Flow{}, errNotAsked(m)
		}
		st.spend = &spent
		r := covered[i]
		r.succeed(st.now)
		if err := st.keep(r, v); err != nil {
			return Flow{}, err
		}
		proof := m.proved(r.ID, v, st.now)
		proof.First = true
		body := &flowBody{Purpose: SigningIn, User: u, Client: c, Proofs: []Proof{proof}}
		body.Client.DeviceToken = deviceToken
		if err := e.verified(st, r, v, m, u, c); err != nil {
			return Flow{}, err
		}
		return e.enter(ctx, st, entering{body: body, id: id, token: flowToken, deviceToken: deviceToken, minGeneration: minGeneration, method: m.Name})
	})
	switch {
	case errors.Is(err, ErrNotValid), errors.Is(err, ErrRefused):
		return Flow{}, e.strangerFailed(&NotValidError{}, user, m, c)
	case err == nil:
		e.networkSeen(e.network(c), c, e.now())
	}
	return flow, err
}

// Signals is what to tell the browser of the signed-in user about each method's
// enrollments, so that authenticators stop offering what was removed: by method,
// a value that marshals to JSON. The caller's evidence has to hold: [*RequirementError].
// One Load.
func (e *Engine) Signals(ctx context.Context, c Caller) (map[string]any, error) {
	if err := c.User.check(); err != nil {
		return nil, err
	}
	st, err := e.load(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(st.openAll(), st.openFactors()); err != nil {
		return nil, err
	}
	client := c.Client.bounded()
	if _, err := st.evidence(c.Authentication, client); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for i, f := range e.factors {
		s, ok := f.(Signaler)
		if !ok {
			continue
		}
		name := e.methods[i].Name
		signals, err := s.Signals(SignalsRequest{User: c.User, Client: client, Enrollments: st.others(name), UserState: st.factors[name]})
		if err != nil {
			return nil, err
		}
		if signals != nil {
			out[name] = signals
		}
	}
	return out, nil
}

// answered opens the tokens and finds the one that the answer is for.
func (e *Engine) answered(d Discoverer, tokens string, a Answer, c Client) (passkey, spending, []string, error) {
	if len(tokens) > maxPasskeyTokens*(maxToken+1) {
		return passkey{}, spending{}, nil, ErrNoFlow
	}
	none := ErrNoFlow
	list := strings.Split(tokens, ".")
	for _, token := range list[:min(len(list), maxPasskeyTokens)] {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
		if err != nil || len(token) > maxToken || len(raw) <= randomSize {
			continue
		}
		plain, err := e.unseal(sealPasskey, string(raw[:randomSize]), raw[randomSize:])
		if err != nil {
			continue
		}
		var asked passkey
		if err := codec.Unmarshal(plain, &asked); err != nil {
			continue
		}
		if asked.App != c.App {
			continue // begun in another of the host's apps
		}
		if asked.Expires <= e.now().Unix() {
			if errors.Is(none, ErrNoFlow) {
				none = ErrFlowExpired
			}
			continue
		}
		claims, err := d.Find(asked.Pending, a)
		if err == nil {
			sum := sha256.Sum256(raw[:randomSize])
			// Kept for longer than the token is good for, whatever the clocks of the
			// instances say.
			return asked, spending{"spent/" + hex.EncodeToString(sum[:flowIDSize]), newVersion(),
				time.Unix(asked.Expires, 0).Add(flowLifetime)}, claims, nil
		}
		if !errors.Is(err, ErrNotValid) {
			return passkey{}, spending{}, nil, err
		}
		none = err
	}
	return passkey{}, spending{}, nil, none
}

// claimed is the user to whom the first of these claims leads; empty: nobody.
func (e *Engine) claimed(ctx context.Context, method string, claims []string) (string, error) {
	names, err := e.claimNames(method, claims)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		c, _, err := e.loadClaim(ctx, ref{claimPrefix(method), name})
		if err != nil || c.User != "" {
			return c.User, err
		}
	}
	return "", nil
}

// strangerFailed tells the observers of a wrong answer by somebody who is not
// known. Nothing is stored: a stranger could make it grow. It returns what the
// stranger is told.
func (e *Engine) strangerFailed(err error, user string, m Method, c Client) error {
	if !errors.Is(err, ErrNotValid) {
		return err
	}
	if len(e.observers) > 0 {
		ev := Event{ID: newID(), Type: EventFailed, Time: e.now(), User: user, Method: m.Name, App: c.App, IP: c.IP, Place: c.Place,
			UserAgent: c.UserAgent, Count: 1}
		e.later(func(ctx context.Context) { e.deliver(ctx, user, []Event{ev}) })
	}
	return &NotValidError{}
}
