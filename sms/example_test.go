package sms_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms"
)

// A host's carrier; package sms/gateway has those of Twilio and Kannel.
type carrier struct{ show string }

func (c *carrier) Send(_ context.Context, m mfa.Message) (string, error) {
	c.show = m.To + ": " + m.Text
	return "", nil
}

// send hands over what the engine would, and hides the code, which is another
// one each time.
func send(step mfa.Step) string {
	d := step.Delivery
	_, _ = d.Sender.Send(context.Background(), d.Message)
	text := d.Sender.(*carrier).show
	code := text[strings.LastIndex(text, "#")+1:]
	return strings.ReplaceAll(text, code, "123456")
}

// The engine calls the factor; a host only makes it.
func ExampleNew() {
	codes, err := sms.New(sms.Config{
		AppName:   "Example",
		Origin:    "https://login.example.com",
		Countries: sms.Countries("NO", "SE", "DK"),
		Region:    "NO",
		Sender:    &carrier{},
	})
	if err != nil {
		panic(err)
	}
	step, err := codes.Enroll(context.Background(), mfa.EnrollRequest{
		User: mfa.User{ID: "7"}, ID: "a", Params: mfa.EnrollParams{Phone: "912 34 567"}, Now: time.Now(),
	})
	if err != nil {
		panic(err)
	}
	show := step.Challenge.(*sms.Challenge)
	fmt.Println("A code of", show.Digits, "digits was sent to", show.Destination)
	fmt.Println(send(step))
	// Output:
	// A code of 6 digits was sent to +47 ••• ••67
	// +4791234567: 123456 is your Example code. It works for 5 minutes. Give it to nobody.
	//
	// @login.example.com #123456
}

// A number that is refused says why, for programs and for people.
func ExampleCountries() {
	codes, err := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("US", "CA"), Sender: &carrier{}})
	if err != nil {
		panic(err)
	}
	for _, number := range []string{"+1 876 210 1234", "+1 900 234 5678"} {
		_, err = codes.Enroll(context.Background(), mfa.EnrollRequest{Params: mfa.EnrollParams{Phone: number}, Now: time.Now()})
		var refused *mfa.RefusedError
		fmt.Println(errors.As(err, &refused), refused.Reason)
		fmt.Println(refused.Detail)
	}
	// Output:
	// true country_not_allowed
	// Text messages are not sent to Jamaica. Please choose another method.
	// true number_not_personal
	// Text messages are not sent to numbers of this kind. Please give a mobile number, or choose another method.
}

// Texts in other scripts cost more: 70 characters to a message, instead of 160.
func ExampleSegments() {
	const last = "\n\n@example.com #123456"
	for _, text := range []string{
		"123456 is your Example code. It works for 5 minutes. Give it to nobody.",
		"123456 er koden din hos Example. Den virker i 5 minutter. Ikke gi den til noen.",
		"123456 — ваш код для Example. Он действует 5 минут. Никому его не сообщайте.",
		"123456 – код для Example. Никому.",
	} {
		fmt.Println(sms.Segments(text+last), text)
	}
	// Output:
	// 1 123456 is your Example code. It works for 5 minutes. Give it to nobody.
	// 1 123456 er koden din hos Example. Den virker i 5 minutter. Ikke gi den til noen.
	// 2 123456 — ваш код для Example. Он действует 5 минут. Никому его не сообщайте.
	// 1 123456 – код для Example. Никому.
}

// A SIM card that was changed yesterday may be a thief's.
func ExampleConfig_before() {
	changed := map[string]time.Time{"+4791234567": time.Now().Add(-24 * time.Hour)} // what a carrier's service says
	codes, err := sms.New(sms.Config{
		AppName: "Example", Countries: sms.Countries("NO"), Sender: &carrier{},
		Before: func(_ context.Context, to sms.Destination) error {
			if time.Since(changed[to.Number]) < 72*time.Hour {
				return &mfa.RefusedError{Reason: "sim_changed", Detail: "This number's SIM card is new. Please choose another method for three days."}
			}
			return nil
		},
	})
	if err != nil {
		panic(err)
	}
	step, err := codes.Enroll(context.Background(), mfa.EnrollRequest{User: mfa.User{ID: "7", Phone: "+4791234567"}, Now: time.Now()})
	if err != nil {
		panic(err)
	}
	fmt.Println(step.Delivery.Before(context.Background())) // the engine asks
	// Output: mfa: refused by the factor: sim_changed
}
