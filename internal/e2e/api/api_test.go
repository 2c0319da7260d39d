// Package api_test holds examples/api to examples/webapp: both programs are built, and a
// person at a terminal, or a script, signs in from the one to the other.
package api_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/e2e/program"
)

const address, password = "ada@example.org", "correct horse battery"

var programs string // the folder of the built programs

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mfa-api-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	for _, name := range []string{"webapp", "api"} {
		if err := program.Build(filepath.Join("..", "..", ".."), name, filepath.Join(dir, name)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// An output collects what a process prints, and can be waited for.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // closed and made anew with each write
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.buf.Write(p)
}

func (o *output) now() (text string, more chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String(), o.more
}

// after waits until something is printed that was not there at an offset, and returns all
// from there on.
func (o *output) after(t *testing.T, from int, want string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		text, more := o.now()
		if strings.Contains(text[from:], want) {
			return text[from:]
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("it does not print %q, but\n%s", want, text)
		}
	}
}

// A server is the demo while it runs.
type server struct {
	t     *testing.T
	url   string
	ahead time.Duration // of its clock
}

func start(t *testing.T) *server {
	t.Helper()
	log := new(program.Output)
	p, err := program.Start(exec.Command(filepath.Join(programs, "webapp"), "-dev", "-addr", "127.0.0.1:0", "-store", "sqlite:"+filepath.Join(t.TempDir(), "demo.db")), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() || strings.Contains(log.String(), "panic") {
			t.Errorf("the demo's log:\n%s", log)
		}
	})
	return &server{t: t, url: p.URL}
}

func (s *server) post(path string, body any, want int) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.Post(s.url+path, "application/json", bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != want {
		answer, _ := io.ReadAll(r.Body)
		s.t.Fatalf("POST %s: %d %s", path, r.StatusCode, answer)
	}
}

// code is what an app with this key shows after a minute (RFC 6238).
func (s *server) code(secret string) string {
	s.t.Helper()
	s.post("/dev/clock", map[string]string{"advance": "1m"}, http.StatusOK)
	s.ahead += time.Minute
	key, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		s.t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(s.ahead).Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

// A person uses the program on a machine of their own.
type person struct {
	*server
	home string
}

// A line is typed when something was printed; of what is typed as a function, with all
// that was printed since the line before.
type line struct {
	when string
	text any
}

// runs has the program run, and returns what it prints and whether it ended well.
func (p *person) runs(command string, lines ...line) (printed string, well bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programs, "api"), append(strings.Fields(command), "-url", p.url)...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+p.home, "HOME="+p.home)
	out := newOutput()
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	from := 0
	for _, l := range lines {
		shown := out.after(p.t, from, l.when)
		from += len(shown)
		if f, ok := l.text.(func(string) string); ok {
			l.text = f(shown)
		}
		fmt.Fprintln(in, l.text)
	}
	_ = in.Close() // it may have ended
	well = cmd.Wait() == nil
	printed, _ = out.now()
	return printed, well
}

// ok has the program run and end well.
func (p *person) ok(want, command string, lines ...line) string {
	p.t.Helper()
	printed, well := p.runs(command, lines...)
	if !well || !strings.Contains(printed, want) {
		p.t.Fatalf("%s: well %v, want %q, and it printed\n%s", command, well, want, printed)
	}
	return printed
}

// refused has the program run and end with a sentence.
func (p *person) refused(want, command string, lines ...line) {
	p.t.Helper()
	printed, well := p.runs(command, lines...)
	if well || !strings.HasSuffix(strings.TrimSpace(printed), want) {
		p.t.Fatalf("%s: well %v, want %q, and it printed\n%s", command, well, want, printed)
	}
}

func TestSignInFromATerminal(t *testing.T) {
	t.Parallel()
	p := &person{start(t), t.TempDir()}
	p.post("/register", map[string]string{"email": address, "password": password}, http.StatusCreated)
	email, good := line{"E-mail: ", address}, line{"Password: ", password}

	p.refused("You are not signed in. Please sign in first.", "whoami")
	p.refused("The e-mail address or the password is not right.", "login", email, line{"Password: ", "a wrong password"})
	p.ok(`signed in by ["pwd"]`, "login", email, good)
	p.ok(address, "whoami")
	var secret string
	code := func(shown string) string {
		if m := regexp.MustCompile(`Key: ([A-Z2-7 ]+)`).FindStringSubmatch(shown); m != nil {
			secret = strings.ReplaceAll(m[1], " ", "")
		}
		return p.code(secret)
	}
	printed := p.ok("recovery codes", "enroll", line{"shows now: ", code})
	recovery := regexp.MustCompile(`(?m)^  (\w{4}-\w{4}-\w{4}-\w{4})$`).FindAllStringSubmatch(printed, -1)
	if len(recovery) != 10 || !strings.Contains(printed, "otpauth://totp/") {
		t.Errorf("set up:\n%s", printed)
	}
	p.ok(address, "whoami")
	p.ok("Signed out.", "logout")
	p.refused("You are not signed in. Please sign in first.", "whoami")

	printed = p.ok(`"otp"`, "login", email, good, line{"Which one [1]: ", ""}, line{"Code", "000000"}, line{"not right", code})
	if !strings.Contains(printed, "tries are left") {
		t.Errorf("a wrong code:\n%s", printed)
	}
	p.ok(address, "login -email "+address, good, line{"Which one [1]: ", "2"}, line{"Code", recovery[4][1]})
	p.refused("there is no more input", "login -email "+address, good, line{"Which one [1]: ", "2"}, line{"Code", recovery[4][1]},
		line{"not right, or not any more.", "other"}, line{"Which one [1]: ", "1"})
	p.ok("Signed out.", "logout")

	kept := filepath.Join(p.home, "mfa-example-api", "tokens.json")
	info, err := os.Stat(kept)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file: %v, %v", info, err)
	}
	text, err := os.ReadFile(kept)
	if err != nil || !bytes.Contains(text, []byte(`"device"`)) || bytes.Contains(text, []byte(`"session"`)) || bytes.Contains(text, []byte(password)) {
		t.Errorf("the file, signed out: %s, %v", text, err)
	}
}
