package sim

import (
	"time"

	"github.com/mfakit/mfa"
)

// program signs in to a service account, as programs do or as people do.
func (v *visit) program() {
	first := pick(v.d, []mfa.First{mfa.ClientCredentials, mfa.Password, mfa.Federated})
	v.signIn(v.w.robot, "a program", v.w.robot.browsers[0], first)
}

// support helps, or somebody pretends to be support.
func (v *visit) support() {
	a := v.victim()
	actor := pick(v.d, []string{"desk", "desk", "desk", "intern"})
	switch v.d.n(3) {
	case 0:
		v.bypass(a, actor)
	default:
		v.reset(a, actor)
	}
	v.think()
	b := v.own(a)
	v.enterBy(a, b, "its owner", false)
}

// host does what hosts do to accounts.
func (v *visit) host() {
	a := v.victim()
	switch v.d.n(4) {
	case 0:
		v.password(hand{of: a})
	case 1:
		v.signOut(a)
	case 2:
		v.password(hand{of: a})
		v.think()
		v.enterBy(a, v.own(a), "its owner", false)
	default:
		v.bypass(a, "desk")
	}
}

// oldSession comes back with evidence from some time ago, its own app or another.
func (v *visit) oldSession() {
	a := v.victim()
	v.w.mu.Lock()
	s := pick(v.d, a.sessions)
	v.w.mu.Unlock()
	if s == nil {
		return
	}
	h := hand{of: a, s: s, b: s.b}
	if v.d.odds(400) {
		h.app = "native"
	}
	v.probe(h, mfa.Requirement{})
	v.think()
	switch v.d.n(6) {
	case 0:
		v.newCodes(h)
	case 1:
		v.enroll(h, "totp", nil, nil)
	case 2:
		v.cancelReset(h)
	case 3:
		v.notMe(h)
	case 4:
		b := *s.b
		if h.app != "" {
			b.app = h.app
		}
		if p := v.stepUp(s, &b, nil, recently); p != nil && p.flow.Status == mfa.StatusChallenge {
			if t := pick(v.d, v.answerable(p)); t != nil {
				v.prove(p, t, false)
			}
		}
	default:
		v.pause(v.d.between(time.Second, time.Minute))
		v.probe(h, mfa.Requirement{SecondFactor: true})
	}
}
