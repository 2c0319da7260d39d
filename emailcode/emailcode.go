// Package emailcode is the factor of codes by mail.
//
//	codes, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: mail})
//	m, err := mfa.New(mfa.Config{Factors: []mfa.Factor{apps, codes}, …})
//
// A mailbox is neither something that one knows nor something that one has: NIST
// SP 800-63B-4 (section 3.1.3.1) does not take it for a second factor, and so a
// mailed code never raises the assurance level. It stops whoever has nothing but
// a stolen password, and it reaches everybody: an address that the host has
// verified can count as enrolled without being set up (Decision.Implicit). It is
// never asked for where the sign-in began in the same mailbox, with a mailed
// link or a mailed reset.
//
// The mail says which app asks, when, and from where, so that a person can see
// that it was not them. What others chose of it (a name, a place, a browser) is
// shown as one line that is no link. A code that approves an action (mfa.Action)
// comes with the whole text of it, and so does the link. The words are those of
// package words, in the user's language (Config.Words and Config.Locale); Templates are
// the form around them.
//
// # What is stored
//
// An enrollment's state is the JSON of [State]. Of a code that was sent, and of its
// link, a keyed hash is kept in its flow, bound to the flow, the purpose and the
// address; a new code replaces it, and with it the old code.
package emailcode

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/onetime"
	"github.com/mfakit/mfa/words"
)

// Name is the name of the method.
const Name = "email"

// Config says what a [Factor] is made of. AppName and Sender are needed; every
// other zero field is the safe choice.
type Config struct {
	AppName  string        // required: who asks; at most 64 characters
	Sender   mfa.Sender    // required
	Digits   int           // of a code: 6 to 10; 0: 6
	Lifetime time.Duration // of a code: at most ten minutes (NIST SP 800-63B-4 section 3.1.3.2); 0: five

	// Link is the address of the page that a link in the mail opens,
	// "https://example.com/mfa/link". The page shows a button, and pressing it
	// answers as the code would, in the browser that asked: mail scanners open
	// links. It must be https, but on this machine. Empty: there is no link.
	//
	// The factor adds the members option and token to it and, with
	// InsecureLinkAnywhere, flow.
	Link string

	// InsecureLinkAnywhere lets the link answer from another browser than the one
	// that asked, such as a phone's: see mfa.Engine.VerifyElsewhere. It is
	// insecure because whoever began a sign-in with a stolen password needs no
	// more than that its victim, used to such mails, presses the button.
	InsecureLinkAnywhere bool

	// Location is the time zone that mails name times in; nil: UTC.
	Location *time.Location

	// Words are the languages of the mails; nil: words.Default(). Locale tells a user's,
	// as a BCP 47 tag ("de-AT"); nil, or one that is not in Words: English.
	Words  *words.Catalogue
	Locale func(mfa.User, mfa.Client) string

	Templates Templates // the form around the words; nil fields: that of this package

	// ResendWrong sends a new code by itself after a wrong one in a sign-in, within
	// the same limits. The failure stays counted.
	ResendWrong bool

	Limits Limits // of what is sent; see there
}

// A Factor is codes by mail. It is safe for use by any number of goroutines.
type Factor struct {
	config    Config
	codes     onetime.Settings
	link      *url.URL // nil: none
	zone      *time.Location
	all       *words.Catalogue
	templates Templates
	limits    Limits
}

// New makes a factor. The error names the field that is wrong.
func New(c Config) (*Factor, error) {
	switch {
	case c.AppName == "" || utf8.RuneCountInString(c.AppName) > maxAppName || strings.ContainsFunc(c.AppName, unfit):
		return nil, fmt.Errorf("emailcode: Config.AppName is missing, longer than %d characters, or has what cannot be seen", maxAppName)
	case c.Sender == nil:
		return nil, errors.New("emailcode: Config.Sender is missing")
	case c.InsecureLinkAnywhere && c.Link == "":
		return nil, errors.New("emailcode: Config.InsecureLinkAnywhere is set, and there is no Config.Link")
	}
	f := &Factor{config: c, zone: c.Location, all: c.Words}
	if f.zone == nil {
		f.zone = time.UTC
	}
	if f.all == nil {
		f.all = words.Default()
	}
	var err error
	if f.codes, err = (onetime.Settings{Digits: c.Digits, Lifetime: c.Lifetime}).Complete("emailcode: Config."); err != nil {
		return nil, err
	}
	if c.Link != "" {
		if f.link, err = checkLink(c.Link); err != nil {
			return nil, err
		}
	}
	if f.limits, err = c.Limits.complete(); err != nil {
		return nil, err
	}
	if f.templates, err = c.Templates.complete(c.AppName, f.all); err != nil {
		return nil, err
	}
	return f, nil
}

const maxAppName = 64 // characters: it is in the subject

// unfit says whether a character has no place in a name that people are to see.
func unfit(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }

func checkLink(link string) (*url.URL, error) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("emailcode: Config.Link is not the address of a page")
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, errors.New("emailcode: Config.Link must be https, or http on this machine")
	}
	return u, nil
}

// Method describes codes by mail.
func (f *Factor) Method() mfa.Method {
	return mfa.Method{Name: Name, Label: "E-mail", Kind: mfa.Neither, Channel: mfa.ChannelEmail, Guessable: true}
}

// State is what is stored of an enrollment, as JSON:
//
//	{"address":"ada@example.com"}
//
// It is also the form in which enrollments come from elsewhere, in
// EnrollParams.Import, where implicit is left out. It prints and logs itself
// without the address.
type State struct {
	Address  string `json:"address"`
	Implicit bool   `json:"implicit,omitempty"` // it merely counts, because the host has verified it
}

// A Challenge says where a code went, for a form that asks for it.
type Challenge struct {
	Destination string `json:"destination"` // the address, masked
	Digits      int    `json:"digits"`      // of the code
}

// Method is "email".
func (*Challenge) Method() string { return Name }
