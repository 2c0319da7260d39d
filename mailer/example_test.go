package mailer_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
)

// A server on the usual port: STARTTLS is demanded, and a certificate for its name.
func ExampleNew() {
	mails, err := mailer.New(mailer.Config{
		Addr:     "smtp.example.com:587",
		From:     "Example <no-reply@example.com>",
		Username: "example",
		Password: "from the environment, never from the code",
	})
	if err != nil {
		panic(err)
	}
	defer mails.Close()
	fmt.Println(mails)
	// Output: mailer.Sender(smtp.example.com:587, "Example" <no-reply@example.com>)
}

// An error says what can help, and nothing of the message.
func ExampleSender_Send() {
	mails, err := mailer.New(mailer.Config{Addr: "smtp.example.com:587", From: "no-reply@example.com"})
	if err != nil {
		panic(err)
	}
	defer mails.Close()
	_, err = mails.Send(context.Background(), mfa.Message{
		ID: "4xk2m7", Channel: mfa.ChannelEmail, To: "ada@example.org, eve@example.net", Subject: "Your code", Text: "Your code is 271828.",
	})
	var fault *mfa.SendError
	if errors.As(err, &fault) {
		fmt.Println(fault.Reason, fault.Retry, fault.Err)
	}
	// Output: bad_destination false mailer: not a plain address of one mailbox
}
