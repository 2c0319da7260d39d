package bench_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"
)

// BenchmarkOneUser is how the time per answered attempt grows with those who wait
// for one and the same user, at one process and at three over one store: no faster
// than their number. "alone" is the time of a single client's attempt.
func BenchmarkOneUser(b *testing.B) {
	onThis()
	c := newCrowd(b, 1)
	for name, open := range map[string]func(*testing.B) func() mfa.Store{
		"postgres": func(b *testing.B) func() mfa.Store {
			p := testserver.StartPostgres(b)
			return func() mfa.Store {
				s, _ := stores.SQL(b, "pgx", p.URL("postgres"), 8, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
				return s
			}
		},
		"redis": func(b *testing.B) func() mfa.Store {
			addrs := []string{testserver.StartRedis(b, "appendfsync=everysec").Addr()}
			return func() mfa.Store {
				s, _ := stores.Redis(b, &redis.UniversalOptions{Addrs: addrs, PoolSize: 8}, redisstore.Options{InsecureAsync: true})
				return s
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			again := open(b)
			for _, processes := range []int{1, 3} {
				alone := 0.0
				for _, waiters := range []int{1, 4, 16, 64} {
					b.Run(fmt.Sprintf("processes=%d/clients=%d", processes, waiters), func(b *testing.B) {
						took := c.oneUser(b, again, processes, waiters)
						if waiters == 1 {
							alone = took
						}
						b.ReportMetric(took/alone, "alone")
					})
				}
			}
		})
	}
}

// oneUser has so many clients give the same user's code at so many processes, and
// returns how long one of them waits for an answer.
func (c *crowd) oneUser(b *testing.B, open func() mfa.Store, processes, waiters int) (took float64) {
	b.Helper()
	var tries, busy, answered atomic.Int64
	var engines []operation
	for range processes {
		store := open()
		if _, err := store.Load(b.Context(), c.members[0].key); errors.Is(err, mfa.ErrNotFound) {
			c.fill(b, store)
		}
		engines = append(engines, c.verifying(c.engine(b, &trying{c.rewind(store), &tries})))
	}
	each(b, waiters, round(b)/4, c.patient(engines, &busy))
	tries.Store(0)
	busy.Store(0)
	per := each(b, waiters, 2*round(b), func(ctx context.Context, client int) error {
		answered.Add(1)
		return c.patient(engines, &busy)(ctx, client)
	})
	took = micros(per) * float64(waiters)
	b.ReportMetric(took, "µs-waited")
	b.ReportMetric(float64(tries.Load())/float64(answered.Load()), "tries")
	b.ReportMetric(100*float64(busy.Load())/float64(answered.Load()), "%busy")
	b.ReportMetric(0, "ns/op")
	return took
}

// patient gives the first member's code, and counts where that is told to try again.
func (c *crowd) patient(engines []operation, busy *atomic.Int64) operation {
	return func(ctx context.Context, client int) error {
		err := engines[client%len(engines)](ctx, 0)
		if errors.Is(err, mfa.ErrBusy) {
			busy.Add(1)
			return nil
		}
		return err
	}
}

// trying counts what is tried.
type trying struct {
	mfa.Store
	saves *atomic.Int64
}

func (s *trying) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	s.saves.Add(1)
	return s.Store.Save(ctx, key, old, item)
}
