package totp_test

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/totp"
)

// The engine calls the factor; a host only makes it, and shows the challenge.
func ExampleNew() {
	apps, err := totp.New(totp.Config{Issuer: "Example Corp"})
	if err != nil {
		panic(err)
	}
	step, err := apps.Enroll(context.Background(), mfa.EnrollRequest{User: mfa.User{ID: "7", Name: "alice@example.com"}, Now: time.Now()})
	if err != nil {
		panic(err)
	}
	show := step.Challenge.(*totp.Challenge)
	picture, err := show.PNG()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %s\n", show.Issuer, show.Account)
	fmt.Println(len(show.Secret), "letters to type, or a picture:", len(picture) > 0)
	fmt.Println("in a log:", show)
	// Output:
	// Example Corp: alice@example.com
	// 32 letters to type, or a picture: true
	// in a log: totp.Challenge(redacted)
}

// An enrollment that was made elsewhere goes on here, with the step that was
// spent there.
func ExampleState() {
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		panic(err)
	}
	step, err := apps.Enroll(context.Background(), mfa.EnrollRequest{
		User:   mfa.User{ID: "7"},
		Params: mfa.EnrollParams{Import: []byte(`{"secret": "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", "last_step": 41152262}`)},
		Now:    time.Now(),
	})
	if err != nil {
		panic(err)
	}
	verified, err := apps.Verify(context.Background(), mfa.VerifyRequest{
		Purpose:     mfa.ForAuthentication,
		Enrollments: []mfa.Enrolled{{ID: "app", State: step.Done.State}},
		Answer:      mfa.Answer{Code: "005 924"},
		Now:         time.Unix(1234567890, 0),
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", verified.State)
	// Output:
	// {"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","algorithm":"SHA1","digits":6,"period":30,"last_step":41152263}
}
