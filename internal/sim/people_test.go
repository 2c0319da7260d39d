package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// An account is one user, and what is known of them without asking the engine.
type account struct {
	user      mfa.User
	suspended bool
	phones    int // numbers given out so far
	things    []*thing
	papers    []*paper
	sessions  []*session
	passages  []*passage
	browsers  []*browser
	letters   []*letter
	bypasses  []*bypass
	resets    []*reset
	pendings  []*pendingThing // enrolments that wait

	wrong    []wrong   // answers told to be wrong, since the budget was last given back
	forgiven time.Time // when that was, at the latest
	voids    []span    // acknowledged ends of all evidence
	rises    []span    // acknowledged security changes, those included
	kills    []span    // acknowledged ends of all flows
	wipes    []*span   // ends of all that is enrolled, acknowledged or not; one that has not ended has no end
	cancels  []span    // acknowledged ends of a delayed reset
	expect   []expectation
	rose     uint64 // the highest generation that was told
	skips    int
	seen     map[string]bool // activities that were in a saved value
}

func (a *account) name() string { return a.user.ID }

// A span is from when a call began until it ended.
type span struct{ start, end time.Time }

// A fate is what is known of a thing.
type fate int

const (
	unknown fate = iota // a call about it ended without an answer, or raced with another
	present             // acknowledged
	gone                // its end was acknowledged
)

// A thing is something that was enrolled, or may have been.
type thing struct {
	of      *account
	n       int
	id      string
	method  string
	fate    fate
	added   time.Time // when that was acknowledged
	ended   time.Time
	threats int       // calls that may end it, under way or without an answer
	began   time.Time // when its confirmation began

	app     *mfatest.Authenticator
	to      string // a number or an address
	key     *key
	tried   map[int64]int // steps of an app, and how often their codes were given
	anew    time.Time     // wrong answers in a row are counted from here
	wrong   []wrong       // in a row, from browsers that are not known
	failed  int           // in a row, from any
	label   string        // what it was last called, if that is known
	renames int           // calls that may rename it
}

func (t *thing) name() string { return t.of.name() + "'s " + t.method + " " + itoa(t.n) }

// sure says whether it was there from a moment until now.
func (t *thing) sure(from time.Time) bool {
	return t.fate == present && !t.added.After(from) && t.threats == 0
}

// surely is whether something of the account's own was there from a moment until now.
func (a *account) surely(from time.Time) bool {
	return slices.ContainsFunc(a.things, func(t *thing) bool { return t.sure(from) })
}

func (a *account) thing(id string) *thing {
	for _, t := range a.things {
		if t.id == id {
			return t
		}
	}
	return nil
}

// have are the things that its owner believes to have.
func (a *account) have() (list []*thing) {
	for _, t := range a.things {
		if t.fate != gone {
			list = append(list, t)
		}
	}
	return list
}

// A paper is a recovery code.
type paper struct {
	code   string
	set    int
	used   bool      // by its owner's knowledge
	dead   time.Time // when a newer set was acknowledged
	issued time.Time
}

// A wrong answer is when an instance may have counted it.
type wrong struct {
	span
	low, high time.Time
	known     bool // from a browser that may be known
}

// A session is evidence that somebody holds.
type session struct {
	of   *account
	auth mfa.Authentication
	app  string
	who  string
	at   time.Time // when the call ended that gave it
	b    *browser
}

// A browser keeps a token, or a copy of somebody's.
type browser struct {
	n     int
	token string
	line  *lineage // what the token descends from; nil: there is none
	ip    netip.Addr
	app   string
}

// A lineage is one device of one user, in all browsers that have a copy of its token.
type lineage struct {
	of      *account
	proved  time.Time // when a flow with a second proof last passed in it, or may have
	granted time.Time // when it was last remembered, or may have been: what its instance's clock can have shown at the latest
	asked   bool      // ever
}

// A passage is a flow as its browser sees it.
type passage struct {
	of      *account
	n       int
	token   string
	flow    mfa.Flow
	options []mfa.Option // that it had last
	who     string
	b       *browser
	app     string
	known   bool   // it began with a device's token
	sign    string // its name for the scorer; empty: a step-up
	began   outcome
	base    *session // of a step-up
	require mfa.Requirement
	action  *approval
	earned  map[string]bool // enrollments that were proved in it, or may have been
	over    bool            // it passed or was denied
	sent    map[string][]*sentCode
	keyed   map[string]mfa.Challenge
	line    *lineage
	skipped bool
	claimed bool // it came of a delayed reset or a removal of all: what it asks for is its own
}

// A sentCode is what a challenge had sent.
type sentCode struct {
	*letter
	asked outcome
}

type bypass struct {
	code   string
	until  time.Time // the latest
	issued span
	used   bool
	option string
}

// An approval is an action that somebody approves.
type approval struct {
	id       string
	passes   int // step-ups for it that passed, or may have
	redeemed int
}

// A reset is a delayed one that was asked for.
type reset struct {
	ticket string
	asked  outcome
}

// A pendingThing is an enrolment that was begun.
type pendingThing struct {
	*thing
	replaces *thing
	by       *session // nil: a flow
	in       *passage
	codes    []*sentCode
	asked    mfa.Challenge
}

// An expectation is a notice that has to come.
type expectation struct {
	kind       mfa.EventType
	enrollment string // empty: any
	of         string // the call
}

func (w *world) account(id string) *account {
	for _, a := range w.accounts {
		if a.user.ID == id {
			return a
		}
	}
	return nil
}

// populate makes the people. w.mu is held.
func (w *world) populate() {
	w.ada, w.bob, w.mal = w.person("ada"), w.person("bob"), w.person("mal")
	w.robot = w.person("robot")
	w.robot.user.Kind = mfa.Service
	for i := range w.clocks {
		d := drawFor(w.plan.seed, "clock "+itoa(i))
		if d.odds(500) {
			w.clocks[i].set = []setAt{{w.began, d.between(-maxSkew/2, maxSkew/2)}}
		}
	}
}

func (w *world) person(name string) *account {
	a := &account{seen: map[string]bool{}, user: mfa.User{ID: name, Name: name, Email: name + "@example.com", EmailVerified: true, CreatedAt: w.began}}
	for i := range 2 {
		a.browsers = append(a.browsers, w.browser(len(w.accounts)*10+i, "web"))
	}
	w.accounts, w.owners[a.user.Email] = append(w.accounts, a), a
	return a
}

func (w *world) browser(n int, app string) *browser {
	return &browser{n: n, app: app, ip: netip.AddrFrom4([4]byte{10, 0, byte(n), 7})}
}

// arrives is a letter in its mailbox. w.mu is held.
func (w *world) arrives(l *letter) {
	w.count("letter: " + l.channel)
	if a := w.owners[l.to]; a != nil {
		a.letters = append(a.letters, l)
		w.limitSends(a, l)
	}
	if l.by != nil {
		w.mail[l.by] = l
	}
}

// number is one that nobody has yet. w.mu is held.
func (w *world) number(a *account) string {
	a.phones++
	to := fmt.Sprintf("+479%d%06d", slices.Index(w.accounts, a)+1, a.phones)
	w.owners[to] = a
	w.secret(to)
	return to
}

// secret has the canary look for it. w.mu is held.
func (w *world) secret(s string) {
	if len(s) >= 8 {
		w.secrets[s] = true
	}
}
