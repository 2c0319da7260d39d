package races_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// A lossy store does what it is told, and of every so manieth Save nobody hears
// how it went: one that happened.
type lossy struct {
	mfa.Store
	how   func(s *lossy, ctx context.Context, key string, old int64, item mfa.Item) error
	every *atomic.Int64 // 0: none is lost
	saves *atomic.Int64
}

func (s *lossy) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := s.Store.Save(ctx, key, old, item)
	if every := s.every.Load(); every == 0 || err != nil || s.saves.Add(1)%every != 0 {
		return err
	}
	return s.how(s, ctx, key, old, item)
}

// The ways in which an answer is lost.
var losses = map[string]func(s *lossy, ctx context.Context, key string, old int64, item mfa.Item) error{
	"lost": func(*lossy, context.Context, string, int64, mfa.Item) error { return errLine },
	// A client library that says it again by itself meets its own first Save.
	"repeated": func(s *lossy, ctx context.Context, key string, old int64, item mfa.Item) error {
		return s.Store.Save(ctx, key, old, item)
	},
}

func notDurable(*lossy, context.Context, string, int64, mfa.Item) error {
	return fmt.Errorf("races: %w", mfa.ErrNotDurable)
}

// lossyOn makes two engines over stores that lose answers, and a switch for it.
func lossyOn(t *testing.T, handles []mfa.Store, how func(*lossy, context.Context, string, int64, mfa.Item) error) (s *site, lose func(every int64)) {
	t.Helper()
	every, saves := &atomic.Int64{}, &atomic.Int64{}
	var wrapped []mfa.Store
	for _, h := range handles {
		wrapped = append(wrapped, &lossy{Store: h, how: how, every: every, saves: saves})
	}
	s = newSite(t, wrapped)
	t.Cleanup(func() { every.Store(0) }) // before the engines close
	return s, every.Store
}

// Whatever becomes of the answers of a store, a code is accepted once, its
// acceptance is told, and a wrong one is counted once.
func TestC02_C07_AnswersThatAreLost(t *testing.T) {
	t.Parallel()
	for name, how := range losses {
		t.Run(name, func(t *testing.T) {
			onEveryHandle(t, func(t *testing.T, handles []mfa.Store) {
				s, lose := lossyOn(t, handles, how)
				u, phone, _ := s.member()
				lose(2)
				const n = 40
				flows := s.flows(u, 4)
				wantOnce(t, together(n, s.verify(flows, option(t, flows[0], "totp"), phone.Code())), n)

				lose(0)
				u, phone, _ = s.member() // who is not waiting yet
				lose(2)
				flows = s.flows(u, 4)
				if left := s.guess(t, flows, phone, n); !slices.Equal(left, []int{0, 1, 2, 3, 4}) {
					t.Errorf("attempts left, as told with wrong codes: %v", left)
				}
			})
		})
	}
}

// guess gives n wrong codes at a time, and returns what is told to be left after
// those that were counted, sorted.
func (s *site) guess(t *testing.T, flows []mfa.Flow, phone *mfatest.Authenticator, n int) []int {
	t.Helper()
	wrong, totp := wrongFor(phone.CodeAt, s.clock.Now()), option(t, flows[0], "totp")
	var mu sync.Mutex
	var left []int
	together(n, func(i int) string {
		_, err := s.engine(i).Verify(t.Context(), flows[i%len(flows)].Token, mfa.Answer{Option: totp, Code: wrong}, mfa.Client{})
		var told *mfa.NotValidError
		if errors.As(err, &told) {
			mu.Lock()
			defer mu.Unlock()
			left = append(left, told.AttemptsLeft)
		} else if !errors.Is(err, mfa.ErrLocked) && !errors.Is(err, mfa.ErrBusy) {
			t.Errorf("a wrong code: %v", err)
		}
		return ""
	})
	slices.Sort(left)
	return left
}

// What is written and may yet be lost with its server lets nobody in: the person
// is told to try again, and needs another code for that.
func TestC02_NotDurableSignsNobodyIn(t *testing.T) {
	t.Parallel()
	onEveryHandle(t, func(t *testing.T, handles []mfa.Store) {
		s, lose := lossyOn(t, handles, notDurable)
		u, phone, _ := s.member()
		flows := s.flows(u, 4)
		totp := option(t, flows[0], "totp")
		lose(1)
		const n = 20
		counts := together(n, func(i int) string {
			f, err := s.engine(i).Verify(t.Context(), flows[i%len(flows)].Token, mfa.Answer{Option: totp, Code: phone.Code()}, mfa.Client{})
			switch {
			case f.Status != "" || f.Authentication.User != "":
				return "let in"
			case errors.Is(err, mfa.ErrNotDurable) && errors.Is(err, mfa.ErrBusy):
				return "try again"
			}
			return outcome(f, err)
		})
		if counts["try again"] == 0 || counts["let in"] > 0 || counts["passed"] > 0 {
			t.Errorf("%d right codes: %v", n, counts)
		}
		lose(0)
		s.clock.Advance(20 * phone.Period) // whatever of it was counted as wrong no longer waits
		f := s.flows(u, 1)[0]
		if got := s.answer(0, f, "totp", phone.Code()); got != "passed" {
			t.Errorf("the next code: %s", got)
		}
	})
}
