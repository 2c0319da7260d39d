package redis_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// TestC02_OneCodeSignsInOnce gives one right code 200 times at once, to two engines
// that share nothing but the servers.
func TestC02_OneCodeSignsInOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for name, addrs := range map[string][]string{"server": {p.master.Addr()}, "cluster": testserver.RedisCluster(t)} {
		t.Run(name, func(t *testing.T) {
			o := redisstore.Options{Prefix: newPrefix(), WaitTimeout: patient.WaitTimeout}
			here := newSite(t, open(t, dial(t, addrs...), o))
			there := here.on(t, open(t, dial(t, addrs...), o))
			f := here.begin(t)
			code := here.phone.Code()
			var passed atomic.Int64
			together(200, func(i int) {
				w := here
				if i%2 == 1 {
					w = there
				}
				got, err := w.answer(t, f, code)
				switch {
				case err == nil && got.Status == mfa.StatusPassed:
					passed.Add(1)
				case !errors.Is(err, mfa.ErrFlowExpired) && !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrBusy):
					t.Errorf("%s, %v", got.Status, err)
				}
			})
			if n := passed.Load(); n != 1 {
				t.Errorf("one code has signed in %d times", n)
			}
		})
	}
}
