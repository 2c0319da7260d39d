package archtest

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"testing"
)

// A leftover is what somebody meant to come back to, or brought along from
// their own machine.
var leftovers = map[string]*regexp.Regexp{
	"left for later":           regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`),
	"a path of some machine":   regexp.MustCompile(`(^|[^A-Za-z0-9_.:/-])/(work|farm|root|home|Users)/[A-Za-z]`),
	"a file under a temp path": regexp.MustCompile(`(^|[^A-Za-z0-9_.:/-])/tmp/[A-Za-z]`),
}

func leftover(name string, content []byte) []string {
	var found []string
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, len(content)+1)
	for n := 1; lines.Scan(); n++ {
		for what, pattern := range leftovers {
			if pattern.Match(lines.Bytes()) {
				found = append(found, fmt.Sprintf("%s:%d: %s", name, n, what))
			}
		}
	}
	return found
}

func TestNothingIsLeftOver(t *testing.T) {
	for name, content := range files(t) {
		for _, v := range leftover(name, content) {
			t.Error(v)
		}
	}
}

func TestLeftoversAreFound(t *testing.T) {
	bad := []string{"// TO" + "DO: later", "x = 1 // FIX" + "ME", "see /wo" + "rk/main", `"/ro` + `ot/x"`, "/tm" + "p/db"}
	for _, line := range bad {
		if len(leftover("f", []byte("fine\n"+line+"\n"))) != 1 {
			t.Errorf("%q is not found", line)
		}
	}
	for _, line := range []string{"https://example.com/work/x", "pkg/root/file.go", "a method", "../tmp/x"} {
		if v := leftover("f", []byte(line)); len(v) != 0 {
			t.Errorf("%q: %q", line, v)
		}
	}
}
