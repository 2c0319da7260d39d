package races_test

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
)

// A user's value does not grow with how long they have been a user: after the
// first few hundred sign-ins, from many networks and browsers and some of them
// left off, everything in it has come to its bound.
func TestValueStaysFlat(t *testing.T) {
	t.Parallel()
	store := memory.New()
	s := newSite(t, []mfa.Store{store})
	m := &mfatest.Engine{Engine: s.engines[0], Clock: s.clock}
	u := mfa.User{ID: rand.Text(), Name: "ada@example.com", Email: "ada@example.com"}
	phone, _ := m.EnrollTOTP(t, u)
	const settled = 500
	early, late := 0, 0
	for n := range signIns {
		client := mfa.Client{IP: netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)}), UserAgent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%[1]d.0", n%97)}
		f, err := m.SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: client})
		if err != nil {
			t.Fatal(err)
		}
		if n%7 != 0 {
			if n%50 == 1 {
				_, _ = m.Verify(t.Context(), f.Token, mfa.Answer{Option: option(t, f, "totp"), Code: wrongFor(phone.CodeAt, s.clock.Now())}, client)
			}
			if _, err := m.Verify(t.Context(), f.Token, phone.Answer(f), client); err != nil {
				t.Fatalf("sign-in %d: %v", n, err)
			}
		}
		s.clock.Advance(29 * phone.Period)
		item, err := store.Load(t.Context(), "user/"+u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if n < settled {
			early = max(early, len(item.Value))
		} else {
			late = max(late, len(item.Value))
		}
	}
	t.Logf("at most %d bytes in the first %d sign-ins, and %d until sign-in %d", early, settled, late, signIns)
	if late > early+early/20 || late > 8<<10 {
		t.Errorf("the value grew from %d bytes in the first %d sign-ins to %d", early, settled, late)
	}
}
