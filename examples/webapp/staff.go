package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// Why support may not do something, besides errRank.
var (
	errOneself = errors.New("webapp: nobody does that to their own account")
	errSecond  = errors.New("webapp: another admin has to agree first")
)

// secondLife is how long a reset waits for the second admin.
const secondLife = 24 * time.Hour

// desk knows who is staff, and what staff may do.
type desk struct {
	accounts accounts
	now      func() time.Time
	admins   []string // addresses that -admin names
	support  []string // and -support
	dev      bool     // the oldest account is an admin's
}

func newDesk(c config, db *database, now func() time.Time) desk {
	return desk{accounts{db}, now, c.admins, c.support, c.dev}
}

// rankOf is what an account's owner may do to others. An address that a flag names
// counts only when its owner was seen to read mail there: anybody can register
// with somebody else's. It is asked each time, so that who is named no more is out.
func (d desk) rankOf(ctx context.Context, a account) (rank, error) {
	named := a.EmailVerified || d.dev
	switch {
	case a.Kind == mfa.Service:
		return ordinary, nil // programs do no support
	case named && slices.Contains(d.admins, a.Email):
		return admin, nil
	case named && slices.Contains(d.support, a.Email) && !a.Rank.atLeast(support):
		return support, nil
	case d.dev && len(d.admins) == 0 && a.Rank != admin:
		first, err := d.accounts.oldest(ctx)
		if err == nil && first == a.ID {
			return admin, nil
		}
		if err != nil {
			return ordinary, err
		}
	}
	return a.Rank, nil
}

// oldest is the account that was made first; empty: there is none.
func (s accounts) oldest(ctx context.Context) (id string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT id FROM webapp_accounts ORDER BY created_at, id LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// permit is the engine's question whether support may do something. Nobody touches
// their own account, nor one of the same rank or a higher one (CVE-2026-64866); but an
// admin may be reset by two others.
func (d desk) permit(ctx context.Context, r mfa.SupportRequest) error {
	if r.Actor == r.User.ID {
		return errOneself
	}
	actor, err := d.accounts.byID(ctx, r.Actor)
	if err != nil {
		return err
	}
	of, err := d.accounts.byID(ctx, r.User.ID)
	if err != nil {
		return err
	}
	by, err1 := d.rankOf(ctx, actor)
	rank, err2 := d.rankOf(ctx, of)
	switch {
	case err1 != nil || err2 != nil:
		return errors.Join(err1, err2)
	case !by.atLeast(support):
		return errRank
	case !rank.atLeast(by):
		return nil
	case by == admin && rank == admin && r.Act == mfa.SupportReset:
		return d.useAgreement(ctx, actor.ID, of.ID)
	}
	return errRank
}

// A second is a reset that waits for another admin.
type second struct {
	ID, Account, AskedBy, Reason string
	Created                      time.Time
}

// askSecond notes that an admin wants to reset another one.
func (d desk) askSecond(ctx context.Context, s second) error {
	return d.accounts.db.inTx(ctx, func(tx transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM webapp_seconds WHERE account = ? AND asked_by = ? OR created_at < ?`,
			s.Account, s.AskedBy, d.now().Add(-secondLife).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO webapp_seconds (id, account, asked_by, reason, created_at) VALUES (?, ?, ?, ?, ?)`,
			s.ID, s.Account, s.AskedBy, s.Reason, d.now().UnixMilli())
		return err
	})
}

// waiting are the resets that wait.
func (d desk) waiting(ctx context.Context) (out []second, err error) {
	rows, err := d.accounts.db.QueryContext(ctx, `SELECT id, account, asked_by, reason, created_at FROM webapp_seconds
		WHERE used = 0 AND created_at >= ? ORDER BY created_at`, d.now().Add(-secondLife).UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s second
		var created int64
		if err := rows.Scan(&s.ID, &s.Account, &s.AskedBy, &s.Reason, &created); err != nil {
			return nil, err
		}
		s.Created = time.UnixMilli(created).UTC()
		out = append(out, s)
	}
	return out, rows.Err()
}

// agree notes that a second admin agrees: neither the one who asked nor the one
// whose account it is. errSecond where there is nothing to agree to.
func (d desk) agree(ctx context.Context, id, by string) (s second, err error) {
	err = change(ctx, d.accounts.db, errSecond, `UPDATE webapp_seconds SET agreed_by = ?
		WHERE id = ? AND used = 0 AND created_at >= ? AND asked_by <> ? AND account <> ?`,
		by, id, d.now().Add(-secondLife).UnixMilli(), by, by)
	if err != nil {
		return second{}, err
	}
	err = d.accounts.db.QueryRowContext(ctx, `SELECT id, account, asked_by, reason FROM webapp_seconds WHERE id = ?`, id).
		Scan(&s.ID, &s.Account, &s.AskedBy, &s.Reason)
	if errors.Is(err, sql.ErrNoRows) {
		err = errSecond
	}
	return s, err
}

// useAgreement spends it. Whoever agreed has to be an admin still.
func (d desk) useAgreement(ctx context.Context, actor, account string) error {
	var id, by string
	err := d.accounts.db.QueryRowContext(ctx, `SELECT id, agreed_by FROM webapp_seconds
		WHERE account = ? AND asked_by = ? AND agreed_by <> '' AND used = 0 AND created_at >= ? ORDER BY created_at DESC, id LIMIT 1`,
		account, actor, d.now().Add(-secondLife).UnixMilli()).Scan(&id, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return errSecond
	}
	if err != nil {
		return err
	}
	if err := change(ctx, d.accounts.db, errSecond, `UPDATE webapp_seconds SET used = 1 WHERE id = ? AND agreed_by = ? AND used = 0`, id, by); err != nil {
		return err
	}
	a, err := d.accounts.byID(ctx, by)
	if err != nil {
		return err
	}
	if rank, err := d.rankOf(ctx, a); err != nil || rank != admin {
		return errors.Join(errSecond, err)
	}
	return nil
}

// search finds accounts by a part of their address, in the order of the addresses;
// after is where to go on.
func (s accounts) search(ctx context.Context, part, after string, most int) (out []account, err error) {
	like := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(part)) + "%"
	rows, err := s.db.QueryContext(ctx, `SELECT `+accountColumns+` FROM webapp_accounts a
		WHERE a.email LIKE ? ESCAPE '!' AND a.email > ? ORDER BY a.email LIMIT ?`, like, after, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		a, err := scanAccount(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// addresses reads the flags that name staff.
func staffAddresses(flag, list string) (out []string, err error) {
	for _, a := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		email, err := normalEmail(a)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not an e-mail address", flag, a)
		}
		out = append(out, email)
	}
	return out, nil
}
