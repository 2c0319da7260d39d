package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// The smallest engine: a store, keys, and one factor.
func ExampleNew() {
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		log.Fatal(err)
	}
	keys, err := mfa.NewKeyRing() // once; a program keeps what Export gives, and starts with ParseKeyRing
	if err != nil {
		log.Fatal(err)
	}
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close(context.Background())
	if err := engine.Check(context.Background()); err != nil {
		log.Fatal(err) // the ring of another database
	}

	// What is missing is named.
	_, err = mfa.New(mfa.Config{Store: memory.New(), Factors: []mfa.Factor{apps}})
	fmt.Println(err != nil)
	// Output:
	// true
}

// A password alone, until there is something to ask for.
func ExampleEngine_SignIn() {
	engine, _, ada := exampleEngine()
	defer engine.Close(context.Background())
	ctx := context.Background()

	flow, err := engine.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil {
		log.Fatal(err)
	}
	switch flow.Status {
	case mfa.StatusPassed: // make a session that keeps flow.Authentication
		fmt.Println("in, by", flow.Authentication.AMR())
	case mfa.StatusChallenge: // ask for one of flow.Options
	case mfa.StatusEnroll: // lead to where something of flow.Methods is set up
	case mfa.StatusDenied: // say why: flow.Reason
	}
	// Output:
	// in, by [pwd]
}

// A code from an app. The flow's token is in a cookie, or with the client.
func ExampleEngine_Verify() {
	engine, clock, ada := exampleEngine()
	defer engine.Close(context.Background())
	ctx := context.Background()
	phone := examplePhone(engine, clock, ada)

	flow, err := engine.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil {
		log.Fatal(err)
	}
	option := flow.Options[0] // what the person has picked
	fmt.Println(flow.Status, option.Method)

	_, err = engine.Verify(ctx, flow.Token, mfa.Answer{Option: option.ID, Code: "000000"}, mfa.Client{})
	fmt.Println(errors.Is(err, mfa.ErrNotValid)) // counted, then told

	flow, err = engine.Verify(ctx, flow.Token, mfa.Answer{Option: option.ID, Code: phone.Code()}, mfa.Client{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(flow.Status, flow.Authentication.AMR(), "AAL", int(flow.Authentication.AAL()))
	// Output:
	// challenge totp
	// true
	// passed [pwd otp mfa] AAL 2
}

// Setting an authenticator app up, in a settings page.
func ExampleEngine_Enroll() {
	engine, clock, ada := exampleEngine()
	defer engine.Close(context.Background())
	ctx := context.Background()
	flow, err := engine.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil {
		log.Fatal(err)
	}

	caller := mfa.Caller{User: ada, Authentication: flow.Authentication} // from the session
	begun, err := engine.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name, Label: "my phone"})
	if err != nil {
		log.Fatal(err)
	}
	challenge := begun.Challenge.(*totp.Challenge) // with a QR code, to be shown

	// The phone scans it, and shows a code. Nothing counts until one has come back.
	phone, err := mfatest.NewAuthenticator(challenge.URI, clock.Now)
	if err != nil {
		log.Fatal(err)
	}
	done, err := engine.Activate(ctx, caller, begun.ID, mfa.Answer{Code: phone.Code()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(done.Enrollment.Label, len(done.RecoveryCodes), "recovery codes, shown once")
	// done.Authentication is the session's evidence from now on.
	// Output:
	// my phone 10 recovery codes, shown once
}

// Something important asks for proof that is fresh.
func ExampleEngine_StepUp() {
	engine, clock, ada := exampleEngine()
	defer engine.Close(context.Background())
	ctx := context.Background()
	phone := examplePhone(engine, clock, ada)
	flow, err := engine.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	if err == nil {
		flow, err = engine.Verify(ctx, flow.Token, phone.Answer(flow), mfa.Client{})
	}
	if err != nil {
		log.Fatal(err)
	}
	session := flow.Authentication

	clock.Advance(2 * time.Hour)
	recent := mfa.Requirement{SecondFactor: true, MaxAge: time.Hour}
	err = engine.Satisfies(ctx, mfa.Caller{User: ada, Authentication: session}, recent)
	fmt.Println(errors.Is(err, mfa.ErrRequirement))

	flow, err = engine.StepUp(ctx, mfa.StepUp{User: ada, Authentication: session, Require: recent})
	if err == nil {
		flow, err = engine.Verify(ctx, flow.Token, phone.Answer(flow), mfa.Client{})
	}
	if err != nil {
		log.Fatal(err)
	}
	session = flow.Authentication // the session goes on with it, under a new id
	fmt.Println(flow.Purpose, engine.Satisfies(ctx, mfa.Caller{User: ada, Authentication: session}, recent))
	// Output:
	// true
	// step_up <nil>
}

// exampleEngine has authenticator apps and recovery codes, and a clock that is told the time.
func exampleEngine() (*mfa.Engine, *mfatest.Clock, mfa.User) {
	clock := mfatest.NewClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	apps, err1 := totp.New(totp.Config{Issuer: "Example"})
	codes, err2 := recovery.New(recovery.Config{})
	keys, err3 := mfa.NewKeyRing()
	if err := errors.Join(err1, err2, err3); err != nil {
		log.Fatal(err)
	}
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps, codes}, Now: clock.Now})
	if err != nil {
		log.Fatal(err)
	}
	return engine, clock, mfa.User{ID: "7", Name: "ada@example.com"}
}

// examplePhone is the app of a user who has set one up a minute ago.
func examplePhone(engine *mfa.Engine, clock *mfatest.Clock, user mfa.User) *mfatest.Authenticator {
	ctx := context.Background()
	flow, err := engine.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password})
	if err != nil {
		log.Fatal(err)
	}
	caller := mfa.Caller{User: user, Authentication: flow.Authentication}
	begun, err := engine.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name})
	if err != nil {
		log.Fatal(err)
	}
	phone, err := mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, clock.Now)
	if err == nil {
		_, err = engine.Activate(ctx, caller, begun.ID, mfa.Answer{Code: phone.Code()})
	}
	if err != nil {
		log.Fatal(err)
	}
	clock.Advance(time.Minute) // to the next code
	return phone
}
