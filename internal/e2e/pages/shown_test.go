//go:build !race

package pages_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
)

// shown is where pages that a visitor got are shown to browsers, with the headers that
// they came with: so that one can be looked at for as long as it takes.
var shown = newShelf()

type shelf struct {
	url string

	mu    sync.Mutex
	pages map[string]*answer // by path
	flows map[string]string  // what the API says of a page's flow
	files http.Handler       // style and scripts
	odd   []string           // requests that no page has to make
}

func newShelf() *shelf {
	s := &shelf{pages: map[string]*answer{}, flows: map[string]string{}}
	s.url = strings.Replace(httptest.NewServer(s).URL, "127.0.0.1", "localhost", 1)
	return s
}

// put shows a page, and returns its address.
func (s *shelf) put(path string, a *answer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages[path] = a; a.v != nil {
		s.flows[path], s.files = a.v.flowNow(), a.v.mux
	}
	return s.url + path
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := s.pages[r.URL.Path]
	switch {
	case page != nil:
		for name, values := range page.header {
			if name != "Set-Cookie" {
				w.Header()[name] = values
			}
		}
		// Its status would be a message in the console, and means nothing to who looks.
		w.Write([]byte(page.body)) // an error means that the client has gone
	case s.files != nil && (strings.HasPrefix(r.URL.Path, "/account/static/") || r.URL.Path == "/mfa/mfa.js"):
		s.files.ServeHTTP(w, r)
	case r.URL.Path == "/mfa/flow" && s.flows[from(r)] != "":
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(s.flows[from(r)])) // as above
	case r.URL.Path == "/mfa/passkey/begin" && strings.Contains(s.pages[from(r)].html(), "passkey.js"):
		s.files.ServeHTTP(w, r)
	case r.URL.Path == "/favicon.ico": // a browser asks for it by itself, once
		http.NotFound(w, r)
	default:
		s.odd = append(s.odd, fmt.Sprintf("%s %s, from %s", r.Method, r.URL, r.Referer()))
		http.NotFound(w, r)
	}
}

// from is the path of the page that asks.
func from(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil {
		return ""
	}
	return u.Path
}

// oddOf is what pages below a path have asked for and do not need.
func (s *shelf) oddOf(path string) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, odd := range s.odd {
		if strings.Contains(odd, path) {
			out = append(out, odd)
		}
	}
	return out
}

// html is the page's text; empty: there is no page.
func (a *answer) html() string {
	if a == nil {
		return ""
	}
	return a.body
}
