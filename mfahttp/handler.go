package mfahttp

import (
	"net/http"
	"slices"
	"strings"
)

// A route is one call of the API.
type route struct {
	method string
	path   string // below the prefix; a name in braces stands for one segment
	serve  func(*call) error

	// alone says that the call reads its body itself, and checks itself from where
	// it may come: it is no part of the JSON API.
	alone bool
}

// table lists the calls. openapi.yaml describes each of them.
func (h *Handler) table() []route {
	return []route{
		{method: "GET", path: "/flow", serve: h.getFlow},
		{method: "POST", path: "/flow/challenge", serve: h.challenge},
		{method: "POST", path: "/flow/verify", serve: h.verify},
		{method: "POST", path: "/flow/continue", serve: h.goOn},
		{method: "POST", path: "/flow/skip", serve: h.skip},
		{method: "GET", path: "/enrollments", serve: h.listEnrollments},
		{method: "POST", path: "/enrollments", serve: h.enroll},
		{method: "DELETE", path: "/enrollments", serve: h.removeAll},
		{method: "PATCH", path: "/enrollments/{id}", serve: h.rename},
		{method: "DELETE", path: "/enrollments/{id}", serve: h.remove},
		{method: "POST", path: "/enrollments/{id}/challenge", serve: h.resend},
		{method: "POST", path: "/enrollments/{id}/activate", serve: h.activate},
		{method: "POST", path: "/recovery-codes", serve: h.recoveryCodes},
		{method: "POST", path: "/stepup", serve: h.postStepUp},
		{method: "GET", path: "/devices", serve: h.listDevices},
		{method: "DELETE", path: "/devices", serve: h.forgetDevices},
		{method: "DELETE", path: "/devices/{id}", serve: h.forgetDevice},
		{method: "POST", path: "/recovery", serve: h.requestReset},
		{method: "POST", path: "/recovery/cancel", serve: h.cancelReset},
		{method: "POST", path: "/recovery/claim", serve: h.claim},
		{method: "POST", path: "/passkey/begin", serve: h.beginPasskey},
		{method: "POST", path: "/passkey/finish", serve: h.finishPasskey},
		{method: "GET", path: "/passkey/signals", serve: h.signals},
		{method: "GET", path: "/activity", serve: h.activity},
		{method: "POST", path: "/activity/{id}/dispute", serve: h.dispute},
		{method: "GET", path: "/mfa.js", serve: h.script},
		{method: "GET", path: "/link", serve: h.getLink, alone: true},
		{method: "POST", path: "/link", serve: h.postLink, alone: true},
		{method: "GET", path: "/notice", serve: h.getNotice, alone: true},
		{method: "POST", path: "/notice", serve: h.postNotice, alone: true},
		// Some carriers (Kannel) can do nothing but GET. It changes no more than the
		// note that a message has arrived, and needs the carrier's signature.
		{method: "GET", path: "/delivery/{sender}", serve: h.delivery, alone: true},
		{method: "POST", path: "/delivery/{sender}", serve: h.delivery, alone: true},
	}
}

// A call is one request on its way.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	id   string // what the name in braces stands for
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
	found, id, err := h.find(r.Method, r.URL.Path)
	if err == nil && found.alone {
		return found.serve(&call{w: w, r: r, id: id})
	}
	if refused := h.protect(r); refused != nil {
		return refused
	}
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
	path, under := strings.CutPrefix(path, h.prefix)
	if !under {
		return nil, "", errNotFound
	}
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
		case strings.HasPrefix(segment, "{") && have[i] != "":
			id = have[i]
		case segment != have[i]:
			return "", false
		}
	}
	return id, true
}
