package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/mfakit/mfa"
)

// sessionLife is how long a session lives where the policy does not say.
const sessionLife = 12 * time.Hour

var errNoSession = errors.New("webapp: no session")

// A session is a signed-in browser, or a program with a token of the API. There is
// none for somebody who is halfway through a sign-in: that is a flow, which lives in
// the engine under a cookie or a token of its own.
type session struct {
	Account  account
	Evidence mfa.Authentication
	Expires  time.Time
}

// sessions keeps sessions on the server, under the digest of the random id
// that the client has.
type sessions struct {
	db  *database
	now func() time.Time
}

// create makes a session with a new id. A [grant] comes from a flow that has
// passed, or from a session that there was.
func (s sessions) create(ctx context.Context, g grant) (id string, err error) {
	evidence, err := json.Marshal(g.evidence)
	if err != nil {
		return "", err
	}
	id = newToken()
	_, err = s.db.ExecContext(ctx, `INSERT INTO webapp_sessions (id, account, evidence, expires_at) VALUES (?, ?, ?, ?)`,
		tokenKey(id), g.account, string(evidence), g.expires.UnixMilli())
	return id, err
}

// find returns the session with this id. errNoSession.
func (s sessions) find(ctx context.Context, id string) (session, error) {
	var out session
	var evidence string
	var expires int64
	var err error
	out.Account, err = scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+`, s.evidence, s.expires_at
		FROM webapp_sessions s JOIN webapp_accounts a ON a.id = s.account WHERE s.id = ? AND s.expires_at > ?`,
		tokenKey(id), s.now().UnixMilli()), &evidence, &expires)
	if errors.Is(err, errNoAccount) {
		return session{}, errNoSession
	}
	if err != nil {
		return session{}, err
	}
	out.Expires = time.UnixMilli(expires).UTC()
	return out, json.Unmarshal([]byte(evidence), &out.Evidence)
}

// end removes one session.
func (s sessions) end(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE id = ?`, tokenKey(id))
	return err
}

// endAll removes all sessions of an account.
func (s sessions) endAll(ctx context.Context, account string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ?`, account)
	return err
}

// endOthers removes the sessions of an account but the one with this id.
func (s sessions) endOthers(ctx context.Context, account, id string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ? AND id <> ?`, account, tokenKey(id))
	return err
}

// newToken is what a client is given to send back: 260 bits.
func newToken() string { return rand.Text() + rand.Text() }

// tokenKey is what stands in the database instead of a token. Tokens are random,
// so a plain digest cannot be searched.
func tokenKey(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
