// Package bench_test measures the engine over a real database, beside the least
// that a verification could cost there.
package bench_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/codec"
	"github.com/mfakit/mfa/internal/seal"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/totp"

	_ "modernc.org/sqlite"
)

// users is how many different users verify at a time, each in a goroutine.
const users = 64

// A rewinding store reads and writes for real, and shows each user's value as
// it was when the benchmark began: with a flow that is open and a code that is
// not spent. So one right answer can be given again and again.
type rewinding struct {
	*sqlstore.Store
	before map[string][]byte // nil: not yet
}

func (s *rewinding) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := s.Store.Load(ctx, key)
	if value := s.before[key]; value != nil && err == nil {
		item.Value = append(item.Value[:0], value...)
	}
	return item, err
}

// A member is a user with a flow that waits for a code.
type member struct {
	key    string // of the stored value
	token  string
	answer mfa.Answer
}

type bench struct {
	engine  *mfa.Engine
	members [users]member
	db      *sql.DB
	ring    *seal.Ring
	rows    [users][]byte // what the floor reads and writes: the same number of bytes
}

func openDB(b *testing.B, txLock string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "items.db"))+txLock)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

func newBench(b *testing.B) *bench {
	b.Helper()
	db := openDB(b, "")
	real, err := sqlstore.Open(b.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = real.Close() }) // before its database, and with it
	store := &rewinding{Store: real}
	clock := mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	out := &bench{engine: newEngine(b, store, clock)}
	for i := range out.members {
		out.members[i] = newMember(b, out.engine, clock, fmt.Sprintf("5f0c6a7e-8d21-4e0b-9a43-%012d", i))
	}
	before := map[string][]byte{}
	for i, m := range out.members {
		item, err := real.Load(b.Context(), m.key)
		if err != nil {
			b.Fatal(err)
		}
		before[m.key] = item.Value
		out.rows[i] = item.Value
	}
	store.before = before
	out.prepareFloor(b)
	return out
}

func newEngine(b *testing.B, store mfa.Store, clock *mfatest.Clock) *mfa.Engine {
	b.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		b.Fatal(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Bench"})
	if err != nil {
		b.Fatal(err)
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{apps, codes}, Now: clock.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return e
}

// newMember enrols at one moment and signs in at another, so that the clock can
// stand where the code of the second is unspent.
func newMember(b *testing.B, e *mfa.Engine, clock *mfatest.Clock, id string) member {
	b.Helper()
	u := mfa.User{ID: id, Name: "ada@example.com", Email: "ada@example.com"}
	phone, _ := (&mfatest.Engine{Engine: e, Clock: clock}).EnrollTOTP(b, u)
	clock.Advance(-phone.Period) // EnrollTOTP moves it on
	flow, err := e.SignIn(b.Context(), mfa.SignIn{User: u, First: mfa.Password})
	if err != nil || flow.Status != mfa.StatusChallenge {
		b.Fatalf("sign in: %s, %v", flow.Status, err)
	}
	m := member{key: "user/" + id, token: flow.Token, answer: phone.Answer(flow)}
	m.answer.Code = phone.CodeAt(clock.Now().Add(phone.Period))
	return m
}

// verify is the whole engine, from a token to an answer.
func (x *bench) verify(ctx context.Context, user int) error {
	m := &x.members[user]
	flow, err := x.engine.Verify(ctx, m.token, m.answer, mfa.Client{})
	if err == nil && flow.Status != mfa.StatusPassed {
		err = fmt.Errorf("status %s", flow.Status)
	}
	return err
}

// prepareFloor makes a table with a row of as many bytes for each user.
func (x *bench) prepareFloor(b *testing.B) {
	b.Helper()
	x.db = openDB(b, "&_txlock=immediate")
	x.db.SetMaxOpenConns(1) // SQLite has one writer: more would only wait for each other's lock
	ring, err := seal.New()
	if err != nil {
		b.Fatal(err)
	}
	x.ring = ring
	if _, err := x.db.Exec("CREATE TABLE floor (key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL) STRICT"); err != nil {
		b.Fatal(err)
	}
	for i, row := range x.rows {
		const sections = 8
		sealed, err := ring.Encrypt(codec.Encode(1, filled(len(row)-60, sections)), []byte(x.members[i].key))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := x.db.Exec("INSERT INTO floor VALUES (?, ?, 1)", []byte(x.members[i].key), sealed); err != nil {
			b.Fatal(err)
		}
	}
}

// filled is n random bytes in a number of sections.
func filled(n, sections int) [][]byte {
	out := make([][]byte, sections)
	for i := range out {
		out[i] = make([]byte, n/sections)
		_, _ = rand.Read(out[i]) // never fails
	}
	return out
}

// floor is what no verification can do without: one transaction that reads and
// conditionally writes, opening and sealing the bytes between, and the HMACs of
// three steps.
func (x *bench) floor(ctx context.Context, user int) error {
	key := []byte(x.members[user].key)
	tx, err := x.db.BeginTx(ctx, nil) // BEGIN IMMEDIATE
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var value []byte
	var version int64
	if err := tx.QueryRowContext(ctx, "SELECT value, version FROM floor WHERE key = ?", key).Scan(&value, &version); err != nil {
		return err
	}
	if value, err = x.turn(value, key); err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, "UPDATE floor SET value = ?, version = ? WHERE key = ? AND version = ?", value, version+1, key, version)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%d rows, %w", n, err)
	}
	return tx.Commit()
}

// turn opens a value, checks a code and seals it again.
func (x *bench) turn(value, key []byte) ([]byte, error) {
	plain, err := x.ring.Decrypt(value, key)
	if err != nil {
		return nil, err
	}
	sections, err := codec.Decode(plain, 1, 8)
	if err != nil {
		return nil, err
	}
	for step := range uint64(3) {
		mac := hmac.New(sha1.New, sections[0][:20])
		mac.Write(binary.BigEndian.AppendUint64(nil, step))
		mac.Sum(nil)
	}
	return x.ring.Encrypt(codec.Encode(1, sections), key)
}

// BenchmarkSQLite is 64 users who verify a right code at a time, each their own.
// The engine and its floor take turns in one run: compare lines of one run,
// never of two.
func BenchmarkSQLite(b *testing.B) {
	x := newBench(b)
	took := map[string]time.Duration{}
	for _, name := range []string{"floor", "engine", "floor-again", "engine-again", "floor-once-more", "engine-once-more"} {
		kind, _, _ := strings.Cut(name, "-")
		once := map[string]func(context.Context, int) error{"floor": x.floor, "engine": x.verify}[kind]
		b.Run(name, func(b *testing.B) {
			parallel(b, once)
			took[name] = b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(len(x.rows[0])), "bytes/value")
			if under := took[strings.Replace(name, "engine", "floor", 1)]; kind == "engine" && under > 0 {
				b.ReportMetric(float64(took[name])/float64(under), "floors/op") // the turn before
			}
		})
	}
}

// parallel lets each of the users do it again and again.
func parallel(b *testing.B, once func(context.Context, int) error) {
	b.SetParallelism((users + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	var next atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		user := int(next.Add(1)-1) % users
		for pb.Next() {
			if err := once(b.Context(), user); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
