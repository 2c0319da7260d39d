package main

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// exportNeeds keeps whoever finds a signed-in browser from taking all of its
// owner's data along.
var exportNeeds = mfa.Requirement{MaxAge: 5 * time.Minute}

// guarded puts a route behind the library's Require, which sends a browser that
// lacks evidence to the page that asks for it, and back. Whoever is not signed in
// at all gets a page for that.
func (a *app) guarded(need mfa.Requirement, h func(http.ResponseWriter, *http.Request) error) http.Handler {
	next := a.mfa.Require(need)(a.serve(h))
	return a.serve(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := a.current(r); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// An export is what the app keeps about somebody, apart from secrets.
type export struct {
	Email     string            `json:"email"`
	Verified  bool              `json:"email_verified"`
	Phone     string            `json:"phone,omitempty"`
	Created   time.Time         `json:"created_at"`
	Kind      mfa.UserKind      `json:"kind,omitempty"`
	Rank      rank              `json:"rank,omitempty"`
	Attrs     map[string]string `json:"attributes,omitempty"`
	Apps      []exportedMethod  `json:"authenticator_apps"`
	Keys      []exportedMethod  `json:"security_keys_and_passkeys"`
	Phones    []exportedMethod  `json:"phone_numbers"`
	Addresses []exportedMethod  `json:"e_mail_addresses"`
	CodesLeft int               `json:"recovery_codes_left"`
	Activity  []exportedAction  `json:"activity"`
}

type exportedMethod struct {
	Label string    `json:"label"`
	Hint  string    `json:"hint,omitempty"` // a number or an address, masked
	Added time.Time `json:"added_at"`
	Used  time.Time `json:"last_used_at,omitzero"`
}

type exportedAction struct {
	Time time.Time `json:"time"`
	What string    `json:"what"`
	From string    `json:"from,omitempty"`

	// Of a sign-in.
	Device  string          `json:"device,omitempty"`
	Risk    *mfa.Assessment `json:"risk,omitempty"`
	Verdict mfa.Verdict     `json:"verdict,omitempty"`
}

// exportPage shows a person their data, and hands it to a program.
func (a *app) exportPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.stored(r)
	if err != nil {
		return err
	}
	all, err := a.collect(r, s)
	if err != nil {
		return err
	}
	if !wantsPage(r) {
		return writeJSON(w, all)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	file := template.URL("data:application/json;charset=utf-8," + url.PathEscape(string(text))) //nolint:gosec // escaped
	return a.render(w, r, http.StatusOK, "export", view{Title: "host.export.title", Email: s.Account.Email, Data: struct {
		Text     string
		Download template.URL
		Scored   bool
	}{string(text), file, a.scorer != nil}})
}

func (a *app) collect(r *http.Request, s session) (export, error) {
	acc := s.Account
	out := export{Email: acc.Email, Verified: acc.EmailVerified, Phone: acc.Phone, Created: acc.Created,
		Kind: acc.Kind, Rank: acc.Rank, Attrs: acc.Attributes, Activity: []exportedAction{}}
	list, err := a.engine.Enrollments(r.Context(), acc.ID)
	if err != nil {
		return export{}, err
	}
	out.Apps, out.Keys = toExport(list, totp.Name), toExport(list, webauthn.Name)
	out.Phones, out.Addresses = toExport(list, sms.Name), toExport(list, emailcode.Name)
	for _, e := range list {
		out.CodesLeft += e.Remaining
	}
	history, err := a.engine.Activity(r.Context(), acc.ID)
	for _, h := range history {
		line := toLine(a.speak(r, "export"), h)
		out.Activity = append(out.Activity, exportedAction{line.Time.UTC(), line.Text, line.From, line.Device, h.Risk, h.Verdict})
	}
	return out, err
}

// toExport is what there is of a method, the oldest first.
func toExport(list []mfa.Enrollment, method string) []exportedMethod {
	out := []exportedMethod{}
	for _, e := range list {
		if e.Method == method {
			out = append(out, exportedMethod{e.Label, e.Hint, e.CreatedAt.UTC(), e.LastUsed.UTC()})
		}
	}
	slices.SortStableFunc(out, func(x, y exportedMethod) int { return x.Added.Compare(y.Added) })
	return out
}
