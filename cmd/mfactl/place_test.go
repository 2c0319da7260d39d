package main

import (
	"database/sql"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A service on SQLite, from its tables on.
func TestOnSQLite(t *testing.T) {
	s := newService(t)
	at := "sqlite:" + s.file("mfa.db")
	s.fails(exitFailed, "there is no database", "report", "-store", at, "-keys", s.keys)
	s.want(exitDone, "the tables in "+s.file("mfa.db")+" are up to date\n", "schema", "apply", "-store", at)
	if info := must[os.FileInfo](t)(os.Stat(s.file("mfa.db"))); info.Mode().Perm() != 0o600 {
		t.Errorf("its rights are %v", info.Mode())
	}
	opened := must[*opened](t)(openStore(t.Context(), storeFlags{where: at}))
	err := s.store.Scan(t.Context(), "", "", func(key string, item mfa.Item) error { return opened.store.Save(t.Context(), key, 0, item) })
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.close(); err != nil {
		t.Fatal(err)
	}
	s.env["MFA_STORE"], s.env["MFA_KEYS"] = at, s.keys
	code, out, errs := s.run("report")
	if code != exitDone || !strings.HasPrefix(out, "users                       3\n") || errs != "" {
		t.Error(code, out, errs)
	}
	if code, _, errs := s.run("keys", "rotate", "-out", s.file("next.keys")); code != exitDone {
		t.Fatal(errs)
	}
	s.want(exitDone, "looked at    4\nsealed anew  4\nfailed       0\n", "rewrap", "-keys", s.file("next.keys"), "-rate", "-1")
	s.fails(exitFailed, "is not the one of", "report") // the old ring
}

// Nothing is made in a database that a slip of the pen has named.
func TestTablesAreMadeBySchemaApplyAlone(t *testing.T) {
	s := newService(t)
	file := s.file("another.db")
	db := must[*sql.DB](t)(sql.Open("sqlite", sqlstore.SQLiteDSN(file)))
	if _, err := db.Exec("CREATE TABLE theirs (x)"); err != nil {
		t.Fatal(err)
	}
	tables := func() (n int) {
		if err := db.QueryRow("SELECT count(*) FROM sqlite_master").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, name := range []string{"report", "rewrap", "sweep"} {
		s.fails(exitFailed, "mfactl schema apply makes it", name, "-store", "sqlite:"+file, "-keys", s.keys)
	}
	if n := tables(); n != 1 {
		t.Errorf("there are %d tables", n)
	}
	s.fails(exitUsage, "Table", "report", "-store", "sqlite:"+file, "-keys", s.keys, "-table", "x; DROP TABLE theirs")
	if code, _, errs := s.run("schema", "apply", "-store", "sqlite:"+file, "-table", "Own"); code != exitDone {
		t.Error(errs)
	}
	if code, _, errs := s.run("report", "-store", "sqlite:"+file, "-keys", s.keys, "-table", "Own"); code != exitDone || !strings.Contains(errs, "there is nobody in") {
		t.Error(code, errs)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSchemaPrint(t *testing.T) {
	s := newService(t)
	for _, dialect := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL, sqlstore.SQLite} {
		want := must[string](t)(sqlstore.Schema(dialect, 1))
		s.want(exitDone, "-- to version 1\n"+want, "schema", "print", "-dialect", string(dialect))
		s.want(exitDone, "-- to version 1\n"+want, "schema", "print", "-dialect", string(dialect), "-version", "1")
	}
	own := must[string](t)(sqlstore.Options{Dialect: sqlstore.PostgreSQL, Table: "own", Schema: "app"}.SchemaSQL(1))
	s.want(exitDone, "-- to version 1\n"+own, "schema", "print", "-dialect", "postgres", "-table", "own", "-schema", "app")
	s.fails(exitUsage, "no version 99", "schema", "print", "-dialect", "mysql", "-version", "99")
	s.fails(exitUsage, "Dialect", "schema", "print")
	s.fails(exitUsage, "Redis needs none", "schema", "apply", "-store", "redis://127.0.0.1")
	s.fails(exitUsage, "-store", "schema", "apply")
}

// Whatever is wrong with a URL, no error repeats it.
func TestStoreThatCannotBeReadIsNotQuoted(t *testing.T) {
	s := newService(t)
	for _, at := range []string{
		"oracle://u:" + password + "@h/d", "sqlite:", "sqlite:x?" + password, "sqlite", "u:" + password + "@h/d",
		"postgres://u:" + password + "@h:port/d", "postgres://u:%" + password + "@h/d", "mysql://u:" + password + "@", "mysql://u:" + password + "@h:%/d",
		"redis://u:" + password + "@example.com", "redis://u:" + password + "@127.0.0.1:6379/zero", "redis://?" + password + "=%", "redis:" + password,
		"redis+cluster://:" + password + "@127.0.0.1?replicas=-1", "redis://:" + password + "@127.0.0.1?replicas=many",
	} {
		s.fails(exitUsage, "-store", "report", "-store", at, "-keys", s.keys)
	}
	for _, at := range []string{"postgres://u:" + password + "@127.0.0.1:1/d", "mysql://u:" + password + "@127.0.0.1:1/d", "redis://u:" + password + "@127.0.0.1:1"} {
		s.fails(exitFailed, "127.0.0.1:1", "report", "-store", at, "-keys", s.keys)
	}
	s.env["MFA_STORE"] = "postgres://u:" + password + "@h/d"
	if code, out, errs := s.run("help", "report"); code != exitDone || !strings.Contains(out, "MFA_STORE") {
		t.Error(out, errs)
	}
	s.fails(exitUsage, "not defined", "report", "-password", "x")
}

func TestReadRedis(t *testing.T) {
	for address, want := range map[string]string{
		"redis://localhost": "redis://localhost:6379 [localhost:6379] cluster=false user= db=0 tls=false prefix= replicas=-1 master=",
		"redis://ada:p@ss@127.0.0.1:7000/2?prefix=x&replicas=1": "redis://127.0.0.1:7000 [127.0.0.1:7000] cluster=false user=ada db=2 tls=false prefix=x replicas=1 master=",
		"redis+cluster://127.0.0.1:7000,127.0.0.1:7001":         "redis+cluster://127.0.0.1:7000,127.0.0.1:7001 [127.0.0.1:7000 127.0.0.1:7001] cluster=true user= db=0 tls=false prefix= replicas=-1 master=",
		"redis+cluster://127.0.0.1":                             "redis+cluster://127.0.0.1:6379 [127.0.0.1:6379] cluster=true user= db=0 tls=false prefix= replicas=-1 master=",
		"redis://127.0.0.1:7000?cluster=1":                      "redis://127.0.0.1:7000 [127.0.0.1:7000] cluster=true user= db=0 tls=false prefix= replicas=-1 master=",
		"rediss://a.example:6380,b.example":                     "rediss://a.example:6380,b.example:6379 [a.example:6380 b.example:6379] cluster=true user= db=0 tls=true prefix= replicas=-1 master=",
		"rediss+cluster://a.example":                            "rediss+cluster://a.example:6379 [a.example:6379] cluster=true user= db=0 tls=true prefix= replicas=-1 master=",
		"rediss://a.example,b.example?master=one":               "rediss://a.example:6379,b.example:6379 [a.example:6379 b.example:6379] cluster=false user= db=0 tls=true prefix= replicas=-1 master=one",
		"redis://example.com?insecure=1":                        "redis://example.com:6379 [example.com:6379] cluster=false user= db=0 tls=false prefix= replicas=-1 master=",
		"redis://[::1]":                                         "redis://[::1]:6379 [[::1]:6379] cluster=false user= db=0 tls=false prefix= replicas=-1 master=",
	} {
		p, err := readRedis(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		got := fmt.Sprintf("%s %v cluster=%v user=%s db=%d tls=%v prefix=%s replicas=%d master=%s",
			p.name, p.options.Addrs, p.options.IsClusterMode, p.options.Username, p.options.DB, p.options.TLSConfig != nil, p.prefix, p.replicas, p.options.MasterName)
		if got != want {
			t.Errorf("%s is\n%s, want\n%s", address, got, want)
		}
	}
	p, err := readRedis("redis://ada:p@ss@127.0.0.1")
	if err != nil || p.options.Password != "p@ss" {
		t.Error("a password may have an @")
	}
	t.Setenv("REDISCLI_AUTH", "of the environment")
	if p, err := readRedis("redis://127.0.0.1"); err != nil || p.options.Password != "of the environment" {
		t.Error("the environment's password is not taken")
	}
}

func TestPasswordOfTheEnvironment(t *testing.T) {
	for _, c := range [][3]string{
		{"mysql://u@h/d", "p w", "mysql://u:p%20w@h/d"},
		{"mysql://u:own@h/d", "p", "mysql://u:own@h/d"},
		{"mysql://h/d", "p", "mysql://h/d"},
		{"mysql://u@h/d", "", "mysql://u@h/d"},
	} {
		if got := withPassword(c[0], c[1]); got != c[2] {
			t.Errorf("%s is %s", c[0], got)
		}
	}
	for address, want := range map[string]string{
		"postgres://u:" + password + "@h:5432/d?password=" + password: "postgres://h:5432/d", "postgres://u:%" + password: "postgres://…",
	} {
		if got := shown(address); got != want {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}

// What people have called themselves, or their devices, moves no cursor.
func TestNothingMovesTheCursor(t *testing.T) {
	var b strings.Builder
	table := newTable(&b)
	table.row("a\x1b[2J", "b\r\nc", "\u202egnp.exe", "é 漢 ok")
	table.flush()
	if got := b.String(); strings.ContainsAny(got[:len(got)-1], "\x1b\r\n\u202e") || !strings.HasSuffix(got, "é 漢 ok\n") {
		t.Errorf("%q", got)
	}
	if got := quoted(`it's`); got != `'it'\''s'` {
		t.Error(got)
	}
}

func TestUsage(t *testing.T) {
	s := newService(t)
	_, all, _ := s.run()
	for _, c := range commands() {
		if !strings.Contains(all, "mfactl "+c.name+" ") {
			t.Errorf("%s is not listed", c.name)
		}
		for _, args := range [][]string{append([]string{"help"}, strings.Fields(c.name)...), append(strings.Fields(c.name), "-h")} {
			if code, out, errs := s.run(args...); code != exitDone || !strings.HasPrefix(out, "mfactl "+c.name) || errs != "" {
				t.Errorf("%v: %d %s %s", args, code, out, errs)
			}
		}
		if c.args == "" {
			s.fails(exitUsage, "unexpected argument", append(strings.Fields(c.name), "argument")...)
		}
	}
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		s.want(exitDone, all, args...)
	}
	s.fails(exitUsage, `no command "keys"`, "keys")
	s.fails(exitUsage, "no command", "help", "nothing")
	s.fails(exitUsage, "MFA_STORE", "report", "-keys", s.keys)
	s.fails(exitUsage, "MFA_KEYS", "report", "-store", "memory:")
	if !reflect.DeepEqual([]int{exitDone, exitFailed, exitUsage}, []int{0, 1, 2}) {
		t.Error("scripts go by 0, 1 and 2")
	}
}
