package recovery

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

const (
	saltSize = 32 // bytes
	hashSize = 32 // bytes
	maxCodes = 32 // in a set that is read
)

// State is what is kept of a set of recovery codes, as JSON. It has none of the
// codes, but a reader can try guesses against it at the price of a digest each:
// it is kept sealed, and prints as nothing.
type State struct {
	Argon2id Argon2id `json:"argon2id"` // what the hashes were made with
	Salt     []byte   `json:"salt"`     // 32 random bytes, of this set alone
	Hashes   [][]byte `json:"hashes"`   // 32 bytes for each code that is left; a spent one is gone
	Total    int      `json:"total"`    // how many codes the set was made with
}

// Format keeps salt and hashes out of whatever is printed, with any verb.
func (s State) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.redacted()) }

// LogValue keeps salt and hashes out of logs.
func (s State) LogValue() slog.Value { return slog.StringValue(s.redacted()) }

func (s State) redacted() string {
	return fmt.Sprintf("recovery.State(%d of %d left)", len(s.Hashes), s.Total)
}

// find returns which hash sum is, or -1. It looks at all of them in constant time.
func (s State) find(sum []byte) int {
	found := -1
	for i, h := range s.Hashes {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(h, sum), i, found)
	}
	return found
}

// without is the state after the code of hash i was spent.
func (s State) without(i int) State {
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
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(&s) != nil {
		return State{}, errors.New("recovery: state is not the JSON of a State")
	}
	if _, err := d.Token(); err != io.EOF {
		return State{}, errors.New("recovery: state goes on after its end")
	}
	if err := s.validate(); err != nil {
		return State{}, fmt.Errorf("recovery: state: %w", err)
	}
	return s, nil
}

func (s State) validate() error {
	if err := s.Argon2id.validate(); err != nil {
		return err
	}
	if len(s.Salt) != saltSize {
		return fmt.Errorf("salt is not of %d bytes", saltSize)
	}
	if s.Total < 1 || s.Total > maxCodes || len(s.Hashes) > s.Total {
		return fmt.Errorf("not 1 to %d codes, of which some are left", maxCodes)
	}
	for _, h := range s.Hashes {
		if len(h) != hashSize {
			return fmt.Errorf("a hash is not of %d bytes", hashSize)
		}
	}
	return nil
}
