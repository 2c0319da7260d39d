package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// TestMain lets a test run the program as a process of its own: this test
// binary, told to be the program.
func TestMain(m *testing.M) {
	if os.Getenv("WEBAPP_TEST_RUN") == "1" {
		main()
		os.Exit(0)
	}
	testserver.Main(m)
}

type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr *bytes.Buffer
	url    string
}

func launch(t *testing.T, flags ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
	cmd.Env = append(os.Environ(), "WEBAPP_TEST_RUN=1")
	p := &process{t: t, cmd: cmd, stderr: new(bytes.Buffer)}
	cmd.Stderr = p.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v, %s", err, p.stderr)
	}
	p.url = strings.TrimSpace(line)
	return p
}

// stop ends the process by a signal, and returns what it printed after its URL.
func (p *process) stop(s os.Signal) (rest string, err error) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	text, _ := io.ReadAll(p.out)
	return string(text), p.cmd.Wait()
}

func (p *process) post(path string, v any) (int, string) {
	p.t.Helper()
	body, _ := json.Marshal(v)
	r, err := http.Post(p.url+path, "application/json", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(text)
}

// faults is what a log has beside the trail.
func faults(log string) string {
	var out string
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `level=INFO msg="mfa: `) {
			out += line
		}
	}
	return out
}

func TestProcessStartsAndEndsCleanly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a b.db")
	ada := object{"email": "ada@example.org", "password": goodPassword}
	p := launch(t, "-dev", "-store", "sqlite:"+file)
	if !strings.HasPrefix(p.url, "http://localhost:") {
		t.Fatalf("line %q", p.url)
	}
	if status, body := p.post("/register", ada); status != http.StatusCreated {
		t.Fatalf("status %d, %s", status, body)
	}
	for _, name := range []string{file, file + ".keys"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if rest, err := p.stop(syscall.SIGTERM); err != nil || rest != "" || faults(p.stderr.String()) != "" {
		t.Fatalf("end: %v, stdout %q, stderr %s", err, rest, p.stderr)
	}

	// What was acknowledged is there after a clean end, and after none.
	p = launch(t, "-store", "sqlite:"+file)
	bob := object{"email": "bob@example.org", "password": goodPassword}
	if status, body := p.post("/register", bob); status != http.StatusCreated {
		t.Fatalf("status %d, %s", status, body)
	}
	if _, err := p.stop(syscall.SIGKILL); err == nil {
		t.Fatal("a killed process ended well")
	}
	p = launch(t, "-store", "sqlite:"+file)
	for _, who := range []object{ada, bob} {
		if status, body := p.post("/login", who); status != http.StatusOK {
			t.Errorf("%v: status %d, %s", who["email"], status, body)
		}
	}
	if _, err := p.stop(syscall.SIGINT); err != nil {
		t.Errorf("SIGINT: %v, %s", err, p.stderr)
	}
}

func TestMemoryStoreLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	p := launch(t, "-store", "memory:")
	if status, body := p.post("/register", object{"email": "ada@example.org", "password": goodPassword}); status != http.StatusCreated {
		t.Fatalf("status %d, %s", status, body)
	}
	if _, err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatalf("%v, %s", err, p.stderr)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("files %v, %v", files, err)
	}
}

// runOnce starts the app and ends it at once if it starts.
func runOnce(t *testing.T, flags ...string) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return run(ctx, append([]string{"-addr", "127.0.0.1:0"}, flags...), onLine(cancel), io.Discard)
}

type onLine func()

func (f onLine) Write(p []byte) (int, error) { f(); return len(p), nil }

func TestBadStartSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "webapp.db")
	if err := runOnce(t, "-store", "sqlite:"+file); err != nil {
		t.Fatal(err)
	}
	keys, err := os.ReadFile(file + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.keys")
	if _, err := makeKeys(other); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"another key ring", []string{"-store", "sqlite:" + file, "-keys", other}, []string{other, "is not the one", "-keys"}},
		{"no key ring beside data", []string{"-store", "sqlite:" + file, "-keys", filepath.Join(dir, "none.keys")}, []string{"none.keys", "is missing", "backup"}},
		{"a damaged key ring", []string{"-store", "sqlite:" + file, "-keys", write("bad.keys", string(keys[:len(keys)/2]))}, []string{"bad.keys"}},
		{"not a database", []string{"-store", "sqlite:" + write("text.db", strings.Repeat("not a database ", 100)), "-keys", other}, []string{"text.db", "not an SQLite database"}},
		{"no folder", []string{"-store", "sqlite:" + filepath.Join(dir, "none", "x.db")}, []string{"none"}},
		{"a policy that is none", []string{"-store", "memory:", "-policy", write("policy.json", `{"mode":"offer","typo":1}`)}, []string{"policy.json", "typo"}},
		{"a policy with an unknown method", []string{"-store", "memory:", "-policy", write("p2.json", `{"mode":"offer","methods":["sms"]}`)}, []string{"p2.json", "sms"}},
		{"no policy file", []string{"-store", "memory:", "-policy", filepath.Join(dir, "none.json")}, []string{"none.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := runOnce(t, c.args...)
			if err == nil {
				t.Fatal("it started")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			if strings.Contains(err.Error(), strings.TrimSpace(string(keys))) {
				t.Error("the error holds the key ring")
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "none.keys")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a new key ring was made beside data")
	}
	if err := runOnce(t, "-store", "sqlite:"+file); err != nil {
		t.Errorf("the right start after all of these: %v", err)
	}
}

func TestABadPolicyIsFoundBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	policy := writeFile(t, `{"mode":"sometimes"}`)
	if err := runOnce(t, "-store", "sqlite:"+filepath.Join(dir, "webapp.db"), "-policy", policy); err == nil || !strings.Contains(err.Error(), "-policy "+policy) {
		t.Fatalf("error %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("made all the same: %v, %v", files, err)
	}
}

func TestNewerTablesAreLeftAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "webapp.db")
	if err := runOnce(t, "-store", "sqlite:"+file); err != nil {
		t.Fatal(err)
	}
	db := openFile(t, file)
	if _, err := db.Exec(`UPDATE webapp_meta SET value = '99' WHERE name = 'schema'`); err != nil {
		t.Fatal(err)
	}
	if err := runOnce(t, "-store", "sqlite:"+file); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("error %v", err)
	}
	var version string
	if err := db.QueryRow(`SELECT value FROM webapp_meta WHERE name = 'schema'`).Scan(&version); err != nil || version != "99" {
		t.Errorf("version %s, %v", version, err)
	}
}

func TestLockedReadOnlyAndFullAreFoundAtStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "webapp.db")
	if err := runOnce(t, "-store", "sqlite:"+file); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, pragma, says string }{
		{file, "query_only(1)", "cannot be written"},
		{filepath.Join(t.TempDir(), "new.db"), "max_page_count(2)", "no room left"},
	} {
		db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(c.file)+"&_txlock=immediate&_pragma="+c.pragma)
		if err != nil {
			t.Fatal(err)
		}
		err = explain(c.file, (&database{db, &sqliteDialect}).migrate(t.Context(), new(clock).Now()))
		db.Close()
		if !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", c.pragma, err)
		}
	}
	locker := openFile(t, file)
	tx, err := locker.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := explain(file, (&database{db, &sqliteDialect}).migrate(t.Context(), new(clock).Now())); err == nil || !strings.Contains(err.Error(), "another program holds its lock") {
		t.Errorf("locked: %v", err)
	}
}

func openFile(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := openDB(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestKeyRingIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.keys")
	if _, err := makeKeys(file); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(file)
	if _, err := makeKeys(file); err == nil {
		t.Error("a second ring was made in place of the first")
	}
	if second, _ := os.ReadFile(file); string(second) != string(first) {
		t.Error("the ring changed")
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
