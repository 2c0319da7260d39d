package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

type js map[string]any

// Attempts at a code before it has to wait, as the demo tells of them: after the first
// wrong one four are left.
const attempts = 5

// ask asks, and counts what is not answered. Whoever is signed in for certain, and is told
// that they are not, has lost that.
func (p *person) ask(ctx context.Context, method, path string, body any) reply {
	r := p.browser.do(ctx, method, path, body)
	p.note(fmt.Sprintf("%s %s: %d %s", method, path, r.status, r.code))
	if !r.told() && ctx.Err() == nil {
		p.tally.unknown++
	}
	if r.is(http.StatusUnauthorized, "unauthenticated") && p.session == yes && !p.shaky {
		p.lost("was signed in, and is not")
	}
	return r
}

// register makes the account.
func (p *person) register(ctx context.Context) {
	p.account, p.session = maybe, maybe
	r := p.ask(ctx, "POST", "/register", js{"email": p.email, "password": p.password})
	defer func() { p.tried = true }()
	switch {
	case r.status == http.StatusCreated:
		p.account, p.session = yes, yes
		p.tally.accounts++
	case r.status == http.StatusConflict && p.tried:
		p.account = yes // by the one before
	case r.told():
		p.lost("could not register: %d %s", r.status, r.body)
	}
}

// login types the password. The flow is nil where there is none.
func (p *person) login(ctx context.Context) *flow {
	p.session = min(p.session, maybe)
	r := p.ask(ctx, "POST", "/login", js{"email": p.email, "password": p.password})
	switch {
	case !r.told() || r.status == http.StatusTooManyRequests:
		return nil
	case r.is(http.StatusUnauthorized, "invalid_credentials") && p.account == maybe:
		p.account = no
		return nil
	case r.status != http.StatusOK:
		p.lost("the account is gone: %d %s", r.status, r.body)
		return nil
	}
	p.account, p.session = yes, no
	var f flow
	if err := r.into(&f); err != nil {
		p.lost("the flow cannot be read: %v", err)
		return nil
	}
	for _, a := range p.apps {
		offered := f.option("totp", a.label) != ""
		switch {
		case offered && a.state == no:
			p.lost("%s was removed, and is there", a.label)
		case !offered && a.state == yes:
			p.lost("%s was set up, and is not asked for", a.label)
		case p.calm && offered:
			a.state = yes
		case p.calm:
			a.state = no
		}
	}
	if f.Status == "passed" {
		p.session = yes
	}
	if asked := len(p.active()) == 0; f.Status == "passed" && !asked {
		p.lost("got in without a second proof")
	}
	return &f
}

// verify answers the flow with a code. What comes of it for the session is noted here.
func (p *person) verify(ctx context.Context, option, code string) reply {
	p.session = maybe
	r := p.ask(ctx, "POST", "/mfa/flow/verify", js{"option": option, "code": code})
	switch {
	case r.status == http.StatusOK:
		p.session = yes
	case r.told():
		p.session = no
		if !p.shaky && (r.is(http.StatusGone, "flow_expired") || r.is(http.StatusNotFound, "no_flow")) {
			p.lost("a sign-in that had begun is gone: %s", r.body)
		}
	default:
		// It may have ended rows of failures, and have made the browser one that is not
		// known: with each sign-in the cookie by which it is becomes another.
		for _, a := range p.apps {
			a.failures, a.unsure = [2]int{}, true
		}
		if !r.cut { // else the session's cookie may have come
			p.outside(ctx)
		}
	}
	return r
}

// outside looks whether a sign-in that nobody has acknowledged has let somebody in.
func (p *person) outside(ctx context.Context) {
	if r := p.browser.do(ctx, "GET", "/me", nil); r.status == http.StatusOK {
		p.lost("is signed in, and was not told so")
	}
}

// signIn signs in with an app's code.
func (p *person) signIn(ctx context.Context, a *app) {
	step, ok := a.fresh()
	if !ok {
		return
	}
	f := p.login(ctx)
	if f == nil {
		return
	}
	code, err := a.code(step)
	if err != nil {
		p.lost("no code: %v", err)
		return
	}
	a.last = step
	switch r := p.verify(ctx, f.option("totp", a.label), code); {
	case r.status == http.StatusOK:
		a.spent = step
		a.failures[p.lane()] = 0
		p.tally.signIns++
		p.tally.spent++
	case r.is(http.StatusUnauthorized, "code_not_valid"):
		p.lost("%s: a right code that nobody had typed was refused", a.label)
	}
}

// recover signs in with a recovery code.
func (p *person) recover(ctx context.Context) {
	c := p.unspent()
	if c == nil {
		return
	}
	f := p.login(ctx)
	if f == nil {
		return
	}
	option := f.option("recovery", "")
	if option == "" {
		p.lost("recovery codes are gone")
		return
	}
	c.spent = maybe
	switch r := p.verify(ctx, option, c.text); {
	case r.status == http.StatusOK:
		c.spent = yes
		p.tally.recoveries++
		p.tally.spent++
	case r.is(http.StatusUnauthorized, "code_not_valid"):
		p.lost("a recovery code that nobody had typed was refused")
	case r.told():
		c.spent = no // locked, for example
	default:
		p.shaky = true
	}
}

// guess types a code that has to be refused: a wrong one, or one that is spent.
func (p *person) guess(ctx context.Context, a *app, code, what string) {
	f := p.login(ctx)
	if f == nil {
		return
	}
	switch r := p.verify(ctx, f.option("totp", a.label), code); {
	case r.status == http.StatusOK:
		p.lost("%s: %s code was accepted", a.label, what)
	case r.is(http.StatusUnauthorized, "code_not_valid") && !a.unsure:
		p.tally.wrong++
		row := &a.failures[p.lane()]
		*row++
		var said struct {
			Left int `json:"attempts_left"`
		}
		if err := r.into(&said); err != nil || said.Left > attempts-*row {
			p.lost("%s: %d failures in a row, and %d attempts are left: %s", a.label, *row, said.Left, r.body)
		}
	}
}

// guessWrong types a wrong code, unless the next one would have to wait.
func (p *person) guessWrong(ctx context.Context, a *app) {
	if a.failures[p.lane()] >= attempts-2 || p.tally.wrong >= 8 {
		return
	}
	code, err := a.wrong()
	if err != nil {
		p.lost("no code: %v", err)
		return
	}
	p.guess(ctx, a, code, "a wrong")
}

// replay types the last code that was taken, while it is not too old to be taken at all.
func (p *person) replay(ctx context.Context, a *app) {
	if a.spent < stepAt(time.Now()) || a.failures[p.lane()] >= attempts-2 || p.tally.wrong >= 8 {
		return
	}
	code, err := a.code(a.spent)
	if err != nil {
		p.lost("no code: %v", err)
		return
	}
	p.guess(ctx, a, code, "a spent")
}

// replayRecovery types a recovery code that was taken, or whose place others have taken.
func (p *person) replayRecovery(ctx context.Context) {
	var c *recoveryCode
	for _, o := range p.codes {
		if o.spent == yes || o.old && p.codesKnown {
			c = o
		}
	}
	if c == nil || p.recoveries >= 3 {
		return
	}
	f := p.login(ctx)
	if f == nil {
		return
	}
	p.recoveries++
	switch r := p.verify(ctx, f.option("recovery", ""), c.text); {
	case r.status == http.StatusOK:
		p.lost("a spent recovery code was accepted")
	case r.is(http.StatusUnauthorized, "code_not_valid"):
		p.tally.wrong++
	}
}

// enroll sets another app up.
func (p *person) enroll(ctx context.Context) {
	if p.session != yes || len(p.active()) >= 3 {
		return
	}
	a := &app{label: "App " + strconv.Itoa(len(p.apps)+1)}
	var begun struct{ ID, Secret string }
	r := p.ask(ctx, "POST", "/mfa/enrollments", js{"method": "totp", "label": a.label})
	if r.status != http.StatusCreated || r.into(&begun) != nil {
		return
	}
	a.id, a.secret = begun.ID, begun.Secret
	step, _ := a.fresh()
	code, err := a.code(step)
	if err != nil {
		p.lost("no code: %v", err)
		return
	}
	first := len(p.active()) == 0
	p.apps = append(p.apps, a)
	a.state, a.last = maybe, step
	p.session = maybe
	r = p.ask(ctx, "POST", "/mfa/enrollments/"+a.id+"/activate", js{"code": code})
	var done struct {
		Codes []string `json:"recovery_codes"`
	}
	switch {
	case r.status == http.StatusOK && r.into(&done) == nil:
		a.state, a.spent, p.session = yes, step, yes
		p.tally.apps++
		p.tally.spent++
		if len(done.Codes) > 0 {
			p.replace(done.Codes)
		}
	case r.told():
		p.lost("%s: its first code was refused: %d %s", a.label, r.status, r.body)
	default:
		p.shaky = true
		p.codesKnown = p.codesKnown && !first
	}
}

// remove removes an app, if there is another.
func (p *person) remove(ctx context.Context) {
	list := p.active()
	if p.session != yes || len(list) < 2 {
		return
	}
	a := list[0]
	a.state, p.session = maybe, maybe
	switch r := p.ask(ctx, "DELETE", "/mfa/enrollments/"+a.id, nil); {
	case r.status == http.StatusNoContent:
		a.state, p.session = no, yes
		p.tally.removed++
	case r.status == http.StatusNotFound:
		p.lost("%s is gone", a.label)
	case r.told():
		a.state, p.session = yes, yes
	default:
		p.shaky = true
	}
}

// renew has new recovery codes made.
func (p *person) renew(ctx context.Context) {
	if p.session != yes || len(p.active()) == 0 || !p.codesKnown {
		return
	}
	p.codesKnown, p.session = false, maybe
	r := p.ask(ctx, "POST", "/mfa/recovery-codes", nil)
	var made struct{ Codes []string }
	switch {
	case r.status == http.StatusOK && r.into(&made) == nil:
		p.replace(made.Codes)
		p.session = yes
		p.tally.newCodes++
	case r.told():
		p.codesKnown, p.session = true, yes
	default:
		p.shaky = true
	}
}

// visit looks whether the session is there.
func (p *person) visit(ctx context.Context) {
	if p.session != yes {
		return
	}
	if r := p.ask(ctx, "GET", "/me", nil); r.status == http.StatusOK {
		p.tally.sessions++
	}
}
