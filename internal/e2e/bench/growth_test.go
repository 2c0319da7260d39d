package bench_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// BenchmarkGrowth is what more users cost: a verification of any of 10,000, and of
// any of as many as MFA_BENCH_USERS says, each beside the bare statements on the same
// rows. A million of them take 9 GB of disk, for a while.
//
//	MFA_BENCH_USERS=1000000 go test -run='^$' -bench=Growth -timeout=1h ./bench
func BenchmarkGrowth(b *testing.B) {
	onThis()
	many := 30_000
	if text := os.Getenv("MFA_BENCH_USERS"); text != "" {
		var err error
		if many, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	c := newCrowd(b, clients)
	store, db := openPostgres(b, testserver.StartPostgres(b, "max_wal_size=2GB"))
	scattered := &scattering{Store: store, rows: map[string]*uint64{}}
	for _, m := range c.members {
		scattered.rows[m.key] = new(uint64)
	}
	verify := c.verifying(c.engine(b, c.rewind(scattered)))
	read := prepare(b, db, "SELECT value, version, expires FROM mfa_items WHERE key = $1")
	write := prepare(b, db, "UPDATE mfa_items SET value = $1, version = $2, expires = $3 WHERE key = $4 AND version = $5")
	here := 0
	var few ratio
	for _, users := range []int{10_000, many} {
		b.Run(fmt.Sprint(users, " users"), func(b *testing.B) {
			if here < users {
				c.grow(b, db, here, users)
				here = users
			}
			// Each client has rows of its own, so that there are no conflicts.
			pick := func(client int) uint64 { return anyOf(users/clients)*clients + uint64(client) }
			r := compare(b, clients, func(ctx context.Context, client int) error {
				return readAndSwap(ctx, read, write, rowKey(pick(client)), c.members[client].value)
			}, func(ctx context.Context, client int) error {
				*scattered.rows[c.members[client].key] = pick(client)
				return verify(ctx, client)
			})
			if few.floor == 0 {
				few = r
			}
			grown := r.engine / few.engine / (r.floor / few.floor)
			b.ReportMetric(grown, "grown")
			b.Logf("%d users: the statements take %.2f times as long as with 10,000, the engine %.2f times: %.2f, at most 1.20",
				users, r.floor/few.floor, r.engine/few.engine, grown)
		})
	}
}

// grow adds rows with as many bytes as a user's.
func (c *crowd) grow(b *testing.B, db *sql.DB, from, to int) {
	b.Helper()
	value := c.members[0].value
	const step = 20_000 // rows of one transaction
	for ; from < to; from += step {
		_, err := db.ExecContext(b.Context(), `INSERT INTO mfa_items (key, value, version)
			SELECT decode('757365722f', 'hex') || int8send(n), $1::bytea || int8send(n), 1 FROM generate_series($2::bigint, $3::bigint) n`,
			value[:len(value)-8], from, min(from+step, to)-1)
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range []string{"VACUUM (ANALYZE) mfa_items", "CHECKPOINT"} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}

// rowKey is "user/" and eight bytes.
func rowKey(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte("user/"), n) }

// anyOf is a number below n, each as likely as the others.
func anyOf(n int) uint64 {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return binary.BigEndian.Uint64(random[:]) % uint64(n)
}

// A scattering store has each member's reads and writes go to a row of one's choice.
type scattering struct {
	*sqlstore.Store
	rows map[string]*uint64 // by the member's key; each is its own client's
}

func (s *scattering) key(key string) string {
	if row := s.rows[key]; row != nil {
		return string(rowKey(*row))
	}
	return key
}

func (s *scattering) Load(ctx context.Context, key string) (mfa.Item, error) {
	return s.Store.Load(ctx, s.key(key))
}

func (s *scattering) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return s.Store.Save(ctx, s.key(key), old, item)
}
