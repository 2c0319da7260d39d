package recovery

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/mfakit/mfa"
)

const (
	saltSize = 32 // bytes
	hashSize = 32 // bytes
	maxCodes = 32 // in a set that is read
)

// State is what is kept of a set of recovery codes, as JSON. It has none of the
// codes, but a reader can try guesses against it at the price of a digest each:
// it is kept sealed, and prints as nothing.
//
// It is also the form in which sets come from elsewhere, in EnrollParams.Import:
// one of this package, or the bcrypt hashes of another program,
//
//	{"bcrypt":["$2a$10$…","$2a$10$…"],"form":"xxxxx-xxxxx","total":10}
//
// Codes that were kept in the clear come as [Plain] instead.
type State struct {
	Argon2id Argon2id `json:"argon2id,omitzero"` // what the hashes were made with
	Salt     []byte   `json:"salt,omitempty"`    // 32 random bytes, of this set alone
	Hashes   [][]byte `json:"hashes,omitempty"`  // 32 bytes for each code that is left; a spent one is gone
	Total    int      `json:"total"`             // how many codes the set was made with

	// Bcrypt are the hashes of codes from elsewhere, instead of the three above. A
	// guess costs all of them, so there is a bound: 2^14 rounds in all, sixteen at
	// cost 10. Nobody has the codes, so they stay as they are until the user
	// makes new ones.
	Bcrypt []string `json:"bcrypt,omitempty"`

	// Form is how codes from elsewhere are written; empty: the codes are this package's.
	// It is FreeForm, or has for each symbol an x (letter or digit, in lower case), an X
	// (letter or digit as it is) or a 9 (digit), with the hyphens that were digested along:
	// "xxxxx-xxxxx". People may leave hyphens out and type spaces.
	Form string `json:"form,omitempty"`
}

// Format keeps salt and hashes out of whatever is printed, with any verb.
func (s State) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.redacted()) }

// LogValue keeps salt and hashes out of logs.
func (s State) LogValue() slog.Value { return slog.StringValue(s.redacted()) }

func (s State) redacted() string {
	return fmt.Sprintf("recovery.State(%d of %d left)", s.left(), s.Total)
}

// left is how many codes are not spent.
func (s State) left() int { return len(s.Hashes) + len(s.Bcrypt) }

// parse reads a typed code as one of this set.
func (s State) parse(typed string) (code, error) {
	if s.Form == "" {
		return parseCode(typed)
	}
	return parseForm(s.Form, typed)
}

// findOnce returns which code of the set c is, or -1, at the cost of one digest, or
// one for each bcrypt hash.
func (s State) findOnce(ctx context.Context, slow mfa.SlowFunc, c code) (int, error) {
	if s.Argon2id == (Argon2id{}) {
		return s.tryOnce(ctx, slow, c)
	}
	sum, err := s.digestOnce(ctx, slow, c)
	if err != nil {
		return -1, err
	}
	return s.find(sum), nil
}

// find returns which hash sum is, or -1. It looks at all of them in constant time.
func (s State) find(sum []byte) int {
	found := -1
	for i, h := range s.Hashes {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(h, sum), i, found)
	}
	return found
}

// without is the state after code i was spent.
func (s State) without(i int) State {
	if s.Argon2id == (Argon2id{}) {
		s.Bcrypt = slices.Delete(slices.Clone(s.Bcrypt), i, i+1)
		return s
	}
	s.Hashes = slices.Delete(slices.Clone(s.Hashes), i, i+1)
	return s
}

func (s State) encode() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("recovery: " + err.Error()) // numbers and bytes always marshal
	}
	return b
}

// parseState reads what encode wrote. Unknown members are refused rather than
// lost at the next save. Errors do not tell what was read.
func parseState(b []byte) (State, error) {
	var s State
	if strict(b, &s) != nil {
		return State{}, errors.New("recovery: not the JSON of a State")
	}
	if err := s.validate(); err != nil {
		return State{}, fmt.Errorf("recovery: state: %w", err)
	}
	return s, nil
}

func (s State) validate() error {
	if s.Total < 1 || s.Total > maxCodes || s.left() > s.Total {
		return fmt.Errorf("not 1 to %d codes, of which some are left", maxCodes)
	}
	if s.Form != "" {
		if err := checkForm(s.Form); err != nil {
			return err
		}
	}
	if s.Argon2id == (Argon2id{}) && len(s.Salt) == 0 && len(s.Hashes) == 0 {
		if s.Form == "" || s.Form == FreeForm {
			return errors.New("bcrypt hashes without the form of their codes")
		}
		return checkBcrypt(s.Bcrypt)
	}
	if err := s.Argon2id.validate(); err != nil {
		return err
	}
	if len(s.Salt) != saltSize {
		return fmt.Errorf("salt is not of %d bytes", saltSize)
	}
	if len(s.Bcrypt) > 0 {
		return errors.New("hashes of two kinds")
	}
	for _, h := range s.Hashes {
		if len(h) != hashSize {
			return fmt.Errorf("a hash is not of %d bytes", hashSize)
		}
	}
	return nil
}
