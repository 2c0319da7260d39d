// Command webapp is a whole app around package mfa: accounts, passwords and
// sessions of its own; authenticator apps, security keys, passkeys, codes by text
// message and by mail, and recovery codes by the library; the JSON API under
// /mfa, and plain pages for all of it.
//
//	go run ./examples/webapp -dev
//
// It is meant to be read and copied. What belongs to the app and not to the
// library stands in small files: accounts.go, password.go, sessions.go and
// throttle.go. Where the two meet: host.go (what the library asks of the app),
// mint.go (the one way to a session) and account_http.go (sign in). keys.go says
// which keys are taken; their pages work by scripts, which static/keys.js begins.
// senders.go says where messages go.
//
// People get in by password (account_http.go), passkey, mailed link (magic.go), a
// password that they reset by mail (reset.go), another service (oauth.go) or an
// invitation (invite.go), and programs by the API (api.go, apikeys.go). Each of these
// is a first factor and no more: it ends in signin.go, and only a flow that has passed
// ends in mint.go.
//
// Data is in an SQLite file, or where -store says (place.go): PostgreSQL, MySQL or
// MariaDB (dialect.go has what differs), or Redis (redis.go). Any number of instances may share a
// server, with one key ring; examples/cluster runs three, and kills them.
//
// Sign-ins are scored by how unlike the ones before they are (risk.go): a new
// browser in another country is asked, and reads why; the next time it is not. Start it with
//
//	go run ./examples/webapp -dev -policy examples/webapp/policies/adaptive.json
//
// and play clients elsewhere at /dev/client, or by the headers X-Dev-Client-IP and
// X-Dev-User-Agent (devclient.go). -risk says whether the score decides (on), only
// watches (shadow) or is not there (off). Where addresses are, and what sort they are of, is
// in the files that -geo and -iplist name (geo.go); with -dev and without -geo in a table
// of made-up networks (devplaces.go). People see their sign-ins at /settings/activity
// (pages_activity.go) and say which was not theirs; staff see all at /admin/risk
// (admin_risk.go), and one user's with the evidence (verdict.go).
//
// What is asked of whom is in a policy (policy.go), which an admin can try out and
// replace (admin_policy.go). staff.go says what staff may do to whom, and admin_user.go
// does it. transfers.go has an action that is approved by itself, and repudiate.go is
// for owners who say that it was not them.
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
	"sync"
	"syscall"
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
	data, err := openData(ctx, c, clock.Now, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()

	var messages *inbox
	if c.dev {
		messages = newInbox(clock.Now)
	}
	// Keys are bound to the origin, which the port is a part of.
	listener, origin, err := listen(c)
	if err != nil {
		return err
	}
	c.origin = origin
	out, err := newSenders(c, clock, messages, reportSecret(data.keys))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, out.close()) }()
	known, err := openPlaces(ctx, c, clock, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer known.end()
	scorer, err := newScorer(ctx, c, data, clock, known, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer learning(ctx, scorer, log)() // until the engine is closed, which learns to the last
	engine, err := newEngine(ctx, c, data, clock, out, scorer, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, closeEngine(ctx, engine)) }()
	a, err := newApp(parts{config: c, db: data.db, engine: engine, scorer: scorer, known: known, clock: clock, senders: out, inbox: messages, log: log})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer reloadOnHangUp(ctx, c, a.methods, log)()
	if c.tables.server() {
		defer inBackground(ctx, a.followPolicy)()
	}
	defer inBackground(ctx, func(ctx context.Context) { tidyNowAndThen(ctx, data, engine, clock.Now, log) })()
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

// inBackground starts f, and returns what ends it and waits for that.
func inBackground(ctx context.Context, f func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { f(ctx) })
	return func() {
		cancel()
		work.Wait()
	}
}
