package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boombuler/barcode/qr"

	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/policy"
)

// A script is what is typed: lines, or functions of what was printed so far.
type script struct {
	steps []any
	out   strings.Builder
	left  string // of a line that is being read
}

func (s *script) Write(b []byte) (int, error) { return s.out.Write(b) }

func (s *script) Read(b []byte) (int, error) {
	if s.left == "" {
		if len(s.steps) == 0 {
			return 0, io.EOF
		}
		switch step := s.steps[0].(type) {
		case string:
			s.left = step + "\n"
		case func(shown string) string:
			s.left = step(s.out.String()) + "\n"
		}
		s.steps = s.steps[1:]
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

// A machine is where the program runs and keeps its file.
type machine struct {
	*server
	dir string
}

func newMachine(t *testing.T, p policy.Policy) *machine {
	t.Helper()
	return &machine{newServer(t, p), filepath.Join(t.TempDir(), "config")}
}

// runs runs the program, which ends as want says ("" for well) after all is read that is typed.
func (m *machine) runs(want, command string, typed ...any) string {
	m.t.Helper()
	s := &script{steps: typed}
	args := append(strings.Fields(command), "-url", m.url, "-email", address)
	err := run(m.t.Context(), args, s, s, m.dir)
	said := ""
	if err != nil {
		said = sentence(err)
	}
	if said != want && (want == "" || !strings.Contains(said, want)) {
		m.t.Fatalf("%s: %q, want %q; it printed\n%s", command, said, want, s.out.String())
	}
	if len(s.steps) > 0 {
		m.t.Fatalf("%s: %d lines were not read; it printed\n%s", command, len(s.steps), s.out.String())
	}
	if strings.Contains(s.out.String(), password) {
		m.t.Errorf("%s shows the password:\n%s", command, s.out.String())
	}
	return s.out.String()
}

var keyOf = regexp.MustCompile(`Key: ([A-Z2-7 ]+)`)

// keyIn is the key that was printed, as an app takes it.
func keyIn(shown string) string {
	return strings.ReplaceAll(keyOf.FindStringSubmatch(shown)[1], " ", "")
}

// enroll has the program add an authenticator app, and returns its key.
func (m *machine) enroll(command string, before ...any) (key string) {
	m.t.Helper()
	out := m.runs("", command, append(before, func(shown string) string {
		key = keyIn(shown)
		return m.code(key)
	})...)
	if !strings.Contains(out, "Link: otpauth://totp/") || !strings.Contains(out, "recovery codes") {
		m.t.Errorf("it printed\n%s", out)
	}
	return key
}

func (m *machine) file() string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, fileName))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

var offer = policy.Policy{Rules: policy.Rules{Mode: policy.Offer}}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	m := newMachine(t, offer)
	m.runs("not signed in", "whoami")
	m.runs("e-mail address or the password is not right", "login", "a bad password")
	if out := m.runs("", "login", password); !strings.Contains(out, address+", signed in by") {
		t.Errorf("signed in:\n%s", out)
	}
	key := m.enroll("enroll")
	m.runs("", "logout")
	if m.open() != 0 {
		t.Error("the session goes on at the server")
	}
	m.runs("not signed in", "whoami")
	m.runs("", "logout")

	// An app and recovery codes: a choice, a wrong code, another way and back.
	out := m.runs("", "login", password, "1", "000000", "other", "9", "", func(string) string { return m.code(key) })
	for _, part := range []string{"not right", "tries are left", "type a number from 1 to 2", `"otp"`} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if out := m.runs("", "whoami"); !strings.Contains(out, `"otp"`) {
		t.Errorf("who am I:\n%s", out)
	}
	m.runs("", "login", password, "1", func(string) string { return m.code(key) })
	if m.open() != 1 {
		t.Errorf("%d sessions after signing in again", m.open())
	}
}

// The session has gone by, so that the person is asked, and the same call is made again.
func TestEnrollStepsUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t, offer)
	m.runs("", "login", password)
	key := m.enroll("enroll")
	m.Advance(time.Hour)
	code := func(string) string { return m.code(key) }
	second := func(shown string) string { return m.code(keyIn(shown)) }
	out := m.runs("", "enroll", "1", code, second)
	if strings.Contains(out, "recovery codes") || !strings.Contains(out, "is set up") {
		t.Errorf("it printed\n%s", out)
	}
	m.runs("", "whoami")
}

func TestMessagesAreSentAgain(t *testing.T) {
	t.Parallel()
	m := newMachine(t, policy.Policy{Rules: policy.Rules{Implicit: []string{"email"}}})
	first := ""
	out := m.runs("", "login", password,
		func(string) string { first = m.mailed(); return "again" }, // too soon
		func(string) string { m.Advance(time.Minute); return "again" },
		func(string) string { return first }, // dead by now
		func(string) string { return m.mailed() })
	for _, part := range []string{"on its way to a", "went out a moment ago", "not right"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if strings.Contains(out, "other") {
		t.Errorf("there is no other way:\n%s", out)
	}
}

func TestEnrollingInASignIn(t *testing.T) {
	t.Parallel()
	m := newMachine(t, policy.Policy{Rules: policy.Rules{Methods: []string{"totp"}, Grace: policy.Grace{Skips: 1}}})
	m.runs("", "login", password, "2")
	out := m.runs("", "login", password, "000000x", "000000", func(shown string) string {
		return m.code(keyIn(shown))
	})
	if !strings.Contains(out, "recovery codes") || !strings.Contains(out, `"otp"`) {
		t.Errorf("it printed\n%s", out)
	}

	m = newMachine(t, policy.Policy{Rules: policy.Rules{Methods: []string{"email"}}})
	m.runs("in a browser", "login", password)
}

func TestLockedIsTold(t *testing.T) {
	t.Parallel()
	m := newMachine(t, policy.Policy{Rules: policy.Rules{Mode: policy.Offer, Methods: []string{"totp"}, Forbidden: []string{"recovery"}}})
	m.runs("", "login", password)
	m.runs("", "enroll", func(shown string) string { return m.code(keyIn(shown)) })
	typed := []any{password}
	for range 5 {
		typed = append(typed, "000000")
	}
	m.runs("Too many wrong codes. Please try again after", "login", append(typed, "000000")...)
	m.runs("Too many wrong codes.", "login", password) // and another flow is no way around
}

// The device's name is kept over sign-ins and given back, the newest each time.
func TestTheDeviceIsRemembered(t *testing.T) {
	t.Parallel()
	m := newMachine(t, policy.Policy{Rules: policy.Rules{Methods: []string{"totp"}, Remember: policy.Remember{Days: 30}}})
	var key string
	m.runs("", "login", password, func(shown string) string {
		key = keyIn(shown)
		return m.code(key)
	})
	m.runs("", "logout")
	m.runs("", "login -remember", password, "1", func(string) string { return m.code(key) })
	m.runs("", "logout")
	m.runs("", "login", password) // and no code
	if names := m.devices; names[0] != "" || names[1] == "" || names[2] == "" || names[1] == names[2] {
		t.Errorf("the sign-ins came with %q", names)
	}
}

func TestTheFileIsItsOwners(t *testing.T) {
	t.Parallel()
	m := newMachine(t, offer)
	m.runs("", "login", password)
	folder, err := os.ReadDir(m.dir)
	if err != nil || len(folder) != 1 {
		t.Fatalf("the folder has %v, %v", folder, err)
	}
	for path, want := range map[string]fs.FileMode{m.dir: 0o700, filepath.Join(m.dir, fileName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	if text := m.file(); strings.Contains(text, password) || !strings.Contains(text, m.url) {
		t.Errorf("the file: %s", text)
	}
}

// A token goes to the server that it is from, and neither password nor token where it
// could be read on the way.
func TestTokensGoNowhereElse(t *testing.T) {
	t.Parallel()
	m := newMachine(t, offer)
	m.runs("", "login", password)
	var seen http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		http.Redirect(w, r, m.url+"/api/me", http.StatusTemporaryRedirect)
	}))
	defer other.Close()
	s := &script{}
	if err := run(t.Context(), []string{"whoami", "-url", other.URL}, s, s, m.dir); !is(err, "internal") {
		t.Errorf("a redirect: %v", err)
	}
	if seen.Get("Authorization") != "" || seen.Get("Mfa-Device") != "" {
		t.Errorf("another server was given %v", seen)
	}
	for _, bad := range []string{"http://app.example", "ftp://localhost", "app.example", "https://app.example/x", "https://u:p@app.example", "http://127.0.0.1.example"} {
		if err := run(t.Context(), []string{"login", "-url", bad}, s, s, m.dir); err == nil || s.out.Len() > 0 {
			t.Errorf("%s: %v, %s", bad, err, s.out.String())
		}
	}
	if err := run(t.Context(), []string{"nothing"}, s, s, m.dir); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("an unknown command: %v", err)
	}
}

// Whatever the API may say, a person reads a sentence.
func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	_, list, _ := strings.Cut(mfahttp.OpenAPI(), "          enum:\n            - bad_request\n")
	list, _, _ = strings.Cut("            - bad_request\n"+list, "        attempts_left")
	codes := regexp.MustCompile(`- (\w+)`).FindAllStringSubmatch(list, -1)
	if len(codes) < 25 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for _, m := range codes {
		said := sentence(&problem{Code: m[1]})
		if !strings.HasPrefix(said, sentences[m[1]]) || sentences[m[1]] == "" || !strings.HasSuffix(said, ".") || strings.Contains(said, m[1]) && strings.Contains(m[1], "_") {
			t.Errorf("%s: %q", m[1], said)
		}
	}
	one := 1
	for _, c := range []struct {
		p    problem
		want string
	}{
		{problem{Code: "code_not_valid", AttemptsLeft: &one, Hint: "clock_skew"}, "One try is left. The clock"},
		{problem{Code: "code_not_valid", Resent: true, ResendAt: time.Now()}, "A new one was sent."},
		{problem{Code: "locked", Disabled: true}, "set up again"},
		{problem{Code: "delivery_failed", Retry: true}, "Trying again may help."},
		{problem{Code: "requirement", Missing: []string{"phishing_resistant"}}, "security key"},
		{problem{Code: "too_often", Status: 429, after: "90"}, "in 1m30s"},
		{problem{Code: "new_one", Detail: "a \x1b[31mred\x07 thing"}, "refuses this: a [31mred thing."},
	} {
		if got := sentence(&c.p); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
	if got := denied(flow{Reason: "risk", Support: "call us"}); !strings.Contains(got, "stopped. For help: call us") {
		t.Errorf("denied: %q", got)
	}
}

// What is drawn has the code's modules, and light around them.
func TestDrawnIsTheQRCode(t *testing.T) {
	t.Parallel()
	const uri = "otpauth://totp/Test:ada?secret=JBSWY3DPEHPK3PXP"
	picture, err := drawn(uri)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	size, lines := code.Bounds().Dx(), strings.Split(strings.TrimSuffix(picture, "\n"), "\n")
	if want := (size + 8 + 1) / 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	for y, line := range lines {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
		for x, r := range []rune(line) {
			for half, dark := range []bool{strings.ContainsRune("▀█", r), strings.ContainsRune("▄█", r)} {
				mx, my, want := x-4, 2*y+half-4, false
				if mx >= 0 && my >= 0 && mx < size && my < size {
					red, _, _, _ := code.At(mx, my).RGBA()
					want = red == 0
				}
				if dark != want {
					t.Fatalf("module %s: dark %v", fmt.Sprint(mx, ",", my), dark)
				}
			}
		}
	}
}
