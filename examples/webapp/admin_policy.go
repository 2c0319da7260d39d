package main

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"iter"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

const (
	previewTime  = 10 * time.Second // for a preview: within what a request may take
	previewDates = 24               // that it looks at
	previewPage  = 200              // accounts that are read at a time
)

// errManyAccounts is a preview that did not come to its end.
var errManyAccounts = errors.New("webapp: too many accounts for a preview on a page")

func (a *app) policyPage(w http.ResponseWriter, r *http.Request, v visit) error {
	text, err := json.MarshalIndent(a.live.Current(), "", "  ")
	if err != nil {
		return err
	}
	return a.renderPolicy(w, r, v, policyData{Text: string(text)}, nil)
}

type policyData struct {
	Text     string // in the field
	Phases   []policy.Phase
	Findings []policy.Finding // of what runs, or of what is tried out
	File     string
	Report   *policy.Report // nil: nothing is tried out
	Chart    template.HTML
	Locked   []lockedOut
}

// A lockedOut is somebody who would be, by address.
type lockedOut struct {
	Email, Phase, Reason string
	At                   time.Time
}

func (a *app) renderPolicy(w http.ResponseWriter, r *http.Request, v visit, data policyData, wrong error) error {
	running := a.live.Current()
	data.Phases, data.File = running.Phases, a.config.policy
	if data.Report == nil {
		data.Findings = policy.Lint(running, a.methods)
	}
	if bad := (*policy.Error)(nil); errors.As(wrong, &bad) {
		wrong = onField("policy", &policyError{bad})
	}
	return a.renderForm(w, r, "adminpolicy", view{Title: "Policy", Email: v.Account.Email, Data: data}, wrong)
}

// A policyError is a policy that was refused, with its line and reason.
type policyError struct{ why *policy.Error }

func (e *policyError) Error() string { return e.why.Error() }
func (e *policyError) Unwrap() error { return e.why }

// tried reads the policy of the form, and previews it.
func (a *app) tried(w http.ResponseWriter, r *http.Request) (text string, p *policy.Policy, report *policy.Report, err error) {
	if text, p, err = a.typed(w, r); err != nil {
		return text, nil, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), previewTime)
	defer cancel()
	times := p.Times(a.clock.Now())
	report, err = policy.Preview(ctx, policy.PreviewConfig{
		Engine: a.engine, Policy: p, Users: a.everybody(ctx), Client: mfa.Client{App: "web"},
		At: times[:min(len(times), previewDates)], Groups: p.CohortsOf,
	})
	if errors.Is(err, context.DeadlineExceeded) && r.Context().Err() == nil {
		err = errManyAccounts
	}
	return text, p, report, err
}

// typed reads the policy of the form. *policy.Error.
func (a *app) typed(w http.ResponseWriter, r *http.Request) (string, *policy.Policy, error) {
	var in struct {
		Policy string `json:"policy"`
	}
	if err := read(w, r, &in); err != nil {
		return "", nil, err
	}
	p, err := policy.ParseFor([]byte(in.Policy), a.config.methods())
	return in.Policy, p, err
}

// everybody are all accounts, read in pages, so that no query stays open meanwhile.
func (a *app) everybody(ctx context.Context) iter.Seq2[mfa.User, error] {
	return func(yield func(mfa.User, error) bool) {
		for after := ""; ; {
			list, err := a.accounts.search(ctx, "", after, previewPage)
			if err != nil {
				yield(mfa.User{}, err)
				return
			}
			for _, acc := range list {
				if !yield(acc.user(), nil) {
					return
				}
			}
			if len(list) < previewPage {
				return
			}
			after = list[len(list)-1].Email
		}
	}
}

func (a *app) previewPolicy(w http.ResponseWriter, r *http.Request, v visit) error {
	text, p, report, err := a.tried(w, r)
	data := policyData{Text: text}
	if errors.As(err, new(*policy.Error)) || errors.Is(err, errManyAccounts) {
		return a.renderPolicy(w, r, v, data, err)
	}
	if err != nil {
		return err
	}
	data.Report, data.Chart, data.Findings = report, report.Chart(), policy.Lint(p, a.methods)
	for _, t := range report.Times {
		for _, l := range t.LockedOut {
			acc, err := a.accounts.byID(r.Context(), l.User)
			if err != nil {
				continue // gone meanwhile
			}
			data.Locked = append(data.Locked, lockedOut{acc.Email, l.Phase, l.Reason, t.At})
		}
	}
	return a.renderPolicy(w, r, v, data, nil)
}

func (a *app) previewCSV(w http.ResponseWriter, r *http.Request, v visit) error {
	text, _, report, err := a.tried(w, r)
	if errors.As(err, new(*policy.Error)) || errors.Is(err, errManyAccounts) {
		return a.renderPolicy(w, r, v, policyData{Text: text}, err)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="preview.csv"`)
	return report.WriteCSV(w)
}

// usePolicy has the policy decide from now on. Where -policy names a file, the file
// comes first: a start after this has the same policy, or the old one where the
// file could not be written.
func (a *app) usePolicy(w http.ResponseWriter, r *http.Request, v visit) error {
	text, _, err := a.typed(w, r)
	if errors.As(err, new(*policy.Error)) {
		return a.renderPolicy(w, r, v, policyData{Text: text}, err)
	}
	if err != nil {
		return err
	}
	a.replacing.Lock()
	defer a.replacing.Unlock()
	if a.config.policy != "" {
		if err := writePolicy(a.config.policy, text); err != nil {
			return err
		}
	}
	if err := a.tellPolicy(r.Context(), text); err != nil {
		return err
	}
	if err := a.live.Replace([]byte(text)); err != nil {
		return a.renderPolicy(w, r, v, policyData{Text: text}, err)
	}
	a.log.WarnContext(r.Context(), "webapp: the policy was replaced", "actor", v.Account.ID)
	return a.done(w, r, "/admin/policy?said=policy")
}
