package notify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/notify"
)

const verdictText = `You, or somebody who was signed in as you, said of a sign-in to your Example account that it was not you. So you are signed out everywhere, and every device is asked again. What stands below is when and from where that was said, not the sign-in.

Account: ada@example.org
When: 1 March 2026, 12:00 UTC
Internet address: 192.0.2.7
Place: Oslo, Norway
Device: Firefox, Windows

Whoever that was may know your password: change it now, if you have not done so since. Then sign in again, and remove what you do not know. If it was not you who said so, somebody else may be taking your account over: ask for help.

Your settings: https://example.com/settings?tab=security&x=1

If you cannot sign in, write to support@example.com.

Example tells you of every change like this one. We never ask for a code or a password by mail.
`

const verdictBySupportText = `Our support has noted of a sign-in to your Example account that it was not you. So you are signed out everywhere, and every device is asked again.

Account: ada@example.org
When: 1 March 2026, 12:00 UTC

Whoever that was may know your password: change it now, if you have not done so since. Then sign in again, and remove what you do not know. If you did not ask our support for this, somebody else may be taking your account over: ask for help.

Your settings: https://example.com/settings?tab=security&x=1

If you cannot sign in, write to support@example.com.

Example tells you of every change like this one. We never ask for a code or a password by mail.
`

// Who said it, and what follows; neither the activity nor who of the staff it was.
func TestObserve_Verdict(t *testing.T) {
	e := event(mfa.EventVerdict)
	e.Method, e.Enrollment, e.Reason, e.Label = "", "", string(mfa.NotMe), "k3j5h6"
	if m := one(t, e); m.Text != verdictText || m.Subject != "Your Example account: a sign-in was not you" {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
	e.Actor = "carol@staff.example"
	if m := one(t, e); m.Text != verdictBySupportText || strings.Contains(m.HTML, "carol") || strings.Contains(m.HTML, "192.0.2.7") {
		t.Errorf("%s\n%s", m.Text, m.HTML)
	}
}

// That it was the user after all is for the record, and so is a sign-in that was
// denied, for a risk or anything else.
func TestObserve_NoMailOfARisk(t *testing.T) {
	b := &mailbox{}
	n := notifier(t, b)
	risk := &mfa.Assessment{Level: mfa.RiskSevere, Reasons: []mfa.RiskReason{{Code: "tor", Text: "from the Tor network", Weight: 5}}}
	for _, e := range []mfa.Event{
		{ID: "1", Type: mfa.EventVerdict, Reason: string(mfa.WasMe), Email: "ada@example.org"},
		{ID: "2", Type: mfa.EventFlowDenied, Reason: mfa.ReasonRisk, Risk: risk, Email: "ada@example.org"},
		{ID: "3", Type: mfa.EventFlowStarted, Risk: risk, Email: "ada@example.org"},
	} {
		if err := n.Observe(t.Context(), e); err != nil || len(b.all()) != 0 {
			t.Errorf("%s: %v, %v", e.Type, err, b.all())
		}
	}
}

const deviceText = `Somebody signed in to your Example account, with all that it asks for, from a device that was not seen before. It seems to be in Oslo, Norway.

Account: ada@example.org
When: 1 March 2026, 12:00 UTC
Internet address: 192.0.2.7
Place: Oslo, Norway
Device: Firefox, Windows

If it was you, there is nothing to do. If it was not you, somebody else can get into your account: change your password, remove what you do not know, and sign out everywhere else.

Your settings: https://example.com/settings?tab=security&x=1

If you cannot sign in, write to support@example.com.

Example tells you of every change like this one. We never ask for a code or a password by mail.
`

// A place is said where it is known, and is no way to write into the mail.
func TestObserve_NewDevice(t *testing.T) {
	e := event(mfa.EventNewDevice)
	if m := one(t, e); m.Text != deviceText {
		t.Errorf("%s", m.Text)
	}
	nowhere := strings.NewReplacer(" It seems to be in Oslo, Norway.", "", "Place: Oslo, Norway\n", "").Replace(deviceText)
	for _, place := range []string{"", "\u200B", "https://evil.example/"} {
		if e.Place = place; one(t, e).Text != nowhere {
			t.Errorf("%q: %s", place, one(t, e).Text)
		}
	}
}

// Through the engine: support notes what the user has told them, and the user is told.
func TestObserve_AVerdictOfTheEngine(t *testing.T) {
	b := &mailbox{}
	n := notifier(t, b, func(c *notify.Config) { c.SettingsURL = "" })
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Observers = append(c.Observers, n) })
	user := mfa.User{ID: "7", Name: "ada", Email: "ada@example.org"}
	m.EnrollTOTP(t, user)
	list, err := m.Activity(t.Context(), user.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventFlowPassed })
	support := mfa.Caller{User: user, Actor: "carol"}
	for _, v := range []mfa.Verdict{mfa.WasMe, mfa.NotMe, mfa.NotMe} {
		if err := m.Feedback(t.Context(), support, list[i].ID, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, mail := range b.all() {
		if strings.HasSuffix(mail.Subject, ": a sign-in was not you") {
			texts = append(texts, mail.Text)
		}
	}
	if len(texts) != 1 || !strings.HasPrefix(texts[0], "Our support has noted") || strings.Contains(texts[0], "carol") || strings.Contains(texts[0], list[i].ID) {
		t.Errorf("%q", texts)
	}
}
