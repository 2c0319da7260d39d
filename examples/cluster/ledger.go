package main

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// A fate is what the site has said of something.
type fate int

const (
	no    fate = iota // that it is not there, or not any more; or nothing
	maybe             // there was no answer
	yes               // that it is there
)

// A person is what one of them was told, in a ledger: the account, the session, each
// authenticator app and each code. What was not told may be either way; and it may
// come later than what was asked after it, as an instance may still be at it.
type person struct {
	email, password string
	browser         *browser

	account, session fate
	tried            bool // to register
	shaky            bool // a change that was not told may still end sessions and sign-ins
	calm             bool // nothing is under way any more
	apps             []*app
	codes            []*recoveryCode
	codesKnown       bool // false: others may have taken their place
	recoveries       int  // codes that were typed, and refused as they have to be

	broken []string // promises that were
	trail  []string // the last that was asked and told
	tally  tally
}

// An app is an authenticator app.
type app struct {
	id, label, secret string
	state             fate
	last              int64  // the last time step whose code was typed, right or not known
	spent             int64  // the last one that was taken
	failures          [2]int // in a row, at least: in a browser that is not known, and in one that is
	unsure            bool   // a sign-in that was not told may still end the row
}

type recoveryCode struct {
	text  string
	spent fate
	old   bool // others have taken its place: it is worth nothing
}

// A tally counts what was told.
type tally struct {
	accounts, apps, removed, signIns, recoveries, wrong, spent, newCodes, sessions int
	unknown                                                                        int // no answer, or "try again"
}

func (t *tally) add(o tally) {
	t.accounts += o.accounts
	t.apps += o.apps
	t.removed += o.removed
	t.signIns += o.signIns
	t.recoveries += o.recoveries
	t.wrong += o.wrong
	t.spent += o.spent
	t.newCodes += o.newCodes
	t.sessions += o.sessions
	t.unknown += o.unknown
}

func newPerson(b *browser) *person {
	return &person{email: strings.ToLower(rand.Text()) + "@example.org", password: rand.Text(), browser: b, codesKnown: true}
}

// lost notes that a promise was broken.
func (p *person) lost(format string, args ...any) {
	p.broken = append(p.broken, fmt.Sprintf(format, args...))
	p.note("lost: " + p.broken[len(p.broken)-1])
}

const maxTrail = 40

// note keeps what happened, for whoever wants to know how a promise came to be broken.
func (p *person) note(what string) {
	p.trail = append(p.trail, time.Now().Format("15:04:05.000 ")+what)
	p.trail = p.trail[max(0, len(p.trail)-maxTrail):]
}

// period is how long a code is shown. The one that comes next is taken too, and each once.
const period = 30

func stepAt(t time.Time) int64 { return t.Unix() / period }

// lane is which of an app's failures count: the demo knows browsers that have signed in
// with a code, so that strangers' failures are not theirs.
func (p *person) lane() int {
	if p.browser.cookie("mfa-device") {
		return 1
	}
	return 0
}

// settle is when nothing is under way any more: what was not told is done by now, or will
// never be.
func (p *person) settle() {
	if p.shaky {
		p.session = min(p.session, maybe)
	}
	p.shaky, p.calm = false, true
	for _, a := range p.apps {
		a.unsure = false
	}
}

// fresh is a step whose code nobody has typed, and that is taken now; false: the next
// is not due yet.
func (a *app) fresh() (int64, bool) {
	now := stepAt(time.Now())
	step := max(a.last+1, now)
	return step, step <= now+1
}

func (a *app) code(step int64) (string, error) {
	return totp.GenerateCode(a.secret, time.Unix(step*period, 0))
}

// wrong is a code that is not right for any step near.
func (a *app) wrong() (string, error) {
	near := map[string]bool{}
	for d := int64(-5); d <= 5; d++ {
		c, err := a.code(stepAt(time.Now()) + d)
		if err != nil {
			return "", err
		}
		near[c] = true
	}
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			return "", err
		}
		if c := fmt.Sprintf("%06d", n); !near[c] {
			return c, nil
		}
	}
}

// active are the apps that are there for certain.
func (p *person) active() (list []*app) {
	for _, a := range p.apps {
		if a.state == yes {
			list = append(list, a)
		}
	}
	return list
}

// unspent is a recovery code that works; nil: there is none.
func (p *person) unspent() *recoveryCode {
	for _, c := range p.codes {
		if p.codesKnown && !c.old && c.spent == no {
			return c
		}
	}
	return nil
}

// replace has new recovery codes take the place of the old ones.
func (p *person) replace(codes []string) {
	for _, c := range p.codes {
		c.old = true
	}
	for _, c := range codes {
		p.codes = append(p.codes, &recoveryCode{text: c})
	}
	p.codesKnown = true
}
