// Package sms is the factor of codes by text message.
//
//	codes, err := sms.New(sms.Config{
//		AppName:   "Example",
//		Origin:    "https://example.com",
//		Countries: sms.Countries("US", "CA", "GB"),
//		Sender:    sender, // of package sms/gateway, or your own
//	})
//	m, err := mfa.New(mfa.Config{Factors: []mfa.Factor{apps, codes}, …})
//
// Text messages are the weakest proof that is still one of possession: numbers
// are taken over, and messages read on their way. NIST SP 800-63B-4 (section
// 3.2.9) calls them restricted, and so does the evidence. Offer something better
// beside them; an engine with nothing else has to say so
// ([mfa.Config].AcceptRestricted).
//
// They also cost money, and strangers can make an app spend it. So nothing is
// sent to a country that is not listed, all messages fall under budgets that hold
// over all processes, and a prefix of which nothing comes back stops by itself;
// see [Limits].
//
// # Which numbers
//
// Numbers are read as people write them. Mobile ones are accepted, and those of
// which a country does not tell whether they are (all of North America). Fixed
// lines, short codes, extensions, premium, shared-cost, toll-free and pager
// numbers are refused, with a reason ([ReasonFixed] and its like) and a sentence
// for people. A number outside of the package is masked: "+47 ••• ••67".
//
// # What a message says
//
// A code, first of all, and what it is for: a code that approves an action
// (mfa.Action) names it, so that somebody who is told another story on the telephone
// reads the true one. Of a long text the beginning is shown, so put there what counts.
//
// Besides codes there is one warning: that somebody asked for a delayed reset
// (mfa.Engine.RequestReset), which goes to every number that the user has
// confirmed. Both are in the user's language (Config.Words and Config.Locale).
//
// # What is stored
//
// An enrollment's state is the JSON of [State]. Of a code that was sent, a keyed
// hash is kept in its flow, bound to the flow, the purpose and the number; a new
// code replaces it, and with it the old code.
package sms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/onetime"
	"github.com/mfakit/mfa/words"
)

// Name is the name of the method.
const Name = "sms"

// Config says what a [Factor] is made of. AppName, Countries and Sender are
// needed; every other zero field is the safe choice.
type Config struct {
	AppName   string     // required: who sends, in the text; at most 30 characters
	Countries []string   // required: ISO 3166-1 codes; see Countries. Nothing is sent elsewhere
	Sender    mfa.Sender // required

	// Origin is the site that codes are for, "https://example.com": the text's
	// last line binds the code to its host, and phones offer it there alone. It
	// is configured, never taken from a request. Empty: no such line.
	Origin string

	Region   string        // of numbers written without a country code, as ISO 3166-1; empty: they are refused
	Digits   int           // of a code: 6 to 10; 0: 6
	Lifetime time.Duration // of a code: at most ten minutes (NIST SP 800-63B-4 section 3.1.3.2); 0: five

	// Words are the languages of the messages; nil: words.Default(). A message that
	// stays within the GSM 7-bit alphabet and 160 characters with the last line costs
	// one, see [Segments]; what costs more than four is refused. sms.code.action has to
	// name the action behind the code, not at the beginning of a line, and with room
	// for it. Locale tells a user's language as a BCP 47 tag ("pt-BR"), and is asked with
	// what an event says of user and client where [Factor.Tell] warns; nil, or one that is
	// not in Words: English.
	Words  *words.Catalogue
	Locale func(mfa.User, mfa.Client) string

	// AcceptUnknown takes numbers of which the kind of line cannot be told, and
	// those of Internet telephony and personal numbers, which are easily had in
	// bulk. False: they are refused.
	AcceptUnknown bool

	// Before is asked once before each message, and before anything is counted:
	// whether the number's SIM card was changed of late or the number carried to
	// another network, what kind of line its carrier says it is (NIST SP 800-63B-4
	// section 3.1.3.3). An [*mfa.RefusedError] refuses the message, so that another
	// method has to be chosen; any other error does so too, with
	// [ReasonUnchecked], as nothing is sent on a doubt. It should keep to ctx, and
	// may be called from any number of goroutines. Nil: no question.
	Before func(ctx context.Context, to Destination) error

	// ResendWrong sends a new code by itself after a wrong one in a sign-in, within
	// the same limits. The failure stays counted.
	ResendWrong bool

	Limits Limits // of what is sent; see there
}

// A Destination is what Config.Before decides about. It prints and logs itself
// without the number.
type Destination struct {
	User    mfa.User
	Client  mfa.Client
	Number  string // in E.164 form
	Country string // ISO 3166-1
	Known   bool   // the user has confirmed it before
}

// A Factor is codes by text message. It is safe for use by any number of
// goroutines.
type Factor struct {
	config    Config
	codes     onetime.Settings
	texts     texts
	countries []string
	region    string // of national forms; noRegion: there is none
	limits    Limits
}

// New makes a factor. The error names the field that is wrong.
func New(c Config) (*Factor, error) {
	switch {
	case c.AppName == "" || utf8.RuneCountInString(c.AppName) > maxAppName || strings.ContainsFunc(c.AppName, unfit):
		return nil, fmt.Errorf("sms: Config.AppName is missing, longer than %d characters, or has one of @ # and what cannot be seen", maxAppName)
	case len(c.Countries) == 0:
		return nil, errors.New("sms: Config.Countries is empty: say where messages may go")
	case c.Sender == nil:
		return nil, errors.New("sms: Config.Sender is missing")
	}
	f := &Factor{config: c, region: noRegion}
	var err error
	if f.countries, err = checkCountries(c.Countries); err != nil {
		return nil, fmt.Errorf("%w (Config.Countries)", err)
	}
	if c.Region != "" {
		region, err := checkCountries([]string{c.Region})
		if err != nil {
			return nil, fmt.Errorf("%w (Config.Region)", err)
		}
		f.region = region[0]
	}
	if f.codes, err = (onetime.Settings{Digits: c.Digits, Lifetime: c.Lifetime}).Complete("sms: Config."); err != nil {
		return nil, err
	}
	if f.texts, err = newTexts(c); err != nil {
		return nil, err
	}
	if f.limits, err = c.Limits.complete(); err != nil {
		return nil, err
	}
	return f, nil
}

const (
	maxAppName = 30   // characters: the name is part of what one message holds
	noRegion   = "ZZ" // what package phonenumbers calls no country
)

// unfit says whether a character has no place in a name: phones would take it
// for part of the last line, or nobody would see it.
func unfit(r rune) bool {
	return r == '@' || r == '#' || r == utf8.RuneError || !unicode.IsGraphic(r)
}

// Method describes codes by text message.
func (f *Factor) Method() mfa.Method {
	return mfa.Method{Name: Name, Label: "Text message", Kind: mfa.Have, Channel: mfa.ChannelSMS, Restricted: true, Guessable: true}
}

// State is what is stored of an enrollment, as JSON:
//
//	{"number":"+4791234567"}
//
// It is also the form in which enrollments come from elsewhere, in
// EnrollParams.Import. It prints and logs itself without the number.
type State struct {
	Number string `json:"number"` // in E.164 form
}

// A Challenge says where a code went, for a form that asks for it.
type Challenge struct {
	Destination string `json:"destination"` // the number, masked
	Digits      int    `json:"digits"`      // of the code
}

// Method is "sms".
func (*Challenge) Method() string { return Name }
