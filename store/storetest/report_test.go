package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// What fails has to teach: by which rule, from what, and where to read on.
func TestEveryCaseTeaches(t *testing.T) {
	page, err := os.ReadFile("../../docs/adapters.md")
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(page), -1) {
		headings = append(headings, strings.ReplaceAll(strings.ToLower(m[1]), " ", "-"))
	}
	seen := make(map[string]bool)
	for _, c := range slices.Concat(cases(), scanCases(), isolatedCases(), faultyCases(nil)) {
		if c.rule == "" || c.often == "" || c.check == nil {
			t.Errorf("%q has no rule, no usual cause or no check", c.name)
		}
		if !slices.Contains(headings, c.read) {
			t.Errorf("%q sends its reader to #%s, which docs/adapters.md does not have", c.name, c.read)
		}
		if seen[c.name] {
			t.Errorf("there are two cases %q", c.name)
		}
		seen[c.name] = true
	}
	text := cases()[0].explain(fmt.Errorf("what happened: %w", context.DeadlineExceeded))
	for _, want := range []string{"what happened", "the case had 1m0s", "rule:  Load returns", "often: the client's own error", "read:  docs/adapters.md#load"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}

// A store that hangs, or ends the goroutine, fails its case and not the whole run.
func TestCasesEnd(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	for _, tt := range []struct {
		name  string
		check func(ctx context.Context, a, b mfa.Store) error
		says  string
	}{
		{"hangs", func(context.Context, mfa.Store, mfa.Store) error { <-forever; return nil }, "does not return although its context has ended"},
		{"hangs until its context ends", func(ctx context.Context, _, _ mfa.Store) error { <-ctx.Done(); return ctx.Err() }, "deadline exceeded"},
		{"ends the goroutine", func(context.Context, mfa.Store, mfa.Store) error { runtime.Goexit(); return nil }, "ended from within the store"},
		{"fails", func(context.Context, mfa.Store, mfa.Store) error { return errors.New("a reason") }, "a reason"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			err := testCase{check: tt.check}.bounded(ctx, 20*time.Millisecond, nil, nil)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}
