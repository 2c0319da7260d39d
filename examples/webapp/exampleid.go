package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// exampleID is a provider to try sign-in by another service with, in development:
// whoever asks is who they say they are. It has what the app's side has to get right:
// a code that works once and for one verifier, and a state that it hands back.
type exampleID struct {
	origin string
	now    func() time.Time
	mu     sync.Mutex
	codes  map[string]approval
}

type approval struct {
	who       identity
	challenge string
	expires   time.Time
}

// exampleCodeLife is how long a code works (RFC 6749, section 4.1.2: ten minutes at
// most, and short).
const exampleCodeLife = time.Minute

func newExampleID(origin string, now func() time.Time) *exampleID {
	return &exampleID{origin: origin, now: now, codes: map[string]approval{}}
}

func (p *exampleID) Name() string { return "Example ID" }

func (p *exampleID) URL(state, challenge string) string {
	return p.origin + "/dev/idp/authorize?" + url.Values{"response_type": {"code"}, "client_id": {"webapp"},
		"state": {state}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}.Encode()
}

// approve makes a code for somebody who has said yes, and drops those that are old.
func (p *exampleID) approve(who identity, challenge string) (code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for c, a := range p.codes {
		if !now.Before(a.expires) {
			delete(p.codes, c)
		}
	}
	code = newToken()
	p.codes[code] = approval{who, challenge, now.Add(exampleCodeLife)}
	return code
}

// Exchange implements provider. A code is spent by the first try, whether its verifier
// is right or not.
func (p *exampleID) Exchange(_ context.Context, code, verifier string) (identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.codes[code]
	delete(p.codes, code)
	if !ok || !p.now().Before(a.expires) || subtle.ConstantTimeCompare([]byte(a.challenge), []byte(challengeOf(verifier))) != 1 {
		return identity{}, errNotVouched
	}
	return a.who, nil
}

// A consent is the provider's form.
type consent struct {
	Email     string `json:"email"`
	Verified  string `json:"verified"` // "yes": the address is
	State     string `json:"state"`
	Challenge string `json:"code_challenge"`
	Refuse    string `json:"refuse"` // not empty: the person says no
}

func (a *app) exampleIDPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Get("code_challenge_method") != "S256" {
		return badRequest("only S256 is taken")
	}
	return a.render(w, r, http.StatusOK, "exampleid", view{Title: "Example ID",
		Data: consent{State: q.Get("state"), Challenge: q.Get("code_challenge")}})
}

// approveExampleID sends the browser back to the app, and nowhere else.
func (a *app) approveExampleID(w http.ResponseWriter, r *http.Request) error {
	var in consent
	if err := read(w, r, &in); err != nil {
		return err
	}
	back := url.Values{"state": {in.State}}
	if in.Refuse != "" {
		back.Set("error", "access_denied")
	} else {
		sum := sha256.Sum256([]byte(in.Email)) // the same person whenever they come
		who := identity{Subject: hex.EncodeToString(sum[:16]), Email: in.Email, EmailVerified: in.Verified == "yes"}
		back.Set("code", a.provider.(*exampleID).approve(who, in.Challenge))
	}
	http.Redirect(w, r, a.origin+"/oauth/callback?"+back.Encode(), http.StatusSeeOther)
	return nil
}
