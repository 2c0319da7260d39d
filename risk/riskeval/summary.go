package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
)

// summary prints what a person wants to see first; all else is in report.json.
func summary(w io.Writer, r *evaluate.Report) error {
	p := &printer{w: w}
	d := r.Data
	p.f("%d rows, %d users, %d legitimate sign-ins, %d failed, %d takeovers, %d left out, %d bad\n",
		d.Rows, d.Users, d.Legitimate, d.Failed, d.Takeovers, d.Excluded, sum(d.Bad))
	p.f("test from %s: %d legitimate sign-ins after an earlier one, %d first ones; intervals hold 95 %%\n\n",
		r.Protocol.TestFrom.Format("2006-01-02"), r.Protocol.TestKnown, r.Protocol.TestFirst)

	p.table(func(p *printer) {
		p.f("attacker\tscorer\tAUC\trecall at 0.1 %%\t1 %%\t5 %%\t10 %%\tasked at 90 %% caught\t99 %%\tof 12 / 39 asked, at 99 %%\n")
		for a := range r.Scorers[0].Attackers {
			for _, s := range r.Scorers {
				scorer(p, s.Name, s.Attackers[a])
			}
		}
	})
	p.f("\nhow far %s is ahead\n", r.Scorers[0].Name)
	p.table(func(p *printer) {
		p.f("attacker\tof\tAUC\trecall at 0.1 %%\t1 %%\t5 %%\t10 %%\n")
		for _, c := range r.Comparisons {
			p.f("%s\t%s\t%s", c.Attacker, c.Against, signed(c.AUC))
			for _, d := range c.Recall {
				p.f("\t%s", signed(d.Ahead))
			}
			p.f("\n")
		}
	})
	p.f("\naudit: attackers told from what they replace, without the victim's history (AUC; wanted 0.47 to 0.53)\n")
	p.table(func(p *printer) {
		for _, a := range r.Audit {
			verdict := a.Verdict
			if !a.Required {
				verdict = "not required"
			}
			p.f("%s\t%s\t%d tried\t%s\n", a.Attacker, figure(a.AUC), a.Tried, verdict)
		}
	})
	p.f("\n")
	p.table(func(p *printer) {
		p.f("scorer\tns per score\tallocations\tbytes per user\tbytes shared\n")
		for _, s := range r.Scorers {
			p.f("%s\t%.0f\t%.1f\t%s\t%s\n", s.Name, s.Cost.ScoreNanoseconds, s.Cost.ScoreAllocations, number(s.Cost.BytesPerUser), number(s.Cost.BytesShared))
		}
	})
	p.f("\n%.0f s, at most %d MiB\n", r.Resources.Seconds, r.Resources.PeakMemory>>20)
	for _, warning := range r.Warnings {
		p.f("warning: %s\n", warning)
	}
	return p.err
}

func scorer(p *printer, name string, a evaluate.AttackerReport) {
	if a.AUC == nil {
		p.f("%s\t%s\tsays nothing\n", a.Attacker, name)
		return
	}
	p.f("%s\t%s\t%s", a.Attacker, name, figure(a.AUC))
	for _, x := range a.Recall {
		p.f("\t%s", figure(x.OnTest))
	}
	for _, x := range a.Challenged {
		if x.Recall == 0.9 || x.Recall == 0.99 {
			p.f("\t%s", figure(x.Challenged))
		}
	}
	for _, x := range a.Challenged {
		if x.Recall == 0.99 {
			p.f("\t%s / %s", reauth(x, 12), reauth(x, 39))
		}
	}
	p.f("\n")
}

func reauth(x evaluate.AtRecall, history int) string {
	for _, r := range x.Reauth {
		if r.History == history && r.Median != nil {
			return fmt.Sprintf("%.2f", r.Median.Value)
		}
	}
	return "-"
}

func figure(f *evaluate.Figure) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f [%.3f %.3f]", f.Value, f.Low, f.High)
}

func signed(f *evaluate.Figure) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("%+.3f [%+.3f %+.3f]", f.Value, f.Low, f.High)
}

func number[T float64 | int64](n *T) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(*n))
}

func sum(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// A printer keeps its first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) table(print func(*printer)) {
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	inner := &printer{w: t}
	print(inner)
	p.err = errors.Join(p.err, inner.err, t.Flush())
}
