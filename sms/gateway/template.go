package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// A template is text with placeholders in braces. Values are put in whole and
// never read again, so that a text with braces in it stays what it is.
type template []part

// A part is text, or the placeholder of a value.
type part struct{ text, name string }

// A values maps names of placeholders to values. A name that is absent drops
// whatever has its placeholder.
type values map[string]string

// The placeholders. Those that are safe have no character that needs escaping in
// a header or a path, by check.
var (
	safeNames = []string{"to", "to_digits", "id", "report", "coding"}
	allNames  = append(slices.Clone(safeNames), "text", "report_url")
)

// parseTemplate reads a template. Braces that are meant are doubled.
func parseTemplate(s string, names []string) (template, error) {
	var t template
	var text strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			text.WriteString(s)
			break
		}
		text.WriteString(s[:i])
		if strings.HasPrefix(s[i:], "{{") || strings.HasPrefix(s[i:], "}}") {
			text.WriteByte(s[i])
			s = s[i+2:]
			continue
		}
		name, rest, closed := strings.Cut(s[i+1:], "}")
		if s[i] == '}' || !closed || !slices.Contains(names, name) {
			return nil, fmt.Errorf("has a brace that does not open one of %s", "{"+strings.Join(names, "}, {")+"}")
		}
		t = append(t, part{text: text.String()}, part{name: name})
		text.Reset()
		s = rest
	}
	return append(t, part{text: text.String()}), nil
}

// fill puts values in, each through escape; false: one is absent.
func (t template) fill(v values, escape func(string) string) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		value, ok := v[p.name]
		if !ok {
			return "", false
		}
		b.WriteString(escape(value))
	}
	return b.String(), true
}

func asIs(s string) string { return s }

// A fieldset is a form, a query or a header by templates.
type fieldset map[string]template

// parseFields reads the templates of a configuration's field.
func parseFields(field string, m map[string]string, names []string) (fieldset, error) {
	f := fieldset{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		t, err := parseTemplate(m[name], names)
		if err != nil {
			return nil, fmt.Errorf("gateway: %s[%q] %w", field, name, err)
		}
		f[name] = t
	}
	return f, nil
}

// fill is what the fields hold for one message.
func (f fieldset) fill(v values) url.Values {
	filled := url.Values{}
	for name, t := range f {
		if s, ok := t.fill(v, asIs); ok {
			filled.Set(name, s)
		}
	}
	return filled
}

// parsePath reads a URL's path. Its text is escaped as paths are, its values
// whole, so that none can add a segment.
func parsePath(u *url.URL) (template, error) {
	if strings.Contains(u.RawPath, "%") { // an escaped slash, which Path has lost
		return nil, errors.New("gateway: URL has a path with escapes in it")
	}
	t, err := parseTemplate(u.Path, safeNames)
	if err != nil {
		return nil, fmt.Errorf("gateway: URL %w", err)
	}
	for i, p := range t {
		t[i].text = (&url.URL{Path: p.text}).EscapedPath()
	}
	return t, nil
}

// A document is a JSON value whose strings are templates. Values enter it after
// it was parsed and are encoded with it, so that none can leave its string.
type document struct {
	object  map[string]document
	array   []document
	text    template
	literal any // a number, a boolean, null
}

// parseDocument reads one JSON value.
func parseDocument(s string) (document, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return document{}, errors.New("gateway: JSON is not a JSON document")
	}
	if _, err := d.Token(); err != io.EOF {
		return document{}, errors.New("gateway: JSON has something after its document")
	}
	return newDocument(v)
}

func newDocument(v any) (document, error) {
	var doc document
	var err error
	switch v := v.(type) {
	case map[string]any:
		doc.object = map[string]document{}
		for name, member := range v {
			if doc.object[name], err = newDocument(member); err != nil {
				return document{}, err
			}
		}
	case []any:
		doc.array = []document{}
		for _, element := range v {
			child, err := newDocument(element)
			if err != nil {
				return document{}, err
			}
			doc.array = append(doc.array, child)
		}
	case string:
		if doc.text, err = parseTemplate(v, allNames); err != nil {
			return document{}, fmt.Errorf("gateway: JSON %w", err)
		}
	default:
		doc.literal = v
	}
	return doc, nil
}

// fill is the value for one message; false: a placeholder's value is absent.
func (d document) fill(v values) (any, bool) {
	switch {
	case d.object != nil:
		object := map[string]any{}
		for name, member := range d.object {
			if filled, ok := member.fill(v); ok {
				object[name] = filled
			}
		}
		return object, true
	case d.array != nil:
		array := []any{}
		for _, element := range d.array {
			if filled, ok := element.fill(v); ok {
				array = append(array, filled)
			}
		}
		return array, true
	case d.text != nil:
		return d.text.fill(v, asIs)
	}
	return d.literal, true
}

// encode is the document for one message.
func (d document) encode(v values) ([]byte, error) {
	filled, _ := d.fill(v)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(filled)
	return bytes.TrimSpace(b.Bytes()), err
}
