package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const root = "../../../.."

func TestC26_PageSaysWhatTheCodeSays(t *testing.T) {
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page)))
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the code says; go run ./internal/e2e/docs/limits", page)
	}
	for _, must := range []string{"| `flowLifetime` | 10 minutes |", "`sms.Limits.System`", "| `disableAt` | 50 |", "30 seconds, 1 minute, 2 minutes"} {
		if !strings.Contains(want, must) {
			t.Errorf("the page does not have %q", must)
		}
	}
}

const code = `package p

import "time"

// Sizes: never too much. Really.
const (
	// life is how long, see [T].
	life = 90 * time.Minute
	size = 4 << 10 // of a|b

	// most and least are both.
	most  = 1_000_000
	least = 30 // seconds
	name  = "x"
)

// pauses are those.
var pauses = [...]time.Duration{time.Second, 24 * time.Hour, 96 * time.Hour}

// Alone is one.
const alone = 3

var notOne = f(alone)

type T struct {
	// Field is a bound.
	// In two lines.
	Field int
	Bare  int
}
`

func TestConstantsAreRead(t *testing.T) {
	dir := write(t, code)
	groups, err := constants(dir, "p.go", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []group{
		{"Sizes", "Never too much. Really.", []row{
			{"`life`", "90 minutes", "how long, see `T`."}, {"`size`", "4 KiB", "of a\\|b"},
			{"`most`, `least`", "1,000,000; 30 seconds", "most and least are both."},
		}},
		{"", "", []row{{"`pauses`", "1 second, 24 hours, 4 days", "those."}}},
		{"", "", []row{{"`alone`", "3", "Alone is one."}}},
	}
	if len(groups) != len(want) {
		t.Fatalf("groups: %+v", groups)
	}
	for i, g := range groups {
		if g.title != want[i].title || g.text != want[i].text || strings.Join(flat(g.rows), "\n") != strings.Join(flat(want[i].rows), "\n") {
			t.Errorf("%+v, want %+v", g, want[i])
		}
	}
	if all := joined(nil, groups); len(all) != 1 || len(all[0].rows) != 5 {
		t.Errorf("joined: %+v", all)
	}
	if some, err := constants(dir, "p.go", []string{"size"}); err != nil || len(some) != 1 || len(some[0].rows) != 1 {
		t.Errorf("only one: %+v, %v", some, err)
	}
}

func TestFieldsAreRead(t *testing.T) {
	dir := write(t, code)
	got, err := fields(dir, setting{"p.go", "T", []string{"Field"}})
	if err != nil || len(got) != 1 || got[0] != "a bound. In two lines." {
		t.Errorf("%q, %v", got, err)
	}
	for _, missing := range []string{"Bare", "None"} {
		if _, err := fields(dir, setting{"p.go", "T", []string{missing}}); err == nil {
			t.Errorf("%s is taken for a limit with a comment", missing)
		}
	}
}

func TestUnknownValueIsAnError(t *testing.T) {
	dir := write(t, "package p\n\nimport \"example.com/q\"\n\n// Sizes.\nconst (\n\tsize = q.Size\n)\n")
	if groups, err := constants(dir, "p.go", nil); err == nil {
		t.Errorf("%+v", groups)
	}
	if _, err := constants(dir, "nothing.go", nil); err == nil {
		t.Error("a file that is not there is no error")
	}
}

func TestSpansAreReadable(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1 hour", 72 * time.Hour: "72 hours", 30 * 24 * time.Hour: "30 days", 1500 * time.Millisecond: "1,500 milliseconds",
		time.Microsecond: "1µs", 0: "0s",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func write(t *testing.T, code string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func flat(rows []row) (out []string) {
	for _, r := range rows {
		out = append(out, r.names+"|"+r.values+"|"+r.why)
	}
	return out
}
