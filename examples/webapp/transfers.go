package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

var (
	errPayee      = errors.New("webapp: not a name to pay to")
	errAmount     = errors.New("webapp: not an amount")
	errNoTransfer = errors.New("webapp: no such transfer")
)

// Bounds on a transfer.
const (
	maxPayee     = 64        // characters
	maxCents     = 1_000_000 // ten thousand euros
	maxTransfers = 20        // that a page shows
)

// A transfer is money that is to go, or went, from an account to somebody. What
// is approved is what stands in the database, and never what a client sends again.
type transfer struct {
	ID      string
	Account string
	Payee   string
	Cents   int64
	Created time.Time
	Done    time.Time // zero: it waits
}

// Text is what its owner approves.
func (t transfer) Text() string { return "Pay " + t.Amount() + " to " + t.Payee }

// Amount is how much, in words.
func (t transfer) Amount() string {
	if t.Cents%100 == 0 {
		return fmt.Sprintf("%d EUR", t.Cents/100)
	}
	return fmt.Sprintf("%d.%02d EUR", t.Cents/100, t.Cents%100)
}

// Pending says whether it waits.
func (t transfer) Pending() bool { return t.Done.IsZero() }

// transferAction begins the identifiers of actions that are transfers.
const transferAction = "transfer:"

// action is what the engine has approved.
func (t transfer) action() mfa.Action { return mfa.Action{ID: transferAction + t.ID, Text: t.Text()} }

// newTransfer reads what somebody has typed. errPayee, errAmount.
func newTransfer(payee, amount string) (transfer, error) {
	payee = strings.Join(strings.Fields(payee), " ")
	// What is approved is read on a page and in messages: no character may hide, or
	// turn the direction of what follows.
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	if n := utf8.RuneCountInString(payee); n == 0 || n > maxPayee || !utf8.ValidString(payee) || strings.ContainsFunc(payee, hidden) {
		return transfer{}, errPayee
	}
	whole, part, point := strings.Cut(strings.TrimSpace(amount), ".")
	if point && len(part) != 2 || !digits(whole) || point && !digits(part) {
		return transfer{}, errAmount
	}
	if !point {
		part = "00"
	}
	cents, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || cents < 1 || cents > maxCents {
		return transfer{}, errAmount
	}
	return transfer{Payee: payee, Cents: cents}, nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// transfers keeps them in SQL.
type transfers struct {
	db  *database
	now func() time.Time
}

func (s transfers) create(ctx context.Context, t transfer) (transfer, error) {
	t.ID, t.Created = rand.Text(), s.now()
	_, err := s.db.ExecContext(ctx, `INSERT INTO webapp_transfers (id, account, payee, cents, created_at) VALUES (?, ?, ?, ?, ?)`,
		t.ID, t.Account, t.Payee, t.Cents, t.Created.UnixMilli())
	return t, err
}

const transferColumns = `id, account, payee, cents, created_at, coalesce(done_at, 0)`

func scanTransfer(scan func(...any) error) (t transfer, err error) {
	var created, done int64
	err = scan(&t.ID, &t.Account, &t.Payee, &t.Cents, &created, &done)
	t.Created = time.UnixMilli(created).UTC()
	if done > 0 {
		t.Done = time.UnixMilli(done).UTC()
	}
	return t, err
}

// find is an account's transfer; another's is none. errNoTransfer.
func (s transfers) find(ctx context.Context, account, id string) (transfer, error) {
	t, err := scanTransfer(s.db.QueryRowContext(ctx, `SELECT `+transferColumns+` FROM webapp_transfers WHERE id = ? AND account = ?`, id, account).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return transfer{}, errNoTransfer
	}
	return t, err
}

// list are an account's latest.
func (s transfers) list(ctx context.Context, account string) (out []transfer, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+transferColumns+` FROM webapp_transfers WHERE account = ? ORDER BY created_at DESC, id LIMIT ?`, account, maxTransfers)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scanTransfer(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// carryOut pays, and keeps the approval as the record of it. errNoTransfer where
// it was paid already.
func (s transfers) carryOut(ctx context.Context, t transfer, approval string) error {
	return change(ctx, s.db, errNoTransfer, `UPDATE webapp_transfers SET done_at = ?, approval = ? WHERE id = ? AND account = ? AND done_at IS NULL`,
		s.now().UnixMilli(), approval, t.ID, t.Account)
}
