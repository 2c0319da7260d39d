package notify

import (
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
)

// Data is what templates write about. Every text is one short line without
// control characters and hidden characters, and safe to show; fields about which
// nothing is known are empty.
type Data struct {
	Lang string        // the tag of the language
	App  string        // Config.AppName
	Type mfa.EventType // the kind of event

	Account   string // the user's name, as the host told it
	Method    string // the method in words, "Authenticator app"
	Label     string // the user's name for it
	Hint      string // a masked number or address
	OldHint   string // the one that it took the place of
	Thing     string // Method, Label and Hint in one
	Count     int    // failures, codes that are left, or days
	First     bool   // it is the user's first
	BySupport bool   // somebody other than the user did it
	Delayed   bool   // it is a reset that was asked for and waited for

	When   string // with the zone
	Until  string // when what was begun takes effect or ends, with the zone
	IP     string // empty where somebody else did it, as for Place and Device
	Place  string
	Device string // "Firefox, Windows"

	SettingsURL string // Config.SettingsURL
	Support     string // Config.SupportText
	Link        string // what Config.Link made; empty: this mail has none. Not for Words, but for "{{if .Link}}"

	Subject, What, Advice string // what the words of the kind made of the above; for Language.Text and HTML
	LinkText              string // the same, what Link is for
}

const (
	maxShown = 64  // characters of a label, a hint
	maxLong  = 128 // characters of a name, a place
)

// data tells an event in words.
func (n *Notifier) data(tag string, l *language, e mfa.Event) Data {
	d := Data{
		Lang: tag, App: n.config.AppName, Type: e.Type,
		Account: shown.Account(e.Name, maxLong), Label: shown.Text(e.Label, maxShown), Hint: shown.Hint(e.Hint, maxShown),
		OldHint: shown.Hint(e.OldHint, maxShown),
		Count:   e.Count, First: e.First, BySupport: e.Actor != "",
		Delayed: e.Type == mfa.EventReset && e.Reason == "delayed_reset",
		When:    l.when(e.Time, n.config.Location), SettingsURL: n.config.SettingsURL, Support: n.config.SupportText,
	}
	if !e.Until.IsZero() {
		d.Until = l.when(e.Until, n.config.Location)
	}
	if d.Method = l.methods[e.Method]; d.Method == "" {
		d.Method = shown.Text(e.Method, maxShown)
	}
	if d.Method == "" {
		d.Method = someMethod
	}
	d.Thing = thing(d.Method, d.Label, d.Hint)
	if d.BySupport {
		return d // where the staff sits is nobody's business
	}
	if e.IP.IsValid() {
		d.IP = e.IP.Unmap().WithZone("").String()
	}
	d.Place, d.Device = shown.Text(e.Place, maxLong), shown.Device(e.UserAgent)
	return d
}

// thing names an enrollment: Authenticator app “Ada's phone”.
func thing(method, label, hint string) string {
	name := method
	switch {
	case strings.HasPrefix(label, method): // the engine's own label, "Authenticator app 2"
		name = label
	case label != "":
		name += " “" + label + "”"
	}
	if hint != "" {
		name += " (" + hint + ")"
	}
	return name
}
