package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Wrong passwords slow down further tries of the same account from the same
// network, and of any account from that network. They never slow down the
// account's owner elsewhere, so that a stranger cannot lock somebody out.
var (
	pairRule    = delayRule{free: 5, longest: 15 * time.Minute}
	networkRule = delayRule{free: 100, longest: time.Minute}
)

// forgetAfter is how long after the last one failures are forgotten.
const forgetAfter = 24 * time.Hour

// A delayRule says how long the next try has to wait: after the free failures
// one second, then twice as long each time, up to the longest.
type delayRule struct {
	free    int
	longest time.Duration
}

func (r delayRule) delay(failures int) time.Duration {
	over := failures - r.free
	if over < 0 {
		return 0
	}
	return min(time.Second<<min(over, 20), r.longest)
}

// A tooOftenError says how long to wait before the next password.
type tooOftenError struct{ wait time.Duration }

func (e *tooOftenError) Error() string { return "webapp: too many wrong passwords" }

// throttle counts wrong passwords in the database, so that a restart or a
// second process gives nobody a fresh start.
type throttle struct {
	db  *sql.DB
	now func() time.Time
}

// charge counts a try before it is looked at, or refuses it with a
// *tooOftenError. A right password is given back with refund.
func (t throttle) charge(ctx context.Context, email string, ip netip.Addr) error {
	now := t.now()
	return inTx(ctx, t.db, func(tx *sql.Tx) error {
		for _, c := range []struct {
			key  []byte
			rule delayRule
		}{{pairKey(email, ip), pairRule}, {networkKey(ip), networkRule}} {
			var count int
			var last int64
			err := tx.QueryRowContext(ctx, `SELECT count, last FROM webapp_failures WHERE key = ?`, c.key).Scan(&count, &last)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			// Requests overtake each other, and clocks are set back: a failure of a
			// moment to come must not make those wait who have made none.
			since := max(now.Sub(time.UnixMilli(last)), 0)
			if since >= forgetAfter {
				count = 0
			}
			if wait := c.rule.delay(count) - since; wait > 0 {
				return &tooOftenError{wait}
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO webapp_failures (key, count, last) VALUES (?1, ?2, ?3)
				ON CONFLICT (key) DO UPDATE SET count = ?2, last = ?3`, c.key, count+1, now.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

// refund takes a right password out of the counts. The account's failures from
// this network are forgotten; those of the network are not, or one right
// password would buy a hundred guesses at others.
func (t throttle) refund(ctx context.Context, email string, ip netip.Addr) error {
	return inTx(ctx, t.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM webapp_failures WHERE key = ?`, pairKey(email, ip)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE webapp_failures SET count = max(count - 1, 0) WHERE key = ?`, networkKey(ip))
		return err
	})
}

// pairKey counts alike whether the account exists or not.
func pairKey(email string, ip netip.Addr) []byte { return failureKey("pair", email, network(ip)) }

func networkKey(ip netip.Addr) []byte { return failureKey("network", "", network(ip)) }

func failureKey(kind, email string, net netip.Prefix) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %s", kind, email, net))
	return sum[:]
}

// network is what one subscriber has: an IPv4 address, or a /64 of IPv6.
func network(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the zero prefix for no address
	return p
}
