package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/totp"
	otp "github.com/pquerna/otp/totp"
	"go.etcd.io/bbolt"
)

var _ mfa.Scanner = store{}

func main() {
	file := filepath.Join(os.TempDir(), fmt.Sprintf("customstore-%d.db", os.Getpid()))
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	fmt.Println("keeping users in", file)
	happened, err := run(context.Background(), file)
	for _, line := range happened {
		fmt.Println(line)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run gives somebody an authenticator app, signs them in with a code of it, and
// tries that code again, before and after the file was closed. It returns what
// happened, line by line.
func run(ctx context.Context, file string) (happened []string, err error) {
	keys, err := mfa.NewKeyRing() // a real program keeps its ring: without it nothing in the file opens
	if err != nil {
		return nil, err
	}
	ada := mfa.User{ID: fmt.Sprint("ada-", time.Now().UnixNano()), Name: "ada"} // new each time, as the ring is
	var code string
	err = with(file, keys, func(m *mfa.Engine) error {
		secret, err := addApp(ctx, m, ada)
		if err != nil {
			return err
		}
		// The code that confirmed the app is spent. The next one is good already.
		if code, err = otp.GenerateCode(secret, time.Now().Add(30*time.Second)); err != nil {
			return err
		}
		happened = append(happened, "ada has an authenticator app",
			"its code: "+answer(ctx, m, ada, code), "the same code: "+answer(ctx, m, ada, code))
		return nil
	})
	if err != nil {
		return happened, err
	}
	err = with(file, keys, func(m *mfa.Engine) error {
		happened = append(happened, "the same code, after a restart: "+answer(ctx, m, ada, code))
		return nil
	})
	return happened, err
}

// with opens an engine over the file for as long as use takes.
func with(file string, keys *mfa.KeyRing, use func(*mfa.Engine) error) (err error) {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := newStore(db, "mfa")
	if err != nil {
		return err
	}
	apps, err := totp.New(totp.Config{Issuer: "Custom store"})
	if err != nil {
		return err
	}
	m, err := mfa.New(mfa.Config{Store: s, Keys: keys, Factors: []mfa.Factor{apps}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close(context.Background())) }()
	return use(m)
}

// newStore makes the bucket unless it is there.
func newStore(db *bbolt.DB, bucket string) (store, error) {
	return store{db, bucket}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(bucket))
		return err
	})
}

// addApp sets an authenticator app up and returns its secret.
func addApp(ctx context.Context, m *mfa.Engine, u mfa.User) (secret string, err error) {
	flow, err := m.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil {
		return "", err
	}
	caller := mfa.Caller{User: u, Authentication: flow.Authentication}
	begun, err := m.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name})
	if err != nil {
		return "", err
	}
	secret = begun.Challenge.(*totp.Challenge).Secret
	code, err := otp.GenerateCode(secret, time.Now())
	if err != nil {
		return "", err
	}
	_, err = m.Activate(ctx, caller, begun.ID, mfa.Answer{Code: code})
	return secret, err
}

// answer signs in with a password and a code, and says how it went.
func answer(ctx context.Context, m *mfa.Engine, u mfa.User, code string) string {
	flow, err := m.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
	if err == nil && flow.Status == mfa.StatusChallenge {
		flow, err = m.Verify(ctx, flow.Token, mfa.Answer{Option: flow.Options[0].ID, Code: code}, mfa.Client{})
	}
	if err != nil {
		return err.Error()
	}
	return string(flow.Status)
}
