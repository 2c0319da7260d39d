package notify

import (
	"context"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/recent"
	"github.com/mfakit/mfa/internal/shown"
	"github.com/mfakit/mfa/words"
)

const (
	maxAddresses = 5                // that are told of one event
	sendTimeout  = 10 * time.Second // what a Sender is given
	maxAppName   = 64               // bytes
	maxSupport   = 1024             // bytes

	// maxTaken is how many mails are remembered: those of the notices that a process
	// tries again within minutes.
	maxTaken = 256
)

// ErrNoAddress is the cause that Config.Missing is told when an event names nobody.
var ErrNoAddress = errors.New("notify: the event has no address")

// Config says who is told what. Sender, AppName and one of SettingsURL and
// SupportText are required.
type Config struct {
	Sender mfa.Sender // of mails; see package mailer

	// AppName is how the service calls itself: 1 to 64 bytes.
	AppName string

	// SettingsURL is the page where people see and change how they sign in, by
	// https (http on localhost alone). It should ask for a sign-in itself: the
	// link holds no token.
	SettingsURL string

	// Link makes the address of a page that does something about an event, with a
	// token of [mfa.Engine.LinkToken]: undoes the user's first enrollment, cancels a
	// delayed reset that was asked for, goes on with one that is ready. It is called
	// for these events alone; empty: the mail has no link. The page should show a
	// button, and do it when that is pressed, as mail scanners open links. The
	// address is held to what SettingsURL is held to. Nil: no mail has a link, and a delayed reset cannot be finished, since
	// the mail that it is ready leads nowhere.
	//
	// Whoever has the link can use it. It goes to Event.Email, that which undoes or
	// cancels also to Event.Also, and never to Addresses. It is in no error of this
	// package; what Link itself returns as one is not repeated.
	Link func(ctx context.Context, e mfa.Event) (url string, err error)

	// SupportText is a sentence about how to reach people who can help, for those
	// who cannot sign in any more; at most 1 KiB. SupportTexts is the same in other
	// languages, by their tag in Words.
	SupportText  string
	SupportTexts map[string]string

	// Location is the time zone of the mails, named in them; nil: UTC.
	Location *time.Location

	// Words are the languages of the mails; nil: words.Default().
	Words *words.Catalogue

	// Locale names the language of the person whom an event concerns, as a BCP 47
	// tag ("de-AT"). Nil, or one that is not in Words: English.
	Locale func(ctx context.Context, e mfa.Event) string

	// Text and HTML are the form of the mails, over [Data]; nil: this package's own.
	// They must not be changed once they are in use.
	Text *template.Template
	HTML *htmltemplate.Template

	// Addresses names more addresses to tell of an event than Event.Email, at most
	// four. Nil: none.
	Addresses func(ctx context.Context, e mfa.Event) []string

	// Missing is called for a notice that reaches nobody: cause is
	// [ErrNoAddress], or an *mfa.SendError that says that there is no such mailbox.
	// What it returns is what Observe returns: nil gives the notice up, an error
	// has it offered again. Nil: a notice without an address is given up, and one
	// whose mailbox is gone is offered again, as mailboxes come back.
	Missing func(ctx context.Context, e mfa.Event, cause error) error
}

// A Notifier mails notices. Make it with [New]. It is safe for use by any number
// of goroutines.
type Notifier struct {
	config Config
	taken  *recent.IDs // mails that went out while another of the same notice did not
}

var _ mfa.Observer = (*Notifier)(nil)

// New makes a notifier, and tries the words and the forms in all languages. Its errors
// name what is wrong.
func New(c Config) (*Notifier, error) {
	switch {
	case c.Sender == nil:
		return nil, errors.New("notify: Sender is missing")
	case c.AppName == "" || len(c.AppName) > maxAppName || c.AppName != shown.Line(c.AppName):
		return nil, errors.New("notify: AppName is empty, too long, or not one line of visible text")
	case c.SettingsURL == "" && c.SupportText == "":
		return nil, errors.New("notify: SettingsURL and SupportText are empty: a mail has to say what to do")
	}
	if c.Words == nil {
		c.Words = words.Default()
	}
	if err := checkSupport(c); err != nil {
		return nil, err
	}
	if err := checkURL(c.SettingsURL); err != nil {
		return nil, fmt.Errorf("notify: SettingsURL %w", err)
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	forms := c.Text != nil || c.HTML != nil
	if c.Text == nil {
		c.Text = ownText
	}
	if c.HTML == nil {
		c.HTML = ownHTML
	}
	n := &Notifier{config: c, taken: recent.New(maxTaken)}
	for _, tag := range c.Words.Tags() {
		if err := n.try(c.Words.Pick(tag), forms); err != nil {
			return nil, fmt.Errorf("notify: in the language %s: %w", tag, err)
		}
	}
	return n, nil
}

func checkSupport(c Config) error {
	unfit := func(text string) bool { return len(text) > maxSupport || text != shown.Line(text) }
	if unfit(c.SupportText) {
		return errors.New("notify: SupportText is too long, or not one line of visible text")
	}
	for tag, text := range c.SupportTexts {
		switch {
		case !slices.Contains(c.Words.Tags(), tag):
			return fmt.Errorf("notify: SupportTexts[%q] is in a language that Words has not", tag)
		case text == "" || unfit(text) || c.SupportText == "":
			return fmt.Errorf("notify: SupportTexts[%q] is empty, too long, or not one line of visible text, or there is no SupportText", tag)
		}
	}
	return nil
}

func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || text != shown.Line(text) || strings.ContainsAny(text, " <>\"") {
		return errors.New("is not an absolute URL")
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("is not https")
}

// Observe implements [mfa.Observer]. It mails security notices, and ignores all other
// events, and those of enrollments that were imported. It returns nil when all
// addresses were told, an error that holds nothing of the mail when one was not.
func (n *Notifier) Observe(ctx context.Context, e mfa.Event) error {
	if !e.Notice || e.Type == mfa.EventImported { // nothing that its owner did, or has to do anything about
		return nil
	}
	if e.ID == "" {
		return errors.New("notify: the event has no ID, by which a repetition is known")
	}
	to := n.addresses(ctx, e)
	if len(to) == 0 {
		if n.config.Missing == nil {
			return nil
		}
		return n.config.Missing(ctx, e, ErrNoAddress)
	}
	link, err := n.link(ctx, e)
	if err != nil {
		return err
	}
	l := n.language(ctx, e)
	plain, err := n.compose(l, e, "")
	with := plain
	if err == nil && link != "" {
		with, err = n.compose(l, e, link)
	}
	if err != nil {
		return err
	}
	for i := range to {
		to[i].mail = plain
		if to[i].link {
			to[i].mail = with
		}
	}
	return n.tell(ctx, e, to, link)
}

// A recipient is one address, and what it is mailed.
type recipient struct {
	address string
	link    bool // it may have the link
	mail    mfa.Message
}

// addresses are whom an event concerns, each once.
func (n *Notifier) addresses(ctx context.Context, e mfa.Event) []recipient {
	var to []recipient
	known := map[string]bool{"": true}
	add := func(link bool, addresses ...string) {
		for _, a := range addresses {
			if key := strings.ToLower(a); !known[key] && len(to) < maxAddresses {
				known[key] = true
				to = append(to, recipient{address: a, link: link})
			}
		}
	}
	_, also := linked(e)
	add(true, e.Email)
	add(also, e.Also...)
	if n.config.Addresses != nil {
		add(false, n.config.Addresses(ctx, e)...)
	}
	return to
}

// tell sends a mail to each address. One whose mailbox is gone does not have the
// others told again and again; only when all are gone is the notice missing.
func (n *Notifier) tell(ctx context.Context, e mfa.Event, to []recipient, link string) error {
	var failed, gone error
	reached := false
	for i, r := range to {
		m := r.mail
		m.To, m.ID = r.address, e.ID
		if i > 0 {
			m.ID = fmt.Sprintf("%sx%d", e.ID, i)
		}
		if len(to) > 1 && n.taken.Has(m.ID) {
			reached = true
			continue
		}
		err := n.send(ctx, m, link)
		switch {
		case err == nil:
			reached = true
			if len(to) > 1 {
				n.taken.Add(m.ID)
			}
		case permanent(err):
			gone = err
		default:
			failed = err
		}
	}
	switch {
	case failed != nil:
		return fmt.Errorf("notify: a mail was not taken: %w", failed)
	case reached:
		return nil
	case n.config.Missing != nil:
		return n.config.Missing(ctx, e, gone)
	}
	return fmt.Errorf("notify: the mailbox does not exist: %w", gone)
}

func (n *Notifier) send(ctx context.Context, m mfa.Message, link string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	_, err := n.config.Sender.Send(ctx, m)
	if err != nil && reveals(err.Error(), m.To, link) {
		return errors.New("notify: the sender failed, and its words are not for logs")
	}
	return err
}

// permanent says whether no other try can help.
func permanent(err error) bool {
	var fault *mfa.SendError
	return errors.As(err, &fault) && !fault.Retry && !fault.Elsewhere &&
		(fault.Reason == mfa.SendBadDestination || fault.Reason == mfa.SendOptedOut)
}
