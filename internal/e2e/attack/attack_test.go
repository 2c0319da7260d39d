package attack

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

const root = "../../.."

// file is the path of the built demo.
var file string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mfa-attack-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	file = filepath.Join(dir, "webapp")
	if err := Build(root, file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// TestAttacks plays each attack, and compares what is answered with the page. The
// themes run at once, each against a program of its own.
func TestAttacks(t *testing.T) {
	themes := Catalogue()
	var mu sync.Mutex
	results := map[string]Result{}
	t.Run("play", func(t *testing.T) {
		for _, theme := range themes {
			t.Run(theme.name(), func(t *testing.T) {
				t.Parallel()
				site := open(t, theme.Policy)
				for i, a := range theme.Attacks {
					if a.Try == nil {
						continue
					}
					t.Run(a.ID, func(t *testing.T) {
						r, err := Play(site, a, i+1)
						if err != nil {
							t.Fatalf("%s\n%v", a.Tried, err)
						}
						mu.Lock()
						defer mu.Unlock()
						results[a.ID] = r
					})
				}
			})
		}
	})
	page := read(t, "docs/attacks.md")
	whole := true
	for _, theme := range themes {
		for _, a := range theme.Attacks {
			r, played := results[a.ID]
			whole = whole && (played || a.Try == nil)
			if row := Row(a, r); played && !strings.Contains(page, row) {
				t.Errorf("docs/attacks.md does not say what was seen; go run ./internal/e2e/attack/print\n%s", row)
			}
		}
	}
	if whole && Page(themes, results) != page {
		t.Error("docs/attacks.md is not what would be written; go run ./internal/e2e/attack/print")
	}
}

// open starts the program, and ends it with the test.
func open(t *testing.T, policy string) *Site {
	site, err := Open(file, t.TempDir(), policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := site.Close(); err != nil {
			t.Error(err)
		} else if log := site.log.String(); t.Failed() {
			t.Logf("the end of the program's log:\n%s", log[max(0, len(log)-2000):])
		}
	})
	return site
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every attack of the catalogue has its row, and one alone; each row is played here,
// or names tests that there are, or says why it is not played.
func TestEveryAttackHasItsRow(t *testing.T) {
	rows, tests := map[string]bool{}, testNames(t)
	for _, theme := range Catalogue() {
		for _, a := range theme.Attacks {
			if rows[a.ID] {
				t.Errorf("%s is listed twice", a.ID)
			}
			rows[a.ID] = true
			ways := 0
			for _, set := range []bool{a.Try != nil, len(a.Elsewhere) > 0, a.Not != ""} {
				if set {
					ways++
				}
			}
			if ways != 1 || a.Tried == "" || a.Has == "" {
				t.Errorf("%s is not one of played, played elsewhere and not played: %+v", a.ID, a)
			}
			for _, name := range a.Elsewhere {
				if !tests[name] {
					t.Errorf("%s names %s, which is no test", a.ID, name)
				}
			}
		}
	}
	for i := range 96 {
		if id := fmt.Sprintf("A-%02d", i+1); !rows[id] {
			t.Errorf("%s has no row", id)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (A-\d\d) \|`).FindAllStringSubmatch(read(t, "docs/security.md"), -1) {
		if !rows[m[1]] {
			t.Errorf("%s of docs/security.md has no row", m[1])
		}
	}
	if tests["TestThatThereIsNot"] || !tests["TestEveryAttackHasItsRow"] {
		t.Error("the names of tests are not read")
	}
}

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// testNames are those of all tests of the repository.
func testNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllStringSubmatch(string(src), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// An attack that gets in is one that is not let pass: the checks are tried on what
// must not be.
func TestASuccessfulAttackFails(t *testing.T) {
	site := open(t, "")
	for name, steps := range map[string]func(*Trial){
		"the attacker is in": func(x *Trial) {
			p := x.owner()
			b := p.elsewhere()
			x.says("", "200")
			x.out(b)
		},
		"another answer": func(x *Trial) {
			x.answered("", x.attacker().get("/me"), 200)
			x.holds("nothing", true)
		},
		"another code": func(x *Trial) {
			x.answered("", x.attacker().get("/me"), 401, "locked")
			x.holds("nothing", true)
		},
		"the owner is out": func(x *Trial) {
			p := x.owner()
			p.password = "wrong password"
			x.says("", "200")
			x.ownerIn(p)
		},
		"what holds does not":   func(x *Trial) { x.says("", "200"); x.holds("it holds", false) },
		"nothing was looked at": func(x *Trial) { x.says("", "200") },
		"several were taken":    func(x *Trial) { x.once([]reply{{status: 200}, {status: 200}}) },
		"pages that are shown":  func(x *Trial) { turnedAway("/login", x.attacker().get("/login")) },
		"a panic":               func(*Trial) { panic("x") },
	} {
		if r, err := Play(site, Attack{ID: "A-01", Try: steps}, 1); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
