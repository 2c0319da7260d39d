package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

var (
	errAPIKey     = errors.New("webapp: no such API key")
	errNotService = errors.New("webapp: API keys are for service accounts")
)

// apiKeyPrefix lets people, and scanners of repositories, see what a key is.
const apiKeyPrefix = "mfademo_"

// maxLabel bounds what staff call things, in bytes.
const maxLabel = 64

// apiKeys keeps the keys of service accounts, as digests: a key is random, and is
// shown once.
type apiKeys struct {
	db  *database
	now func() time.Time
}

// create makes a key for a service account.
func (s apiKeys) create(ctx context.Context, of account, label, by string) (id, key string, err error) {
	id, key = rand.Text(), apiKeyPrefix+newToken()
	_, err = s.db.ExecContext(ctx, `INSERT INTO webapp_api_keys (id, hash, account, label, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		id, tokenKey(key), of.ID, label, by, s.now().UnixMilli())
	return id, key, err
}

// owner finds the account that a key is for. errAPIKey.
func (s apiKeys) owner(ctx context.Context, key string) (account, error) {
	if len(key) > maxToken || !strings.HasPrefix(key, apiKeyPrefix) {
		return account{}, errAPIKey
	}
	acc, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+`
		FROM webapp_api_keys k JOIN webapp_accounts a ON a.id = k.account WHERE k.hash = ?`, tokenKey(key)))
	if errors.Is(err, errNoAccount) {
		err = errAPIKey
	}
	return acc, err
}

// revoke ends a key, and with it the account's sessions, which it may have made.
// errAPIKey.
func (s apiKeys) revoke(ctx context.Context, id string) error {
	return s.db.inTx(ctx, func(tx transaction) error {
		var of string
		err := tx.QueryRowContext(ctx, `SELECT account FROM webapp_api_keys WHERE id = ?`, id).Scan(&of)
		if errors.Is(err, sql.ErrNoRows) {
			return errAPIKey
		}
		if err != nil {
			return err
		}
		if err := change(ctx, tx, errAPIKey, `DELETE FROM webapp_api_keys WHERE id = ?`, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ?`, of)
		return err
	})
}

// makeKey shows a new key to an administrator, this once.
func (a *app) makeKey(w http.ResponseWriter, r *http.Request, v visit) error {
	var in struct {
		Email string `json:"email"`
		Label string `json:"label"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if len(in.Label) > maxLabel {
		return badRequest(`"label" has more than 64 bytes`)
	}
	email, err := normalEmail(in.Email)
	if err != nil {
		return err
	}
	of, err := a.accounts.byEmail(r.Context(), email)
	if err != nil {
		return err
	}
	if of.Kind != mfa.Service {
		return errNotService
	}
	id, key, err := a.keys.create(r.Context(), of, in.Label, v.Account.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]string{"id": id, "email": of.Email, "label": in.Label, "api_key": key})
}

func (a *app) revokeKey(w http.ResponseWriter, r *http.Request, _ visit) error {
	if err := a.keys.revoke(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return a.done(w, r, "/?said=removed")
}
