package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// printed is what go test -bench prints, with ratios of one's choice for PostgreSQL.
func printed(postgres float64) string {
	var b strings.Builder
	b.WriteString("machine: a test, GOMAXPROCS 2\ngoos: linux\npkg: x\n")
	for _, p := range places {
		ratio := 1.5
		if p.benchmark == "Stores/postgres" {
			ratio = postgres
		}
		fmt.Fprintf(&b, "Benchmark%s-2   1   100.4 floor-µs   %v floors   2.25 floors-max   1.125 floors-min   150.5 engine-µs\n", p.benchmark, ratio)
	}
	b.WriteString("BenchmarkLongLife-2 1 5515 bytes-of-10000th 5500 bytes-of-1000th 207 µs-of-10000th 230 µs-of-1000th\n")
	for _, store := range []string{"postgres", "redis"} {
		for _, processes := range []int{1, 3} {
			for _, clients := range []int{1, 4, 16, 64} {
				fmt.Fprintf(&b, "BenchmarkOneUser/%s/processes=%d/clients=%d-2 1 0 %%busy 64 alone 1.25 tries %d µs-waited\n", store, processes, clients, 340*clients)
			}
		}
	}
	return b.String() + "PASS\n"
}

func parsed(t *testing.T, text string) figures {
	t.Helper()
	f, err := parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReportFillsTheDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	filled, err := fill(string(text), parsed(t, printed(1.25)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Machine: a test, GOMAXPROCS 2.",
		"| PostgreSQL | 100 | 150 | 1.25 (1.12–2.25) | 1.25 |",
		"bar [1.50, 1.25, 1.50, ",
		"| 9,001 to 10,000 | 207 | 5515 |",
		"| 1 | 0.34 ms | 0.34 ms |",
		"| 64 | 22 ms | 22 ms |",
		"| tries an answer, at 64 | 1.25 |",
	} {
		if !strings.Contains(filled, want) {
			t.Errorf("no %q in\n%s", want, filled)
		}
	}
	again, err := fill(filled, parsed(t, printed(1.25)))
	if err != nil || again != filled {
		t.Errorf("a second time it is another: %v", err)
	}
}

func TestReportNeedsItsFiguresAndMarks(t *testing.T) {
	if _, err := parse(strings.NewReader("PASS\n")); err == nil {
		t.Error("output without a figure was taken")
	}
	if _, err := fill("no marks", parsed(t, printed(1))); err == nil {
		t.Error("a document without marks was taken")
	}
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(file, parsed(t, "BenchmarkStores/sqlite-2 1 1 floors\n")); err == nil {
		t.Error("figures that are not all there were written")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "as it was" {
		t.Errorf("the document is now %q, %v", text, err)
	}
}

func TestCheckFailsOnlyTwice(t *testing.T) {
	after := func(outputs ...string) func() (figures, error) {
		return func() (figures, error) {
			if len(outputs) == 0 {
				return figures{}, errors.New("measured once too often")
			}
			text := outputs[0]
			outputs = outputs[1:]
			return parse(strings.NewReader(text))
		}
	}
	for name, c := range map[string]struct {
		measured []string
		fails    bool
	}{
		"usual":         {[]string{printed(1.4)}, false},
		"busy for once": {[]string{printed(9), printed(1.4)}, false},
		"slower":        {[]string{printed(9), printed(8)}, true},
		"not measured":  {[]string{"BenchmarkStores/sqlite-2 1 1 floors\n"}, true},
	} {
		if err := check(io.Discard, after(c.measured...)); (err != nil) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
	var out bytes.Buffer
	if err := bounds(&out, parsed(t, printed(4.01))); err == nil || !strings.Contains(err.Error(), "PostgreSQL takes 4.01 floors") {
		t.Errorf("%v", err)
	}
}
