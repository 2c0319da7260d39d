package mfahttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type sample struct {
	Option     string          `json:"option"`
	Code       *string         `json:"code"`
	Credential json.RawMessage `json:"credential"`
	Age        *int64          `json:"age"`
}

func read(body, mediaType string) (sample, error) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	var v sample
	err := ReadJSON(httptest.NewRecorder(), r, &v)
	return v, err
}

func wantProblem(t *testing.T, err error, status int, code string) {
	t.Helper()
	p := (*Problem)(nil)
	if !errors.As(err, &p) || p.Status != status || p.Code != code {
		t.Fatalf("got %#v, want %d %s", err, status, code)
	}
}

func TestC17_BodiesAreStrict(t *testing.T) {
	for name, body := range map[string]string{
		"empty":                    ``,
		"white space":              " \n",
		"not JSON":                 `option=1`,
		"array":                    `[]`,
		"string":                   `"x"`,
		"null":                     `null`,
		"number":                   `1`,
		"cut off":                  `{"option":"a"`,
		"cut off in a value":       `{"option":`,
		"no value":                 `{"option"}`,
		"trailing comma":           `{"option":"a",}`,
		"single quotes":            `{'option':'a'}`,
		"two objects":              `{"option":"a"}{"option":"b"}`,
		"trailing word":            `{"option":"a"} x`,
		"trailing brace":           `{"option":"a"}}`,
		"unknown member":           `{"option":"a","user":"b"}`,
		"other case":               `{"Option":"a"}`,
		"other case beside":        `{"option":"a","OPTION":"b"}`,
		"folded letter":            `{"optıon":"a"}`,
		"empty name":               `{"":"a"}`,
		"member twice":             `{"option":"a","option":"a"}`,
		"member twice, escaped":    `{"option":"a","\u006fption":"b"}`,
		"nested member twice":      `{"credential":{"id":"a","id":"b"}}`,
		"deep member twice":        `{"credential":{"a":[{"b":1,"b":2}]}}`,
		"code is a number":         `{"code":123456}`,
		"code is true":             `{"code":true}`,
		"code is an array":         `{"code":["123456"]}`,
		"code is an object":        `{"code":{"a":"123456"}}`,
		"code is null":             `{"code":null}`,
		"option is null":           `{"option":null}`,
		"age is a float":           `{"age":1.5}`,
		"age is an exponent":       `{"age":1e3}`,
		"age is huge":              `{"age":99999999999999999999}`,
		"age is a string":          `{"age":"1"}`,
		"NUL":                      "{\"code\":\"1\x0023456\"}",
		"invalid UTF-8":            "{\"code\":\"\xff\"}",
		"overlong UTF-8":           "{\"code\":\"\xc0\xb1\"}",
		"byte order mark":          "\ufeff{\"code\":\"1\"}",
		"UTF-16":                   "{\x00}\x00",
		"comment":                  `{"code":"1"/**/}`,
		"deep arrays":              `{"credential":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
		"deep objects":             `{"credential":` + strings.Repeat(`{"a":`, 1000) + `1` + strings.Repeat("}", 1000) + `}`,
		"deep and unclosed":        `{"credential":` + strings.Repeat("[", 60000),
		"many members, all bad":    `{` + strings.Repeat(`"x":1,`, 5000) + `"y":1}`,
		"lone bracket in a member": `{"credential":{"a":]}}`,
		"high surrogate alone":     `{"code":"\ud800"}`,
		"high surrogate, capitals": `{"code":"\uD83D"}`,
		"low surrogate alone":      `{"code":"\udc00"}`,
		"surrogates turned round":  `{"code":"\udc00\ud800"}`,
		"two high surrogates":      `{"code":"\ud83d\ud83d\ude00"}`,
		"surrogate and a letter":   `{"code":"\ud83dx\ude00"}`,
		"surrogate and an escape":  `{"code":"\ud83d\n"}`,
		"surrogate in a name":      `{"\ud800":"a"}`,
		"surrogate far inside":     `{"credential":{"a":["\ud800"]}}`,
		"surrogate at the end":     `{"code":"\ud83d`,
		"half an escape":           `{"code":"\ud83d\u`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(body, "application/json")
			wantProblem(t, err, 400, "bad_request")
		})
	}
}

func TestBodiesThatAreTaken(t *testing.T) {
	for name, body := range map[string]string{
		"plain":           `{"option":"a","code":"123456"}`,
		"white space":     " {\n\t\"option\" : \"a\" , \"code\":\"123456\"}\r\n",
		"escaped":         `{"\u006fption":"\u0061","code":"123456"}`,
		"null far inside": `{"option":"a","code":"123456","credential":{"response":{"userHandle":null}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			v, err := read(body, "application/json; charset=utf-8")
			if err != nil || v.Option != "a" || *v.Code != "123456" {
				t.Fatalf("%+v, %v", v, err)
			}
		})
	}
	for body, code := range map[string]string{
		`{"code":"\ud83d\ude00"}`:   "\U0001f600",
		`{"code":"\uD83D\uDE00!"}`:  "\U0001f600!",
		`{"code":"\ufffd"}`:         "\ufffd", // as it was sent
		`{"code":"\\ud800"}`:        `\ud800`, // a backslash and letters
		`{"code":"\\\\\"\u005c"}`:   `\\"\`,
		`{"code":"\\\ud83d\ude00"}`: "\\\U0001f600",
	} {
		if v, err := read(body, "application/json"); err != nil || *v.Code != code {
			t.Errorf("%s: %+v, %v", body, v, err)
		}
	}
	v, err := read(`{"credential": {"a":[1,{"b":null}]} }`, "application/json")
	if err != nil || string(v.Credential) != `{"a":[1,{"b":null}]}` {
		t.Fatalf("the credential is not as it was sent: %s, %v", v.Credential, err)
	}
}

func TestC14_OnlyJSONIsTaken(t *testing.T) {
	for _, mediaType := range []string{"", "text/plain", "text/plain; application/json", "application/x-www-form-urlencoded",
		"multipart/form-data; boundary=x", "application/json-patch+json", "application/jsonp", "application/json, text/plain"} {
		_, err := read(`{"option":"a"}`, mediaType)
		wantProblem(t, err, 415, "unsupported_media_type")
	}
}

func TestC18_BodiesAreBounded(t *testing.T) {
	large := `{"option":"` + strings.Repeat("a", 1<<20) + `"}`
	t.Run("declared", func(t *testing.T) {
		_, err := read(large, "application/json")
		wantProblem(t, err, 413, "too_large")
	})
	t.Run("chunked", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", struct{ *bytes.Buffer }{bytes.NewBufferString(large)})
		r.ContentLength = -1
		r.Header.Set("Content-Type", "application/json")
		wantProblem(t, ReadJSON(httptest.NewRecorder(), r, &sample{}), 413, "too_large")
	})
	t.Run("the bound itself", func(t *testing.T) {
		exact := `{"option":"` + strings.Repeat("a", maxBody-len(`{"option":""}`)) + `"}`
		if v, err := read(exact, "application/json"); err != nil || len(v.Option) != len(exact)-13 {
			t.Fatal(err)
		}
		_, err := read(exact+" ", "application/json")
		wantProblem(t, err, 413, "too_large")
	})
}

func FuzzDecodeStrict(f *testing.F) {
	for _, seed := range []string{`{"option":"a","code":"1"}`, `{"code":"1","code":"2"}`, `{"Code":"1"}`, `{"credential":{"a":[null,{}]}}`,
		`{"code":"\u0031"}`, `{"age":1}`, `{"code":"\ud83d\ude00"}`, `{"code":"\ud83d\\ude00"}`, `[`, `{"a":{"b":[[[1]]]}}`, `{"code":"1"} `, `{"code":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v sample
		if decodeStrict(body, &v) != nil {
			return
		}
		// What is taken means one thing: read generously, it has the same members.
		var loose map[string]any
		if err := json.Unmarshal(body, &loose); err != nil {
			t.Fatalf("taken, but not JSON: %v", err)
		}
		if code, there := loose["code"]; there != (v.Code != nil) || there && code != *v.Code {
			t.Fatalf("code is %v for one reader and %v for another", code, v.Code)
		}
		if strings.Contains(v.Option, "\ufffd") && !bytes.Contains(body, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(body), []byte(`\ufffd`)) {
			t.Fatalf("option is %q, which is not what was sent", v.Option)
		}
		if option, _ := loose["option"].(string); option != v.Option {
			t.Fatalf("option is %q for one reader and %q for another", option, v.Option)
		}
	})
}

func TestT13_AnswersAreNotKept(t *testing.T) {
	for _, write := range []func(http.ResponseWriter){
		func(w http.ResponseWriter) { writeJSON(w, 200, map[string]string{}) },
		func(w http.ResponseWriter) { errTooLarge.write(w) },
		func(w http.ResponseWriter) { noContent(w) },
	} {
		w := httptest.NewRecorder()
		write(w)
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%d: %s is %q", w.Code, name, got)
			}
		}
	}
}
