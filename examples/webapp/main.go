// Command webapp is a whole app around package mfa: accounts, passwords and
// sessions of its own; authenticator apps, security keys, passkeys and recovery
// codes by the library; the JSON API under /mfa, and plain pages for all of it.
//
//	go run ./examples/webapp -dev
//
// It is meant to be read and copied. What belongs to the app and not to the
// library stands in small files: accounts.go, password.go, sessions.go and
// throttle.go. Where the two meet: host.go (what the library asks of the app),
// mint.go (the one way to a session) and account_http.go (sign in). keys.go says
// which keys are taken; their pages work by scripts, which static/keys.js begins.
//
// Sessions are cookies here: a client that is no browser can pass a sign-in
// with Mfa-Client: native, and keeps the session from Set-Cookie.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "webapp:", err)
		os.Exit(1)
	}
}

// run starts the app, prints its URL when it is ready, and returns when ctx
// ends and all is closed.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := parseConfig(args, stderr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	clock := new(clock)
	data, err := openData(ctx, c, clock.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()

	var messages *inbox
	if c.dev {
		messages = newInbox()
	}
	// Keys are bound to the origin, which the port is a part of.
	listener, origin, err := listen(c)
	if err != nil {
		return err
	}
	c.origin = origin
	engine, err := newEngine(ctx, c, data, clock, messages, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, closeEngine(ctx, engine)) }()
	a, err := newApp(parts{config: c, db: data.db, engine: engine, clock: clock, inbox: messages, log: log})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	go sweepNowAndThen(ctx, data, clock, log)
	if _, err := fmt.Fprintln(stdout, origin); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serve(ctx, listener, a.handler())
}

// listen opens the port, and says where browsers see the app.
func listen(c config) (net.Listener, string, error) {
	l, err := net.Listen("tcp", c.addr)
	if err != nil {
		return nil, "", err
	}
	at := l.Addr().String()
	// What a name like localhost stands for is known only now.
	if peer, err := netip.ParseAddrPort(at); c.dev && (err != nil || !peer.Addr().IsLoopback()) {
		return nil, "", errors.Join(fmt.Errorf("-dev is refused on %s, which is not a loopback address", at), l.Close())
	}
	_, port, _ := net.SplitHostPort(at)
	return l, c.originAt(port), nil
}

// sweepEvery is how often expired rows are dropped.
const sweepEvery = time.Hour

func sweepNowAndThen(ctx context.Context, d *data, c *clock, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := d.sweep(ctx, c.Now()); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "webapp: expired rows were not dropped", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
