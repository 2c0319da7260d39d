package migrate

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/mfakit/mfa"
)

// A Record is what one user had: what can come along, and what cannot. It holds
// secrets, and prints and logs itself without them.
type Record struct {
	User   string           // as the source names them; empty: the row does not say
	Source string           // "authboss"; stable, as items are known by it and their ID
	Row    int              // which row of the source, from 1; 0: not known
	Items  []mfa.ImportItem //
	Left   []Left           // what stays behind, and why
	Notes  []Note           // about items that come
}

// Left is something of a user's that cannot come along.
type Left struct {
	ID     string // as in mfa.ImportItem; empty: the whole row
	Method string // "totp"; empty: of no kind that is known here
	Reason Reason
}

// A Note says something about an item that should be known before it is used.
type Note struct {
	ID     string // of the item
	Reason Reason
}

// A Reason is why something stays behind, or what is to be known about it.
type Reason string

// Why something stays behind.
const (
	ReasonMalformed   Reason = "malformed"         // not what the source writes
	ReasonUnconfirmed Reason = "unconfirmed"       // nobody has ever proved to have it
	ReasonCounter     Reason = "counter_based"     // HOTP, which is not here
	ReasonStart       Reason = "other_start"       // steps that are not counted from 1970 on
	ReasonSealed      Reason = "not_decrypted"     // with the keys that were given
	ReasonUnknown     Reason = "unknown_kind"      // the source has kinds that this package does not know
	ReasonNoAddress   Reason = "address_on_file"   // it goes to the account's own address, which is not in the row
	ReasonOtherSite   Reason = "other_site"        // a key of another relying party
	ReasonAlone       Reason = "no_other_method"   // recovery codes that would stand in for nothing
	ReasonTooMany     Reason = "too_many"          // more than a user can have
	ReasonNoUser      Reason = "no_such_user"      // see ErrNoUser
	ReasonNotRead     Reason = "row_not_read"      // the row is not JSON of its type
	ReasonOther       Reason = "other"             // kinds beyond what a report tells apart
	ReasonNoName      Reason = "row_names_no_user" // the record has no User
)

// What is to be known about something that comes.
const (
	// NoteShort: the secret is shorter than RFC 4226 asks for (128 bits), which only a
	// factor with totp.Config.InsecureShortSecrets takes.
	NoteShort Reason = "short_secret"
	// NoteDrift: the old system had noted that the app's clock is off by more than is
	// accepted here, so that its owner will be told to set it right.
	NoteDrift Reason = "clock_drift"
)

// Format keeps secrets out of whatever is printed, with any verb.
func (r Record) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "migrate.Record(%s: %d items, %d left)", r.Source, len(r.Items), len(r.Left))
}

// LogValue keeps secrets out of logs.
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// A Secret is a column that is not to be shown: a key, a code, a number, an
// address. It prints, logs and marshals itself without it.
type Secret string

// A SecretJSON is a column of JSON that is not to be shown, as a Secret is. One that a
// database gives as text is read as well.
type SecretJSON []byte

// UnmarshalJSON keeps the value, or what is in it where it is a string.
func (s *SecretJSON) UnmarshalJSON(b []byte) error {
	var text string
	if len(b) > 0 && b[0] == '"' {
		if json.Unmarshal(b, &text) != nil {
			return errValue
		}
		b = []byte(text)
	}
	*s = append((*s)[:0], b...)
	return nil
}

const hidden = "(hidden)"

// Format keeps the column out of whatever is printed, with any verb.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hidden) }

// LogValue keeps the column out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON keeps the column out of JSON, which is how slog writes structs.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// Format keeps the column out of whatever is printed, with any verb.
func (s SecretJSON) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hidden) }

// LogValue keeps the column out of logs.
func (s SecretJSON) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON keeps the column out of JSON.
func (s SecretJSON) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
