package mfahttp

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The document is read by its indentation here; internal/e2e/openapi reads it as
// YAML and holds the answers to it.
func documentLines() []string { return strings.Split(OpenAPI(), "\n") }

func TestEveryRouteIsDocumentedAndTheReverse(t *testing.T) {
	documented := map[string]bool{}
	path, methods := "", regexp.MustCompile(`^    (get|post|put|patch|delete):$`)
	for _, line := range documentLines() {
		if strings.HasPrefix(line, "  /") {
			path = strings.TrimSuffix(strings.TrimSpace(line), ":")
		}
		if strings.HasPrefix(line, "components:") {
			break
		}
		if m := methods.FindStringSubmatch(line); m != nil {
			documented[strings.ToUpper(m[1])+" "+path] = true
		}
	}
	served := map[string]bool{}
	for _, r := range new(Handler).table() {
		served[r.method+" /mfa"+r.path] = true
	}
	if !maps.Equal(documented, served) {
		t.Errorf("documented: %v\nserved: %v", slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(served)))
	}
}

func TestEveryCodeIsDocumentedAndTheReverse(t *testing.T) {
	documented := map[string]bool{}
	row := regexp.MustCompile("^            \\| `([a-z_]+)` \\| [0-9]{3} \\|")
	item := regexp.MustCompile(`^            - ([a-z_]+)$`)
	listed := map[string]bool{}
	for _, line := range documentLines() {
		if m := row.FindStringSubmatch(line); m != nil {
			documented[m[1]] = true
		}
		if m := item.FindStringSubmatch(line); m != nil {
			listed[m[1]] = true
		}
	}
	made := map[string]bool{"internal": true, "http_method_not_allowed": true, "unsupported_media_type": true, codeAuthenticatorRefused: true}
	for _, p := range []*Problem{errTooLarge, errNotFound, errCrossOrigin, errReportRefused, errNoSkip, errNoReset} {
		made[p.Code] = true
	}
	for _, p := range problems {
		made[p.problem.Code] = true
	}
	if !maps.Equal(documented, made) || !maps.Equal(listed, made) {
		t.Errorf("described: %v\nlisted: %v\nmade: %v", slices.Sorted(maps.Keys(documented)),
			slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(made)))
	}
}
