package demo_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// canaries are all secrets of a run, and all answers: when the run ends, none
// may be where it does not belong (C-20, C-27, A-53). Every test of this package
// is such a run.
type canaries struct {
	mu      sync.Mutex
	secrets map[string]canary // by value
	answers []reply
}

type canary struct {
	what  string
	forms [][]byte
	once  string // the one call whose answers may hold it; "": none, "*": any
	typed bool   // a short code: random digits elsewhere may equal it
}

func (c *canaries) add(value string, k canary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.secrets == nil {
		c.secrets = map[string]canary{}
	}
	c.secrets[value] = k
}

// secret is one that no body and no file ever holds.
func (c *canaries) secret(what, value string) {
	c.add(value, canary{what: what, forms: [][]byte{[]byte(value)}})
}

// token is one that a native client gets in a body, and that no file holds.
func (c *canaries) token(value string) {
	c.add(value, canary{what: "a token", once: "*", forms: [][]byte{[]byte(value)}})
}

// totp is a TOTP secret, in all the forms in which bytes are written down.
func (c *canaries) totp(secret string) {
	plain, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(plain) < 16 {
		panic("not a secret")
	}
	c.add(secret, canary{what: "a TOTP secret", once: "POST /mfa/enrollments", forms: [][]byte{
		[]byte(secret), []byte(strings.ToLower(secret)), plain, []byte(hex.EncodeToString(plain)),
		[]byte(base64.StdEncoding.EncodeToString(plain)), []byte(base64.RawURLEncoding.EncodeToString(plain)),
	}})
}

func (c *canaries) recovery(code string) {
	bare := strings.ReplaceAll(code, "-", "")
	c.add(code, canary{what: "a recovery code", once: "recovery", forms: [][]byte{
		[]byte(code), []byte(bare), []byte(strings.ToUpper(code)), []byte(strings.ToUpper(bare)),
	}})
}

func (c *canaries) code(code string) {
	c.add(code, canary{what: "a code", forms: [][]byte{[]byte(code)}, typed: true})
}

func (c *canaries) answered(r reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, r)
}

// issues says whether an answer is the one that hands out recovery codes.
func issues(call string) bool {
	return strings.HasSuffix(call, "/activate") || call == "POST /mfa/recovery-codes"
}

func (k canary) belongs(call string) bool {
	return k.once != "" && (k.once == "*" || k.once == call || k.once == "recovery" && issues(call))
}

func (k canary) in(text []byte) bool {
	for _, f := range k.forms {
		if bytes.Contains(text, f) {
			return true
		}
	}
	return false
}

// Digits that are random and not secret: fractions of a second, identifiers, keyed
// hashes. Among enough of them every code of six digits is found.
var noise = regexp.MustCompile(`\.\d+Z|"id":"[a-z2-7]+"|enrollments/[a-z2-7]+|data:image/png;base64,[A-Za-z0-9+/=]+|[0-9a-f]{32,}|[a-z2-7]{26}|[A-Z2-7]{26}`)

// readable is text as the search for k wants it.
func (k canary) readable(text, quiet []byte) []byte {
	if k.typed {
		return quiet
	}
	return text
}

// look searches the database's files, the log and every answer.
func (c *canaries) look(t testing.TB, a *app) {
	c.mu.Lock()
	defer c.mu.Unlock()
	places := map[string][]byte{
		"the log":         []byte(a.errors.String()),
		"standard output": []byte(a.process.Out.String()),
	}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if content, err := os.ReadFile(a.file + suffix); err == nil {
			places["the file demo.db"+suffix] = content
		}
	}
	if len(places["the file demo.db"])+len(places["the file demo.db-wal"]) == 0 {
		t.Error("there is no database to search")
	}
	for place, content := range places {
		quiet := noise.ReplaceAll(content, []byte(" "))
		for value, k := range c.secrets {
			if k.in(k.readable(content, quiet)) {
				t.Errorf("C-20: %s holds %s (%.4s…)", place, k.what, value)
			}
		}
	}
	for _, r := range c.answers {
		c.lookInAnswer(t, r)
	}
}

func (c *canaries) lookInAnswer(t testing.TB, r reply) {
	call, _, _ := strings.Cut(r.what, "?")
	var head strings.Builder
	for name, values := range r.header {
		if name != "Set-Cookie" { // the one place of tokens
			fmt.Fprintln(&head, name, values)
		}
	}
	full := append([]byte(head.String()), r.body...)
	quiet := noise.ReplaceAll(full, []byte(" "))
	for value, k := range c.secrets {
		if !k.belongs(call) && k.in(k.readable(full, quiet)) {
			t.Errorf("A-53: the answer to %s holds %s (%.4s…)", r.what, k.what, value)
		}
	}
}

// all are the secrets so far, by value.
func (c *canaries) all() map[string]canary {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.secrets)
}

// errorsOf counts the errors that a test would have.
type errorsOf struct {
	testing.TB
	found []string
}

func (e *errorsOf) Error(args ...any)            { e.found = append(e.found, fmt.Sprint(args...)) }
func (e *errorsOf) Errorf(f string, args ...any) { e.found = append(e.found, fmt.Sprintf(f, args...)) }

// The search finds what it is there for.
func TestCanariesAreFound(t *testing.T) {
	const secret, code, token = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "7k3q-x9bd-m2ch-w5te", "a-session-of-somebody"
	plain := "12345678901234567890"
	for _, row := range []struct {
		name string
		leak func(a *app)
		want int
	}{
		{"nothing", func(*app) {}, 0},
		{"a secret in the database", func(a *app) { a.write(t, "demo.db", secret) }, 1},
		{"a code in the database", func(a *app) { a.write(t, "demo.db", "\x66424242") }, 1},
		{"a keyed hash in the database", func(a *app) { a.write(t, "demo.db", "limit/"+strings.Repeat("0a424242", 8)) }, 0},
		{"an identifier in the database", func(a *app) { a.write(t, "demo.db", "user/SGC6JLUHC424242WGOWCM2RAB2") }, 0},
		{"a secret's bytes in the journal", func(a *app) { a.write(t, "demo.db-wal", "x"+plain+"y") }, 1},
		{"a recovery code in the log, in capitals", func(a *app) { _, _ = a.errors.Write([]byte("7K3QX9BDM2CHW5TE")) }, 1},
		{"a token in a body", func(a *app) { a.answer("GET /me", token, nil) }, 1},
		{"a token in a header", func(a *app) { a.answer("GET /me", "", http.Header{"Location": {"/?t=" + token}}) }, 1},
		{"a token in its cookie", func(a *app) { a.answer("POST /login", "", http.Header{"Set-Cookie": {"session=" + token}}) }, 0},
		{"a secret where it is issued", func(a *app) { a.answer("POST /mfa/enrollments", secret, nil) }, 0},
		{"a secret elsewhere", func(a *app) { a.answer("GET /mfa/enrollments", secret, nil) }, 1},
		{"recovery codes where they are issued", func(a *app) { a.answer("POST /mfa/enrollments/x/activate", code, nil) }, 0},
		{"recovery codes elsewhere", func(a *app) { a.answer("GET /mfa/activity", code, nil) }, 1},
		{"a code in an answer", func(a *app) { a.answer("POST /mfa/flow/verify", `{"detail":"not 424242"}`, nil) }, 1},
		{"a fraction of a second", func(a *app) { a.answer("GET /me", `"2026-01-01T00:00:00.424242Z"`, nil) }, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := &app{t: t, file: filepath.Join(t.TempDir(), "demo.db"), seen: &canaries{}, errors: new(program.Output), process: &program.Process{Out: new(program.Output)}}
			a.write(t, "demo.db", "some data")
			a.seen.totp(secret)
			a.seen.recovery(code)
			a.seen.secret("a cookie", token)
			a.seen.code("424242")
			row.leak(a)
			var found errorsOf
			a.seen.look(&found, a)
			if len(found.found) != row.want {
				t.Errorf("found %q, want %d", found.found, row.want)
			}
		})
	}
}

func (a *app) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(a.file), name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *app) answer(call, body string, header http.Header) {
	a.seen.answered(reply{what: call, body: []byte(body), header: header})
}
