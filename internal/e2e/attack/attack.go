// Package attack plays the attacks that others have suffered against
// examples/webapp: the program is built, started, and attacked from outside, over
// HTTP, with what an attacker has. Each row of the catalogue either is played here,
// or names the tests that play it elsewhere, or says why it is not played.
//
// What is answered is printed as docs/attacks.md. In the repository:
//
//	go run ./internal/e2e/attack/print
//
// A test plays all of it, and fails where the page says something else.
package attack

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
)

// An Attack is a row of the catalogue. One of Try, Elsewhere and Not is set.
type Attack struct {
	ID        string
	Tried     string       // what, in a few words
	Has       string       // what the attacker begins with
	Try       func(*Trial) // plays it, and checks what must be true afterwards
	Elsewhere []string     // tests that play it where it can be played
	Not       string       // why it is not played at all
}

// A Theme is a group of attacks that share a running program, one after the other.
type Theme struct {
	Title   string
	Text    string // for readers of the page
	Policy  string // JSON; empty: the program's own
	Attacks []Attack
}

// A Result is what was seen: sentences for readers, in the order of the steps.
type Result struct {
	Answers    []string // what the attacker was told
	Afterwards []string // what was true then
}

// A Trial is one attack that is being played.
type Trial struct {
	*Site
	result Result
	number int // of the attack in its theme, from 1
}

// failed ends a trial. It travels as a panic, so that steps read as a story.
type failed struct{ why string }

// Play plays an attack. The error says which step did not end as it must.
func Play(s *Site, a Attack, number int) (r Result, err error) {
	x := &Trial{Site: s, number: number}
	defer func() {
		r = x.result
		switch why := recover().(type) {
		case nil:
		case failed:
			err = errors.New(why.why)
		default:
			err = fmt.Errorf("%v\n%s", why, debug.Stack())
		}
	}()
	a.Try(x)
	if len(x.result.Answers) == 0 || len(x.result.Afterwards) == 0 {
		x.fail("nothing was looked at: %+v", x.result)
	}
	return x.result, nil
}

func (x *Trial) fail(format string, args ...any) { fail(format, args...) }

func fail(format string, args ...any) { panic(failed{fmt.Sprintf(format, args...)}) }

// answered notes an answer to the attacker, which has to be this one.
func (x *Trial) answered(words string, r reply, status int, code ...string) {
	r.want(status, code...)
	x.says(words, r.short())
}

// says notes what the attacker was told, after a look at it.
func (x *Trial) says(words, answer string) {
	said := answer
	if words != "" {
		said = words + ": " + answer
	}
	x.result.Answers = append(x.result.Answers, said)
}

// only notes what several requests were answered: these kinds, each of them, and no other.
func (x *Trial) only(words string, all []reply, kinds ...string) {
	for _, r := range all {
		if !slices.Contains(kinds, r.short()) {
			fail("%s: %s, of %s: %s", words, r.short(), r.what, r.body)
		}
	}
	for _, kind := range kinds {
		if count(all, kind) == 0 {
			fail("%s: no %s", words, kind)
		}
	}
	x.says(words, strings.Join(kinds, " or "))
}

// holds notes what is true afterwards, and fails where it is not.
func (x *Trial) holds(words string, ok bool) {
	if !ok {
		fail("it is not so that %s", words)
	}
	if !slices.Contains(x.result.Afterwards, words) {
		x.result.Afterwards = append(x.result.Afterwards, words)
	}
}

// turnedAway checks that pages are not shown, and lead elsewhere if anywhere.
func turnedAway(to string, pages ...reply) {
	for _, r := range pages {
		leads := r.status == http.StatusSeeOther && strings.HasPrefix(r.header.Get("Location"), to)
		if !leads && r.status != http.StatusUnauthorized && r.status != http.StatusForbidden {
			fail("%s: %d to %q: %.600s", r.what, r.status, r.header.Get("Location"), r.body)
		}
	}
}

// protected are what nobody may read who is not signed in: of the API, and of the
// pages.
var protected = []string{"/me", "/mfa/enrollments", "/mfa/activity", "/mfa/devices", "/settings", "/settings/export", "/transfer"}

// inside says what of the protected a browser can read.
func inside(b *browser) []string {
	var open []string
	for _, path := range protected {
		for _, accept := range []string{"application/json", "text/html"} {
			r := b.with("Accept", accept).get(path)
			if r.status < 300 {
				open = append(open, path)
			}
		}
	}
	return open
}

// out notes that the attacker is not in, by any of their browsers.
func (x *Trial) out(browsers ...*browser) {
	for _, b := range browsers {
		if open := inside(b); len(open) > 0 {
			fail("the attacker reads %s", strings.Join(open, ", "))
		}
	}
	x.holds("the attacker is not in", true)
}

// ownerIn notes that the owner gets in as always.
func (x *Trial) ownerIn(p *person) {
	b := x.browser(home)
	b.verify(p.login(b).option("totp"), p.next()).want(http.StatusOK)
	x.holds("the owner signs in with the next code", b.me().Email == p.email)
}

// told notes that the owner got a mail.
func (x *Trial) told(p *person, subject string) {
	x.mail(p.email, subject)
	x.holds("the owner is told by mail", true)
}

// name is the title as the name of a test.
func (t Theme) name() string { return strings.NewReplacer(" ", "-", ",", "").Replace(t.Title) }
