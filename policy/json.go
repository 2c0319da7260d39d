package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

const maxFile = 64 << 10 // bytes

// Parse reads a policy from JSON. It is strict, for a slip in such a file is a
// door left open: a member that is unknown or comes twice, a value of the wrong
// type, null, an empty list and a duration that is out of bounds are errors,
// which name the line and the reason.
//
// Durations are strings of hours, minutes and seconds, such as "12h" or "1h30m".
func Parse(data []byte) (*Policy, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("policy: file of more than %d KiB", maxFile>>10)
	}
	if err := checkSyntax(data); err != nil {
		return nil, err
	}
	p, d := new(Policy), newDecoder(data)
	if err := d.policy(p); err != nil {
		return nil, d.located(data, err)
	}
	return p, nil
}

// checkSyntax makes sure of one JSON value in UTF-8, so that what reads it has
// only the content to doubt.
func checkSyntax(data []byte) error {
	if !utf8.Valid(data) {
		return lineError(data, int64(firstInvalid(data)), errors.New("not UTF-8"))
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return lineError(data, syntax.Offset-1, err)
	}
	return err
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// lineError is err with the line that offset is in.
func lineError(data []byte, offset int64, err error) error {
	offset = max(0, min(offset, int64(len(data))))
	return fmt.Errorf("policy: line %d: %w", 1+bytes.Count(data[:offset], []byte("\n")), err)
}

// UnmarshalJSON is Parse, so that a policy within a host's own file is read as
// strictly. Lines count from where the policy begins.
func (p *Policy) UnmarshalJSON(data []byte) error {
	got, err := Parse(data)
	if err == nil {
		*p = *got
	}
	return err
}

// MarshalJSON writes what Parse reads. What is zero is left out.
func (p Policy) MarshalJSON() ([]byte, error) {
	type changes struct {
		Password bool     `json:"password,omitempty"`
		Methods  []string `json:"methods,omitempty"`
		MaxAge   string   `json:"max_age,omitempty"`
	}
	type firstEnrollment struct {
		Methods []string `json:"methods,omitempty"`
	}
	out := struct {
		Mode              Mode            `json:"mode,omitempty"`
		Methods           []string        `json:"methods,omitempty"`
		Implicit          []string        `json:"implicit,omitempty"`
		NotFirst          []string        `json:"not_first,omitempty"`
		AAL               mfa.AAL         `json:"aal,omitempty"`
		PhishingResistant bool            `json:"phishing_resistant,omitempty"`
		AcceptRestricted  bool            `json:"accept_restricted,omitempty"`
		Changes           changes         `json:"changes,omitzero"`
		FirstEnrollment   firstEnrollment `json:"first_enrollment,omitzero"`
		SessionLifetime   string          `json:"session_lifetime,omitempty"`
	}{
		p.Mode, p.Methods, p.Implicit, p.NotFirst, p.AAL, p.PhishingResistant, p.AcceptRestricted,
		changes{p.Changes.Password, p.Changes.Methods, text(p.Changes.MaxAge)},
		firstEnrollment{p.FirstEnrollment.Methods}, text(p.SessionLifetime),
	}
	return json.Marshal(out)
}

func text(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
