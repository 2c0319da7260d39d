package mfahttp

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
)

// errCrossOrigin is what a page of another origin gets for a write.
var errCrossOrigin = &Problem{Status: http.StatusForbidden, Code: "cross_origin", Detail: "the request comes from another origin"}

// protect refuses writes that another origin's page sent, and a browser that
// says that it is none.
func (h *Handler) protect(r *http.Request) error {
	if h.origins.Check(r) != nil {
		return errCrossOrigin
	}
	_, err := isNative(r)
	return err
}

// Protect gives the host's own routes (login, registration, settings) the same
// protection against cross-origin writes that the API has. It is no use for
// GET: a handler for that must not change anything.
func (h *Handler) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h.protect(r); err != nil {
			h.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Require lets a request through to next if its session's evidence satisfies
// req, whatever the request's method is, upgrades to other protocols included.
// Otherwise the answer is 401 unauthenticated, or 403 requirement with what is
// missing. A browser that navigates (GET, Accept: text/html) is sent to
// [Config.StepUpPage] instead of the 403, with the queries of [ReturnPath] and
// [RequirementOf], and comes back to the same address. A refused POST is not sent
// again by anything here, and what it carried is gone: put Require around the page with
// the form as well. A client that calls by script starts the step-up itself.
//
// How fresh the evidence has to be is req.MaxAge; how long a session may go on
// without activity is the host's, see [mfa.Authentication.Until]. What req asks for
// has to be within a step-up's reach: see [mfa.Engine.StepUp]. For what has to be
// approved each time there is [Handler.Redeem].
func (h *Handler) Require(req mfa.Requirement) func(next http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, err := h.sessionCaller(r)
			if err == nil {
				err = h.engine.Satisfies(r.Context(), caller, req)
			}
			switch {
			case err == nil:
				next.ServeHTTP(w, r)
			case errors.Is(err, mfa.ErrRequirement) && h.stepUp != "" && navigates(r):
				private(w)
				http.Redirect(w, r, h.stepUpURL(r, req), http.StatusSeeOther)
			default:
				h.WriteError(w, r, err)
			}
		})
	}
}

// navigates says whether a person waits for a page.
func navigates(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (h *Handler) stepUpURL(r *http.Request, req mfa.Requirement) string {
	query := requirementQuery(req)
	query.Set("return", LocalPath(r.URL.RequestURI()))
	return h.stepUp + "?" + query.Encode()
}

// ReturnPath is where a page that the user was sent to leads back: the "return"
// of the query or of the form, if it is a path of this origin, and else "/".
func ReturnPath(r *http.Request) string { return LocalPath(r.FormValue("return")) }

// LocalPath returns s if every browser takes it for a path of this origin, and
// else "/". Browsers read a backslash as a slash and drop tabs and line ends, so
// "/\evil.example" and "/\t/evil.example" lead away.
func LocalPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.Contains(s, `\`) {
		return "/"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "/"
	}
	if u, err := url.Parse(s); err != nil || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return s
}
