package mfahttp_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
)

func reportOf(sign, token, state string) string {
	return url.Values{"sign": {sign}, "m": {token}, "state": {state}}.Encode()
}

const formType = "application/x-www-form-urlencoded"

// report is what a carrier sends, which has neither cookies nor an Origin.
func (s *site) report(sender, sign, token, state string, headers ...string) reply {
	r := httptest.NewRequest("POST", origin+"/mfa/delivery/"+sender, strings.NewReader(reportOf(sign, token, state)))
	r.Header.Set("Content-Type", formType)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.reply(r)
}

func TestCarriersReport(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	option, l := b.ask(t, "ada")
	r := s.report("post", postmark, l.Report, "on_its_way").want(t, 204, "")
	if r.Body.Len() > 0 || r.Header().Get("Cache-Control") != "no-store" || len(r.Result().Cookies()) > 0 {
		t.Errorf("%v %s", r.Header(), r.Body)
	}
	s.report("post", postmark, l.Report, "").want(t, 204, "") // nothing is known: nothing to note
	if o := b.letterOption(t); o["delivery"] != "on_its_way" {
		t.Errorf("%v", o)
	}
	// Kannel can do nothing but GET.
	get := httptest.NewRequest("GET", origin+"/mfa/delivery/post?"+reportOf(postmark, l.Report, "failed"), nil)
	s.reply(get).want(t, 204, "")
	if o := b.letterOption(t); o["delivery"] != "failed" {
		t.Errorf("%v", o)
	}
	// Of a message that is answered or replaced, reports are of no use, and no error.
	b.verify(t, option, l.code).want(t, 200, "")
	s.report("post", postmark, l.Report, "delivered").want(t, 204, "")
}

func TestReportsAreRefusedAlike(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	_, l := b.ask(t, "ada")
	other := another(t)
	other.reader(t, "ada")
	_, foreign := other.browser().ask(t, "ada")
	endless := httptest.NewRequest("POST", origin+"/mfa/delivery/post", strings.NewReader(reportOf(postmark, l.Report, "failed")+"&x="+strings.Repeat("x", 64<<10)))
	endless.Header.Set("Content-Type", formType)
	first := ""
	for name, r := range map[string]reply{
		"not signed":           s.report("post", "", l.Report, "failed"),
		"signed by another":    s.report("post", "forged", l.Report, "failed"),
		"no token":             s.report("post", postmark, "", "failed"),
		"no token of ours":     s.report("post", postmark, "x"+l.Report, "failed"),
		"another deployment's": s.report("post", postmark, foreign.Report, "failed"),
		"no state of ours":     s.report("post", postmark, l.Report, "eaten"),
		"malformed":            s.report("post", postmark, l.Report, "failed", "Content-Type", formType+"; charset=\x00"),
		"endless":              s.reply(endless),
	} {
		r.want(t, 403, "report_refused")
		if first == "" {
			first = r.Body.String()
		}
		if r.Body.String() != first || r.text("detail") != "" {
			t.Errorf("%s: %s, and another %s", name, r.Body, first)
		}
	}
	if o := b.letterOption(t); o["delivery"] != nil {
		t.Errorf("%v", o)
	}
	if !strings.Contains(s.log.String(), "not stamped") || !strings.Contains(s.log.String(), "sender=post") {
		t.Error("and nobody learns of it")
	}
	for _, sender := range []string{"nobody", "", "post/x", "Post"} {
		s.report(sender, postmark, l.Report, "failed").want(t, 404, "not_found")
	}
	s.reply(httptest.NewRequest("PUT", origin+"/mfa/delivery/post", nil)).want(t, 405, "http_method_not_allowed")
}

func TestC14_ReportsAreNotForBrowsers(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	_, l := b.ask(t, "ada")
	for _, from := range [][]string{
		{"Origin", origin}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "none"}, {"Origin", origin, "Sec-Fetch-Site", "same-origin"},
	} {
		s.report("post", postmark, l.Report, "failed", from...).want(t, 403, "cross_origin")
		get := httptest.NewRequest("GET", origin+"/mfa/delivery/post?"+reportOf(postmark, l.Report, "failed"), nil)
		for i := 0; i+1 < len(from); i += 2 {
			get.Header.Set(from[i], from[i+1])
		}
		s.reply(get).want(t, 403, "cross_origin")
	}
	if o := b.letterOption(t); o["delivery"] != nil {
		t.Errorf("%v", o)
	}
}

func TestReportsThatCannotBeKeptAreAskedForAgain(t *testing.T) {
	store := &brokenStore{}
	s := newSite(t, func(c *mfa.Config) { store.Store, c.Store = c.Store, store })
	s.reader(t, "ada")
	_, l := s.browser().ask(t, "ada")
	store.fail.Store(true)
	if r := s.report("post", postmark, l.Report, "failed").want(t, 503, "busy"); r.Header().Get("Retry-After") == "" {
		t.Errorf("%v", r.Header())
	}
}

// A brokenStore fails once it is told to.
type brokenStore struct {
	mfa.Store
	fail atomic.Bool
}

func (b *brokenStore) Load(ctx context.Context, key string) (mfa.Item, error) {
	if b.fail.Load() {
		return mfa.Item{}, errors.New("the disk is full")
	}
	return b.Store.Load(ctx, key)
}
