package notify

import (
	"net/netip"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
	"github.com/mfakit/mfa/words"
)

// Data is what the form of a mail is about. Every text but What and Advice is one
// short line without control characters and hidden characters, and safe to show;
// what nothing is known about is empty.
type Data struct {
	Lang string        // the tag of the language, for lang in HTML
	Dir  string        // "ltr" or "rtl", for dir
	App  string        // Config.AppName
	Type mfa.EventType // the kind of event

	Subject, What, Advice string // what happened, and what to do
	Facts                 []Fact // about it: the account, when, from where

	Link     string // what Config.Link made; empty: this mail has none
	LinkText string // what it is for: what stands before it in text, and what is pressed in HTML

	SettingsURL  string // Config.SettingsURL
	SettingsText string // "Your settings"
	Support      string // Config.SupportText
	Footer       string // that we never ask for codes

	Account string // the user's name, as the host told it
	When    string // with the zone
	IP      string // empty where somebody else did it, as for Place and Device
	Place   string
	Device  string // "Firefox, Windows"
}

// A Fact is a line about an event.
type Fact struct{ Label, Value string }

const (
	maxShown = 64  // characters of a label, a hint
	maxLong  = 128 // characters of a name, a place
)

// data tells an event in words, but for those of its kind.
func (n *Notifier) data(l *words.Language, e mfa.Event) Data {
	c := n.config
	d := Data{
		Lang: l.Tag(), Dir: l.Dir(), App: c.AppName, Type: e.Type,
		SettingsURL: c.SettingsURL, SettingsText: l.Text("mail.label.settings"), Support: c.SupportText, Footer: l.Text("mail.footer", "app", c.AppName),
		Account: shown.Account(e.Name, maxLong), When: l.Time(e.Time.In(c.Location)),
	}
	if own := c.SupportTexts[l.Tag()]; own != "" {
		d.Support = own
	}
	if e.Actor == "" { // where the staff sits is nobody's business
		if e.IP.IsValid() {
			d.IP = e.IP.Unmap().WithZone("").String()
		}
		d.Place, d.Device = shown.Text(e.Place, maxLong), shown.Device(e.UserAgent)
	}
	for _, f := range []struct{ id, value string }{
		{"mail.label.account", d.Account}, {"mail.label.when", d.When}, {"mail.label.address", d.IP}, {"mail.label.place", d.Place}, {"mail.label.device", d.Device},
	} {
		if f.value != "" {
			if f.value != d.When {
				f.value = l.Isolate(f.value)
			}
			d.Facts = append(d.Facts, Fact{l.Text(f.id), f.value})
		}
	}
	return d
}

// thing names an enrollment: Authenticator app “Ada's phone”.
func thing(l *words.Language, e mfa.Event) string {
	return l.Enrollment(shown.Text(e.Method, maxShown), shown.Text(e.Label, maxShown), shown.Hint(e.Hint, maxShown))
}

// What samples have, on which words and forms are tried.
const sampleLink = "this-is-the-link"

var (
	sampleIP   = netip.AddrFrom4([4]byte{192, 0, 2, 1}) // RFC 5737
	sampleTime = time.Date(2026, time.December, 31, 23, 59, 0, 0, time.UTC)
)
