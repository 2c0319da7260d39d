package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mfakit/mfa/ops"
)

type reportFlags struct{ csv bool }

var reportUsers = &command{
	name: "report", about: "say who has which methods",
	more: `A table of what there is; with -csv a line for each user, with -json each user and the
totals. It names users by their identifiers, and holds no secret, label, address or number.
Who has never signed in since there is an engine is not in it.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		asJSON(c)
		c.set.BoolVar(&c.report.csv, "csv", false, "print a line for each user, as CSV")
		c.set.IntVar(&c.walk.parallel, "parallel", 4, "how many users are worked on at a time")
	},
	run: func(ctx context.Context, c *call) (err error) {
		if c.json && c.report.csv {
			return usagef("report: -json and -csv are two ways to print it")
		}
		s, err := c.site(ctx, reading, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		say := c.progress()
		o := ops.ReportOptions{Factors: s.factors, Parallel: c.walk.parallel, Now: c.now, Progress: func(n int) { say("%d users", n) }}
		switch {
		case c.json:
			o.JSON = c.program.out
		case c.report.csv:
			o.CSV = c.program.out
		}
		totals, err := ops.Report(ctx, s.store, s.engine, o)
		if err != nil {
			return stoppedReport(err)
		}
		if !c.json && !c.report.csv {
			tellTotals(c.program.out, totals)
		}
		if totals.Failed > 0 {
			for _, f := range totals.Failures[:min(len(totals.Failures), maxTold)] {
				c.warn("%s: %v", f.User, f.Err)
			}
			return fmt.Errorf("%d users could not be read, and are not in the report", totals.Failed)
		}
		return nil
	},
}

// stoppedReport is for what has no use in parts.
func stoppedReport(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped; what was printed is not the whole: run it again")
	}
	return err
}

// tellTotals is the report for people.
func tellTotals(w *screen, r ops.Totals) {
	t := newTable(w)
	line := func(what string, n, of int) { t.row(what, n, share(n, of)) }
	t.row("users", r.Users)
	line("  have enrolled", r.Enrolled, r.Users)
	line("    reach AAL2", r.AAL2, r.Users)
	line("    resist phishing", r.PhishingResistant, r.Users)
	line("    by text messages alone", r.RestrictedOnly, r.Users)
	line("    all disabled", r.AllDisabled, r.Users)
	line("  asked, not enrolled", r.Asked, r.Users)
	line("  notices waiting", r.NoticesWaiting, r.Users)
	t.row("erased", r.Erased)
	t.flush()

	w.say("\n")
	t = newTable(w)
	t.row("method", "users", "enrollments", "disabled", "by address")
	for _, m := range r.Methods {
		t.row(m.Method, m.Users, m.Enrollments, m.Disabled, m.Implicit)
	}
	t.flush()

	if r.Users == 0 {
		return
	}
	w.say("\n")
	t = newTable(w)
	t.row("together", "users")
	for _, c := range r.Combinations[:min(len(r.Combinations), maxTold)] {
		name := strings.Join(c.Methods, " + ")
		if name == "" {
			name = "nothing"
		}
		t.row(name, c.Users)
	}
	t.flush()

	w.say("\n")
	t = newTable(w)
	t.row("recovery codes left", "users")
	for _, c := range r.RecoveryCodes {
		left := fmt.Sprint(c.From)
		switch {
		case c.To > c.From:
			left = fmt.Sprintf("%d to %d", c.From, c.To)
		case c.To == 0 && c.From > 0:
			left = fmt.Sprintf("%d or more", c.From)
		}
		t.row(left, c.Users)
	}
	t.flush()

	w.say("\n")
	t = newTable(w)
	t.row("month", "new users", "users")
	for _, m := range r.Months[max(0, len(r.Months)-12):] {
		t.row(m.Month, m.NewUsers, m.Users)
	}
	t.flush()

	if len(r.AskedLongest) > 0 {
		w.say("\n")
		t = newTable(w)
		t.row("asked longest ago", "since", "put off")
		for _, a := range r.AskedLongest[:min(len(r.AskedLongest), maxTold)] {
			t.row(a.User, a.Since, a.Skips)
		}
		t.flush()
	}
}
