package archtest

import (
	"go/ast"
	"go/token"
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

// bareComparisons finds ==, != and their like on what is named like a secret.
// Comparing with a literal or nil is fine: that asks whether something is there.
func bareComparisons(s source) []string {
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op != token.EQL && n.Op != token.NEQ || constant(n.X) || constant(n.Y) {
				return true
			}
			for _, x := range []ast.Expr{n.X, n.Y} {
				if secret(x) {
					found = append(found, s.at(n)+": compares "+nameOf(x)+" with "+n.Op.String()+"; use crypto/subtle")
					break
				}
			}
		case *ast.CallExpr:
			if !slices.Contains(equalities, qualified(n.Fun)) {
				return true
			}
			if i := slices.IndexFunc(n.Args, secret); i >= 0 {
				found = append(found, s.at(n)+": compares "+nameOf(n.Args[i])+" by "+qualified(n.Fun)+"; use crypto/subtle")
			}
		}
		return true
	})
	return found
}

var equalities = []string{
	"bytes.Compare", "bytes.Equal", "bytes.EqualFold", "bytes.HasPrefix", "reflect.DeepEqual",
	"slices.Compare", "slices.Contains", "slices.Equal", "slices.Index",
	"strings.Compare", "strings.EqualFold", "strings.HasPrefix",
}

// secret says whether an expression is named like what must not be compared
// byte by byte. A plural counts: its elements are what is compared.
func secret(x ast.Expr) bool {
	name := strings.ToLower(nameOf(x))
	for _, plural := range []string{"es", "s"} {
		if slices.ContainsFunc(secretNames, func(n string) bool { return strings.HasSuffix(name, n+plural) }) {
			return true
		}
	}
	return slices.ContainsFunc(secretNames, func(n string) bool { return strings.HasSuffix(name, n) })
}

var secretNames = []string{"hash", "mac", "digest", "code", "secret", "token"}

// nameOf is the last name of an expression, through conversions, indices and slices.
func nameOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.IndexExpr:
		return nameOf(x.X)
	case *ast.SliceExpr:
		return nameOf(x.X)
	case *ast.ParenExpr:
		return nameOf(x.X)
	case *ast.StarExpr:
		return nameOf(x.X)
	case *ast.CallExpr:
		if _, bytes := x.Fun.(*ast.ArrayType); (bytes || nameOf(x.Fun) == "string") && len(x.Args) == 1 {
			return nameOf(x.Args[0])
		}
		return nameOf(x.Fun)
	}
	return ""
}

func qualified(x ast.Expr) string {
	if sel, ok := x.(*ast.SelectorExpr); ok {
		return nameOf(sel.X) + "." + sel.Sel.Name
	}
	return nameOf(x)
}

func constant(x ast.Expr) bool {
	_, literal := x.(*ast.BasicLit)
	return literal || nameOf(x) == "nil"
}

func TestC16_SecretsAreComparedInConstantTime(t *testing.T) {
	check(t, func(s source) bool {
		at, ok := places[s.folder()]
		return ok && !s.test() && slices.Contains([]layer{core, root, shared, factor}, at.layer)
	}, bareComparisons)
	proves(t, bareComparisons, []breaks{
		{"strings", `func f(code, want string) bool { return code == want }`, "compares code with =="},
		{"the other side", `func f(got, storedHash string) bool { return got != storedHash }`, "compares storedHash with !="},
		{"a field", `func f(a, b struct{ TokenHash string }) bool { return a.TokenHash == b.TokenHash }`, "TokenHash"},
		{"an element", `func f(digests [][32]byte, x [32]byte) bool { return digests[0] == x }`, "digests"},
		{"a conversion", `func f(mac []byte, x string) bool { return string(mac[:4]) == x }`, "compares mac"},
		{"what a function made", `func hash(string) string { return "" }; func f(a, x string) bool { return hash(a) == x }`, "compares hash"},
		{"bytes.Equal", `import "bytes"; func f(mac, x []byte) bool { return bytes.Equal(x, mac) }`, "compares mac by bytes.Equal"},
		{"a list of codes", `import "slices"; func f(codes []string, x string) bool { return slices.Contains(codes, x) }`, "compares codes"},
		{"empty or not", `func f(code string, secret []byte) bool { return code == "" || secret == nil || len(code) != 6 }`, ""},
		{"constant time", `import "crypto/subtle"; func f(code, x []byte) bool { return subtle.ConstantTimeCompare(code, x) == 1 }`, ""},
	})
}
