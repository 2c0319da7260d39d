package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

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
		case *ast.SwitchStmt:
			for _, x := range compared(n) {
				found = append(found, s.at(x)+": compares "+nameOf(n.Tag)+" by switch; use crypto/subtle")
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

// compared are the cases of a switch over a secret that are no constants.
func compared(n *ast.SwitchStmt) (found []ast.Expr) {
	if n.Tag == nil || !secret(n.Tag) {
		return nil
	}
	for _, clause := range n.Body.List {
		for _, x := range clause.(*ast.CaseClause).List {
			if !constant(x) {
				found = append(found, x)
			}
		}
	}
	return found
}

var equalities = []string{
	"bytes.Compare", "bytes.Equal", "bytes.EqualFold", "bytes.HasPrefix", "bytes.HasSuffix",
	"cmp.Compare", "reflect.DeepEqual",
	"slices.Compare", "slices.Contains", "slices.Equal", "slices.Index",
	"strings.Compare", "strings.EqualFold", "strings.HasPrefix", "strings.HasSuffix",
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

var secretNames = []string{
	"hash", "mac", "digest", "code", "secret", "token",
	"passcode", "password", "credential", "ticket", "verifier", "signature", "answer", "typed", "otp",
}

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

// notSecret are names of shipped files that end like a secret's and are none, or
// whose comparison tells nobody anything, and why: by file, or by folder with all
// that is below it.
var notSecret = map[string]map[string]string{
	".": { // anywhere
		"MissingPassword":   "a constant: what a requirement misses",
		"SendBadAnswer":     "a constant: why a message did not go",
		"ClientCredentials": "a constant: a first factor",
		"StatusCode":        "of HTTP",
	},
	"examples/api": {
		"Code":  "of a problem, which the server names",
		"token": "the client's own, on the client's machine",
	},
	"examples/cluster/browser.go":       {"code": "of a problem"},
	"examples/webapp/dialect_sqlite.go": {"sqliteCode": "of an error of SQLite"},
	"examples/webapp/signin.go":         {"Password": "a constant: a first factor"},
	"examples/webapp/ways.go":           {"toResetPassword": "a constant: a purpose"},
	"mailer/fault.go":                   {"code": "of an answer of SMTP"},
	"mfahttp/pages/aside.go":            {"Code": "of a reason of the risk"},
	"mfahttp/tokens.go":                 {"Token": "what the client sent, with what the engine made of it after it held"},
	"migrate/allauthkey.go":             {"hash": "of a site's name, which is public"},
	"risk":                              {"Code": "of a reason", "code": "of a reason"},
	"sms/gateway/http.go":               {"code": "of an error of the gateway"},
}

// guarded leaves out what is in the list, and notes what of it is needed.
func guarded(used map[string]bool) rule {
	return func(s source) (found []string) {
		for _, v := range bareComparisons(s) {
			if of := exemption(s.path, v); of != "" {
				used[of] = true
			} else {
				found = append(found, v)
			}
		}
		return found
	}
}

// exemption is the entry of the list under which a violation falls, or "".
func exemption(file, violation string) string {
	_, what, _ := strings.Cut(violation, ": compares ")
	name, _, _ := strings.Cut(what, " ")
	for place, names := range notSecret {
		if _, ok := names[name]; ok && (place == "." || within(file, place)) {
			return place + " " + name
		}
	}
	return ""
}

func TestC16_SecretsAreComparedInConstantTime(t *testing.T) {
	used, there := map[string]bool{}, map[string]bool{}
	check(t, func(s source) bool { there[s.path] = true; return shipped(s) }, guarded(used))
	for place, names := range notSecret {
		for name := range names {
			if !used[place+" "+name] && (there[place] || !strings.HasSuffix(place, ".go")) { // a file that is gone takes its names along
				t.Errorf("%s of %s is no exception any more", name, place)
			}
		}
	}
	proves(t, bareComparisons, []breaks{
		{"strings", `func f(code, want string) bool { return code == want }`, "compares code with =="},
		{"the other side", `func f(got, storedHash string) bool { return got != storedHash }`, "compares storedHash with !="},
		{"a field", `func f(a, b struct{ TokenHash string }) bool { return a.TokenHash == b.TokenHash }`, "TokenHash"},
		{"an element", `func f(digests [][32]byte, x [32]byte) bool { return digests[0] == x }`, "digests"},
		{"a conversion", `func f(mac []byte, x string) bool { return string(mac[:4]) == x }`, "compares mac"},
		{"what a function made", `func hash(string) string { return "" }; func f(a, x string) bool { return hash(a) == x }`, "compares hash"},
		{"bytes.Equal", `import "bytes"; func f(mac, x []byte) bool { return bytes.Equal(x, mac) }`, "compares mac by bytes.Equal"},
		{"a list of codes", `import "slices"; func f(codes []string, x string) bool { return slices.Contains(codes, x) }`, "compares codes"},
		{"a switch", `func f(code, want string) bool { switch code { case want: return true }; return false }`, "compares code by switch"},
		{"cmp.Compare", `import "cmp"; func f(a, otp string) bool { return cmp.Compare(a, otp) == 0 }`, "compares otp by cmp.Compare"},
		{"an ending", `import "strings"; func f(a, password string) bool { return strings.HasSuffix(a, password) }`, "compares password by strings.HasSuffix"},
		{"a switch over kinds", `func f(code string) bool { switch code { case "a", "b": return true }; return false }`, ""},
		{"empty or not", `func f(code string, secret []byte) bool { return code == "" || secret == nil || len(code) != 6 }`, ""},
		{"constant time", `import "crypto/subtle"; func f(code, x []byte) bool { return subtle.ConstantTimeCompare(code, x) == 1 }`, ""},
	})
}
