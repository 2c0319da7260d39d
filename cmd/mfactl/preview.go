package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/cmd/mfactl/internal/userfile"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/webauthn"
)

type previewFlags struct {
	policy, users, at, app, html string
	csv                          bool
}

var previewPolicy = &command{
	name: "preview", about: "say what a policy would mean for the users that there are",
	more: `Who would be asked, would have to enrol, or would be locked out, at each time at which the
policy changes. Nothing is written and nothing is sent. A policy that goes by dates, domains
or attributes needs -users: the store knows nobody's.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		c.engine.addReach(c)
		asJSON(c)
		f := &c.preview
		c.set.StringVar(&f.policy, "policy", "", "`file` with the policy")
		c.set.StringVar(&f.users, "users", "", userfile.Form+". Default: whom the store knows, by their identifiers alone")
		c.set.StringVar(&f.at, "at", "", "`dates` to look at, with commas; default: now, and when the policy changes")
		c.set.StringVar(&f.app, "app", "", "the `app` that is signed in to, where the policy tells apps apart")
		c.set.StringVar(&f.html, "html", "", "also write a page with a chart to this new `file`")
		c.set.BoolVar(&f.csv, "csv", false, "print all counters as CSV")
		c.set.IntVar(&c.walk.parallel, "parallel", 4, "how many users are worked on at a time")
	},
	run: func(ctx context.Context, c *call) (err error) {
		f := &c.preview
		names := c.engine.names()
		switch {
		case f.policy == "":
			return usagef("preview: -policy has to name a file")
		case c.json && f.csv:
			return usagef("preview: -json and -csv are two ways to print it")
		case slices.Contains(names, webauthn.Name) && c.engine.rp == "":
			return usagef("preview: -rp has to say for which domain keys are registered, or -methods that there are none")
		case slices.Contains(names, sms.Name) && c.engine.countries == "":
			return usagef("preview: -countries has to say where text messages go, or -methods that there are none")
		}
		p, err := readPolicy(f.policy, names)
		if err != nil {
			return err
		}
		at, err := f.times(p, c.now())
		if err != nil {
			return err
		}
		s, err := c.site(ctx, reading, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		users := usersKnown(ctx, s)
		if f.users != "" {
			if users, err = userfile.Open(f.users); err != nil {
				return fmt.Errorf("-users %s: %w", f.users, err)
			}
		}
		say := c.progress()
		report, err := policy.Preview(ctx, policy.PreviewConfig{Title: "Policy preview: " + f.policy, Engine: s.engine, Policy: p, Users: users, Groups: p.CohortsOf,
			Client: mfa.Client{App: f.app}, At: at, Parallel: c.walk.parallel, Progress: func(n int) { say("%d users", n) }})
		if err != nil {
			return stoppedReport(err)
		}
		return c.tellPreview(report)
	},
}

// times are those to look at.
func (f *previewFlags) times(p *policy.Policy, now time.Time) ([]time.Time, error) {
	if f.at == "" {
		return p.Times(now), nil
	}
	var out []time.Time
	for word := range strings.SplitSeq(f.at, ",") {
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(word))
		if err != nil {
			at, err = time.Parse(time.DateOnly, strings.TrimSpace(word))
		}
		if err != nil {
			return nil, usagef("preview: -at: %q is no date as in 2026-01-31 or 2026-01-31T12:00:00Z", word)
		}
		out = append(out, at)
	}
	return out, nil
}

func readPolicy(file string, methods []string) (*policy.Policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p, err := policy.ParseFor(text, methods)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

func (c *call) tellPreview(r *policy.Report) error {
	var err error
	if c.preview.html != "" {
		var page strings.Builder
		if err = r.WriteHTML(&page); err == nil {
			err = writeNew(c.preview.html, []byte(page.String()))
		}
	}
	switch {
	case err != nil:
	case c.preview.csv:
		err = r.WriteCSV(c.program.out)
	default:
		err = c.print(forecasts(r), func(w *screen) { tellForecasts(w, r) })
	}
	for _, f := range r.Failures[:min(len(r.Failures), maxTold)] {
		c.warn("%s: %v", f.User, f.Err)
	}
	if failed := r.Times[0].Total.Failed; failed > 0 && err == nil {
		err = fmt.Errorf("%d users could not be looked at", failed)
	}
	return err
}

// forecasts is the report for programs; the counters are named as in the CSV.
func forecasts(r *policy.Report) any {
	counts := func(c policy.Counts) map[string]int {
		return map[string]int{"users": c.Users, "passed": c.Passed, "exempt": c.Exempt, "asked": c.Asked, "may_put_off": c.MayPutOff, "must_enroll": c.MustEnroll,
			"denied_services": c.DeniedServices, "locked_out": c.LockedOut, "failed": c.Failed,
			"unreachable": c.Unreachable, "disabled": c.Disabled, "no_method": c.NoMethod, "other": c.Other}
	}
	type group struct {
		Name   string         `json:"name"`
		Counts map[string]int `json:"counts"`
	}
	groups := func(list []policy.Group) []group {
		out := []group{}
		for _, g := range list {
			out = append(out, group{groupName(g), counts(g.Counts)})
		}
		return out
	}
	type lockedOut struct {
		User   string `json:"user"`
		Phase  string `json:"phase"`
		Reason string `json:"reason"`
	}
	type forecast struct {
		At        time.Time      `json:"at"`
		Total     map[string]int `json:"total"`
		Phases    []group        `json:"phases"`
		Cohorts   []group        `json:"cohorts"`
		LockedOut []lockedOut    `json:"locked_out"`
	}
	out := []forecast{}
	for _, f := range r.Times {
		one := forecast{f.At, counts(f.Total), groups(f.Phases), groups(f.Cohorts), []lockedOut{}}
		for _, l := range f.LockedOut {
			one.LockedOut = append(one.LockedOut, lockedOut(l))
		}
		out = append(out, one)
	}
	return map[string]any{"users": r.Users, "times": out}
}

func tellForecasts(w *screen, r *policy.Report) {
	t := newTable(w)
	head := []any{"users", "let in", "asked", "may put off", "must enrol", "locked out", "services denied"}
	cells := func(c policy.Counts) []any {
		return []any{c.Users, c.Passed + c.Exempt, c.Asked, c.MayPutOff, c.MustEnroll, c.LockedOut, c.DeniedServices}
	}
	t.row(append([]any{"at"}, head...)...)
	for _, f := range r.Times {
		t.row(append([]any{f.At.Format("2006-01-02 15:04 MST")}, cells(f.Total)...)...)
	}
	t.flush()
	for _, f := range r.Times {
		w.say("\n%s\n", f.At.Format("2006-01-02 15:04 MST"))
		t := newTable(w)
		t.row(append([]any{"  by"}, head...)...)
		for _, g := range f.Phases {
			t.row(append([]any{"  phase " + groupName(g)}, cells(g.Counts)...)...)
		}
		for _, g := range f.Cohorts {
			t.row(append([]any{"  cohort " + groupName(g)}, cells(g.Counts)...)...)
		}
		t.flush()
		if len(f.LockedOut) > 0 {
			t := newTable(w)
			t.row("  locked out", "why")
			for _, l := range f.LockedOut[:min(len(f.LockedOut), maxTold)] {
				t.row("  "+l.User, l.Reason)
			}
			t.flush()
		}
	}
}

func groupName(g policy.Group) string {
	switch {
	case g.More:
		return "(others)"
	case g.Name == "":
		return "(base)"
	}
	return g.Name
}
