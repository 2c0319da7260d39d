package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/migrate"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/sms"
)

// methods are those that policies in documents may name.
var methods = []string{"webauthn", "totp", "sms", "email", "recovery"}

// JSON in a document is a policy, unless it is of a kind that it says itself.
func TestJSONIsRead(t *testing.T) {
	policies := 0
	for place, b := range of(t, "json") {
		kind, err := readJSON(b.text)
		if err != nil {
			t.Errorf("%s, taken for %s: %v", place, kind, err)
		}
		if kind == "a policy" {
			policies++
		}
	}
	if policies < 2 {
		t.Errorf("only %d policies were found", policies)
	}
}

func readJSON(text string) (kind string, err error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return "JSON", err
	}
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	object, _ := value.(map[string]any)
	has := func(member string) bool { _, ok := object[member]; return ok }
	switch {
	case has("time") && has("type"):
		return "a line of the audit trail", nil
	case has("user_id"):
		return "Auth0's users", rows(text, migrate.Auth0{}.Record)
	case has("user"):
		return "users of one's own columns", rows(text, migrate.Columns{}.Record)
	}
	p, err := policy.ParseFor([]byte(text), methods)
	if err != nil {
		return "a policy", err
	}
	for _, f := range policy.Lint(p, kinds) {
		if f.Severity == policy.SeverityError {
			err = errors.Join(err, errors.New(f.String()))
		}
	}
	return "a policy", err
}

// kinds are what the methods are, for Lint.
var kinds = []mfa.Method{
	{Name: "webauthn", Kind: mfa.Have, PhishingResistant: true, DeviceBound: true},
	{Name: "totp", Kind: mfa.Have, Guessable: true},
	{Name: "sms", Kind: mfa.Have, Channel: mfa.ChannelSMS, Restricted: true, Guessable: true},
	{Name: "email", Channel: mfa.ChannelEmail, Guessable: true},
	{Name: "recovery", Kind: mfa.Have, Recovery: true},
}

// rows tries to import the users of a page, of whom all has to come along.
func rows[R any](text string, to func(R) migrate.Record) error {
	texts, err := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("NO"), Sender: &mfatest.Inbox{}})
	if err != nil {
		return err
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: &mfatest.Inbox{}})
	if err != nil {
		return err
	}
	var tb owner
	defer tb.end()
	engine := mfatest.NewEngine(&tb, func(c *mfa.Config) { c.Factors, c.Now = append(c.Factors, texts, mails), time.Now })
	report, err := migrate.Run(context.Background(), migrate.Config{
		Importer: engine,
		Users:    func(_ context.Context, id string) (mfa.User, error) { return mfa.User{ID: id}, nil },
		Records:  migrate.Convert(migrate.Read[R](strings.NewReader(text)), to),
		DryRun:   true,
	})
	if err != nil {
		return err
	}
	if report.Brought == 0 || report.Left > 0 || report.Failed > 0 {
		return fmt.Errorf("it would not come along: %+v", report)
	}
	return nil
}

// owner ends what is made for one look.
type owner struct{ ends []func() }

func (*owner) Helper()                           {}
func (*owner) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (o *owner) Cleanup(f func())                { o.ends = append(o.ends, f) }
func (o *owner) end() {
	for _, f := range o.ends {
		f()
	}
}

func TestBadJSONIsFound(t *testing.T) {
	for _, bad := range []string{`{"mode": "of"}`, `{"mode": "offer", "methods": ["voice"]}`, `{"mode": "offer",}`, `[]`, `{"mode": "required", "aal": 2, "methods": ["email"]}`, `{"user_id": "auth0|1"}`, `{"user": 7, "totp": [{"secret": "A"}]}`} {
		if kind, err := readJSON(bad); err == nil {
			t.Errorf("%s is taken for %s", bad, kind)
		}
	}
	for _, good := range []string{`{"mode": "offer"}`, `{"time": "2026-03-01T12:00:00Z", "type": "account.reset"}`} {
		if kind, err := readJSON(good); err != nil {
			t.Errorf("%s, taken for %s: %v", good, kind, err)
		}
	}
}

// What a document tells people to run is there: packages, folders, targets, scripts.
func TestCommandsNameWhatIsThere(t *testing.T) {
	make := read(t, "Makefile")
	n := 0
	check := func(place, at, script string) {
		n++
		for _, why := range astray(make, at, script) {
			t.Errorf("%s: %s", place, why)
		}
	}
	for place, b := range of(t, "sh", "bash", "shell") {
		check(place, ".", b.text)
	}
	for path, text := range documents(t) {
		for i, line := range strings.Split(text, "\n") {
			for _, m := range shown.FindAllStringSubmatch(line, -1) {
				at := "."
				if m[2] != "" && there(m[2]) {
					at = m[2]
				}
				check(place(path, i+1), at, m[1])
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d commands were found", n)
	}
}

var (
	shown  = regexp.MustCompile("`((?:go (?:run|test|vet|build)|make|cd|bash) [^`]+|scripts/[^`]+)`(?: in `?([a-z0-9/]+))?")
	target = regexp.MustCompile(`(?m)^[a-z][a-z-]*:`)
)

// astray says what commands of a script, begun in a folder, name that is not there.
func astray(makefile, at, script string) (faults []string) {
	for command := range strings.FieldsFuncSeq(script, func(r rune) bool { return r == '\n' || r == ';' || r == '&' || r == '|' }) {
		words := strings.Fields(strings.SplitN(command, " #", 2)[0])
		for len(words) > 0 && strings.Contains(words[0], "=") { // variables
			words = words[1:]
		}
		if len(words) < 2 {
			continue
		}
		switch {
		case words[0] == "cd":
			if at = filepath.Join(at, words[1]); !there(at) {
				return append(faults, "there is no folder "+at)
			}
		case words[0] == "make":
			for _, w := range words[1:] {
				if !strings.Contains(w, "=") && !strings.HasPrefix(w, "-") && !strings.Contains("\n"+strings.Join(target.FindAllString(makefile, -1), "\n")+"\n", "\n"+w+":\n") {
					faults = append(faults, "there is no target "+w)
				}
			}
		case words[0] == "go" && (words[1] == "run" || words[1] == "test" || words[1] == "vet" || words[1] == "build"):
			for _, w := range words[2:] {
				if w != "." && !strings.HasPrefix(w, "./") {
					continue
				}
				if to := filepath.Join(at, strings.TrimSuffix(w, "...")); !there(to) {
					faults = append(faults, "there is no package "+to)
				} else if names := tests.FindStringSubmatch(command); names != nil && names[1] != "^$" && !strings.Contains(command, "-bench") && !strings.HasSuffix(w, "...") && !tested(to, names[1]+names[2]) {
					faults = append(faults, "there is no test of "+to+" that is named so: "+command)
				}
				if words[1] == "run" {
					break // the rest is the program's
				}
			}
		case words[0] == "bash", strings.HasPrefix(words[0], "scripts/"):
			if file := strings.TrimPrefix(strings.Join(words[:2], " "), "bash "); !there(filepath.Join(at, strings.Fields(file)[0])) {
				faults = append(faults, "there is no script "+file)
			}
		}
	}
	return faults
}

// tests is what a command runs of a package's tests.
var tests = regexp.MustCompile(`go test .*-run[ =](?:'([^']+)'|([^' ]+))`)

// tested says whether a package has a test with such a name, or a part of one.
func tested(folder, pattern string) bool {
	top, _, _ := strings.Cut(pattern, "/")
	is, err := regexp.Compile(top)
	if err != nil {
		return false
	}
	files, _ := filepath.Glob(filepath.Join(root, folder, "*_test.go")) // the pattern is right
	for _, file := range files {
		text, _ := os.ReadFile(file) // what cannot be read has none
		for _, m := range named.FindAllSubmatch(text, -1) {
			if is.Match(m[1]) {
				return true
			}
		}
	}
	return false
}

var named = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)

func there(path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}

func TestStrayCommandsAreFound(t *testing.T) {
	const makefile = ".PHONY: test\ntest: ## x\n\t@scripts/test\n"
	for _, good := range []string{"make test GOTESTFLAGS=-v", "go run ./examples/webapp -dev # ./nothing", "cd risk/riskeval\ngo run . -data ./x", "A=b go test ./...", "cd internal/e2e && go test -run='^$' ./bench", "bash .ci/run", "go test -run TestReset .", "go test -run 'Reset' ./notify ./...", "go get example.com/x", "scripts/lint vet"} {
		if faults := astray(makefile, ".", good); len(faults) > 0 {
			t.Errorf("%q: %q", good, faults)
		}
	}
	for _, bad := range []string{"make tests", "go run ./examples/nothing", "cd nothing\ngo test", "cd risk && go test ./nothing/...", "bash nothing", "go test -run TestNothingLikeIt .", "scripts/nothing x", "a && go run ./nothing"} {
		if len(astray(makefile, ".", bad)) != 1 {
			t.Errorf("%q is not found", bad)
		}
	}
}
