package mfahttp

import (
	"net/http"
	"slices"
	"strings"
)

// A route is one call of the API.
type route struct {
	method string
	path   string // below the prefix; {id} stands for one segment
	serve  func(*call) error
}

// table lists the calls. openapi.yaml describes each of them.
func (h *Handler) table() []route {
	return []route{
		{"GET", "/flow", h.getFlow},
		{"POST", "/flow/challenge", h.challenge},
		{"POST", "/flow/verify", h.verify},
		{"GET", "/enrollments", h.listEnrollments},
		{"POST", "/enrollments", h.enroll},
		{"DELETE", "/enrollments", h.removeAll},
		{"PATCH", "/enrollments/{id}", h.rename},
		{"DELETE", "/enrollments/{id}", h.remove},
		{"POST", "/enrollments/{id}/challenge", h.resend},
		{"POST", "/enrollments/{id}/activate", h.activate},
		{"POST", "/recovery-codes", h.recoveryCodes},
		{"POST", "/stepup", h.postStepUp},
		{"POST", "/passkey/begin", h.beginPasskey},
		{"POST", "/passkey/finish", h.finishPasskey},
		{"GET", "/activity", h.activity},
		{"GET", "/mfa.js", h.script},
	}
}

// A call is one request on its way.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	id   string // what {id} stands for
	body []byte
}

// decode reads the body into v, see [ReadJSON].
func (c *call) decode(v any) error { return decodeBody(c.r, c.body, v) }

// decodeOptional is for calls of which every member may be left out, and so the body.
func (c *call) decodeOptional(v any) error {
	if len(c.body) == 0 {
		return nil
	}
	return c.decode(v)
}

// noBody is for calls that take no members.
func (c *call) noBody() error { return c.decodeOptional(&struct{}{}) }

// ServeHTTP answers the calls under the prefix.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.serve(w, r); err != nil {
		h.WriteError(w, r, err)
	}
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	if err := h.protect(r); err != nil {
		return err
	}
	path, under := strings.CutPrefix(r.URL.Path, h.prefix)
	if !under {
		return errNotFound
	}
	found, id, err := h.find(r.Method, path)
	if err != nil {
		return err
	}
	c := &call{w: w, r: r, id: id}
	if found.method != http.MethodGet {
		if c.body, err = readBody(w, r); err != nil {
			return err
		}
	}
	return found.serve(c)
}

var errNotFound = &Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such call"}

// find looks a call up. A path that has other methods says which.
func (h *Handler) find(method, path string) (*route, string, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var others []string
	for i := range h.routes {
		id, ok := match(h.routes[i].path, path)
		if !ok {
			continue
		}
		if h.routes[i].method == method {
			return &h.routes[i], id, nil
		}
		others = append(others, h.routes[i].method)
	}
	if others == nil {
		return nil, "", errNotFound
	}
	slices.Sort(others)
	return nil, "", &Problem{
		Status: http.StatusMethodNotAllowed, Code: "http_method_not_allowed",
		Detail: "this path takes " + strings.Join(others, ", "),
		allow:  strings.Join(others, ", "),
	}
}

// match compares a path with a pattern, segment by segment.
func match(pattern, path string) (id string, ok bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return "", false
	}
	for i, segment := range want {
		switch {
		case segment == "{id}" && have[i] != "":
			id = have[i]
		case segment != have[i]:
			return "", false
		}
	}
	return id, true
}
