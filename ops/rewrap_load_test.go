package ops_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
)

// C27: in the middle of moving a user, the user signs in: neither is lost.
func TestC27_SignInsBetweenReadAndWrite(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	var keys []*fob
	for i := range 5 {
		keys = append(keys, withKey(t, m, user(fmt.Sprint(i))))
	}
	s = s.with(t, (*mfa.KeyRing).Rotate)
	people := s.process(t, &mfatest.Recorder{})
	slow := &hooked{Store: s.store.(*memory.Store)}
	between := map[string]int{}
	slow.onSave(func(key string) error {
		if id, ok := strings.CutPrefix(key, "user/"); ok && between[key] < 3 {
			between[key]++
			if err := byKey(t.Context(), people, keys[id[0]-'0']); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	mover := s.process(t, &mfatest.Recorder{}, func(c *mfa.Config) { c.Store = slow })
	stats, err := ops.Rewrap(t.Context(), slow, mover.Engine, ops.RewrapOptions{Parallel: 1, Rate: ops.Unlimited})
	if err != nil || stats.Failed != 0 || len(between) != 5 {
		t.Fatalf("%+v, %v; %v", stats, err, between)
	}
	next := s.with(t, (*mfa.KeyRing).Retire).process(t, &mfatest.Recorder{})
	for _, k := range keys {
		stale := *k
		stale.Count -= 2 // as it was before the last sign-in
		if err := byKey(t.Context(), next, &stale); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("what was signed in by meanwhile is forgotten: %v", err)
		}
		if err := byKey(t.Context(), next, k); err != nil {
			t.Error(err)
		}
	}
}

// C27: sign-ins go on in one process while another moves everything, again and again.
func TestC27_RewrapUnderLoad(t *testing.T) {
	const people, each = 8, 40
	s := quickSite(t)
	ring, err := mfa.NewKeyRingFrom(turncoat{s.keys}, []byte(strings.Repeat("i", 32)))
	if err != nil {
		t.Fatal(err)
	}
	s.keys = ring
	m, mover := s.process(t, &mfatest.Recorder{}), s.process(t, &mfatest.Recorder{})
	var keys []*fob
	for i := range people {
		keys = append(keys, withKey(t, m, user(fmt.Sprint(i))))
	}
	var busy sync.WaitGroup
	for _, k := range keys {
		busy.Go(func() {
			for range each {
				before := *k
				if err := byKey(t.Context(), m, k); err != nil {
					t.Error(err)
					return
				}
				if err := byKey(t.Context(), m, &before); !errors.Is(err, mfa.ErrNotValid) {
					t.Errorf("the same count was good twice: %v", err)
				}
			}
		})
	}
	over := make(chan struct{})
	go func() { busy.Wait(); close(over) }()
	walks := 0
	for going := true; going; walks++ {
		select {
		case <-over:
			going = false // and once more
		default:
		}
		stats, err := ops.Rewrap(t.Context(), s.store, mover.Engine, ops.RewrapOptions{Rate: ops.Unlimited})
		if err != nil || stats.Failed != 0 || stats.Written < 3*people {
			t.Fatalf("%+v, %v", stats, err)
		}
	}
	t.Logf("%d walks", walks)
	for _, k := range keys {
		if err := byKey(t.Context(), m, k); err != nil {
			t.Error(err)
		}
		if v, err := m.Overview(t.Context(), k.user.ID); err != nil || len(v.Enrollments) != 1 {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

// A turncoat is an AEAD of a host's: it cannot say which of its keys has sealed
// something, so that everything is moved each time.
type turncoat struct{ ring *mfa.KeyRing }

func (a turncoat) Encrypt(plain, ad []byte) ([]byte, error)  { return a.ring.Seal(plain, string(ad)) }
func (a turncoat) Decrypt(sealed, ad []byte) ([]byte, error) { return a.ring.Open(sealed, string(ad)) }
