package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Figures are what benchmarks printed: by name without "Benchmark" and the number of
// processors, and by unit.
type figures struct {
	machine string
	by      map[string]map[string]float64
}

// parse reads the output of go test -bench.
func parse(r io.Reader) (figures, error) {
	f := figures{by: map[string]map[string]float64{}}
	text, err := io.ReadAll(r)
	if err != nil {
		return f, err
	}
	for line := range strings.Lines(string(text)) {
		if m, ok := strings.CutPrefix(strings.TrimSpace(line), "machine: "); ok {
			f.machine = m
		}
	}
	lines := benchfmt.NewReader(strings.NewReader(string(text)), "benchmarks")
	for lines.Scan() {
		result, ok := lines.Result().(*benchfmt.Result)
		if !ok {
			continue // another line that tests print
		}
		name, _ := result.Name.Parts()
		of := map[string]float64{}
		for _, v := range result.Values {
			of[v.Unit] = v.Value
			if v.OrigUnit != "" {
				of[v.OrigUnit] = v.OrigValue
			}
		}
		key := string(name)
		_, parts := result.Name.Parts()
		for _, p := range parts {
			if p[0] == '/' {
				key += string(p)
			}
		}
		f.by[key] = of
	}
	if err := lines.Err(); err != nil {
		return f, err
	}
	if len(f.by) == 0 {
		return f, errors.New("no benchmark has printed a figure")
	}
	return f, nil
}

// get returns a figure; it is an error if it was not printed.
func (f figures) get(name, unit string) (float64, error) {
	v, ok := f.by[name][unit]
	if !ok {
		return 0, fmt.Errorf("%s has no %s", name, unit)
	}
	return v, nil
}
