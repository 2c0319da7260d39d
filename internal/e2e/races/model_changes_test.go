package races_test

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"pgregory.net/rapid"
)

// caller is the session's.
func (l *life) caller(t *rapid.T) mfa.Caller {
	if l.session == nil {
		skip(t, "nobody is signed in")
	}
	return mfa.Caller{User: l.user, Authentication: l.session.auth}
}

// fresh says whether the session's evidence is what a change asks for.
func (l *life) fresh() bool { return l.freshWithin(10 * time.Minute) }

func (l *life) freshWithin(age time.Duration) bool {
	s := l.session
	proof := s.password
	if len(l.apps) > 0 {
		proof = s.factor
	}
	return !s.dead && !proof.IsZero() && l.now().Sub(proof) <= age
}

// allowed holds the outcome of a change to the session's evidence.
func (l *life) allowed(t *rapid.T, what string, err error) bool {
	fresh := l.fresh()
	switch {
	case errors.Is(err, mfa.ErrRequirement) && !fresh:
		l.saw["change refused: "+what]++
		return false
	case err == nil && fresh:
		l.saw["changed: "+what]++
		return true
	}
	t.Fatalf("C-11: %s: %v, and the evidence is fresh: %v", what, err, fresh)
	return false
}

// Enroll begins an enrolment.
func (l *life) Enroll(t *rapid.T) {
	c := l.caller(t)
	if len(l.apps) >= 3 {
		skip(t, "enough")
	}
	e, err := l.engine.Enroll(ctx, c, mfa.Enroll{Method: "totp"})
	if l.allowed(t, "enroll", err) {
		if len(l.pending) == 5 { // the oldest has gone; which one that is does not matter
			l.pending = map[string]*mfatest.Authenticator{}
		}
		l.pending[e.ID] = scan(t, e, l.now)
	}
}

// pickPending takes one of the enrolments that wait.
func (l *life) pickPending(t *rapid.T) (string, *mfatest.Authenticator) {
	if len(l.pending) == 0 {
		skip(t, "nothing to confirm")
	}
	ids := slices.Sorted(maps.Keys(l.pending))
	id := rapid.SampledFrom(ids).Draw(t, "id")
	return id, l.pending[id]
}

// ActivateWrong guesses at a confirmation, which is no way around the limits.
func (l *life) ActivateWrong(t *rapid.T) {
	c := l.caller(t)
	id, phone := l.pickPending(t)
	for range rapid.IntRange(1, 12).Draw(t, "times") {
		_, err := l.engine.Activate(ctx, c, id, mfa.Answer{Code: wrongFor(phone.CodeAt, l.now())})
		switch {
		case errors.Is(err, mfa.ErrNotValid):
			l.failed = append(l.failed, l.now())
		case err == nil:
			t.Fatal("a wrong code confirmed an enrolment")
		case errors.Is(err, mfa.ErrLocked):
			l.saw["confirmation locked"]++
			return
		default:
			return
		}
	}
}

// Activate confirms one.
func (l *life) Activate(t *rapid.T) {
	c := l.caller(t)
	id, phone := l.pickPending(t)
	done, err := l.engine.Activate(ctx, c, id, mfa.Answer{Code: phone.Code()})
	switch {
	case errors.Is(err, mfa.ErrRequirement) && !l.freshWithin(20*time.Minute): // ten of them to set up
		l.saw["confirmation refused"]++
		return
	case errors.Is(err, mfa.ErrEnrollmentExpired), errors.Is(err, mfa.ErrNoEnrollment):
		delete(l.pending, id) // after ten minutes, or ten wrong codes
		return
	case errors.Is(err, mfa.ErrLocked):
		if l.since(time.Hour) < 15 && l.since(31*24*time.Hour) < 75 {
			t.Fatalf("a confirmation is locked after %d failures in an hour", l.since(time.Hour))
		}
		return
	case err != nil || !l.freshWithin(20*time.Minute):
		t.Fatalf("activate: %v, and the evidence is good enough: %v", err, l.freshWithin(20*time.Minute))
	}
	if (len(done.RecoveryCodes) > 0) != (len(l.apps) == 0) {
		t.Fatalf("%d recovery codes with app number %d", len(done.RecoveryCodes), len(l.apps)+1)
	}
	l.take(done.RecoveryCodes)
	delete(l.pending, id)
	l.apps = append(l.apps, &app{id: id, phone: phone, last: l.now().Unix() / 30})
	l.session.auth = done.Authentication
}

func (l *life) take(codes []string) {
	if len(codes) > 0 {
		for c := range l.papers {
			l.papers[c] = false
		}
	}
	for _, c := range codes {
		l.papers[c] = true
	}
}

// Remove ends one app.
func (l *life) Remove(t *rapid.T) {
	c := l.caller(t)
	a := l.pickApp(t)
	left, err := l.engine.Remove(ctx, c, a.id)
	if !l.allowed(t, "remove", err) {
		return
	}
	l.apps = slices.DeleteFunc(l.apps, func(o *app) bool { return o == a })
	if len(l.apps) == 0 {
		l.papers = map[string]bool{}
	}
	l.dropFlows()
	l.session.auth = left
	l.session.factor = newestFactor(left)
}

// newestFactor is when the evidence last proved more than the password.
func newestFactor(a mfa.Authentication) (at time.Time) {
	for _, p := range a.Proofs {
		if !p.First && p.Time.After(at) {
			at = p.Time
		}
	}
	return at
}

// NewCodes replaces the recovery codes.
func (l *life) NewCodes(t *rapid.T) {
	c := l.caller(t)
	if len(l.apps) == 0 {
		skip(t, "nothing to recover")
	}
	codes, err := l.engine.RecoveryCodes(ctx, c)
	if l.allowed(t, "recovery codes", err) {
		l.take(codes)
	}
}

// Support resets everything.
func (l *life) Support(t *rapid.T) {
	if err := l.engine.Reset(ctx, mfa.Reset{User: l.user, Actor: "support"}); err != nil {
		t.Fatal(err)
	}
	l.dropFlows()
	l.apps, l.papers, l.failed = nil, map[string]bool{}, nil
	if l.session != nil {
		l.session.dead = true
	}
}

// NewPassword is told by the host, with the session's evidence renewed.
func (l *life) NewPassword(t *rapid.T) {
	c := l.caller(t)
	left, err := l.engine.PasswordChanged(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	l.dropFlows()
	l.failed = nil
	if l.session.dead != (left.User == "") {
		t.Fatalf("the session is dead: %v, and its evidence is %+v", l.session.dead, left)
	}
	l.session.auth = left
	if l.session.dead {
		l.session = nil
	}
}

// Reauthenticate is a password that the host has checked again.
func (l *life) Reauthenticate(t *rapid.T) {
	c := l.caller(t)
	l.session.auth = l.engine.Reauthenticated(c.Authentication, mfa.Password)
	l.session.password = l.now()
}

// Check holds after every step: what was acknowledged is there, and no more
// answers were told to be wrong than the limits let.
func (l *life) Check(t *rapid.T) {
	list, err := l.engine.Enrollments(ctx, l.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	apps, left := 0, 0
	for _, e := range list {
		if e.Method == "recovery" {
			left = e.Remaining
			continue
		}
		apps++
		if !slices.ContainsFunc(l.apps, func(a *app) bool { return a.id == e.ID }) {
			t.Fatalf("%s is enrolled and should not be", e.ID)
		}
	}
	unspent := 0
	for _, is := range l.papers {
		if is {
			unspent++
		}
	}
	if apps != len(l.apps) || left != unspent {
		t.Fatalf("%d apps and %d recovery codes, want %d and %d", apps, left, len(l.apps), unspent)
	}
	if hour, month := l.since(time.Hour), l.since(30*24*time.Hour); hour > 15 || month > 75 {
		t.Fatalf("C-06: %d answers in an hour and %d in a month were told to be wrong", hour, month)
	}
}
