package recovery

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"

	"github.com/mfakit/mfa"
)

const setSize = 10 // codes; sheets of ten are what people know

// A set is a new set of codes: what is shown once, and what is kept.
type set struct {
	Codes []code
	State State
}

// drawOnce draws a set, once per request and enrollment. Its ten digests run
// one after the other, so that they take one place under the engine's bound.
func (f *Factor) drawOnce(ctx context.Context, slow mfa.SlowFunc, id string) (set, error) {
	b, err := once(ctx, slow, "recovery-set:"+id, func() ([]byte, error) { return json.Marshal(f.draw()) })
	if err != nil {
		return set{}, err
	}
	var s set
	if json.Unmarshal(b, &s) != nil {
		return set{}, errors.New("recovery: new set was not handed back") // without the cause, which could quote a code
	}
	return s, nil
}

func (f *Factor) draw() set {
	s := set{State: State{Argon2id: f.cost, Salt: make([]byte, saltSize), Total: setSize}}
	_, _ = rand.Read(s.State.Salt) // never fails: the program ends instead
	for range setSize {
		c := newCode()
		s.Codes = append(s.Codes, c)
		s.State.Hashes = append(s.State.Hashes, s.State.digest(c))
	}
	return s
}

// shown is the codes in the form that people read.
func (s set) shown() []string {
	var out []string
	for _, c := range s.Codes {
		out = append(out, c.grouped())
	}
	return out
}
