package recovery

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/mfakit/mfa"
)

// Plain are codes from elsewhere that somebody kept as they are, as JSON in
// EnrollParams.Import:
//
//	{"codes":["3kd8s01m","9s7ajq2c"],"form":"*"}
//
// They become a [State] with one salt, at the price of a digest each. Plain
// prints and logs itself without them.
type Plain struct {
	Codes []string `json:"codes"` // 1 to 32
	Form  string   `json:"form"`  // as State.Form, and never empty
}

// Format keeps the codes out of whatever is printed, with any verb.
func (p Plain) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "recovery.Plain(%d codes)", len(p.Codes))
}

// LogValue keeps the codes out of logs.
func (p Plain) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// maxImport is more than 32 codes or hashes take.
const maxImport = 8 << 10

// enrollImport takes over a set from elsewhere.
func (f *Factor) enrollImport(ctx context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	s, err := f.readImport(ctx, r)
	if err != nil {
		return mfa.Step{}, err
	}
	return mfa.Step{Done: &mfa.Verified{State: s.encode(), Remaining: s.left()}}, nil
}

func (f *Factor) readImport(ctx context.Context, r mfa.EnrollRequest) (State, error) {
	if len(r.Params.Import) > maxImport {
		return State{}, fmt.Errorf("%w: recovery: import of more than %d bytes", mfa.ErrBadInput, maxImport)
	}
	var p Plain
	if strict(r.Params.Import, &p) != nil || p.Codes == nil {
		s, err := parseState(r.Params.Import)
		if err != nil {
			return State{}, fmt.Errorf("%w: %w", mfa.ErrBadInput, err)
		}
		return s, nil
	}
	codes, err := p.normal()
	if err != nil {
		return State{}, fmt.Errorf("%w: recovery: import: %w", mfa.ErrBadInput, err)
	}
	// Named by what was handed over: the enrollment's identifier can be another one at
	// each try of a request.
	sum := sha256.Sum256(r.Params.Import)
	return f.digestAll(ctx, r.Slow, "recovery-import:"+base64.RawStdEncoding.EncodeToString(sum[:]), codes, p.Form)
}

// normal are the codes in their one spelling, each once.
func (p Plain) normal() ([]code, error) {
	if err := checkForm(p.Form); err != nil {
		return nil, err
	}
	if len(p.Codes) == 0 || len(p.Codes) > maxCodes {
		return nil, fmt.Errorf("not 1 to %d codes", maxCodes)
	}
	var out []code
	seen := map[code]bool{}
	for _, typed := range p.Codes {
		c, err := parseForm(p.Form, typed)
		if err != nil {
			return nil, errors.New("a code is not of the form")
		}
		if !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out, nil
}

// digestAll makes a set of codes that somebody else has drawn, once per request.
func (f *Factor) digestAll(ctx context.Context, slow mfa.SlowFunc, name string, codes []code, form string) (State, error) {
	b, err := once(ctx, slow, name, func() ([]byte, error) {
		s := State{Argon2id: f.cost, Salt: make([]byte, saltSize), Total: len(codes), Form: form}
		_, _ = rand.Read(s.Salt) // never fails: the program ends instead
		for _, c := range codes {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s.Hashes = append(s.Hashes, s.digest(c))
		}
		return s.encode(), nil
	})
	if err != nil {
		return State{}, err
	}
	return parseState(b)
}

// strict reads one JSON value without members that nobody knows. Its error must not
// be shown: it may quote what it read.
func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("recovery: something after the value")
	}
	return nil
}
