package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/mfakit/mfa"
)

// sessionLife is how long a session lives where the policy does not say.
const sessionLife = 12 * time.Hour

var errNoSession = errors.New("webapp: no session")

// A session is a signed-in browser. There is none for somebody who is halfway
// through a sign-in: that is a flow, which lives in the engine under a cookie
// of its own.
type session struct {
	Account  account
	Evidence mfa.Authentication
	Expires  time.Time
}

// sessions keeps sessions on the server, under the digest of the random id
// that the browser has.
type sessions struct {
	db  *sql.DB
	now func() time.Time
}

// create makes a session with a new id. A [grant] comes from a flow that has
// passed, or from a session that there was.
func (s sessions) create(ctx context.Context, g grant) (id string, err error) {
	evidence, err := json.Marshal(g.evidence)
	if err != nil {
		return "", err
	}
	id = rand.Text() + rand.Text() // 260 bits
	_, err = s.db.ExecContext(ctx, `INSERT INTO webapp_sessions (id, account, evidence, expires_at) VALUES (?, ?, ?, ?)`,
		sessionKey(id), g.account, string(evidence), g.expires.UnixMilli())
	return id, err
}

// find returns the session with this id. errNoSession.
func (s sessions) find(ctx context.Context, id string) (session, error) {
	var out session
	var evidence string
	var created, expires int64
	err := s.db.QueryRowContext(ctx, `SELECT a.id, a.email, a.phone, a.password, a.created_at, s.evidence, s.expires_at
		FROM webapp_sessions s JOIN webapp_accounts a ON a.id = s.account WHERE s.id = ? AND s.expires_at > ?`,
		sessionKey(id), s.now().UnixMilli()).
		Scan(&out.Account.ID, &out.Account.Email, &out.Account.Phone, &out.Account.Password, &created, &evidence, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return session{}, errNoSession
	}
	if err != nil {
		return session{}, err
	}
	out.Account.Created = time.UnixMilli(created).UTC()
	out.Expires = time.UnixMilli(expires).UTC()
	return out, json.Unmarshal([]byte(evidence), &out.Evidence)
}

// end removes one session.
func (s sessions) end(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE id = ?`, sessionKey(id))
	return err
}

// endAll removes all sessions of an account.
func (s sessions) endAll(ctx context.Context, account string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ?`, account)
	return err
}

// endOthers removes the sessions of an account but the one with this id.
func (s sessions) endOthers(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM webapp_sessions
		WHERE account = (SELECT account FROM webapp_sessions WHERE id = ?1) AND id <> ?1`, sessionKey(id))
	return err
}

// sessionKey is what stands in the database instead of the id. The id is
// random, so a plain digest cannot be searched.
func sessionKey(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}
