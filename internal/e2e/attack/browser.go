package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
)

type js map[string]any

// raw is a body that is sent as it stands, under a Content-Type.
type raw struct{ kind, text string }

func form(pairs ...string) raw {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return raw{"application/x-www-form-urlencoded", v.Encode()}
}

// text is a JSON body that an encoder would not write.
func text(format string, args ...any) raw {
	return raw{"application/json", fmt.Sprintf(format, args...)}
}

// A browser is one, or a program that signs in: what it has is cookies, and headers
// that it sends with every request.
type browser struct {
	site   *Site
	http   *http.Client
	header http.Header
}

// Where people are, as the program sees it.
const home = "198.51.100.7"

// browser is a new one, at an address; empty: the machine's own.
func (s *Site) browser(ip string) *browser {
	jar, _ := cookiejar.New(nil) // never fails
	b := &browser{site: s, header: http.Header{}, http: &http.Client{
		Transport: s.http, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if ip != "" {
		b.header.Set("X-Dev-Client-IP", ip)
	}
	return b
}

// attacker is a browser of somebody else, in a network of their own.
func (x *Trial) attacker() *browser { return x.browser(fmt.Sprintf("203.0.%d.9", 113+x.number)) }

// program is a client without cookies, that sends a token.
func (s *Site) program(token string) *browser {
	b := s.browser("")
	b.http.Jar = nil
	if token != "" {
		b.header.Set("Authorization", "Bearer "+token)
	}
	return b
}

// with is the same browser, cookies and all, with another header.
func (b *browser) with(name, value string) *browser {
	other := *b
	other.header = b.header.Clone()
	other.header.Set(name, value)
	return &other
}

// twin is a browser with a copy of the cookies, so that what one is given the other
// does not send.
func (b *browser) twin() *browser {
	other := b.site.browser(b.header.Get("X-Dev-Client-IP"))
	for _, k := range b.http.Jar.Cookies(b.at()) {
		other.plant(k.Name, k.Value)
	}
	return other
}

func (b *browser) at() *url.URL {
	u, err := url.Parse(b.site.url)
	if err != nil {
		fail("%v", err)
	}
	return u
}

func (b *browser) cookie(name string) string {
	for _, k := range b.http.Jar.Cookies(b.at()) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// plant sets a cookie; an empty value takes it away.
func (b *browser) plant(name, value string) *browser {
	k := &http.Cookie{Name: name, Value: value, Path: "/"}
	if value == "" {
		k.MaxAge = -1
	}
	b.http.Jar.SetCookies(b.at(), []*http.Cookie{k})
	return b
}

func (b *browser) get(path string) reply            { return b.do("GET", path, nil) }
func (b *browser) post(path string, body any) reply { return b.do("POST", path, body) }
func (b *browser) delete(path string) reply         { return b.do("DELETE", path, nil) }

func (b *browser) do(method, path string, body any) reply {
	r, err := b.try(method, path, body)
	if err != nil {
		fail("%s %s: %v", method, path, err)
	}
	return r
}

func (b *browser) try(method, path string, body any) (reply, error) {
	var reader io.Reader
	kind := ""
	switch v := body.(type) {
	case nil:
	case raw:
		reader, kind = strings.NewReader(v.text), v.kind
	default:
		encoded, err := json.Marshal(v)
		if err != nil {
			return reply{}, err
		}
		reader, kind = bytes.NewReader(encoded), "application/json"
	}
	r, err := http.NewRequest(method, b.site.url+path, reader)
	if err != nil {
		return reply{}, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	r.Host = r.Header.Get("Host") // empty: the address's own
	res, err := b.http.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	out := reply{what: method + " " + path, status: res.StatusCode, header: res.Header}
	out.body, err = io.ReadAll(res.Body)
	return out, err
}

// together sends n requests at one moment. Who is told that the program is busy tries
// again: nothing was looked at.
func together(n int, send func(i int) (reply, error)) []reply {
	out, errs := make([]reply, n), make([]error, n)
	barrier := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-barrier
			for {
				out[i], errs[i] = send(i)
				if errs[i] != nil || out[i].code() != "busy" {
					return
				}
			}
		})
	}
	close(barrier)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			fail("%v", err)
		}
	}
	return out
}

// count is how many of the answers are of this kind, as short has it.
func count(replies []reply, short string) (n int) {
	for _, r := range replies {
		if r.short() == short {
			n++
		}
	}
	return n
}

// A reply is an answer, read in full.
type reply struct {
	what   string
	status int
	header http.Header
	body   []byte
}

// want checks the status and, for problems, the code.
func (r reply) want(status int, code ...string) reply {
	if r.status != status || len(code) > 0 && r.code() != code[0] {
		fail("%s: %d %.600s, want %d %v", r.what, r.status, r.body, status, code)
	}
	return r
}

// code is the problem's; empty for other answers.
func (r reply) code() string {
	if r.header.Get("Content-Type") != "application/problem+json" {
		return ""
	}
	var p struct{ Code string }
	_ = json.Unmarshal(r.body, &p) // then it is none
	return p.Code
}

// short is how the page tells of the answer.
func (r reply) short() string {
	if c := r.code(); c != "" {
		return fmt.Sprintf("%d `%s`", r.status, c)
	}
	return fmt.Sprint(r.status)
}

func (r reply) into(v any) {
	if err := json.Unmarshal(r.body, v); err != nil {
		fail("%s: %v in %.600s", r.what, err, r.body)
	}
}

// member is one of the JSON body.
func (r reply) member(name string) any {
	var m map[string]any
	r.into(&m)
	return m[name]
}

type flow struct {
	Status, Purpose, Reason, Token string
	Options                        []struct{ ID, Method string }
	Methods                        []string
	Remember                       struct{ Days int }
}

func (r reply) flow() (f flow) {
	r.into(&f)
	return f
}

// challenged is a flow that waits for an answer, which a first factor is led to.
func (r reply) challenged() flow {
	f := r.want(http.StatusOK).flow()
	if f.Status != "challenge" {
		fail("%s: the flow is %s: %s", r.what, f.Status, r.body)
	}
	return f
}

// has says whether the flow asks for a method.
func (f flow) has(method string) bool {
	for _, o := range f.Options {
		if o.Method == method {
			return true
		}
	}
	return false
}

func (f flow) option(method string) string {
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	fail("the flow %+v has no option %s", f, method)
	return ""
}
