package races_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
)

// 64 clients on one user, at one process and at three: of each step one code is
// accepted, guesses are within the limit, and nobody hears of anything but what
// they did, or that they should try again.
func TestC07_64ClientsOnOneUser(t *testing.T) {
	t.Parallel()
	const clients, steps, limit = 64, 3, 5
	for name := range stores.All {
		for _, processes := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", name, processes), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, stores.Open(t, name, processes))
				u, phone, _ := s.member()
				busy := 0
				for range steps {
					flows := s.flows(u, 8)
					counts := together(clients, s.verify(flows, option(t, flows[0], "totp"), phone.Code()))
					wantOnce(t, counts, clients)
					busy += counts[mfa.ErrBusy.Error()]
					s.clock.Advance(2 * time.Hour) // past the pause that the others have earned
				}
				u, phone, _ = s.member()
				flows := s.flows(u, 8)
				counts := together(clients, s.verify(flows, option(t, flows[0], "totp"), wrongFor(phone.CodeAt, s.clock.Now())))
				taken := counts[mfa.ErrNotValid.Error()]
				busy += counts[mfa.ErrBusy.Error()]
				if taken == 0 || taken > limit || taken+counts[mfa.ErrLocked.Error()]+counts[mfa.ErrBusy.Error()] != clients {
					t.Errorf("%d wrong codes: %v", clients, counts)
				}
				// At the most one in ten is told to try again.
				if most := clients * (steps + 1) / 10; busy > most {
					t.Errorf("%d of %d were told that it is busy, at most %d should be", busy, clients*(steps+1), most)
				}
			})
		}
	}
}
