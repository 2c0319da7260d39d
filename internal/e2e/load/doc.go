// Package load drives users through whole sign-ins over HTTP and measures them:
// password, flow, code of an authenticator app. The server is one of its own over
// a store that a URL names, or any that speaks the API of the demo application.
//
// It measures this library and the database under it. Passwords are compared as
// they are: a password's slow digest, on purpose, costs more than all the rest.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options say what [Run] does. Either Store or Target is needed.
type Options struct {
	Store  string // memory:, sqlite:FILE, postgres://…, mysql://…, redis://host:port, redis+cluster://host:port,host:port
	Target string // the address of a running server, http://127.0.0.1:8080; Store is not used then

	Users   int           // who sign in, one after the other; 0: 1000
	Clients int           // at a time, at most as many as users; 0: 64, or as many as users
	For     time.Duration // how long; 0: 10 s

	// Connections to an SQL database, open and idle, or the pool of a Redis client;
	// 0: 16.
	Connections int

	Progress io.Writer // a line that goes on, for people; nil: none
}

func (o *Options) complete() error {
	if (o.Store == "") == (o.Target == "") {
		return errors.New("load: name either a store or a target")
	}
	o.Users, o.For, o.Connections = cmp.Or(o.Users, 1000), cmp.Or(o.For, 10*time.Second), cmp.Or(o.Connections, 16)
	o.Clients = cmp.Or(o.Clients, min(64, o.Users))
	if o.Users < 0 || o.For < 0 || o.Connections < 0 || o.Clients < 0 || o.Clients > o.Users {
		return fmt.Errorf("load: %d users, %d clients, %v, %d connections: want at least as many users as clients, and nothing below zero",
			o.Users, o.Clients, o.For, o.Connections)
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return nil
}

// A site is the server that people sign in to.
type site interface {
	base() string
	account(n int) login
	// enroll makes account n with an authenticator app, and returns the app's secret.
	enroll(ctx context.Context, n int) ([]byte, error)
	// now is the server's clock, and moveOn returns when it has come to the next step
	// of the codes. Nothing else happens at the site meanwhile.
	now() time.Time
	moveOn(ctx context.Context) error
	// counter counts the statements of the store; nil: nobody can tell.
	counter() *counter
	close(ctx context.Context) error
}

// Run signs users in until the time is up or ctx ends, and says how that went. When
// ctx ends early the report is of what was done by then. What it made in the store
// it takes away again; at a target the accounts stay.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	var s site
	var err error
	if o.Target != "" {
		s, err = reach(ctx, o)
	} else {
		s, err = serve(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	report, err := run(ctx, s, o)
	if closing := s.close(context.WithoutCancel(ctx)); closing != nil {
		err = errors.Join(err, fmt.Errorf("load: clean up: %w", closing))
	}
	return report, err
}

func run(ctx context.Context, s site, o Options) (*Report, error) {
	c := newCrowd(s, o)
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	report := &Report{Store: c.what(), Users: o.Users, Clients: o.Clients, Machine: Machine()}
	if err := c.alone(ctx, report); err != nil {
		return nil, err
	}
	return report, c.drive(ctx, report)
}
