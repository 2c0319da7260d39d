package demo_test

import (
	"bytes"
	"context"
	"database/sql"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// nobody is a user who is not root, as whom a test that runs as root starts the
// demo: rights stop nobody else.
const nobody = 65534

// refuses starts the demo, which must end by itself, with an error in one line
// that says what is told, and without a word on standard output.
func refuses(t *testing.T, says []string, args ...string) {
	t.Helper()
	cmd := exec.Command(webapp, args...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	stderr := new(program.Output)
	if p, err := program.Start(cmd, stderr); err == nil {
		p.Kill()
		t.Fatalf("it started: %s%s", p.Out, stderr)
	}
	if cmd.ProcessState.ExitCode() <= 0 {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
	text := stderr.String()
	if strings.Count(strings.TrimSpace(text), "\n") != 0 || !strings.HasPrefix(text, "webapp: ") || strings.Contains(text, "goroutine ") {
		t.Errorf("not one clear line: %s", text)
	}
	for _, s := range says {
		if !strings.Contains(text, s) {
			t.Errorf("%q does not say %q", text, s)
		}
	}
}

// used is the folder of a demo that has run, and has a member. Its files belong
// to whom refuses runs the demo as.
func used(t *testing.T) (file string) {
	t.Helper()
	a := start(t)
	a.member(t)
	a.kill()
	dir := t.TempDir()
	file = filepath.Join(dir, "demo.db")
	db, err := sql.Open("sqlite", "file:"+a.file)
	if err != nil {
		t.Fatal(err)
	}
	// One file, whole, without a journal beside it.
	if _, err := db.Exec("VACUUM INTO ?", file); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := os.ReadFile(a.file + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".keys", keys, 0o600); err != nil {
		t.Fatal(err)
	}
	exec1(t, file, "PRAGMA journal_mode = WAL")
	a.restart() // for its end
	open(t, dir)
	return file
}

// open gives a folder's files to nobody, and lets nobody reach it.
func open(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for up := dir; up != filepath.Clean(os.TempDir()) && up != "/"; up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func exec1(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// untouched checks that f leaves the file as it was.
func untouched(t *testing.T, file string, f func()) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f()
	after, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("%s was changed, %v", filepath.Base(file), err)
	}
}

func args(file string, more ...string) []string {
	return append([]string{"-addr", "127.0.0.1:0", "-store", "sqlite:" + file}, more...)
}

func TestC17_StartWithWrongKeys(t *testing.T) {
	t.Parallel()
	file := used(t)
	other := filepath.Join(t.TempDir(), "other.db")
	b := start(t)
	keys, err := os.ReadFile(b.file + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other+".keys", keys, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Dir(other))
	untouchedRows(t, file, func() {
		refuses(t, []string{"key ring", "other.db.keys", "-keys"}, args(file, "-keys", other+".keys")...)
	})

	if err := os.Rename(file+".keys", file+".gone"); err != nil {
		t.Fatal(err)
	}
	untouched(t, file, func() { refuses(t, []string{"demo.db.keys is missing"}, args(file)...) })
	if _, err := os.Stat(file + ".keys"); err == nil {
		t.Error("a new key ring was made beside data")
	}
	for name, text := range map[string]string{"empty": "", "not a ring": "hello\n", "cut off": string(keys[:len(keys)/2])} {
		if err := os.WriteFile(file+".keys", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			untouched(t, file, func() { refuses(t, []string{"key ring", "demo.db.keys"}, args(file)...) })
		})
	}
}

// untouchedRows is untouched for a start that reads the database first.
func untouchedRows(t *testing.T, file string, f func()) {
	t.Helper()
	before := items(t, file)
	f()
	if after := items(t, file); after != before || before == "" {
		t.Errorf("the values were changed: %s, before %s", after, before)
	}
}

// items sums up what is stored for the library.
func items(t *testing.T, file string) (sum string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT group_concat(hex(key) || ' ' || version || ' ' || hex(value)) FROM mfa_items").Scan(&sum); err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestC17_StartOnALockedDatabase(t *testing.T) {
	t.Parallel() // it waits for the lock for some seconds
	file := used(t)
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Dir(file))
	untouched(t, file, func() { refuses(t, []string{"demo.db", "another program holds its lock"}, args(file)...) })
}

func TestC17_StartOnAReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	file := used(t)
	for _, path := range []string{file, filepath.Dir(file)} {
		if err := os.Chmod(path, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(file), 0o755) }) // so that it can be removed
	untouched(t, file, func() { refuses(t, []string{"demo.db", "cannot be written"}, args(file)...) })
}

func TestC17_StartOnANewerSchema(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"the app's":     "UPDATE webapp_meta SET value = '99' WHERE name = 'schema'",
		"the library's": "UPDATE mfa_items_schema SET version = 99",
	} {
		t.Run(name, func(t *testing.T) {
			file := used(t)
			exec1(t, file, statement)
			exec1(t, file, "PRAGMA wal_checkpoint(TRUNCATE)")
			open(t, filepath.Dir(file))
			untouchedRows(t, file, func() { refuses(t, []string{"demo.db", "newer"}, args(file)...) })
		})
	}
}

func TestC17_StartOnWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	file := used(t)
	if err := os.WriteFile(file, bytes.Repeat([]byte("not a database\n"), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Dir(file))
	untouched(t, file, func() { refuses(t, []string{"demo.db", "not an SQLite database"}, args(file)...) })
	dir := t.TempDir()
	open(t, dir)
	refuses(t, []string{"nowhere"}, args(filepath.Join(dir, "nowhere", "demo.db"))...)
	refuses(t, nil, args(dir)...)
}

func TestStartWithBadFlags(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "demo.db")
	open(t, filepath.Dir(file))
	another := filepath.Join(filepath.Dir(file), "another.db")
	bad := newFile(t, "policy.json", `{"mode":"optional"}`)
	open(t, filepath.Dir(bad))
	for _, row := range []struct {
		name string
		says []string
		args []string
	}{
		{"store", []string{"-store"}, []string{"-store", "file.db"}},
		{"store on a network in the clear", []string{"-store", "rediss://"}, []string{"-store", "redis://redis.example"}},
		{"policy that is not there", []string{"-policy"}, args(another, "-policy", file+".json")},
		{"policy that is wrong", []string{"-policy", "mode"}, args(another, "-policy", bad)},
		{"argument", []string{"unexpected"}, args(file, "extra")},
		{"address", []string{"-addr"}, args(file, "-addr", "nowhere")},
		{"origin in the clear", []string{"-origin"}, args(file, "-origin", "http://example.com")},
		{"dev on all addresses", []string{"-dev"}, args(file, "-dev", "-addr", "0.0.0.0:0", "-origin", "http://localhost:8080")},
		{"dev on no address", []string{"-dev"}, args(file, "-dev", "-addr", ":0", "-origin", "http://localhost:8080")},
		{"dev on a network", []string{"-dev"}, args(file, "-dev", "-addr", "192.0.2.1:0", "-origin", "http://localhost:8080")},
		{"dev with https", []string{"-dev", "https"}, args(file, "-dev", "-origin", "https://localhost")},
		{"a network without https", []string{"-origin"}, args(file, "-addr", "0.0.0.0:0")},
	} {
		t.Run(row.name, func(t *testing.T) { refuses(t, row.says, row.args...) })
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a start with wrong flags has made a database")
	}
}

// Without -dev there is no inbox, no clock and no chosen address.
func TestDevIsNothingWithoutTheFlag(t *testing.T) {
	t.Parallel()
	a := startPlain(t)
	c := a.client(t)
	for _, path := range []string{"/dev/inbox", "/dev/inbox.json", "/dev/", "/dev"} {
		c.get(path).want(http.StatusNotFound)
	}
	c.post("/dev/clock", js{"advance": "1h"}).want(http.StatusNotFound)
	p := a.register(t)
	p.client.header.Set("X-Dev-Client-IP", "203.0.113.7")
	pending := p.begin(js{"method": "totp"})
	p.activate(pending)
	r := p.get("/mfa/activity").want(http.StatusOK)
	if strings.Contains(string(r.body), "203.0.113.7") || !strings.Contains(string(r.body), "127.0.0.1") {
		t.Errorf("activity: %s", r.body)
	}
	p.header.Set("Accept", "text/html")
	if r := p.get("/"); strings.Contains(string(r.body), "Development mode") {
		t.Error("the page says that development mode is on")
	}
	d := start(t).client(t)
	d.header.Set("Accept", "text/html")
	for _, page := range []string{"/", "/login", "/register", "/dev/inbox", "/nowhere"} {
		if r := d.get(page); !strings.Contains(string(r.body), "Development mode is on") {
			t.Errorf("%s does not say that development mode is on", page)
		}
	}
}

// SIGTERM ends it cleanly.
func TestEndsCleanly(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member(t)
	if err := a.process.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := a.process.Ended(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if out := a.process.Out.String(); strings.Count(out, "\n") != 1 {
		t.Errorf("standard output has more than the one line: %q", out)
	}
	a.run()
}
