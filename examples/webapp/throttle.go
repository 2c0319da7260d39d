package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
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

// accountRule delays nobody: wrong passwords for an account from anywhere are counted for
// the risk of its next sign-in.
var accountRule = delayRule{free: math.MaxInt}

// Mails that anybody can ask for slow down further ones to the same mailbox, and
// those that the same network asks for. Who asks on behalf of others can hold up the
// owner of a mailbox so, who still has the password.
var (
	mailboxRule = delayRule{free: 3, first: time.Minute, longest: time.Hour}
	askerRule   = delayRule{free: 30, first: time.Minute, longest: time.Hour}
)

// forgetAfter is how long after the last one failures are forgotten.
const forgetAfter = 24 * time.Hour

// A delayRule says how long the next try has to wait: after the free ones the
// first delay, then twice as long each time, up to the longest.
type delayRule struct {
	free    int
	first   time.Duration // zero: a second
	longest time.Duration
}

func (r delayRule) delay(failures int) time.Duration {
	over := failures - r.free
	if over < 0 {
		return 0
	}
	return min(cmp.Or(r.first, time.Second)<<min(over, 20), r.longest)
}

// A tooOftenError says how long to wait before the next password, or mail.
type tooOftenError struct {
	what string
	wait time.Duration
}

func (e *tooOftenError) Error() string { return "webapp: too many " + e.what }

// What there is too much of.
const (
	wrongPasswords = "wrong passwords"
	mails          = "mails"
)

// throttle counts wrong passwords and mails in the database, so that a restart or a
// second process gives nobody a fresh start.
type throttle struct {
	db  *database
	now func() time.Time
}

// charge counts a try before it is looked at, or refuses it with a
// *tooOftenError. A right password is given back with refund.
func (t throttle) charge(ctx context.Context, email string, ip netip.Addr) error {
	return t.count(ctx, wrongPasswords, counted{pairKey(email, ip), pairRule}, counted{networkKey(ip), networkRule},
		counted{accountKey(email, t.now()), accountRule})
}

// wrong is how many wrong passwords there were for an account in this hour and the one
// before it.
func (t throttle) wrong(ctx context.Context, email string) (n int, err error) {
	now := t.now()
	err = t.db.QueryRowContext(ctx, `SELECT coalesce(sum(count), 0) FROM webapp_failures WHERE "key" IN (?, ?)`,
		accountKey(email, now), accountKey(email, now.Add(-time.Hour))).Scan(&n)
	return n, err
}

// chargeMail counts a mail that a stranger has asked for, or refuses it with a
// *tooOftenError.
func (t throttle) chargeMail(ctx context.Context, email string, ip netip.Addr) error {
	return t.count(ctx, mails, counted{failureKey("mailbox", email, netip.Prefix{}), mailboxRule}, counted{failureKey("asker", "", network(ip)), askerRule})
}

// counted is one of the counts that a try falls under.
type counted struct {
	key  []byte
	rule delayRule
}

// count counts a try under all of them, or refuses it and counts it under none.
func (t throttle) count(ctx context.Context, what string, under ...counted) error {
	now := t.now()
	return t.db.inTx(ctx, func(tx transaction) error {
		for _, c := range under {
			// Written first, so that the row is ours: two that read the same count would
			// count one try.
			if _, err := tx.ExecContext(ctx, `INSERT INTO webapp_failures ("key", count, last) VALUES (?, 0, 0)
				ON CONFLICT ("key") DO UPDATE SET count = webapp_failures.count`, c.key); err != nil {
				return err
			}
			var count int
			var last int64
			if err := tx.QueryRowContext(ctx, `SELECT count, last FROM webapp_failures WHERE "key" = ?`, c.key).Scan(&count, &last); err != nil {
				return err
			}
			// Requests overtake each other, and clocks are set back: a failure of a
			// moment to come must not make those wait who have made none.
			since := max(now.Sub(time.UnixMilli(last)), 0)
			if since >= forgetAfter {
				count = 0
			}
			if wait := c.rule.delay(count) - since; wait > 0 {
				return &tooOftenError{what, wait}
			}
			if _, err := tx.ExecContext(ctx, `UPDATE webapp_failures SET count = ?, last = ? WHERE "key" = ?`, count+1, now.UnixMilli(), c.key); err != nil {
				return err
			}
		}
		return nil
	})
}

// refund takes a right password out of the counts. The account's failures from
// this network are forgotten; those of the network are not, or one right
// password would buy a hundred guesses at others; nor are those of the account, or
// the guess that was right would hide the others.
func (t throttle) refund(ctx context.Context, email string, ip netip.Addr) error {
	return t.db.inTx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM webapp_failures WHERE "key" = ?`, pairKey(email, ip)); err != nil {
			return err
		}
		for _, key := range [][]byte{networkKey(ip), accountKey(email, t.now())} { // in the order in which count takes them
			if _, err := tx.ExecContext(ctx, `UPDATE webapp_failures SET count = count - 1 WHERE "key" = ? AND count > 0`, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// pairKey counts alike whether the account exists or not.
func pairKey(email string, ip netip.Addr) []byte { return failureKey("pair", email, network(ip)) }

func networkKey(ip netip.Addr) []byte { return failureKey("network", "", network(ip)) }

// accountKey counts by the hour.
func accountKey(email string, at time.Time) []byte {
	return failureKey("account "+at.UTC().Format("2006-01-02T15"), email, netip.Prefix{})
}

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
