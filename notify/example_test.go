package notify_test

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/notify"
)

// toScreen is a sender for the examples; a program takes one of package mailer.
type toScreen struct{}

func (toScreen) Send(_ context.Context, m mfa.Message) (string, error) {
	fmt.Printf("To: %s\nSubject: %s\n\n%s", m.To, m.Subject, m.Text)
	return "", nil
}

// The notifier is an observer of the engine, which calls Observe by itself.
func ExampleNew() {
	notices, err := notify.New(notify.Config{
		Sender:      toScreen{},
		AppName:     "Example",
		SettingsURL: "https://example.com/settings",
	})
	if err != nil {
		panic(err)
	}
	err = notices.Observe(context.Background(), mfa.Event{
		ID: "4xk2m7", Type: mfa.EventPasswordChanged, Notice: true, Time: time.Unix(1772366400, 0), Name: "ada", Email: "ada@example.org",
	})
	fmt.Println(err)
	// Output:
	// To: ada@example.org
	// Subject: Your Example account: the password was changed
	//
	// The password of your Example account was changed.
	//
	// Account: ada
	// When: 1 March 2026, 12:00 UTC
	//
	// If it was you, there is nothing to do. If it was not you, somebody else can get into your account: set a new password now, and ask for help if you cannot.
	//
	// Your settings: https://example.com/settings
	//
	// Example tells you of every change like this one. We never ask for a code or a password by mail.
	// <nil>
}

// Other words for one kind of event; everything else stays as it is.
func ExampleLanguage() {
	notices, err := notify.New(notify.Config{
		Sender:      toScreen{},
		AppName:     "Example",
		SupportText: "Ask the service desk, room 12.",
		Languages: map[string]notify.Language{"en": {Words: map[mfa.EventType]notify.Words{
			mfa.EventRecoveryCodes: {Subject: "New {{.App}} recovery codes", What: "You have new recovery codes. Print them.", Advice: "Not you? Come by at once."},
		}}},
	})
	if err != nil {
		panic(err)
	}
	_ = notices.Observe(context.Background(), mfa.Event{
		ID: "4xk2m7", Type: mfa.EventRecoveryCodes, Notice: true, Time: time.Unix(1772366400, 0), Email: "ada@example.org",
	})
	// Output:
	// To: ada@example.org
	// Subject: New Example recovery codes
	//
	// You have new recovery codes. Print them.
	//
	// When: 1 March 2026, 12:00 UTC
	//
	// Not you? Come by at once.
	//
	// Ask the service desk, room 12.
	//
	// Example tells you of every change like this one. We never ask for a code or a password by mail.
}
