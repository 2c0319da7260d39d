package migrate

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// Convert turns a source's rows into records. A row that could not be read is a
// record without a user that says so; any other error ends the records.
func Convert[R any](rows iter.Seq2[R, error], to func(R) Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		n := 0
		for row, err := range rows {
			n++
			var unread *RowError
			var r Record
			switch {
			case err == nil:
				r = to(row)
			case errors.As(err, &unread):
				r, err = Record{Left: []Left{{Reason: ReasonNotRead}}}, nil
			}
			r.Row = n
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// The methods' names, and the documented JSON of their states. The factors
// themselves are not linked: a program links those that it uses.
const (
	methodTOTP     = "totp"
	methodSMS      = "sms"
	methodEmail    = "email"
	methodWebAuthn = "webauthn"
	methodRecovery = "recovery"
)

// totpState is totp.State.
type totpState struct {
	Secret    string `json:"secret"`
	Algorithm string `json:"algorithm,omitempty"`
	Digits    int    `json:"digits,omitempty"`
	Period    int    `json:"period,omitempty"`
	LastStep  int64  `json:"last_step,omitempty"`
}

// plainCodes is recovery.Plain.
type plainCodes struct {
	Codes []string `json:"codes"`
	Form  string   `json:"form"`
}

// anyForm is recovery.FreeForm.
const anyForm = "*"

// bcryptCodes is recovery.State with hashes of another program.
type bcryptCodes struct {
	Bcrypt []string `json:"bcrypt"`
	Form   string   `json:"form"`
	Total  int      `json:"total"`
}

// A builder makes a record.
type builder struct {
	r   Record
	now time.Time
}

func build(source string, user ID, now func() time.Time) *builder {
	if now == nil {
		now = time.Now
	}
	return &builder{r: Record{User: string(user), Source: source}, now: now()}
}

// A holding is what all kinds of enrollment have in common.
type holding struct {
	id            string
	label         string
	created, used Time
}

func (b *builder) left(id, method string, why Reason) {
	b.r.Left = append(b.r.Left, Left{ID: id, Method: method, Reason: why})
}

func (b *builder) note(id string, why Reason) {
	b.r.Notes = append(b.r.Notes, Note{ID: id, Reason: why})
}

func (b *builder) add(method string, h holding, state any) {
	raw, err := json.Marshal(state)
	switch {
	case err != nil:
		b.left(h.id, method, ReasonMalformed)
	case len(b.r.Items) >= maxItems:
		b.left(h.id, method, ReasonTooMany)
	default:
		b.r.Items = append(b.r.Items, mfa.ImportItem{ID: h.id, Method: method, Label: label(h.label),
			Created: h.created.Time, Used: h.used.Time, State: raw})
	}
}

// totp adds an authenticator app. What its parameters may be is for its factor to
// say. Where the last step is not known, the codes that the old system may have
// seen are spent: those of the current step and of the next, which a fast clock shows.
func (b *builder) totp(h holding, s totpState) {
	letters := strings.TrimRight(strings.ReplaceAll(s.Secret, " ", ""), "=")
	if letters == "" {
		b.left(h.id, methodTOTP, ReasonMalformed)
		return
	}
	period := int64(s.Period)
	if period == 0 {
		period = defaultPeriod
	}
	if s.LastStep <= 0 && period > 0 {
		s.LastStep = b.now.Unix()/period + 1
	}
	if len(letters)*5/8*8 < minSecretBits {
		b.note(h.id, NoteShort)
	}
	b.add(methodTOTP, h, s)
}

func (b *builder) sms(h holding, number Secret) {
	b.add(methodSMS, h, map[string]string{"number": string(number)})
}

func (b *builder) email(h holding, address Secret) {
	b.add(methodEmail, h, map[string]string{"address": string(address)})
}

// codes adds recovery codes that were kept in the clear.
func (b *builder) codes(h holding, codes []Secret, form string) {
	if len(codes) > 0 {
		b.add(methodRecovery, h, plainCodes{Codes: texts(codes), Form: form})
	}
}

// hashes adds recovery codes that were kept as bcrypt hashes.
func (b *builder) hashes(h holding, hashes []string, form string) {
	if len(hashes) > 0 {
		b.add(methodRecovery, h, bcryptCodes{Bcrypt: hashes, Form: form, Total: len(hashes)})
	}
}

func texts(list []Secret) (out []string) {
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// record is what was built. Recovery codes stand in for another method, and stay
// behind where there is none.
func (b *builder) record() Record {
	var others []mfa.ImportItem
	var codes []mfa.ImportItem
	for _, item := range b.r.Items {
		if item.Method == methodRecovery {
			codes = append(codes, item)
		} else {
			others = append(others, item)
		}
	}
	if len(others) == 0 {
		for _, item := range codes {
			b.left(item.ID, methodRecovery, ReasonAlone)
		}
		codes = nil
	}
	b.r.Items = append(others, codes...)
	return b.r
}
