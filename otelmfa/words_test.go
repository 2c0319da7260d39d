package otelmfa

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/nyaruka/phonenumbers"
)

// declared are the names and values of the root package's constants of a type, or of its
// variables that begin with a word, as one file has them.
func declared(t *testing.T, file, typ, prefix string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../"+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		v, is := n.(*ast.ValueSpec)
		if !is || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, prefix) || typ != "" && fmt.Sprint(v.Type) != typ {
			return true
		}
		value := ""
		if lit, is := v.Values[0].(*ast.BasicLit); is {
			value, _ = strconv.Unquote(lit.Value)
		}
		found[v.Names[0].Name] = value
		return true
	})
	if len(found) == 0 {
		t.Fatalf("%s declares no %s%s", file, typ, prefix)
	}
	return found
}

// What the engine can say has its word, so that nothing new is silently "other".
func TestEveryWordOfTheEngineIsKnown(t *testing.T) {
	for _, c := range []struct {
		file, typ, prefix string
		known             words
	}{
		{"event.go", "EventType", "Event", events},
		{"risk.go", "RiskLevel", "Risk", levels},
		{"flow.go", "FlowPurpose", "", purposes},
		{"flow.go", "Status", "Status", statuses},
		{"flow.go", "", "Reason", reasons},
		{"send.go", "", "Send", failings},
		{"send.go", "", "Channel", channels},
		{"budget.go", "", "Budget", budgets},
		{"evidence.go", "First", "", wordsOf(firstFactors...)},
	} {
		for name, value := range declared(t, c.file, c.typ, c.prefix) {
			if value == "" || !c.known[value] {
				t.Errorf("mfa.%s (%q) has no word", name, value)
			}
		}
	}
}

func TestEveryErrorOfTheEngineHasAnOutcome(t *testing.T) {
	n := 0
	for _, file := range []string{"errors.go", "store.go"} {
		n += len(declared(t, file, "", "Err"))
	}
	if n-1 != len(outcomes)-2 { // but for ErrNoKeys, which is of mfa.New; and beside those of contexts
		t.Errorf("the engine has %d errors, and %d have outcomes", n, len(outcomes)-2)
	}
	seen := map[string]bool{}
	for _, o := range outcomes {
		if got, _ := outcomeOf(fmt.Errorf("wrapped: %w", o.err)); got != o.name || seen[got] {
			t.Errorf("%v is %q", o.err, got)
		}
		seen[o.name] = true
	}
	if got, fault := outcomeOf(errors.New("anything")); got != "error" || !fault {
		t.Error(got, fault)
	}
	if got, fault := outcomeOf(nil); got != ok || fault {
		t.Error(got, fault)
	}
	for _, err := range []error{&mfa.NotValidError{}, &mfa.LockedError{}, &mfa.WaitError{}, &mfa.DeliveryError{}, &mfa.RequirementError{}, &mfa.RefusedError{}} {
		if got, _ := outcomeOf(err); got == "error" {
			t.Errorf("%T has no outcome", err)
		}
	}
}

func TestEveryOperationOfTheEngineHasAWord(t *testing.T) {
	engine, found := reflect.TypeFor[*mfa.Engine](), words{}
	for m := range engine.Methods() {
		if m.Type.NumIn() > 1 && m.Type.In(1).String() == "context.Context" {
			var name strings.Builder
			for i, r := range m.Name {
				if unicode.IsUpper(r) && i > 0 {
					name.WriteByte('_')
				}
				name.WriteRune(unicode.ToLower(r))
			}
			found[name.String()] = true
		}
	}
	for name := range found {
		if !operations[name] {
			t.Errorf("%s has no word", name)
		}
	}
	for name := range operations {
		if !found[name] {
			t.Errorf("the engine cannot %s", name)
		}
	}
}

func TestEveryCallOfTheAPIIsARoute(t *testing.T) {
	paths := regexp.MustCompile(`(?m)^  /mfa(/\S+):$`).FindAllStringSubmatch(mfahttp.OpenAPI(), -1)
	if len(paths) < 20 {
		t.Fatalf("the document has only %d paths", len(paths))
	}
	for _, p := range paths {
		if got := routeOf(regexp.MustCompile(`\{\w+\}`).ReplaceAllString(p[1], "ABC123")); got != p[1] {
			t.Errorf("%s is route %q", p[1], got)
		}
	}
	for _, path := range []string{"", "/", "/flow/", "//flow", "/flow/x", "/enrollments//activate", "/enrollments/", "/enrollments/a/b/c", "/FLOW"} {
		if got := routeOf(path); got != "" {
			t.Errorf("%q is route %q", path, got)
		}
	}
}

func TestCallingCodes(t *testing.T) {
	var want []int
	for code := range phonenumbers.GetSupportedCallingCodes() {
		want = append(want, code)
	}
	slices.Sort(want)
	for _, code := range want {
		if got := callingCode(fmt.Sprintf("+%d5550123456", code)); got != fmt.Sprintf("+%d", code) {
			t.Errorf("+%d is %q", code, got)
		}
	}
	if known := len(strings.Fields(callingCodes)); len(want) < 200 || known != len(want) {
		t.Errorf("%d codes are known, %d are supported", known, len(want))
	}
	for number, code := range map[string]string{"": "", "+": other, "47912": other, "+999123": other, "+0": other, "me@example.com": other, "+ 47": other, "+47": "+47", "+21": other} {
		if got := callingCode(number); got != code {
			t.Errorf("%q is %q, want %q", number, got, code)
		}
	}
}

// However many values there are, an attribute has few; and memory does not grow.
func TestWhatComesFromOutsideIsBounded(t *testing.T) {
	w := wordsOf("web")
	seen := map[string]bool{}
	for i := range 10_000 {
		seen[w.of(fmt.Sprintf("app %d", i))] = true
	}
	if len(seen) != 1 || !seen[other] || w.of("web") != "web" || w.of("") != "" {
		t.Errorf("%v", seen)
	}
	if _, err := New(Config{Apps: make([]string, maxApps+1)}); err == nil {
		t.Error("any number of apps is taken")
	}
	r := newRecent(3)
	for i := range 100 {
		if !r.put(strconv.Itoa(i), "v") || r.put(strconv.Itoa(i), "w") {
			t.Fatalf("%d was not new, or new again", i)
		}
	}
	if len(r.values) != 3 || r.get("96") != "" || r.get("99") != "w" {
		t.Errorf("%v", r.values)
	}
}
