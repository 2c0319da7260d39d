package timing

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A pair are two requests whose answers must look alike. Each call makes a new one.
type pair struct {
	name string
	few  int // samples of each, with recovery codes, whose digest is slow; 0: many, without
	a, b func(*site) *http.Request
}

func pairs() []pair {
	app := func(code func(p *person) string) func(*site) *http.Request {
		return func(s *site) *http.Request {
			p := s.person()
			c := code(p)
			return p.try("totp", c)
		}
	}
	spend := func(p *person, method, code string) string {
		if w := p.site.send(p.try(method, code)); w.Code != http.StatusOK {
			p.site.t.Fatalf("%s: %d %s", method, w.Code, w.Body)
		}
		return code
	}
	flow := func(token func(real string) string) func(*site) *http.Request {
		return func(s *site) *http.Request {
			cookies, option := s.person().signIn("totp")
			for _, c := range cookies {
				c.Value = token(c.Value)
			}
			return request("POST", "/mfa/flow/verify", map[string]string{"option": option, "code": "123456"}, cookies)
		}
	}
	enrollment := func(id func(s *site) string) func(*site) *http.Request {
		return func(s *site) *http.Request {
			p := s.person()
			r := request("PATCH", "/mfa/enrollments/"+id(s), map[string]string{"label": "x"}, nil)
			r.Header.Set("X-User", p.user.ID)
			return r
		}
	}
	wrong := app(func(p *person) string { return off(p.next(), 0) })
	return []pair{
		{"app: first digit wrong, last digit wrong", 0, wrong, app(func(p *person) string { return off(p.next(), 5) })},
		{"app: wrong, spent", 0, wrong, app(func(p *person) string { return spend(p, "totp", p.next()) })},
		{"app: wrong, of yesterday", 0, app(func(p *person) string {
			p.next()
			p.site.m.Clock.Advance(24 * time.Hour)
			return off(p.phone.Code(), 0)
		}), app(func(p *person) string {
			old := p.next()
			p.site.m.Clock.Advance(24 * time.Hour)
			return old
		})},
		{"app: wrong, of another user", 0, app(func(p *person) string { return off(p.site.person().phone.Code(), 0) }), app(func(p *person) string { return p.site.person().phone.Code() })},
		{"recovery: wrong, spent", 40, func(s *site) *http.Request {
			p := s.person()
			return p.try("recovery", s.person().codes[0])
		}, func(s *site) *http.Request {
			p := s.person()
			return p.try("recovery", spend(p, "recovery", p.codes[0]))
		}},
		{"flow: made up, one letter wrong", 0, flow(func(token string) string { return strings.Repeat("A", len(token)) }), flow(func(token string) string {
			return token[:len(token)/2] + string('a'+(token[len(token)/2]-'a'+1)%26) + token[len(token)/2+1:]
		})},
		{"enrollment: unknown, another user's", 0, enrollment(func(s *site) string { return strings.Repeat("a", len(s.person().app)) }),
			enrollment(func(s *site) string { return s.person().app })},
	}
}

// TestC15_AnswersLookAlike compares status, headers and body, byte for byte.
func TestC15_AnswersLookAlike(t *testing.T) {
	for _, p := range pairs() {
		t.Run(p.name, func(t *testing.T) {
			s := newSite(t, p.few > 0)
			a, b := s.send(p.a(s)), s.send(p.b(s))
			said := func(w interface{ Result() *http.Response }, body string) string {
				return fmt.Sprint(w.Result().StatusCode, w.Result().Header, body)
			}
			x, y := said(a, a.Body.String()), said(b, b.Body.String())
			if x != y {
				t.Errorf("one answer is\n%s\nthe other\n%s", x, y)
			}
			if a.Code < 400 {
				t.Errorf("nothing was refused: %s", x)
			}
		})
	}
}

// BenchmarkTiming reports the medians of both of each pair, and Welch's t. Its samples are
// so many, whatever -benchtime says.
func BenchmarkTiming(b *testing.B) {
	for _, p := range pairs() {
		b.Run(p.name, func(b *testing.B) {
			s := newSite(b, p.few > 0)
			n := p.few
			if n == 0 {
				n = 2000
			}
			took := [2]sample{}
			for len(took[0]) < n || len(took[1]) < n {
				which := rand.IntN(2)
				make := [2]func(*site) *http.Request{p.a, p.b}[which]
				r := make(s)
				began := time.Now()
				s.send(r)
				took[which] = append(took[which], time.Since(began))
			}
			report(b, took)
		})
	}
}

func report(b *testing.B, took [2]sample) {
	x, y := took[0].cropped(), took[1].cropped()
	b.ReportMetric(float64(x.median()), "one-ns")
	b.ReportMetric(float64(y.median()), "other-ns")
	b.ReportMetric(welch(x, y), "t")
	b.ReportMetric(0, "ns/op")
}

// TestWelch shows that a difference is seen, and that none is seen where there is none.
func TestWelch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(mean float64) (s sample) {
		for range 3000 {
			s = append(s, time.Duration(mean+100*r.NormFloat64()))
		}
		return s.cropped()
	}
	if v := welch(draw(1000), draw(1000)); v < -4.5 || v > 4.5 {
		t.Errorf("t is %v where there is no difference", v)
	}
	if v := welch(draw(1000), draw(1030)); v > -4.5 {
		t.Errorf("t is %v where one takes 3 %% longer", v)
	}
	if v := welch(sample{5, 5, 5}, sample{5, 5, 5}); v != 0 {
		t.Errorf("t is %v of the same", v)
	}
}
