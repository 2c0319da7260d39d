// Command api signs in to examples/webapp from a terminal, as an app on a phone or any
// other client that is no browser would: with bearer tokens, which it keeps itself.
//
//	go run ./examples/webapp -dev
//	go run ./examples/api login
//	go run ./examples/api enroll
//	go run ./examples/api whoami
//	go run ./examples/api logout
//
// Passwords and codes are typed without being shown; where the input is no terminal,
// they are lines of it. client.go is how calls are made, signin.go how a flow is
// answered, enroll.go how an authenticator app is added, saved.go what is kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	config, err := os.UserConfigDir()
	if err == nil {
		err = run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, filepath.Join(config, "mfa-example-api"))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, sentence(err))
		os.Exit(1)
	}
}

// An app is one run of the program.
type app struct {
	*client
	*person
	email    string
	remember bool
}

// run does what the arguments say, and keeps tokens in the folder dir.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer, dir string) error {
	commands := map[string]func(*app, context.Context) error{"login": (*app).login, "enroll": (*app).enroll, "whoami": (*app).whoami, "logout": (*app).logout}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("usage: api login | enroll | whoami | logout [-url URL] [-email ADDRESS] [-remember]")
	}
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	flags.SetOutput(out)
	url := flags.String("url", "http://127.0.0.1:8080", "`address` of the server")
	email := flags.String("email", "", "`address` of the account; asked for if empty")
	remember := flags.Bool("remember", false, "do not ask for a code here for a while, where the server allows it")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	kept, err := load(dir, *url)
	if err != nil {
		return err
	}
	c, err := newClient(*url, kept)
	if err != nil {
		return err
	}
	a := &app{client: c, person: newPerson(in, out), email: *email, remember: *remember}
	return commands[args[0]](a, ctx)
}

func (a *app) whoami(ctx context.Context) error {
	var me struct {
		Email string   `json:"email"`
		AMR   []string `json:"amr"`
		AAL   int      `json:"aal"`
	}
	if err := a.call(ctx, "GET", "/api/me", nil, &me); err != nil {
		return err
	}
	a.say("%s, signed in by %q, assurance level %d.", me.Email, me.AMR, me.AAL)
	return nil
}

func (a *app) logout(ctx context.Context) error {
	if err := a.forget(ctx); err != nil {
		return err
	}
	a.say("Signed out.")
	return nil
}

// forget ends the session at the server first, as a token that is only forgotten here
// would go on working. What names this device stays: the next sign-in needs it.
func (a *app) forget(ctx context.Context) error {
	if a.saved.Session == "" {
		return nil
	}
	if err := a.call(ctx, "DELETE", "/api/token", nil, nil); err != nil && !is(err, "unauthenticated") {
		return err
	}
	return a.saved.setSession("")
}
