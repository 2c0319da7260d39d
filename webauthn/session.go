package webauthn

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"
)

// A session is a ceremony's pending state: go-webauthn's record, whole, as JSON.
type session struct{ lib.SessionData }

var errPending = errors.New("webauthn: pending state is not valid")

func (s *session) encode() ([]byte, error) {
	data, err := json.Marshal(s.SessionData)
	if err != nil {
		return nil, errPending
	}
	return data, nil
}

// readSession reads a pending state. Where there is none there is nothing that
// an answer could be to: that, and a challenge that could be guessed, is errWrong.
func readSession(data []byte) (*session, error) {
	if len(data) == 0 {
		return nil, errWrong
	}
	s := &session{}
	if len(data) > maxPendingBytes || json.Unmarshal(data, &s.SessionData) != nil {
		return nil, errPending
	}
	if len(s.Challenge) < rawURL.EncodedLen(minChallengeBytes) {
		return nil, errWrong
	}
	return s, nil
}

// open says whether the ceremony goes on at now, for rp. A record without a time
// or without a relying party, as go-webauthn may make one, leaves both open.
func (s *session) open(rp *RelyingParty, now time.Time) bool {
	return (s.Expires.IsZero() || now.Before(s.Expires)) && (s.RelyingPartyID == "" || s.RelyingPartyID == rp.ID)
}

// verifiesUser says whether the ceremony asked for user verification. What
// counts is what was asked, never what the answer says was asked.
func (s *session) verifiesUser() bool { return s.UserVerification == protocol.VerificationRequired }
