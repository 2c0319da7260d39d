package migrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/migrate"
)

// A desk is an importer that does as it is told.
type desk struct {
	calls []mfa.Import
	fail  map[string]error             // by user
	say   map[string]mfa.ImportOutcome // by item; else brought
}

func (d *desk) Import(_ context.Context, in mfa.Import) ([]mfa.Imported, error) {
	d.calls = append(d.calls, in)
	if err := d.fail[in.User.ID]; err != nil {
		return nil, err
	}
	var out []mfa.Imported
	for _, i := range in.Items {
		o := mfa.Imported{ID: i.ID, Outcome: mfa.ImportBrought, Enrollment: "e-" + i.ID}
		if s, ok := d.say[i.ID]; ok {
			o = mfa.Imported{ID: i.ID, Outcome: s, Detail: "as told"}
		}
		out = append(out, o)
	}
	return out, nil
}

// asked are the calls, as users and items.
func (d *desk) asked() (out []string) {
	for _, c := range d.calls {
		line := c.User.ID
		for _, i := range c.Items {
			line += " " + i.ID
		}
		out = append(out, line)
	}
	return out
}

func record(user string, items ...mfa.ImportItem) migrate.Record {
	return migrate.Record{User: user, Source: "test", Items: items}
}

var (
	anApp   = item("totp", "totp", `{}`)
	someSet = item("recovery", "recovery", `{}`)
)

func TestRun_CodesComeLastAndNeverAlone(t *testing.T) {
	for name, c := range map[string]struct {
		say  mfa.ImportOutcome
		want []string
		left int
	}{
		"brought": {mfa.ImportBrought, []string{"ada totp", "ada recovery"}, 0},
		"known":   {mfa.ImportKnown, []string{"ada totp", "ada recovery"}, 0},
		"refused": {mfa.ImportRefused, []string{"ada totp"}, 2},
		"no room": {mfa.ImportTooMany, []string{"ada totp"}, 2},
	} {
		d := &desk{say: map[string]mfa.ImportOutcome{"totp": c.say}}
		r, err := migrate.Run(bg, migrate.Config{Importer: d, Users: anyone, Records: sequence(record("ada", someSet, anApp))})
		if err != nil || !slices.Equal(d.asked(), c.want) || r.Left != c.left {
			t.Errorf("%s: %q, %+v, %v", name, d.asked(), r, err)
		}
	}
	d := &desk{}
	r, err := migrate.Run(bg, migrate.Config{Importer: d, Users: anyone, Records: sequence(record("ada", someSet))})
	if err != nil || len(d.calls) != 0 || r.Left != 1 || r.Tallies[0].Reason != string(migrate.ReasonAlone) {
		t.Errorf("alone: %q, %+v, %v", d.asked(), r, err)
	}
}

func TestRun_ManyItemsGoInSeveralCalls(t *testing.T) {
	var items []mfa.ImportItem
	for i := range 40 {
		items = append(items, item(fmt.Sprint(i), "sms", `{}`))
	}
	d := &desk{}
	r, err := migrate.Run(bg, migrate.Config{Importer: d, Users: anyone, Records: sequence(record("ada", items...)), DryRun: true})
	if err != nil || r.Brought != 40 || len(d.calls) != 3 {
		t.Errorf("%d calls, %+v, %v", len(d.calls), r, err)
	}
	for _, c := range d.calls {
		if len(c.Items) > 20 || !c.DryRun || c.Source != "test" || c.User.Name != "ada@example.com" {
			t.Errorf("%d items, %+v", len(c.Items), c.User)
		}
	}
}

func TestRun_Report(t *testing.T) {
	d := &desk{fail: map[string]error{"busy": mfa.ErrBusy, "bad": fmt.Errorf("x: %w", mfa.ErrBadInput), "sealed": mfa.ErrSealed},
		say: map[string]mfa.ImportOutcome{"old": mfa.ImportKnown, "no": mfa.ImportRefused}}
	users := func(ctx context.Context, id string) (mfa.User, error) {
		if id == "gone" {
			return mfa.User{}, fmt.Errorf("accounts: %w", migrate.ErrNoUser)
		}
		return anyone(ctx, id)
	}
	noted := record("ada", anApp, item("old", "sms", ""), item("no", "sms", ""))
	noted.Row, noted.Left = 1, []migrate.Left{{ID: "x", Method: "totp", Reason: migrate.ReasonUnconfirmed}}
	noted.Notes = []migrate.Note{{ID: "totp", Reason: migrate.NoteShort}, {ID: "old", Reason: migrate.NoteDrift}}
	unread := migrate.Record{Row: 2, Left: []migrate.Left{{Reason: migrate.ReasonNotRead}}}
	var lines strings.Builder
	r, err := migrate.Run(bg, migrate.Config{Importer: d, Users: users, Lines: &lines, Records: sequence(noted, unread, record("bob"), record("busy", anApp),
		record("bad", anApp, item("2", "sms", "")), record("sealed", anApp), record("gone", anApp), record("", anApp), record("eve", anApp))})
	if err != nil {
		t.Fatal(err)
	}
	if r.Records != 9 || r.Brought != 2 || r.Known != 1 || r.Left != 5 || r.Failed != 4 || r.Last != "eve" || r.Skipped != 0 {
		t.Errorf("%+v", r)
	}
	got, err := json.Marshal(r.Tallies)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"source":"","outcome":"left","reason":"row_not_read","count":1},` +
		`{"source":"test","method":"sms","outcome":"already_known","reason":"as told","count":1},` +
		`{"source":"test","method":"sms","outcome":"failed","reason":"bad_input","count":1},` +
		`{"source":"test","method":"sms","outcome":"refused","reason":"as told","count":1},` +
		`{"source":"test","method":"totp","outcome":"brought","count":1},` +
		`{"source":"test","method":"totp","outcome":"brought","reason":"short_secret","count":1},` +
		`{"source":"test","method":"totp","outcome":"failed","reason":"bad_input","count":1},` +
		`{"source":"test","method":"totp","outcome":"failed","reason":"busy","count":1},` +
		`{"source":"test","method":"totp","outcome":"failed","reason":"not_opened","count":1},` +
		`{"source":"test","method":"totp","outcome":"left","reason":"no_such_user","count":1},` +
		`{"source":"test","method":"totp","outcome":"left","reason":"row_names_no_user","count":1},` +
		`{"source":"test","method":"totp","outcome":"left","reason":"unconfirmed","count":1}]`; string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := `{"row":1,"source":"test","user":"ada","item":"x","method":"totp","outcome":"left","reason":"unconfirmed"}
{"row":1,"source":"test","user":"ada","item":"totp","method":"totp","outcome":"brought","notes":["short_secret"],"enrollment":"e-totp"}
{"row":1,"source":"test","user":"ada","item":"old","method":"sms","outcome":"already_known","reason":"as told"}
{"row":1,"source":"test","user":"ada","item":"no","method":"sms","outcome":"refused","reason":"as told"}
{"row":2,"source":"","outcome":"left","reason":"row_not_read"}
{"source":"test","user":"busy","item":"totp","method":"totp","outcome":"failed","reason":"busy"}
{"source":"test","user":"bad","item":"totp","method":"totp","outcome":"failed","reason":"bad_input"}
{"source":"test","user":"bad","item":"2","method":"sms","outcome":"failed","reason":"bad_input"}
{"source":"test","user":"sealed","item":"totp","method":"totp","outcome":"failed","reason":"not_opened"}
{"source":"test","user":"gone","item":"totp","method":"totp","outcome":"left","reason":"no_such_user"}
{"source":"test","item":"totp","method":"totp","outcome":"left","reason":"row_names_no_user"}
{"source":"test","user":"eve","item":"totp","method":"totp","outcome":"brought","enrollment":"e-totp"}
`; lines.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &lines, want)
	}
}

func TestRun_ReportIsBounded(t *testing.T) {
	d := &desk{}
	var records []migrate.Record
	for i := range 1500 {
		records = append(records, migrate.Record{User: "u", Source: fmt.Sprint(i), Items: []mfa.ImportItem{anApp}})
	}
	long := record(strings.Repeat("ø", 500), item(strings.Repeat("i", 500), "totp", ""))
	var lines strings.Builder
	r, err := migrate.Run(bg, migrate.Config{Importer: d, Users: anyone, Records: sequence(append(records, long)...), Lines: &lines})
	if err != nil || r.Brought != 1501 {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := len(r.Tallies); n != 1001 || r.Tallies[0] != (migrate.Tally{Outcome: "brought", Reason: "other", Count: 501}) {
		t.Errorf("%d tallies", n)
	}
	for line := range strings.Lines(lines.String()) {
		if len(line) > 1000 || !json.Valid([]byte(line)) {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func TestRun_WhatEndsIt(t *testing.T) {
	broken := errors.New("broken")
	two := sequence(record("ada", anApp), record("bob", anApp), record("eve", anApp))
	failing := func(yield func(migrate.Record, error) bool) {
		_ = yield(record("ada", anApp), nil) && yield(migrate.Record{}, broken) && yield(record("eve", anApp), nil)
	}
	cancelled, cancel := context.WithCancel(bg)
	for name, c := range map[string]struct {
		config migrate.Config
		ctx    context.Context
		is     error
		last   string
	}{
		"store":   {migrate.Config{Importer: &desk{fail: map[string]error{"bob": fmt.Errorf("%w: %w", mfa.ErrStore, broken)}}, Records: two}, bg, mfa.ErrStore, "ada"},
		"closed":  {migrate.Config{Importer: &desk{fail: map[string]error{"bob": mfa.ErrClosed}}, Records: two}, bg, mfa.ErrClosed, "ada"},
		"unknown": {migrate.Config{Importer: &desk{fail: map[string]error{"bob": broken}}, Records: two}, bg, broken, "ada"},
		"records": {migrate.Config{Importer: &desk{}, Records: failing}, bg, broken, "ada"},
		"users": {migrate.Config{Importer: &desk{}, Records: two, Users: func(_ context.Context, id string) (mfa.User, error) {
			return mfa.User{ID: id}, fails(id == "bob", broken)
		}}, bg, broken, "ada"},
		"lines":    {migrate.Config{Importer: &desk{}, Records: two, Lines: &full{room: 1, err: broken}}, bg, broken, "ada"},
		"check":    {migrate.Config{Importer: &desk{}, Records: two, Checkpoint: func(u string) error { return fails(u == "bob", broken) }}, bg, broken, "bob"},
		"context":  {migrate.Config{Importer: &desk{}, Records: two, Checkpoint: func(string) error { cancel(); return nil }}, cancelled, context.Canceled, "ada"},
		"after":    {migrate.Config{Importer: &desk{}, Records: two, After: "mal"}, bg, nil, "mal"},
		"short of": {migrate.Config{Importer: silent{}, Records: two}, bg, nil, ""},
	} {
		if c.config.Users == nil {
			c.config.Users = anyone
		}
		r, err := migrate.Run(c.ctx, c.config)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.HasPrefix(err.Error(), "migrate: ") {
			t.Errorf("%s: %v", name, err)
		}
		if r == nil || r.Last != c.last {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for name, c := range map[string]migrate.Config{
		"Importer": {Users: anyone, Records: two}, "Users": {Importer: &desk{}, Records: two}, "Records": {Importer: &desk{}, Users: anyone},
	} {
		if _, err := migrate.Run(bg, c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func fails(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}

// full has room for some lines.
type full struct {
	room int
	err  error
}

func (f *full) Write(b []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, f.err
	}
	return len(b), nil
}

type silent struct{}

func (silent) Import(context.Context, mfa.Import) ([]mfa.Imported, error) { return nil, nil }

func TestRun_After(t *testing.T) {
	var told []string
	d := &desk{}
	all := sequence(record("ada", anApp), migrate.Record{Left: []migrate.Left{{}}}, record("bob"), record("bob", anApp), record("eve", anApp))
	r, err := migrate.Run(bg, migrate.Config{Importer: d, Users: anyone, Records: all, After: "bob", Checkpoint: func(u string) error { told = append(told, u); return nil }})
	// Of two records of one user the second may not be done yet, and is done again.
	if err != nil || r.Skipped != 3 || r.Records != 2 || r.Left != 0 || !slices.Equal(d.asked(), []string{"bob totp", "eve totp"}) || !slices.Equal(told, []string{"bob", "eve"}) {
		t.Errorf("%+v, %q, %q, %v", r, d.asked(), told, err)
	}
	r, err = migrate.Run(bg, migrate.Config{Importer: d, Users: anyone, Records: all, After: "eve"})
	if err != nil || r.Skipped != 5 || r.Records != 0 || r.Last != "eve" {
		t.Errorf("%+v, %v", r, err)
	}
}
