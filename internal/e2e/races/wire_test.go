package races_test

import (
	"slices"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
)

// The connection is cut after the database has saved and before it says so. It is
// read back then; but from a server whose replicas may not have it, nothing that is
// read would prove anything, and the person has to try again.
func TestC02_TheConnectionEndsInMidSave(t *testing.T) {
	t.Parallel()
	for name, open := range stores.Wired {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, store := open(t)
			s := newSite(t, []mfa.Store{store})
			u, phone, _ := s.member()
			flows := s.flows(u, 2)
			lost := wire.Lost()
			saves := func(request []byte) bool { return len(request) > 1000 } // a sealed value is in there
			wire.LoseAnswer(saves)
			want := map[bool]string{true: mfa.ErrBusy.Error(), false: "passed"}[stores.WaitsForReplicas(name)]
			if got := s.answer(0, flows[0], "totp", phone.Code()); got != want {
				t.Errorf("a right code: %s, want %s", got, want)
			}
			if wire.Lost() != lost+1 {
				t.Fatalf("%d answers were lost, want 1", wire.Lost()-lost)
			}
			if got := s.answer(0, flows[1], "totp", phone.Code()); got != mfa.ErrNotValid.Error() {
				t.Errorf("the same code again: %s", got)
			}
			if stores.WaitsForReplicas(name) {
				return
			}
			wire.LoseAnswer(saves)
			if left := s.guess(t, flows[1:], phone, 1); !slices.Equal(left, []int{3}) {
				t.Errorf("attempts left after one more wrong code: %v, want 3", left)
			}
			if wire.Lost() != lost+2 {
				t.Errorf("%d answers were lost, want 2", wire.Lost()-lost)
			}
		})
	}
}
