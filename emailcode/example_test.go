package emailcode_test

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"text/template"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
)

// A host's mail server; package mailer speaks to real ones.
type server struct{}

func (server) Send(context.Context, mfa.Message) (string, error) { return "", nil }

// digits finds the code, which is another one each time.
var digits = regexp.MustCompile(`\d{6}`)

// The engine calls the factor; a host only makes it.
func ExampleNew() {
	codes, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: server{}})
	if err != nil {
		panic(err)
	}
	step, err := codes.Enroll(context.Background(), mfa.EnrollRequest{
		User: mfa.User{ID: "7", Email: "ada@example.com"}, ID: "a",
		Client: mfa.Client{
			IP: netip.MustParseAddr("192.0.2.7"), Place: "Oslo, Norway",
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
		},
		Now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		panic(err)
	}
	show := step.Challenge.(*emailcode.Challenge)
	fmt.Println("A code of", show.Digits, "digits was sent to", show.Destination)
	fmt.Println()
	fmt.Println(step.Delivery.Message.Subject)
	fmt.Println()
	fmt.Print(digits.ReplaceAllString(step.Delivery.Message.Text, "123456"))
	// Output:
	// A code of 6 digits was sent to a•••@example.com
	//
	// Confirm this address for Example
	//
	// Somebody, hopefully you, wants to receive codes of Example at this address.
	//
	// Your code is: 123456
	//
	// It works for 5 minutes, once. Give it to nobody: we never ask for it by phone or mail.
	//
	// Time: 21 November 2026, 12:00 UTC
	// Internet address: 192.0.2.7
	// Place: Oslo, Norway (roughly)
	// Device: Firefox, Linux
	//
	// If this was not you, do nothing: without the code this address is not used.
}

// A host's own form around the words. What is left nil stays as it is.
func ExampleTemplates() {
	codes, err := emailcode.New(emailcode.Config{
		AppName: "Example", Sender: server{},
		Templates: emailcode.Templates{
			Text: template.Must(template.New("text").Parse("Hello{{with .Name}} {{.}}{{end}}!\n{{.CodeIs}} {{.Code}}{{with .Action}}\n{{$.Approves}} {{.}}{{end}}\n{{.NotYou}}\n")),
		},
	})
	if err != nil {
		panic(err)
	}
	step, err := codes.Challenge(context.Background(), mfa.ChallengeRequest{
		User:    mfa.User{ID: "7", Name: "Ada\r\nBcc: eve@example.net"},
		Purpose: mfa.ForAuthentication, Flow: "f",
		Enrollments: []mfa.Enrolled{{ID: "a", State: []byte(`{"address":"ada@example.com"}`)}},
		Now:         time.Now(),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(step.Delivery.Message.Subject)
	fmt.Print(digits.ReplaceAllString(step.Delivery.Message.Text, "123456")) // the name would be a link, and is left out
	// Output:
	// Your code for Example
	// Hello!
	// Your code is: 123456
	// If this was not you, somebody else knows your password or uses a device on which you are signed in. Do not use the code, and change your password for Example.
}
