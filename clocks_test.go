package mfa_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// An owner answers a flow at once, and their answer is taken by an instance whose clock
// is behind that of the one which began the flow: they are here all the same.
func TestAnswerIsTakenByAnInstanceWhoseClockIsBehind(t *testing.T) {
	w, u, a, _, _ := robbed(t)
	behind := w.twin(withPolicy(patient), func(c *mfa.Config) {
		c.Now = func() time.Time { return w.clock.Now().Add(-20 * time.Second) }
	})
	f := w.signIn(u, from(2))
	out, err := behind.Verify(bg, f.Token, mfa.Answer{Option: a.id, Code: a.Code(), Remember: true}, from(2))
	w.want(out, err, mfa.StatusPassed)
	if out.DeviceToken == "" {
		t.Error("the browser is not known")
	}
	behind.told(mfa.EventDeviceRemembered, 1)
	behind.told(mfa.EventResetCanceled, 1)
}
