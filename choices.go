package mfa

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// Choices are what somebody may set up now, for a page that offers it.
type Choices struct {
	// Methods may be enrolled now, in the order in which the policy offers them.
	Methods []string

	// Later may be enrolled once there is another: the policy's NotFirst and
	// Prerequisites.
	Later []string

	// More is how many enrollments the policy would like the user to have beside those
	// that there are, of somebody who has one; 0: there are enough, or none.
	More int

	// Phone and Email are on file for the user and not enrolled, masked ("••• 89",
	// "a•••@example.com"), as a page may show them to somebody who has proved nothing but a
	// password. Enrolling with empty [EnrollParams] takes them. Empty: there is none, or
	// it seems to be enrolled.
	Phone, Email string
}

// Choices says what the caller may enrol: a session, or a flow that asks for it.
// It asks for no fresh evidence; [Engine.Enroll] does, and decides. One Load.
// [ErrCaller], [ErrNoFlow], [ErrFlowExpired], [*RequirementError].
func (e *Engine) Choices(ctx context.Context, c Caller) (Choices, error) {
	if c.Actor != "" {
		return Choices{}, ErrCaller
	}
	user, flowID, err := e.callerID(c)
	if err != nil {
		return Choices{}, err
	}
	st, err := e.look(ctx, user)
	if err != nil {
		return Choices{}, err
	}
	act, err := e.authorize(st, c, flowID, holding)
	if err != nil {
		return Choices{}, err
	}
	out := Choices{Methods: act.methods}
	if act.flow == nil {
		all := act.decided.choice()
		all.NotFirst, all.Prerequisites = nil, nil
		for _, m := range e.offered(st, all) {
			if !slices.Contains(act.methods, m) {
				out.Later = append(out.Later, m)
			}
		}
		if n := st.ownCount(); n > 0 {
			out.More = max(0, act.decided.Nudge-n)
		}
	}
	if masked := maskedPhone(act.user.Phone); masked != "" && !st.enrolledAt(masked) {
		out.Phone = masked
	}
	if masked := maskedEmail(act.user.Email); masked != "" && !st.enrolledAt(masked) {
		out.Email = masked
	}
	return out, nil
}

// enrolledAt says whether one of the user's own enrollments may be at this masked number
// or address, by the end of its hint.
func (st *state) enrolledAt(masked string) bool {
	end := masked[strings.LastIndexByte(masked, ' ')+1:]
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.own() && strings.HasSuffix(r.Hint, end) })
}

// maskedPhone tells a number from others without giving it away: its last two digits.
func maskedPhone(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	if len(digits) < 4 {
		return ""
	}
	return "••• " + digits[len(digits)-2:]
}

// maskedEmail shows an address's first letter and its domain.
func maskedEmail(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || domain == "" {
		return ""
	}
	_, size := utf8.DecodeRuneInString(local)
	return local[:size] + "•••@" + domain
}
