package notify_test

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/words"
)

// toScreen is a sender for the examples; a program takes one of package mailer.
type toScreen struct{}

func (toScreen) Send(_ context.Context, m mfa.Message) (string, error) {
	fmt.Printf("To: %s\nSubject: %s\n\n%s", m.To, m.Subject, linkToken.ReplaceAllString(m.Text, "token=…"))
	return "", nil
}

// linkToken is another one each time.
var linkToken = regexp.MustCompile(`token=\S+`)

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
func ExampleConfig_words() {
	own, err := words.Default().With("en", map[string]string{
		"mail.recovery.generated.subject": "New {app} recovery codes",
		"mail.recovery.generated.what":    "You have new recovery codes for {app}. Print them.",
		"mail.recovery.generated.advice":  "Not you? Come by at once.",
	})
	if err != nil {
		panic(err)
	}
	notices, err := notify.New(notify.Config{
		Sender:      toScreen{},
		AppName:     "Example",
		SupportText: "Ask the service desk, room 12.",
		Words:       own,
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
	// You have new recovery codes for Example. Print them.
	//
	// When: 1 March 2026, 12:00 UTC
	//
	// Not you? Come by at once.
	//
	// Ask the service desk, room 12.
	//
	// Example tells you of every change like this one. We never ask for a code or a password by mail.
}

// With links, whoever gets the mail can say no without signing in. The engine makes
// the tokens, so Link uses it once it is there.
func ExampleConfig_link() {
	var m *mfa.Engine
	notices, err := notify.New(notify.Config{
		Sender:      toScreen{},
		AppName:     "Example",
		SettingsURL: "https://example.com/settings",
		Link: func(_ context.Context, e mfa.Event) (string, error) {
			token, err := m.LinkToken(e)
			return "https://example.com/mfa/notice?token=" + token, err
		},
	})
	if err != nil {
		panic(err)
	}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		panic(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		panic(err)
	}
	m, err = mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}, Observers: []mfa.Observer{notices}})
	if err != nil {
		panic(err)
	}
	defer m.Close(context.Background())

	// The engine calls Observe when somebody asks for a delayed reset:
	err = notices.Observe(context.Background(), mfa.Event{
		ID: "4xk2m7", Type: mfa.EventResetRequested, Notice: true, User: "7", Email: "ada@example.org",
		Time: time.Unix(1772366400, 0), Until: time.Unix(1772625600, 0),
	})
	fmt.Println(err)
	// Output:
	// To: ada@example.org
	// Subject: Your Example account: somebody asked to reset two-step sign-in
	//
	// Somebody who knows your password asked to have every authenticator app, key, number and recovery code removed from your Example account, saying that they no longer have them. Nothing is removed before 4 March 2026, 12:00 UTC.
	//
	// When: 1 March 2026, 12:00 UTC
	//
	// If it was you, wait: you will get another mail. If it was not you, cancel it, which you can also do by signing in with your second step, and change your password now: somebody else knows it.
	//
	// If this was not you, cancel it: https://example.com/mfa/notice?token=…
	//
	// Your settings: https://example.com/settings
	//
	// Example tells you of every change like this one. We never ask for a code or a password by mail.
	// <nil>
}
