package mfa

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A SupportRequest is what somebody of the host's staff wants to do to a user.
type SupportRequest struct {
	Act    SupportAct
	Actor  string // who, as the host knows them
	Reason string
	User   User   // to whom
	Client Client // the actor's
}

// A SupportAct is one thing that support can do.
type SupportAct string

// What support can do.
const (
	SupportReset   SupportAct = "reset"   // end all that is enrolled
	SupportReplace SupportAct = "replace" // put a new number or address in the place of an old one
	SupportBypass  SupportAct = "bypass"  // give out a code for one sign-in
	SupportVerdict SupportAct = "verdict" // say whose a sign-in was; see Engine.Feedback
)

func (c Caller) supportRequest(act SupportAct) SupportRequest {
	return SupportRequest{act, c.Actor, c.Reason, c.User, c.Client}
}

// permit asks the host whether support may do what it wants. A user's own request
// needs no permission.
func (e *Engine) permit(ctx context.Context, r SupportRequest) error {
	if r.Actor == "" && r.Act == SupportReplace {
		return nil
	}
	if r.Actor == "" || len(r.Actor) > maxText || len(r.Reason) > maxText {
		return badInput("%s: want an actor, and a reason of at most %d bytes", r.Act, maxText)
	}
	if e.support == nil {
		return fmt.Errorf("%w: Config.Support is missing", ErrSupport)
	}
	r.Client = r.Client.bounded()
	if err := e.support(ctx, r); err != nil {
		return fmt.Errorf("%w: %w", ErrSupport, err)
	}
	return nil
}

// A Bypass asks for a code by which a user gets in once without what they have lost.
type Bypass struct {
	User     User
	Actor    string        // who gives it out, as the host knows them
	Reason   string        // for the audit; at most 256 bytes
	Client   Client        // the actor's
	Lifetime time.Duration // 0: an hour; at most 24 hours
}

// IssueBypass makes a code that stands in for a second factor, in one sign-in, so
// that support can help somebody who has lost what they had without resetting it:
// once in, they enrol something new. Support checks first who it is talking to
// (NIST SP 800-63B-4 section 4.2), and Config.Support whether it may: [ErrSupport].
// The code has 60 random bits, is kept as a keyed hash, and replaces an earlier one.
// It does not resist phishing, so a policy that asks for that is not satisfied.
// The user is told. [ErrEnrollmentRequired] where nothing is enrolled that it could
// stand in for; [ErrBadInput].
func (e *Engine) IssueBypass(ctx context.Context, r Bypass) (code string, expires time.Time, err error) {
	if err := r.User.check(); err != nil {
		return "", expires, err
	}
	if r.Lifetime == 0 {
		r.Lifetime = bypassDefault
	}
	if r.Lifetime < time.Minute || r.Lifetime > bypassMax {
		return "", expires, badInput("bypass: want a lifetime of a minute to %v", bypassMax)
	}
	if err := e.permit(ctx, SupportRequest{SupportBypass, r.Actor, r.Reason, r.User, r.Client}); err != nil {
		return "", expires, err
	}
	code = newBypassCode()
	expires, err = commit(ctx, e, r.User.ID, func(st *state) (time.Time, error) {
		if err := st.openAll(); err != nil {
			return time.Time{}, err
		}
		if !st.hasOwn() {
			return time.Time{}, ErrEnrollmentRequired
		}
		until := st.now.Add(r.Lifetime)
		st.enrolled = slices.DeleteFunc(st.enrolled, func(o enrollment) bool { return o.Method == methodBypass })
		st.enrolled = append(st.enrolled, enrollment{ID: newID(), Method: methodBypass, Label: bypassLabel, Created: st.now.Unix(),
			State: []byte(e.keys.indexOf("bypass", code)), Left: 1, Until: until.Unix()})
		st.rise()
		st.touch(secEnrollments)
		if err := e.endReset(st, r.User, r.Client.bounded()); err != nil {
			return time.Time{}, err
		}
		ev := Event{Type: EventBypassIssued, Notice: true, Method: methodBypass, Actor: cut(r.Actor, maxText), Reason: cut(r.Reason, maxText), Until: fromUnix(until.Unix())}
		return ev.Until, e.note(st, ev, r.User, r.Client.bounded())
	})
	if err != nil {
		return "", expires, err
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:], expires, nil
}

// dropBypass drops a code from support on which no evidence rests any more.
func (st *state) dropBypass() {
	before := len(st.enrolled)
	st.enrolled = slices.DeleteFunc(st.enrolled, func(r enrollment) bool {
		return r.Method == methodBypass && r.Until+int64(bypassMax/time.Second) <= st.now.Unix()
	})
	if len(st.enrolled) != before {
		st.touch(secEnrollments)
	}
}

// methodBypass is the name of codes from support.
const (
	methodBypass = "bypass"
	bypassLabel  = "Code from support"
)

// bypassAlphabet has no letters that are taken for digits, or for each other: the
// code is read out over the telephone.
const (
	bypassAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	bypassLength   = 12
)

func newBypassCode() string {
	b := make([]byte, bypassLength)
	rand.Read(b)
	for i := range b {
		b[i] = bypassAlphabet[b[i]%32]
	}
	return string(b)
}

// bypassFactor checks codes from support. Only support gives them out.
type bypassFactor struct{ keys *KeyRing }

func (bypassFactor) Method() Method {
	return Method{Name: methodBypass, Label: bypassLabel, Kind: Have, Recovery: true}
}

func (bypassFactor) Enroll(context.Context, EnrollRequest) (Step, error) {
	return Step{}, ErrMethodNotAllowed
}

func (bypassFactor) Challenge(context.Context, ChallengeRequest) (Step, error) { return Step{}, nil }

func (f bypassFactor) Verify(_ context.Context, r VerifyRequest) (Verified, error) {
	code := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(r.Answer.Code))
	if len(code) != bypassLength || strings.Trim(code, bypassAlphabet) != "" {
		return Verified{}, badInput("a code from support has %d letters and digits", bypassLength)
	}
	if len(r.Enrollments) != 1 || subtle.ConstantTimeCompare([]byte(f.keys.indexOf("bypass", code)), r.Enrollments[0].State) != 1 {
		return Verified{}, ErrNotValid
	}
	return Verified{EnrollmentID: r.Enrollments[0].ID, AMR: []string{"otp"}}, nil
}
