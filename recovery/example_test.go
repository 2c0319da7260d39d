package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// A lost phone: one of the ten codes stands in for it, once.
func ExampleNew() {
	ctx := context.Background()
	codes, err1 := recovery.New(recovery.Config{})
	apps, err2 := totp.New(totp.Config{Issuer: "Example"})
	keys, err3 := mfa.NewKeyRing() // a program keeps it in a file
	if err := errors.Join(err1, err2, err3); err != nil {
		log.Fatal(err)
	}
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps, codes}})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close(ctx)
	sheet := setUp(engine)

	for range 2 {
		flow, err := engine.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
		if err != nil {
			log.Fatal(err)
		}
		for _, o := range flow.Options {
			if o.Method == recovery.Name {
				_, err = engine.Verify(ctx, flow.Token, mfa.Answer{Option: o.ID, Code: sheet[0]}, mfa.Client{})
				fmt.Println("let in:", err == nil, "used before:", errors.Is(err, mfa.ErrNotValid))
			}
		}
	}
	// Output:
	// let in: true used before: false
	// let in: false used before: true
}

var ada = mfa.User{ID: "7", Name: "ada@example.com"}

// setUp adds an app for ada, which brings her recovery codes.
func setUp(engine *mfa.Engine) []string {
	ctx := context.Background()
	flow, err := engine.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil {
		log.Fatal(err)
	}
	caller := mfa.Caller{User: ada, Authentication: flow.Authentication}
	begun, err := engine.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name})
	if err != nil {
		log.Fatal(err)
	}
	phone, err := mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, nil)
	if err != nil {
		log.Fatal(err)
	}
	done, err := engine.Activate(ctx, caller, begun.ID, mfa.Answer{Code: phone.Code()})
	if err != nil {
		log.Fatal(err)
	}
	return done.RecoveryCodes
}
