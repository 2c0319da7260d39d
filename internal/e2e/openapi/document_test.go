// Package openapi holds the handlers of mfahttp to mfahttp/openapi.yaml.
package openapi

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mfahttp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// document is openapi.yaml, parsed.
type document struct {
	root    map[string]any
	schemas *jsonschema.Compiler
}

const location = "mfa:///openapi"

func readDocument(t *testing.T) *document {
	t.Helper()
	d := &document{schemas: jsonschema.NewCompiler()}
	if err := yaml.Unmarshal([]byte(mfahttp.OpenAPI()), &d.root); err != nil {
		t.Fatal(err)
	}
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	d.schemas.AssertFormat()
	if err := d.schemas.AddResource(location, d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows a pointer of unescaped segments, and references on the way. It
// returns what is there, and the pointer without references.
func (d *document) at(segments ...string) (value any, pointer []string, err error) {
	value = d.root
	for _, s := range segments {
		m, ok := value.(map[string]any)
		if !ok || m[s] == nil {
			return nil, nil, fmt.Errorf("openapi.yaml has no %s", strings.Join(segments, " "))
		}
		value, pointer = m[s], append(slices.Clone(pointer), s)
		if m, ok := value.(map[string]any); ok && m["$ref"] != nil && !slices.Contains(pointer, "schema") {
			if value, pointer, err = d.at(strings.Split(strings.TrimPrefix(m["$ref"].(string), "#/"), "/")...); err != nil {
				return nil, nil, err
			}
		}
	}
	return value, pointer, nil
}

// validate holds a JSON text to the schema at a pointer.
func (d *document) validate(body []byte, segments ...string) error {
	_, pointer, err := d.at(segments...)
	if err != nil {
		return err
	}
	for i, s := range pointer {
		pointer[i] = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B").Replace(s)
	}
	schema, err := d.schemas.Compile(location + "#/" + strings.Join(pointer, "/"))
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// operations lists "METHOD /path status" for everything that is documented.
func (d *document) operations(t *testing.T) []string {
	t.Helper()
	var out []string
	for path, item := range d.root["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			for status := range op.(map[string]any)["responses"].(map[string]any) {
				out = append(out, strings.ToUpper(method)+" "+path+" "+status)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestTheDocumentIsWhole(t *testing.T) {
	d := readDocument(t)
	if version := d.root["openapi"]; version != "3.1.0" {
		t.Errorf("openapi is %v", version)
	}
	used := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				used[ref] = true
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(d.root)
	for ref := range used {
		if _, _, err := d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	components := d.root["components"].(map[string]any)
	for kind, list := range components {
		if kind == "securitySchemes" {
			continue
		}
		for name := range list.(map[string]any) {
			if !used["#/components/"+kind+"/"+name] {
				t.Errorf("nothing uses %s %s", kind, name)
			}
			if kind == "schemas" {
				if _, err := d.schemas.Compile(location + "#/components/schemas/" + name); err != nil {
					t.Error(err)
				}
			}
		}
	}
	schemes := slices.Sorted(maps.Keys(components["securitySchemes"].(map[string]any)))
	if !slices.Equal(schemes, []string{"carrier", "flowBearer", "flowCookie", "flowHeader", "passkeyCookie", "resetCookie", "session"}) {
		t.Errorf("security schemes: %v", schemes)
	}
}
