package archtest

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testFunc = regexp.MustCompile(`(?m)^func (?:Test|Fuzz)((?:[A-Z]\d\d_)+)`)
	rowLine  = regexp.MustCompile(`(?m)^\| ([A-Z])-(\d\d) \|[^|]*\| ([^|]*) \|$`)
)

// TestSecurityRowsHaveTheirTests compares docs/security.md with the tests: a row
// that is met, or met with a departure, has one that carries its id, and every
// id that a test carries is a row.
func TestSecurityRowsHaveTheirTests(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(repo(t), "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for name := range files(t) {
		if strings.HasSuffix(name, "_test.go") {
			src, err := os.ReadFile(filepath.Join(repo(t), name))
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, string(src))
		}
	}
	for _, fault := range untested(string(doc), sources) {
		t.Error(fault)
	}
}

func untested(doc string, sources []string) (faults []string) {
	tested := map[string]bool{}
	for _, src := range sources {
		for _, m := range testFunc.FindAllStringSubmatch(src, -1) {
			for id := range strings.SplitSeq(strings.TrimSuffix(m[1], "_"), "_") {
				tested[id] = true
			}
		}
	}
	rows := map[string]bool{}
	for _, m := range rowLine.FindAllStringSubmatch(doc, -1) {
		id, state := m[1]+m[2], m[3]
		if rows[id] {
			faults = append(faults, id+" is listed twice")
		}
		rows[id] = true
		if (state == "met" || strings.HasPrefix(state, "deviates")) && !tested[id] {
			faults = append(faults, id+" is said to be met, and no test carries its id")
		}
	}
	if len(rows) == 0 {
		faults = append(faults, "there are no rows")
	}
	for _, id := range slices.Sorted(maps.Keys(tested)) {
		if !rows[id] {
			faults = append(faults, id+" has a test and no row")
		}
	}
	return faults
}

func TestUntestedRowsAreFound(t *testing.T) {
	const doc = "| C-01 | a | met |\n| C-02 | b | to come |\n| C-03 | c | deviates: x |\n| C-01 | a | met |\n"
	got := untested(doc, []string{"func TestC04_Row(t *testing.T) {}\n"})
	if want := 5; len(got) != want { // C-01 twice untested, once doubled; C-03; C-04
		t.Errorf("%d faults, want %d: %q", len(got), want, got)
	}
	if got := untested("| C-01 | a | met |\n", []string{"func TestC01_A(t *testing.T) {}\n"}); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
