package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// deskNeeds keeps whoever finds a signed-in browser, or has a stolen password, from
// other people's accounts.
var deskNeeds = mfa.Requirement{AAL: mfa.AAL2, MaxAge: 15 * time.Minute}

// listed is how many accounts a page of the staff's shows.
const listed = 25

func (a *app) adminRoutes(mux *http.ServeMux) {
	for pattern, h := range map[string]deskHandler{
		"GET /admin":                            a.adminPage,
		"GET /admin/risk":                       a.riskPage,
		"GET /admin/users/{id}":                 a.userPage,
		"POST /admin/users/{id}/verdict":        a.supportVerdict,
		"POST /admin/users/{id}/reset":          a.supportReset,
		"POST /admin/users/{id}/code":           a.supportCode,
		"POST /admin/users/{id}/change":         a.supportChange,
		"POST /admin/users/{id}/change/confirm": a.supportConfirm,
	} {
		mux.Handle(pattern, a.behind(support, h))
	}
	for pattern, h := range map[string]deskHandler{
		"POST /admin/agree/{second}":     a.agreeToReset,
		"GET /admin/policy":              a.policyPage,
		"POST /admin/policy/preview":     a.previewPolicy,
		"POST /admin/policy/preview.csv": a.previewCSV,
		"POST /admin/policy/use":         a.usePolicy,
	} {
		mux.Handle(pattern, a.behind(admin, h))
	}
}

// A visit is somebody of the staff at work.
type visit struct {
	session
	rank rank
}

type deskHandler func(w http.ResponseWriter, r *http.Request, v visit) error

// behind puts a route behind a rank, and two factors of the last quarter of an hour.
// The page comes back after a step-up; what a form carried does not, so that it
// leads to the page with the form.
func (a *app) behind(least rank, h deskHandler) http.Handler {
	return a.serve(func(w http.ResponseWriter, r *http.Request) error {
		s, err := a.current(r)
		if err != nil {
			return err
		}
		rank, err := a.desk.rankOf(r.Context(), s.Account)
		if err != nil {
			return err
		}
		if !rank.atLeast(least) {
			return errRank
		}
		inner := a.serve(func(w http.ResponseWriter, r *http.Request) error { return h(w, r, visit{s, rank}) })
		if r.Method == http.MethodGet || !wantsPage(r) {
			a.mfa.Require(deskNeeds)(inner).ServeHTTP(w, r)
			return nil
		}
		err = a.engine.Satisfies(r.Context(), a.callerOf(r, s), deskNeeds)
		if errors.Is(err, mfa.ErrRequirement) {
			again := url.Values{"aal": {"2"}, "max_age": {"900"}, "return": {formOf(r)}}
			http.Redirect(w, r, "/confirm?"+again.Encode(), http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
		inner.ServeHTTP(w, r)
		return nil
	})
}

// formOf is the page whose form a request came from.
func formOf(r *http.Request) string {
	switch {
	case r.PathValue("id") != "":
		return userURL(r.PathValue("id"))
	case strings.HasPrefix(r.URL.Path, "/admin/policy"):
		return "/admin/policy"
	}
	return "/admin"
}

func userURL(id string) string { return "/admin/users/" + url.PathEscape(id) }

// A row is an account as staff see it in a list.
type row struct {
	account
	Rank    rank
	Methods []string
	Last    time.Time // of the last sign-in; zero: not known
}

// look tells what staff see of an account. Secrets, codes and whole numbers are not
// among it.
func (a *app) look(ctx context.Context, acc account) (row, []mfa.Enrollment, []mfa.Activity, error) {
	list, err1 := a.engine.Enrollments(ctx, acc.ID)
	history, err2 := a.engine.Activity(ctx, acc.ID)
	rank, err3 := a.desk.rankOf(ctx, acc)
	out := row{account: acc, Rank: rank}
	for _, e := range list {
		out.Methods = append(out.Methods, e.Method)
	}
	for _, h := range history {
		if h.Type == mfa.EventFlowPassed {
			out.Last = h.Time
			break
		}
	}
	return out, list, history, errors.Join(err1, err2, err3)
}

func (a *app) adminPage(w http.ResponseWriter, r *http.Request, v visit) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	found, err := a.accounts.search(r.Context(), q, r.URL.Query().Get("after"), listed+1)
	if err != nil {
		return err
	}
	data := struct {
		Query   string
		Rows    []row
		More    string // where the list goes on; empty: it does not
		Admin   bool
		Waiting []waitingReset
	}{Query: q, Admin: v.rank == admin}
	for i, acc := range found {
		if i == listed {
			data.More = "/admin?" + url.Values{"q": {q}, "after": {found[i-1].Email}}.Encode()
			break
		}
		line, _, _, err := a.look(r.Context(), acc)
		if err != nil {
			return err
		}
		data.Rows = append(data.Rows, line)
	}
	if data.Admin {
		if data.Waiting, err = a.waitingResets(r.Context(), v.Account.ID); err != nil {
			return err
		}
	}
	return a.render(w, r, http.StatusOK, "admin", view{Title: "Accounts", Email: v.Account.Email, Data: data})
}

// A waitingReset is one that waits for a second admin, in words.
type waitingReset struct {
	second
	Of, By string // addresses
	Mine   bool   // whoever looks cannot agree to it
}

func (a *app) waitingResets(ctx context.Context, viewer string) ([]waitingReset, error) {
	list, err := a.desk.waiting(ctx)
	var out []waitingReset
	for _, s := range list {
		of, err1 := a.accounts.byID(ctx, s.Account)
		by, err2 := a.accounts.byID(ctx, s.AskedBy)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		out = append(out, waitingReset{s, of.Email, by.Email, viewer == s.AskedBy || viewer == s.Account})
	}
	return out, err
}
