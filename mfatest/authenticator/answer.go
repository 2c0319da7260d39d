package authenticator

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
)

// Enroll answers the challenge of an enrolment (mfa.Enrolling.Challenge) for
// hosts that call the engine themselves: what it returns is for
// mfa.Engine.Activate. Its errors are those of [Authenticator.Create].
func (a *Authenticator) Enroll(c mfa.Challenge) (mfa.Answer, error) {
	return answer(c, a.Create)
}

// Answer answers a flow for hosts that call the engine themselves: c is what
// mfa.Engine.Challenge asked (mfa.Asked.Challenge) for the flow's option of that
// method, and what it returns is for mfa.Engine.Verify. Where the flow has no such
// option the answer names none, and the engine refuses it with mfa.ErrNoOption.
// Its errors are those of [Authenticator.Get].
func (a *Authenticator) Answer(f mfa.Flow, c mfa.Challenge) (mfa.Answer, error) {
	signed, err := answer(c, a.Get)
	if err != nil {
		return mfa.Answer{}, err
	}
	for _, o := range f.Options {
		if o.Method == c.Method() {
			signed.Option = o.ID
			break
		}
	}
	return signed, nil
}

// SignIn answers the challenge of a sign-in by passkey (mfa.Passkey.Challenge)
// for hosts that call the engine themselves: what it returns is for
// mfa.Engine.FinishPasskey. Its errors are those of [Authenticator.Get].
func (a *Authenticator) SignIn(c mfa.Challenge) (mfa.Answer, error) {
	return answer(c, a.Get)
}

func answer(c mfa.Challenge, ceremony func(json.RawMessage) (json.RawMessage, error)) (mfa.Answer, error) {
	if c == nil {
		return mfa.Answer{}, errors.New("authenticator: there is no challenge")
	}
	publicKey, err := json.Marshal(c)
	if err != nil {
		return mfa.Answer{}, fmt.Errorf("authenticator: %w", err)
	}
	credential, err := ceremony(publicKey)
	if err != nil {
		return mfa.Answer{}, err
	}
	return mfa.Answer{Credential: credential}, nil
}
