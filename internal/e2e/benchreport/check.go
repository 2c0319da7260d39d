package main

import (
	"errors"
	"fmt"
	"io"
)

// check fails where a ratio is beyond its bound twice: a machine that was busy with
// something else is asked again.
func check(out io.Writer, measure func() (figures, error)) error {
	var beyond error
	for range 2 {
		f, err := measure()
		if err != nil {
			return err
		}
		if beyond = bounds(out, f); beyond == nil {
			return nil
		}
		fmt.Fprintln(out, "beyond:", beyond)
	}
	return beyond
}

// bounds says which ratios are beyond their bounds.
func bounds(out io.Writer, f figures) error {
	var all []error
	for _, p := range places {
		if p.bound == 0 {
			continue
		}
		v, err := f.get(p.benchmark, "floors")
		if err != nil {
			return err // nothing was measured, which a second time does not change
		}
		fmt.Fprintf(out, "%-32s %.2f floors, at most %.0f\n", p.label, v, p.bound)
		if v > p.bound {
			all = append(all, fmt.Errorf("%s takes %.2f floors, more than %.0f", p.label, v, p.bound))
		}
	}
	return errors.Join(all...)
}
