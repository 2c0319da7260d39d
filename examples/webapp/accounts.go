package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"github.com/mfakit/mfa"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	errTaken     = errors.New("webapp: there is an account with this e-mail address")
	errNoAccount = errors.New("webapp: no such account")
)

// An account is the app's own idea of a user.
type account struct {
	ID       string
	Email    string
	Phone    string
	Password string // its hash
	Created  time.Time
}

// user is the account as the engine needs to know it. The address counts as
// not verified: registering does not ask for a code to it.
func (a account) user() mfa.User {
	return mfa.User{ID: a.ID, Name: a.Email, Email: a.Email, Phone: a.Phone, CreatedAt: a.Created}
}

// accounts keeps accounts in SQL.
type accounts struct{ db *sql.DB }

// create adds an account under a new random id. errTaken.
func (s accounts) create(ctx context.Context, a account) (account, error) {
	a.ID = rand.Text()
	_, err := s.db.ExecContext(ctx, `INSERT INTO webapp_accounts (id, email, phone, password, created_at) VALUES (?, ?, ?, ?, ?)`,
		a.ID, a.Email, a.Phone, a.Password, a.Created.UnixMilli())
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
		return account{}, errTaken
	}
	return a, err
}

// byEmail finds an account by its normalised address. errNoAccount.
func (s accounts) byEmail(ctx context.Context, email string) (account, error) {
	return s.one(ctx, `SELECT id, email, phone, password, created_at FROM webapp_accounts WHERE email = ?`, email)
}

// byID finds an account. errNoAccount.
func (s accounts) byID(ctx context.Context, id string) (account, error) {
	return s.one(ctx, `SELECT id, email, phone, password, created_at FROM webapp_accounts WHERE id = ?`, id)
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

func (s accounts) one(ctx context.Context, query string, arg any) (account, error) {
	var a account
	var created int64
	err := s.db.QueryRowContext(ctx, query, arg).Scan(&a.ID, &a.Email, &a.Phone, &a.Password, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, errNoAccount
	}
	a.Created = time.UnixMilli(created).UTC()
	return a, err
}

// setPassword replaces the hash that old was, and ends all sessions of the
// account in the same transaction. errNoAccount where another change came
// first.
func (s accounts) setPassword(ctx context.Context, old account, hash string) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE webapp_accounts SET password = ? WHERE id = ? AND password = ?`, hash, old.ID, old.Password)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(errNoAccount, err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ?`, old.ID)
		return err
	})
}
