package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/mfakit/mfa"
)

var (
	errTaken     = errors.New("webapp: there is an account with this e-mail address")
	errNoAccount = errors.New("webapp: no such account")
)

// An account is the app's own idea of a user.
type account struct {
	ID            string
	Email         string
	EmailVerified bool // its owner was seen to read mail there
	Phone         string
	Password      string            // its hash; empty: it has none, and other ways in
	Kind          mfa.UserKind      // a person's, or a program's
	Rank          rank              // what its owner may do to others
	Attributes    map[string]string // for the policy, such as the team
	Created       time.Time
}

// user is the account as the engine needs to know it. The policy can go by the
// rank, too: staff may have to prove more.
func (a account) user() mfa.User {
	u := mfa.User{ID: a.ID, Name: a.Email, Email: a.Email, EmailVerified: a.EmailVerified, Phone: a.Phone, CreatedAt: a.Created,
		Kind: a.Kind, Attributes: maps.Clone(a.Attributes)}
	if a.Rank != "" {
		if u.Attributes == nil {
			u.Attributes = map[string]string{}
		}
		u.Attributes["rank"] = string(a.Rank)
	}
	return u
}

// accounts keeps accounts in SQL.
type accounts struct{ db *database }

// create adds an account under a new random id. errTaken.
func (s accounts) create(ctx context.Context, a account) (account, error) {
	a.ID = rand.Text()
	attributes, err := json.Marshal(a.Attributes)
	if err != nil {
		return account{}, err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO webapp_accounts (id, email, email_verified, phone, password, kind, "rank", attributes, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.Email, a.EmailVerified, a.Phone, a.Password, a.Kind, a.Rank, string(attributes), a.Created.UnixMilli())
	if s.db.isDuplicate(err) {
		return account{}, errTaken
	}
	return a, err
}

// accountColumns are what scanAccount reads of webapp_accounts a.
const accountColumns = `a.id, a.email, a.email_verified, a.phone, a.password, a.kind, a."rank", a.attributes, a.created_at`

// scanAccount reads accountColumns, and into more what the row has after them.
// errNoAccount.
func scanAccount(row interface{ Scan(...any) error }, more ...any) (account, error) {
	var a account
	var attributes []byte
	var created int64
	err := row.Scan(append([]any{&a.ID, &a.Email, &a.EmailVerified, &a.Phone, &a.Password, &a.Kind, &a.Rank, &attributes, &created}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, errNoAccount
	}
	if err != nil {
		return account{}, err
	}
	a.Created = time.UnixMilli(created).UTC()
	return a, json.Unmarshal(attributes, &a.Attributes)
}

// byEmail finds an account by its normalised address. errNoAccount.
func (s accounts) byEmail(ctx context.Context, email string) (account, error) {
	return scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM webapp_accounts a WHERE a.email = ?`, email))
}

// byID finds an account. errNoAccount.
func (s accounts) byID(ctx context.Context, id string) (account, error) {
	return scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM webapp_accounts a WHERE a.id = ?`, id))
}

// lookUp is how the library finds out who a passkey's owner is. The app keeps no
// generation, so that the second value is 0.
func (s accounts) lookUp(ctx context.Context, id string) (mfa.User, uint64, error) {
	a, err := s.byID(ctx, id)
	if errors.Is(err, errNoAccount) {
		return mfa.User{}, 0, mfa.ErrNotFound
	}
	return a.user(), 0, err
}

// verified notes that a's owner reads mail at a's address, as long as it is that.
func (s accounts) verified(ctx context.Context, a account) error {
	_, err := s.db.ExecContext(ctx, `UPDATE webapp_accounts SET email_verified = ? WHERE id = ? AND email = ?`, true, a.ID, a.Email)
	return err
}

// setPassword replaces the hash that old was, and ends all sessions of the
// account, and the links that were mailed to it, in the same transaction.
// errNoAccount where another change came first.
func (s accounts) setPassword(ctx context.Context, old account, hash string) error {
	return s.db.inTx(ctx, func(tx transaction) error {
		err := change(ctx, tx, errNoAccount, `UPDATE webapp_accounts SET password = ? WHERE id = ? AND password = ?`, hash, old.ID, old.Password)
		if err != nil {
			return err
		}
		_, err1 := tx.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ?`, old.ID)
		_, err2 := tx.ExecContext(ctx, `DELETE FROM webapp_links WHERE account = ?`, old.ID)
		return errors.Join(err1, err2)
	})
}
