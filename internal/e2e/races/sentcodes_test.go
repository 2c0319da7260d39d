package races_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// pauseBetween is longer than the engine's pause between two messages.
const pauseBetween = time.Minute

// A code that was texted is taken once, however many bring it at a time, in a
// sign-in as in an enrolment.
func TestC02_A06_OneSentCode(t *testing.T) {
	t.Parallel()
	onEveryHandle(t, func(t *testing.T, handles []mfa.Store) {
		const number = "+447700000001"
		s := newCarrierSite(t, handles)
		u := mfa.User{ID: rand.Text()}
		f, err := s.engine(0).SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		session := mfa.Caller{User: u, Authentication: f.Authentication}
		begun, err := s.engine(0).Enroll(t.Context(), session, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: number}})
		if err != nil {
			t.Fatal(err)
		}
		counts := together(crowd/4, func(i int) string {
			_, err := s.engine(i).Activate(t.Context(), session, begun.ID, mfa.Answer{Code: s.texts.last[number]})
			return activation(err)
		})
		if counts["activated"] != 1 || counts["activated"]+counts[mfa.ErrNoEnrollment.Error()]+counts[mfa.ErrBusy.Error()] != crowd/4 {
			t.Errorf("%d equal codes of an enrolment: %v", crowd/4, counts)
		}

		s.clock.Advance(pauseBetween)
		flow := s.flows(u, 1)[0]
		if _, err := s.engine(1).Challenge(t.Context(), flow.Token, option(t, flow, "sms"), mfa.Client{}); err != nil {
			t.Fatal(err)
		}
		wantOnce(t, together(crowd/2, s.verify([]mfa.Flow{flow}, option(t, flow, "sms"), s.texts.last[number])), crowd/2)
		again := s.flows(u, 1)[0]
		if got := s.answer(0, again, "sms", s.texts.last[number]); got != mfa.ErrNotValid.Error() {
			t.Errorf("the code in another flow: %s", got)
		}
	})
}

func activation(err error) string {
	if err == nil {
		return "activated"
	}
	return outcome(mfa.Flow{}, err)
}

// A resend races with the answers to what was sent before: at most one of them
// passes, and what the last message says passes as long as none has.
func TestC02_A12_ResendAndAnswer(t *testing.T) {
	t.Parallel()
	onEveryHandle(t, func(t *testing.T, handles []mfa.Store) {
		const number = "+447700000002"
		s := newCarrierSite(t, handles)
		u := mfa.User{ID: rand.Text()}
		f, err := s.engine(0).SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.engine(0).Enroll(t.Context(), mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Import: []byte(number)}})
		if err != nil {
			t.Fatal(err)
		}
		flow := s.flows(u, 1)[0]
		sms := option(t, flow, "sms")
		ask := func(i int) error {
			_, err := s.engine(i).Challenge(t.Context(), flow.Token, sms, mfa.Client{})
			return err
		}
		if err := ask(0); err != nil {
			t.Fatal(err)
		}
		first := s.texts.last[number]
		s.clock.Advance(pauseBetween)
		counts := together(21, func(i int) string {
			if i == 0 {
				if err := ask(1); err != nil && !errors.Is(err, mfa.ErrFlowExpired) && !errors.Is(err, mfa.ErrLocked) {
					return err.Error()
				}
				return "asked"
			}
			return outcome(s.engine(i).Verify(t.Context(), flow.Token, mfa.Answer{Option: sms, Code: first}, mfa.Client{}))
		})
		if counts["asked"] != 1 || counts["passed"] > 1 {
			t.Errorf("answers beside a resend: %v", counts)
		}
		s.clock.Advance(pauseBetween)
		got := outcome(s.engine(0).Verify(t.Context(), flow.Token, mfa.Answer{Option: sms, Code: s.texts.last[number]}, mfa.Client{}))
		if want := map[bool]string{true: mfa.ErrFlowExpired.Error(), false: "passed"}[counts["passed"] == 1]; got != want {
			t.Errorf("the last message's code, when %d have passed: %s, want %s", counts["passed"], got, want)
		}
	})
}
