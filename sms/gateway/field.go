package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A Field says where a value stands in what a carrier sends. At most one of its
// members is set; none: nowhere.
type Field struct {
	JSON   string // in a JSON body: names and indices from the outside in, joined by dots, such as messages.0.status
	Form   string // in a form body: the name; in reports only
	Query  string // in the URL's query: the name; in reports only
	Header string // in a header: the name
	Regexp string // in the body: the first group of the first match, by package regexp
}

// A locator is a Field that was checked.
type locator struct {
	Field
	regexp *regexp.Regexp
}

// compile checks the field that a configuration names so. report says whether it
// is for reports, else for answers.
func (f Field) compile(name string, report bool) (locator, error) {
	set := 0
	for _, s := range []string{f.JSON, f.Form, f.Query, f.Header, f.Regexp} {
		if s != "" {
			set++
		}
	}
	if set > 1 {
		return locator{}, fmt.Errorf("gateway: %s says more than one place", name)
	}
	if !report && (f.Form != "" || f.Query != "") {
		return locator{}, fmt.Errorf("gateway: %s: an answer has no form and no query", name)
	}
	l := locator{Field: f}
	if f.Regexp != "" {
		r, err := regexp.Compile(f.Regexp)
		if err != nil {
			return locator{}, fmt.Errorf("gateway: %s is not a regular expression: %w", name, err)
		}
		if r.NumSubexp() < 1 {
			return locator{}, fmt.Errorf("gateway: %s has no group", name)
		}
		l.regexp = r
	}
	return l, nil
}

func (l locator) none() bool { return l.Field == Field{} }

// find is the value; false: it is not there, or not once, or empty.
func (l locator) find(header http.Header, query url.Values, body []byte) (string, bool) {
	switch {
	case l.JSON != "":
		return findJSON(body, l.JSON)
	case l.Form != "":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "", false
		}
		return only(form, l.Form)
	case l.Query != "":
		return only(query, l.Query)
	case l.Header != "":
		return only(url.Values(header), http.CanonicalHeaderKey(l.Header))
	case l.regexp != nil:
		if m := l.regexp.FindSubmatch(body); m != nil && len(m[1]) > 0 {
			return string(m[1]), true
		}
	}
	return "", false
}

func findJSON(body []byte, path string) (string, bool) {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return "", false
	}
	for name := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return "", false
			}
			v = at[i]
		default:
			return "", false
		}
	}
	switch v := v.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
