package resources

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa/mfatest"
)

// Bounds on what a hostile crowd leaves behind.
const (
	warmUp      = 1000
	maxResident = 64 << 20 // by which the program's memory may be larger than after the warm-up
	maxHeap     = 4 << 20  // the same of the library's heap in this process, after a collection
	maxMore     = 4        // goroutines beyond those of a program that nobody has talked to
)

// crowdSize is how many requests are made: MFA_HOSTILE, or what CI has time for.
func crowdSize(t *testing.T) int {
	t.Helper()
	said := os.Getenv("MFA_HOSTILE")
	if said == "" {
		return 10_000
	}
	n, err := strconv.Atoi(said)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hostile is the nth request of the crowd. cookies are of a sign-in that waits for its
// code, and option is the authenticator app's.
func hostile(base string, n int, r *rand.Rand, cookies []*http.Cookie, option string) *http.Request {
	text := func(length int) string {
		b := make([]byte, length)
		for i := range b {
			b[i] = byte(33 + r.IntN(94))
		}
		return string(b)
	}
	method, path, body, header := "POST", "/mfa/flow/verify", "", http.Header{"Content-Type": {"application/json"}}
	mine := false
	address := netip.AddrFrom4([4]byte{byte(1 + r.IntN(223)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
	if n%2 == 0 {
		address = netip.AddrFrom16([16]byte{0x20, 0x01, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), 15: 1})
	}
	switch n % 12 {
	case 0:
		mine, body = true, fmt.Sprintf(`{"option":%q,"code":"%06d"}`, option, r.IntN(1_000_000))
	case 1: // a flow that there never was
		header.Set("Authorization", "Bearer "+text(64))
		body = `{"option":"x","code":"123456"}`
	case 2:
		header.Set("Cookie", "mfa_flow="+strconv.Itoa(r.Int())+"; session="+strconv.Itoa(r.Int())+"; mfa_device="+strconv.Itoa(r.Int()))
		method, path = "GET", "/mfa/flow"
	case 3:
		mine, body = true, text(200)
	case 4:
		mine, body = true, `{"option":"x","code":"1"}`
		header.Set("Origin", "https://evil.example")
		header.Set("Sec-Fetch-Site", "cross-site")
	case 5:
		method, path = "GET", "/"+strconv.Itoa(r.Int())+"/"+strings.Repeat("a/", r.IntN(50))
	case 6:
		mine, body = true, `{"option":"`+strings.Repeat("x", 30_000)+`","code":"`+strings.Repeat("1", 30_000)+`"}`
	case 7:
		mine, body = true, strings.Repeat(`{"a":`, 100+r.IntN(1000))
	case 8:
		method, path = "GET", "/me?"+strings.Repeat("a=b&", 500)
		header.Set("User-Agent", text(4000))
		header.Set("Accept-Language", strings.Repeat("xx,", 1000))
	case 9:
		path, body = "/mfa/passkey/finish", `{"credential":{"id":"`+strconv.Itoa(r.Int())+`"}}`
	case 10:
		method, path = "DELETE", "/mfa/enrollments/"+strconv.Itoa(r.Int())
	case 11:
		path, body = "/login", `{"email":"`+strconv.Itoa(r.Int())+`@example.com"}`
		if n%(12*64) == 11 { // what costs a slow digest, a part of them
			body = `{"email":"` + strconv.Itoa(r.Int()) + `@example.com","password":"correct horse battery"}`
		}
	}
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("X-Forwarded-For", address.String())
	if mine {
		for _, c := range cookies {
			req.AddCookie(c)
		}
	}
	return req
}

// attack has sixteen send n requests as fast as they go. Each answer is a refusal, or a page
// that anybody may see.
func attack(t *testing.T, n int, base string, do func(*http.Request) (*http.Response, error), cookies []*http.Cookie, option string) {
	t.Helper()
	const workers = 16
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for i := w; i < n; i += workers {
				req := hostile(base, i, r, cookies, option)
				resp, err := do(req)
				if err != nil {
					t.Errorf("%s %.50s: %v", req.Method, req.URL.Path, err)
					return
				}
				said, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode >= 500 || resp.StatusCode < 400 && req.Method != "GET" {
					t.Errorf("%s %.50s: %d %.200s", req.Method, req.URL.Path, resp.StatusCode, said)
				}
			}
		})
	}
	all.Wait()
}

// send posts JSON as somebody with cookies.
func (s *site) send(path string, body any, cookies []*http.Cookie, into any) []*http.Cookie {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", s.URL+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		said, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s: %d %s", path, resp.StatusCode, said)
	}
	if into != nil {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
	return resp.Cookies()
}

// TestC18_AHostileCrowdLeavesNothingBehind: neither memory nor goroutines nor
// connections. MFA_HOSTILE=60000 is a minute of a thousand in a second.
func TestC18_AHostileCrowdLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	n := crowdSize(t)
	quiet := open(t)
	quiet.answers(t)
	quiet.http.CloseIdleConnections()
	s := open(t)
	account := map[string]string{"email": "ada@example.com", "password": "correct horse battery staple"}
	session := s.send("/register", account, nil, nil)
	var app struct{ ID, URI string }
	s.send("/mfa/enrollments", map[string]string{"method": "totp"}, session, &app)
	phone, err := mfatest.NewAuthenticator(app.URI, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.send("/mfa/enrollments/"+app.ID+"/activate", map[string]string{"code": phone.Code()}, session, nil)
	var flow struct {
		Status  string
		Options []struct{ ID, Method string }
	}
	cookies := s.send("/login", account, nil, &flow)
	if flow.Status != "challenge" || len(flow.Options) == 0 {
		t.Fatalf("%+v", flow)
	}
	attack(t, warmUp, s.URL, s.http.Do, cookies, flow.Options[0].ID)
	before := s.resident()
	attack(t, n, s.URL, s.http.Do, cookies, flow.Options[0].ID)
	t.Logf("%d MB after %d requests, %d MB after %d more", before>>20, warmUp, s.resident()>>20, n)
	until(t, "the memory is what it was", func() bool { return s.resident() <= before+maxResident })
	s.answers(t)
	s.http.CloseIdleConnections()
	quiet.http.CloseIdleConnections()
	until(t, "no connection is left", func() bool { return s.connections() == 1 && quiet.connections() == 1 })
	if log := s.log.String(); strings.Contains(log, "panic") {
		t.Error(log)
	}
	want, _ := quiet.goroutines()
	got, stacks := s.goroutines()
	t.Logf("%d goroutines, %d where nothing happened", got, want)
	if want < 5 || got > want+maxMore {
		t.Errorf("%d goroutines, %d where nothing happened:\n%s", got, want, stacks)
	}
}
