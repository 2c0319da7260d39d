package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/mfakit/mfa/mfahttp"
)

// maxForm bounds a posted form, in bytes.
const maxForm = 16 << 10

// read takes a request's input into v, a pointer to a struct of strings with
// json tags: from a form or from JSON, by Content-Type, and strictly in both.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType == "application/x-www-form-urlencoded" {
		return readForm(w, r, v)
	}
	return mfahttp.ReadJSON(w, r, v)
}

func readForm(w http.ResponseWriter, r *http.Request, v any) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &mfahttp.Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the form is larger than 16 KiB"}
	}
	if err != nil {
		return badRequest("the form cannot be read")
	}
	return decodeForm(r.PostForm, v)
}

// decodeForm goes by way of JSON, so that a form and an object of strings are
// read into the same fields by the same names.
func decodeForm(form url.Values, v any) error {
	fields := map[string]string{}
	for name, values := range form {
		if len(values) != 1 {
			return badRequest(fmt.Sprintf("field %.64q twice", name))
		}
		if !isText(name) || !isText(values[0]) {
			return badRequest("the form is not text in UTF-8")
		}
		fields[name] = values[0]
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return badRequest("the form has a field that is not known here")
	}
	return nil
}

// isText says whether a database takes it for text: not every one takes a NUL.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// plainAddresses answers what stands at an address that is no text: nothing does.
func (a *app) plainAddresses(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil || !isText(query) || !isText(r.URL.Path) {
			a.fail(w, r, errNoPage)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func badRequest(detail string) error {
	return &mfahttp.Problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: detail}
}

// wantsPage says whether a person looks at the answer, rather than a program.
func wantsPage(r *http.Request) bool {
	return !isAPI(r) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
