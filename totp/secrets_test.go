package totp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// TestC20_SecretsArePrintedByNoVerb prints what holds a secret in every way,
// alone and inside of other values.
func TestC20_SecretsArePrintedByNoVerb(t *testing.T) {
	c, step := enroll(t, newFactor(t, Config{}), mfa.User{ID: "u"})
	s := decode(t, step.Pending)
	values := map[string]any{
		"State": s, "*State": &s, "Challenge": *c, "*Challenge": c,
		"[]State": []State{s}, "map": map[string]*Challenge{"c": c},
		"struct": struct {
			S State
			C mfa.Challenge
		}{s, c},
		"Asked":     mfa.Asked{Challenge: c},
		"Enrolling": mfa.Enrolling{Challenge: c},
		"error":     fmt.Errorf("failed with %v", c),
	}
	for name, v := range values {
		var out bytes.Buffer
		// Not %p, which asks no method of a value that is no pointer; go vet refuses that.
		for _, verb := range "vsqxXdTtbcoOUeEfFgG" {
			for _, flags := range []string{"", "+", "#", " ", "-", "0", "20", ".40"} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v)
			}
		}
		fmt.Fprint(&out, v)
		fmt.Fprintln(&out, v)
		log := slog.New(slog.NewTextHandler(&out, nil))
		log.Info("m", "v", v, slog.Group("g", slog.Any("v", v)))
		if name == "State" || name == "*State" || name == "Challenge" || name == "*Challenge" {
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		}
		if leaks(out.String(), c.Secret) {
			t.Errorf("%s: the secret is in\n%.2000s", name, out.String())
		}
	}
	for _, text := range []string{s.String(), s.GoString(), c.String(), c.GoString()} {
		if !strings.Contains(text, "redacted") {
			t.Errorf("%q", text)
		}
	}
	if !leaks(fmt.Sprintf("%x", struct{ s string }{c.Secret}), c.Secret) {
		t.Error("this test would not see a leak")
	}
}

// leaks looks for the secret as it is, and in hex.
func leaks(text, secret string) bool {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	return strings.Contains(text, strings.ToLower(secret)) || strings.Contains(text, fmt.Sprintf("%x", secret))
}

// TestA22_OnlyStateAndChallengeHoldTheSecret: what the engine tells about an
// enrollment, in Verified's other fields and in errors, does not.
func TestA22_OnlyStateAndChallengeHoldTheSecret(t *testing.T) {
	f := newFactor(t, Config{})
	code := reference(t, plain(), noonStep)
	got, err := signIn(f, encode(t, plain()), code, noon)
	if err != nil {
		t.Fatal(err)
	}
	got.State = nil
	told, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(told), fmt.Sprintf("%+v", f)}
	for _, typed := range []string{"", "x" + code, code + code, "000000"} {
		_, err := signIn(f, encode(t, plain()), typed, noon)
		if err == nil {
			t.Fatalf("%q is accepted", typed)
		}
		texts = append(texts, fmt.Sprintf("%+v", err))
	}
	for _, text := range texts {
		if leaks(text, rfcSecret) || strings.Contains(text, code) {
			t.Errorf("%s", text)
		}
	}
}

// secretName is what variables and fields with a secret or a code are called.
var secretName = regexp.MustCompile(`(?i)^(code|answer|secret|typed|number|passcode|key|sum)$`)

// plainComparisons finds comparisons of secrets that take their time from what they compare.
func plainComparisons(file *ast.File) (found []token.Pos) {
	secret := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return secretName.MatchString(e.Name)
		case *ast.SelectorExpr:
			return secretName.MatchString(e.Sel.Name)
		}
		return false
	}
	empty := func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		return ok && lit.Value == `""`
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (secret(n.X) && !empty(n.Y) || secret(n.Y) && !empty(n.X)) {
				found = append(found, n.Pos())
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Equal" || f.Sel.Name == "Compare" || f.Sel.Name == "EqualFold") {
				found = append(found, n.Pos())
			}
		case *ast.SwitchStmt:
			if n.Tag != nil && secret(n.Tag) {
				found = append(found, n.Pos())
			}
		}
		return true
	})
	return found
}

func TestC16_SecretsAreComparedInConstantTime(t *testing.T) {
	fset := token.NewFileSet()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	constant := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, pos := range plainComparisons(file) {
			t.Errorf("%v: a secret is compared in plain", fset.Position(pos))
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == "ConstantTimeCompare" {
				constant++
			}
			return true
		})
	}
	if constant != 1 {
		t.Errorf("%d comparisons in constant time, want 1", constant)
	}
}

// TestC16_CheckSeesPlainComparisons keeps the test above honest.
func TestC16_CheckSeesPlainComparisons(t *testing.T) {
	for body, want := range map[string]int{
		`code == answer`: 1, `s.Secret != x`: 1, `bytes.Equal(a, b)`: 1, `secret == ""`: 0, `a == b`: 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nvar _ = "+body, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(plainComparisons(file)); got != want {
			t.Errorf("%s: %d found, want %d", body, got, want)
		}
	}
}

// TestC28_A02_NoOtherRandomnessAndNoForgetfulCheck: nothing here is random but
// by crypto/rand, and no check of codes is used that forgets which were spent.
func TestC28_A02_NoOtherRandomnessAndNoForgetfulCheck(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		data, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, banned := range []string{`"math/rand`, `"github.com/pquerna/otp/totp`, "Validate("} {
			if bytes.Contains(data, []byte(banned)) {
				t.Errorf("%s: %s", e.Name(), banned)
			}
		}
	}
}
