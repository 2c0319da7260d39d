package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A rule returns what a file breaks, each with its place.
type rule func(source) []string

// check holds every file for which applies says so to a rule.
func check(t *testing.T, applies func(source) bool, r rule) {
	t.Helper()
	n := 0
	for _, s := range sources(t) {
		if !applies(s) {
			continue
		}
		n++
		for _, v := range r(s) {
			t.Error(v)
		}
	}
	if n == 0 {
		t.Error("the rule applied to no file")
	}
}

func anywhere(source) bool { return true }

// shipped says whether a file is part of what a program may link: no test, and
// no package that serves tests.
func shipped(s source) bool {
	return !s.test() && !within(s.folder(), "internal/e2e") && !forTests(s.folder())
}

// forTests says whether a folder's package serves tests: a test kit of the root
// module, or a module of its own beside mfatest.
func forTests(folder string) bool {
	return within(folder, "mfatest") || places[folder].layer == testkit
}

// breaks is a file of a package p that breaks a rule, or keeps it where want is empty.
type breaks struct{ name, content, want string }

// proves shows that a rule fails where it should.
func proves(t *testing.T, r rule, cases []breaks) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse("p/p.go", "package p\n"+c.content)
			if err != nil {
				t.Fatal(err)
			}
			found := strings.Join(r(s), "\n")
			if (found == "") != (c.want == "") || !strings.Contains(found, c.want) {
				t.Errorf("want %q, got %q", c.want, found)
			}
		})
	}
}

// imported returns the name by which a file knows a package, or "".
func imported(s source, importPath string) string {
	for _, i := range s.file.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == importPath {
			if i.Name != nil {
				return i.Name.Name
			}
			return path.Base(importPath)
		}
	}
	return ""
}

// C-28: all randomness is crypto/rand's.
func weakRandom(s source) []string {
	var found []string
	for _, i := range s.file.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == "math/rand" || p == "math/rand/v2" {
			found = append(found, s.at(i)+": imports "+p+", where crypto/rand belongs")
		}
	}
	return found
}

func TestC28_NoWeakRandomOutsideTests(t *testing.T) {
	check(t, func(s source) bool { return !s.test() }, weakRandom)
	proves(t, weakRandom, []breaks{
		{"v1", `import "math/rand"`, "imports math/rand"},
		{"v2, renamed", `import rand "math/rand/v2"`, "imports math/rand/v2"},
		{"crypto/rand", `import "crypto/rand"`, ""},
	})
}

// sleeps finds uses of time.Sleep, called or handed on.
func sleeps(s source) []string {
	name := imported(s, "time")
	if name == "" {
		return nil
	}
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
				found = append(found, s.at(n)+": sleeps; wait for what is waited for")
			}
		}
		return true
	})
	return found
}

func TestNothingSleeps(t *testing.T) {
	check(t, anywhere, sleeps)
	proves(t, sleeps, []breaks{
		{"called", `import "time"; func f() { time.Sleep(1) }`, "sleeps"},
		{"handed on", `import "time"; var wait = time.Sleep`, "sleeps"},
		{"renamed", `import clock "time"; func f() { clock.Sleep(1) }`, "sleeps"},
		{"another's", `import "time"; var _ time.Time; func f(m interface{ Sleep() }) { m.Sleep() }`, ""},
	})
}

// skips finds tests that step aside by themselves: only testneed may let them,
// so that a skip is listed, and is a failure where all is required.
func skips(s source) []string {
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) {
			found = append(found, s.at(n)+": skips; use internal/testneed")
		}
		return true
	})
	return found
}

func TestSkipsGoThroughTestneed(t *testing.T) {
	check(t, func(s source) bool { return s.folder() != "internal/testneed" }, skips)
	proves(t, skips, []breaks{
		{"Skip", `func f(t interface{ Skip() }) { t.Skip() }`, "skips"},
		{"Skipf", `func f(b interface{ Skipf(string) }) { b.Skipf("") }`, "skips"},
		{"SkipNow", `func f(tb interface{ SkipNow() }) { tb.SkipNow() }`, "skips"},
		{"something else's", `func f(flow interface{ Skip() }) { flow.Skip() }`, ""},
	})
}

// testCode finds imports of what serves tests.
func testCode(s source) []string {
	var found []string
	for _, i := range s.file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		kit := own(p) && forTests(relative(p))
		is := func(m string) bool { return within(p, m) }
		driver := slices.ContainsFunc(drivers, is) && !within(s.folder(), "examples") && !within(s.folder(), "cmd") // where a program has its database
		if p == "testing" || kit || driver || slices.ContainsFunc(testOnly, is) {
			found = append(found, s.at(i)+": imports "+p+", which is for tests")
		}
	}
	return found
}

func TestTestCodeStaysInTests(t *testing.T) {
	check(t, shipped, testCode)
	proves(t, testCode, []breaks{
		{"testing", `import "testing"`, "testing, which is for tests"},
		{"testify", `import "github.com/stretchr/testify/assert"`, "which is for tests"},
		{"mfatest", `import "` + module + `/mfatest"`, "mfatest, which is for tests"},
		{"the authenticator", `import "` + module + `/mfatest/authenticator"`, "authenticator, which is for tests"},
		{"testneed", `import "` + module + `/internal/testneed"`, "testneed, which is for tests"},
		{"a driver in a library", `import _ "modernc.org/sqlite"`, "which is for tests"},
		{"part of a driver in a library", `import _ "github.com/jackc/pgx/v5/stdlib"`, "which is for tests"},
		{"totp", `import "` + module + `/totp"`, ""},
	})
}
