package mfahttp

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mfakit/mfa"
)

// Bounds on a requirement that comes by way of a browser. Whoever writes one
// raises what they are asked for themselves.
const (
	maxAge        = 366 * 24 * time.Hour // far beyond the life of any session
	maxMethods    = 16
	maxMethodName = 64 // bytes
)

// RequirementOf reads what a page has to ask for from the query with which
// [Handler.Require] sends a browser to [Config.StepUpPage]. A query that names
// nothing is the zero value. The page asks for it in addition to what it would
// ask for anyhow, as the query is the browser's to change, and asks for all of
// it, or Require sends the browser back. A query that is malformed or beyond all
// bounds is a *[Problem], 400 bad_request.
func RequirementOf(r *http.Request) (mfa.Requirement, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return mfa.Requirement{}, badRequest("the query cannot be read")
	}
	var req mfa.Requirement
	for name, to := range map[string]*bool{
		"password": &req.Password, "second_factor": &req.SecondFactor, "phishing_resistant": &req.PhishingResistant,
	} {
		if _, named := q[name]; named && (len(q[name]) > 1 || q.Get(name) != "true") {
			return mfa.Requirement{}, badRequest("parameter " + name + " is not true")
		}
		*to = q.Has(name)
	}
	aal, err := number(q, "aal", int64(mfa.AAL3))
	if err != nil {
		return mfa.Requirement{}, err
	}
	age, err := number(q, "max_age", int64(maxAge/time.Second))
	if err != nil {
		return mfa.Requirement{}, err
	}
	req.AAL, req.MaxAge, req.Methods = mfa.AAL(aal), time.Duration(age)*time.Second, q["method"]
	if len(req.Methods) > maxMethods {
		return mfa.Requirement{}, badRequest("parameter method comes too often")
	}
	for _, m := range req.Methods {
		if len(m) > maxMethodName {
			return mfa.Requirement{}, badRequest("parameter method is too long")
		}
	}
	return req, nil
}

// number reads a parameter from 1 to most; 0 where there is none.
func number(q url.Values, name string, most int64) (int64, error) {
	if !q.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 1 || n > most || len(q[name]) > 1 {
		return 0, badRequest("parameter " + name + " is not a number from 1 to " + strconv.FormatInt(most, 10))
	}
	return n, nil
}

// requirementQuery is what RequirementOf reads. It never asks for less than req,
// or a page could be content with what Require is not; only a MaxAge of less than
// a second, which no redirect could meet, is made one.
func requirementQuery(req mfa.Requirement) url.Values {
	q := url.Values{}
	for name, asked := range map[string]bool{
		"password": req.Password, "second_factor": req.SecondFactor, "phishing_resistant": req.PhishingResistant,
	} {
		if asked {
			q.Set(name, "true")
		}
	}
	if req.AAL > 0 {
		q.Set("aal", strconv.Itoa(int(req.AAL)))
	}
	if req.MaxAge > 0 {
		q.Set("max_age", strconv.FormatInt(max(1, int64(min(req.MaxAge, maxAge)/time.Second)), 10))
	}
	if len(req.Methods) > 0 {
		q["method"] = req.Methods
	}
	return q
}

// requirementJSON is a requirement as clients of the API see it: times in seconds.
func requirementJSON(r mfa.Requirement) map[string]any {
	m := map[string]any{}
	if r.Password {
		m["password"] = true
	}
	if r.SecondFactor {
		m["second_factor"] = true
	}
	if r.AAL > 0 {
		m["aal"] = int(r.AAL)
	}
	if len(r.Methods) > 0 {
		m["methods"] = r.Methods
	}
	if r.PhishingResistant {
		m["phishing_resistant"] = true
	}
	if r.MaxAge > 0 {
		m["max_age"] = int64(r.MaxAge / time.Second)
	}
	return m
}
