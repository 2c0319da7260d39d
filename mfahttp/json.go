package mfahttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds on what a client may send. A credential with its attestation is the
// largest thing that is honest, and stays below a quarter of the first.
const (
	maxBody  = 64 << 10 // bytes
	maxDepth = 16       // of nesting; a credential needs five
)

// ReadJSON reads a request's body into v, a pointer to a struct whose fields
// all have a json tag, for the host's own handlers (a login with a password).
// It is as strict as the API itself: of type application/json, at most 64 KiB,
// one object of UTF-8 without members that v does not have (also in another
// case), without members twice, without null, without half of a surrogate pair
// and with nothing after it. Give
// the error to [Handler.WriteError].
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	return decodeBody(r, body, v)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		w.Header().Set("Connection", "close") // what is still on its way is not worth reading
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, badRequest("the body ends early")
	}
	return body, nil
}

func decodeBody(r *http.Request, body []byte, v any) error {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return &Problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Detail: "the body must be application/json"}
	}
	return decodeStrict(body, v)
}

// decodeStrict closes what encoding/json leaves open: it would take the last of
// two members, match names in any case, turn null into the zero value, and
// invalid UTF-8 and half of an escaped surrogate pair into U+FFFD, so that two
// readers of one body could see two different requests.
func decodeStrict(body []byte, v any) error {
	if !utf8.Valid(body) {
		return badRequest("the body is not UTF-8")
	}
	if loneSurrogate(body) {
		return badRequest("the body has half of a surrogate pair")
	}
	members, err := checkObject(body)
	if err != nil {
		return err
	}
	known := memberNames(v)
	for _, name := range members {
		if !slices.Contains(known, name) {
			return badRequest(fmt.Sprintf("unknown member %.64q", name))
		}
	}
	err = json.Unmarshal(body, v)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return badRequest(fmt.Sprintf("member %q is of the wrong type", wrong.Field))
	}
	if err != nil {
		return badRequest("the body is not JSON")
	}
	return nil
}

// loneSurrogate says whether an escape is half of a surrogate pair without the
// other (RFC 8259 section 8.2). Outside of strings JSON has no backslash.
func loneSurrogate(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		switch first := escapedUnit(body[i:]); {
		case !utf16.IsSurrogate(first):
			i++ // what is escaped, which may be a backslash
		case utf16.DecodeRune(first, escapedUnit(body[i+6:])) == utf8.RuneError:
			return true
		default:
			i += 11
		}
	}
	return false
}

// escapedUnit is the UTF-16 code unit of the escape \uXXXX with which b begins;
// -1 if it begins with none.
func escapedUnit(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// memberNames are the names in the json tags of the struct that v points to.
func memberNames(v any) []string {
	t := reflect.TypeOf(v).Elem()
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// checkObject walks one JSON object and returns the names of its members.
func checkObject(body []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	t, err := d.Token()
	if err != nil || t != json.Delim('{') {
		return nil, badRequest("the body is not a JSON object")
	}
	members, err := walkObject(d, 1)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, badRequest("something follows the JSON object")
	}
	return members, nil
}

// walkObject reads up to the end of the object that has just begun.
func walkObject(d *json.Decoder, depth int) ([]string, error) {
	var members []string
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		if seen[name] {
			return nil, badRequest(fmt.Sprintf("member %.64q twice", name))
		}
		seen[name] = true
		members = append(members, name)
		value, err := walkValue(d, depth)
		if err != nil {
			return nil, err
		}
		if value == nil && depth == 1 {
			return nil, badRequest(fmt.Sprintf("member %.64q is null", name))
		}
	}
	return members, end(d)
}

// walkValue reads one value and returns its first token, which is nil for null.
func walkValue(d *json.Decoder, depth int) (json.Token, error) {
	t, err := d.Token()
	if err != nil {
		return nil, errNotJSON
	}
	if depth == maxDepth {
		if _, nested := t.(json.Delim); nested {
			return nil, badRequest("the body is nested too deeply")
		}
	}
	switch t {
	case json.Delim('{'):
		_, err = walkObject(d, depth+1)
	case json.Delim('['):
		for d.More() && err == nil {
			_, err = walkValue(d, depth+1)
		}
		if err == nil {
			err = end(d)
		}
	}
	return t, err
}

func end(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errNotJSON
	}
	return nil
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	answer(w, status, "application/json", body)
	return nil
}

// answer writes headers and body. Everything that this package says concerns
// one person at one moment: nothing may keep it, and no page that it leads to
// may learn the address.
func answer(w http.ResponseWriter, status int, mediaType string, body []byte) {
	private(w)
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	w.Write(body) // an error means that the client has gone
}

func private(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// merged is the JSON object of a challenge with the engine's own members, which
// win, added to it.
func merged(challenge any, own map[string]any) (map[string]any, error) {
	if challenge == nil {
		return own, nil
	}
	raw, err := json.Marshal(challenge)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("mfahttp: a %T is not a JSON object", challenge)
	}
	for name, value := range members {
		if _, taken := own[name]; !taken {
			own[name] = value
		}
	}
	return own, nil
}
