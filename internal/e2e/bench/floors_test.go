package bench_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"database/sql"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa/internal/codec"
	"github.com/mfakit/mfa/internal/seal"
	"github.com/mfakit/mfa/store/sqlstore"
)

// sqlFloor is a read and a compare-and-swap of the members' bytes, without an
// engine or a store: two prepared statements on a table of the same form.
func (c *crowd) sqlFloor(b *testing.B, db *sql.DB, dialect sqlstore.Dialect) operation {
	b.Helper()
	s, err := sqlstore.Open(b.Context(), db, sqlstore.Options{Dialect: dialect, Table: "floor_items", InsecureMayForget: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	c.fill(b, s)
	text := map[sqlstore.Dialect][2]string{
		sqlstore.PostgreSQL: {"SELECT value, version, expires FROM floor_items WHERE key = $1", "UPDATE floor_items SET value = $1, version = $2, expires = $3 WHERE key = $4 AND version = $5"},
		sqlstore.MySQL:      {"SELECT value, version, expires FROM floor_items WHERE `key` = ?", "UPDATE floor_items SET value = ?, version = ?, expires = ? WHERE `key` = ? AND version = ?"},
	}[dialect]
	read, write := prepare(b, db, text[0]), prepare(b, db, text[1])
	return func(ctx context.Context, client int) error {
		m := &c.members[client]
		return readAndSwap(ctx, read, write, []byte(m.key), m.value)
	}
}

func prepare(b *testing.B, db *sql.DB, text string) *sql.Stmt {
	b.Helper()
	stmt, err := db.PrepareContext(b.Context(), text)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = stmt.Close() })
	return stmt
}

func readAndSwap(ctx context.Context, read, write *sql.Stmt, key, next []byte) error {
	var value []byte
	var version int64
	var expires sql.NullInt64
	if err := read.QueryRowContext(ctx, key).Scan(&value, &version, &expires); err != nil {
		return err
	}
	done, err := write.ExecContext(ctx, next, version+1, expires, key, version)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%d rows, %w", n, err)
	}
	return nil
}

// swap is the least that a compare-and-swap on Redis takes.
var swap = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`)

// redisFloor is a GET and a script, with a WAIT behind it where there are replicas
// to wait for.
func (c *crowd) redisFloor(b *testing.B, client redis.UniversalClient, replicas int) operation {
	b.Helper()
	if err := swap.Load(b.Context(), client).Err(); err != nil {
		b.Fatal(err)
	}
	for _, m := range c.members {
		if err := client.Set(b.Context(), "floor:"+m.key, append(make([]byte, 8), m.value...), 0).Err(); err != nil {
			b.Fatal(err)
		}
	}
	return func(ctx context.Context, n int) error {
		key := "floor:" + c.members[n].key
		record, err := client.Get(ctx, key).Bytes()
		if err != nil {
			return err
		}
		version := binary.BigEndian.Uint64(record)
		next := append(binary.BigEndian.AppendUint64(make([]byte, 0, len(record)), version+1), c.members[n].value...)
		pipe := client.Pipeline()
		done := swap.EvalSha(ctx, pipe, []string{key}, record[:8], next)
		if replicas > 0 {
			pipe.Do(ctx, "wait", replicas, 1000)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		if n, err := done.Int(); err != nil || n != 1 {
			return fmt.Errorf("%d swapped, %w", n, err)
		}
		return nil
	}
}

// sqliteFloor is one transaction that reads and conditionally writes, and between
// them the codec: opening and sealing as many bytes, and the HMACs of three steps.
func (c *crowd) sqliteFloor(b *testing.B, db *sql.DB) operation {
	b.Helper()
	db.SetMaxOpenConns(1) // SQLite has one writer: more would only wait for each other's lock
	ring, err := seal.New()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE floor (key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL) STRICT"); err != nil {
		b.Fatal(err)
	}
	for _, m := range c.members {
		const sections = 8
		sealed, err := ring.Encrypt(codec.Encode(1, filled(len(m.value)-60, sections)), []byte(m.key))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO floor VALUES (?, ?, 1)", []byte(m.key), sealed); err != nil {
			b.Fatal(err)
		}
	}
	return func(ctx context.Context, client int) error {
		key := []byte(c.members[client].key)
		tx, err := db.BeginTx(ctx, nil) // BEGIN IMMEDIATE
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var value []byte
		var version int64
		if err := tx.QueryRowContext(ctx, "SELECT value, version FROM floor WHERE key = ?", key).Scan(&value, &version); err != nil {
			return err
		}
		if value, err = turn(ring, value, key); err != nil {
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

// turn opens a value, checks a code and seals it again.
func turn(ring *seal.Ring, value, key []byte) ([]byte, error) {
	plain, err := ring.Decrypt(value, key)
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
	return ring.Encrypt(codec.Encode(1, sections), key)
}
