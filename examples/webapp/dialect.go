package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A dialect is all that differs between databases.
//
// Statements are written once, in what SQLite and PostgreSQL share: ? for a value,
// double quotes around a name that is a word of SQL elsewhere, ON CONFLICT (…) DO UPDATE SET. They use
// nothing that one of the databases lacks: no RETURNING, which MySQL has not, no
// function of one of them, and no backslash in a literal, which MySQL reads as an escape.
// What is compared byte for byte (identifiers, addresses, digests) has columns that are
// compared so, whatever the database's collation.
type dialect struct {
	name string

	// schemas bring the tables from one version to the next; how many have been run is
	// the version. One that has been released is never changed. The tables of the MFA
	// values stand in the same database and have a version of their own.
	//
	// Sessions, failures, links and keys hold only digests of what a client sends, so
	// that who reads the database cannot use what stands in it.
	schemas   []string
	metaTable string
	split     bool // a step is run one statement at a time

	isolation *sql.TxOptions // of transactions
	values    sqlstore.Dialect

	rewrite func(statement string) string
	// alone runs f while no other instance does so: in a transaction, where the
	// database can undo changes of tables.
	alone func(ctx context.Context, db *sql.DB, f func(executor) error) error
	// hasData says whether a server's database is in use already.
	hasData func(ctx context.Context, db *sql.DB) (bool, error)
	// isDuplicate says whether a row is there already, by a column that is unique.
	isDuplicate func(error) bool
	// fault and advice are of errors that the database's driver has made; 0 and empty
	// for others.
	fault  func(error) fault
	advice func(error) string
}

var dialects = []*dialect{&sqliteDialect, &postgresDialect, &mysqlDialect}

// runStep runs a step of a schema.
func (d *dialect) runStep(ctx context.Context, c executor, step string) error {
	statements := []string{step}
	if d.split {
		statements = strings.Split(strings.TrimSpace(step), ";\n")
	}
	for _, s := range statements {
		if _, err := c.ExecContext(ctx, strings.TrimSuffix(s, ";")); err != nil {
			return err
		}
	}
	return nil
}

// A fault is what a database's error means for whoever waits for the answer.
type fault int

const (
	broken  fault = iota // something is wrong that trying again does not change
	undone               // others were in the way, and nothing was done: try again at once
	busy                 // nothing was done, and it may be better in a moment
	unknown              // the connection was lost: it was done or it was not
)

// faultOf says what an error of a database means.
func faultOf(err error) fault {
	if errors.As(err, new(*mfa.SendError)) {
		return broken // of another server
	}
	if errors.Is(err, driver.ErrBadConn) {
		return busy // nothing was sent
	}
	for _, d := range dialects {
		if f := d.fault(err); f != broken {
			return f
		}
	}
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return busy // nothing was sent
	case errors.As(err, &dial), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed):
		return unknown
	}
	return broken
}

// isBusy says whether nothing was done because the database had no time, or was not
// there.
func isBusy(err error) bool {
	f := faultOf(err)
	return f == busy || f == undone
}

// isLost says whether the database went away before it answered. The engine finds out
// by itself what became of what it had begun.
func isLost(err error) bool { return faultOf(err) == unknown && !errors.Is(err, mfa.ErrStore) }

// explain adds to an error of where something is kept what to do about it. The name
// holds no password, nor do the drivers' errors.
func explain(name string, err error) error {
	for _, d := range dialects {
		if advice := d.advice(err); advice != "" {
			return fmt.Errorf("database %s: %s (%w)", name, advice, err)
		}
	}
	for _, advice := range []func(error) string{redisAdvice, networkAdvice} {
		if text := advice(err); text != "" {
			return fmt.Errorf("database %s: %s (%w)", name, text, err)
		}
	}
	return fmt.Errorf("database %s: %w", name, err)
}

// networkAdvice is for errors that say nothing of databases.
func networkAdvice(err error) string {
	var (
		dns      *net.DNSError
		dial     *net.OpError
		untrused *tls.CertificateVerificationError
		record   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &dns):
		return "its name is not known: check the host"
	case errors.As(err, &untrused), errors.As(err, new(x509.HostnameError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return "its certificate is not trusted: use the name that it is for, and have its authority among those that this machine trusts"
	case errors.As(err, &record):
		return "it does not speak TLS: switch that on there, as passwords and addresses cross the network"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing answers there: check host and port, and that the server runs"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &dial) && dial.Timeout():
		return "it does not answer: check host and port, and the firewall between"
	}
	return ""
}
