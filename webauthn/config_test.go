package webauthn

import (
	"crypto/x509"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

func TestNew_NamesTheWrongField(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := Config{RP: RelyingParty{ID: "example.com", Origins: []string{"https://example.com"}}}
		change(&c)
		return c
	}
	tests := map[string]struct {
		c    Config
		want string
	}{
		"nothing":           {Config{}, "RP.ID"},
		"ID with a scheme":  {with(func(c *Config) { c.RP.ID = "https://example.com" }), "RP.ID"},
		"ID in upper case":  {with(func(c *Config) { c.RP.ID = "Example.com" }), "RP.ID"},
		"ID with a port":    {with(func(c *Config) { c.RP.ID = "example.com:443" }), "RP.ID"},
		"ID with a dot":     {with(func(c *Config) { c.RP.ID = "example.com." }), "RP.ID"},
		"ID of an address":  {with(func(c *Config) { c.RP.ID = "127.0.0.1" }), "RP.ID"},
		"ID not ASCII":      {with(func(c *Config) { c.RP.ID = "exämple.com" }), "RP.ID"},
		"name of two lines": {with(func(c *Config) { c.RP.Name = "a\nb" }), "RP.Name"},
		"long name":         {with(func(c *Config) { c.RP.Name = strings.Repeat("a", 65) }), "RP.Name"},
		"no origins":        {with(func(c *Config) { c.RP.Origins = nil }), "RP.Origins"},
		"slash":             {with(func(c *Config) { c.RP.Origins[0] = "https://example.com/" }), "RP.Origins"},
		"usual port":        {with(func(c *Config) { c.RP.Origins[0] = "https://example.com:443" }), "RP.Origins"},
		"empty port":        {with(func(c *Config) { c.RP.Origins[0] = "https://example.com:" }), "RP.Origins"},
		"query":             {with(func(c *Config) { c.RP.Origins[0] = "https://example.com?" }), "RP.Origins"},
		"upper case":        {with(func(c *Config) { c.RP.Origins[0] = "https://Example.com" }), "RP.Origins"},
		"user":              {with(func(c *Config) { c.RP.Origins[0] = "https://a@example.com" }), "RP.Origins"},
		"no scheme":         {with(func(c *Config) { c.RP.Origins[0] = "example.com" }), "RP.Origins"},
		"plain http":        {with(func(c *Config) { c.RP.Origins[0] = "http://example.com" }), "RP.Origins"},
		"http of another":   {with(func(c *Config) { c.RP.Origins[0] = "http://localhost:8080" }), "RP.Origins"},
		"android of nobody": {with(func(c *Config) { c.RP.Origins[0] = "android:apk-key-hash:" }), "RP.Origins"},
		"top origin":        {with(func(c *Config) { c.RP.TopOrigins = []string{"https://a.test/x"} }), "RP.TopOrigins"},
		"app":               {with(func(c *Config) { c.Apps = map[string]RelyingParty{"shop": {ID: "shop.test"}} }), `Apps["shop"].Origins`},
		"user verification": {with(func(c *Config) { c.UserVerification = "always" }), "UserVerification"},
		"counter":           {with(func(c *Config) { c.Counter = "ignore" }), "Counter"},
		"demand":            {with(func(c *Config) { c.Attestation.Demand = true }), "Attestation.Demand"},
		"allow":             {with(func(c *Config) { c.Allow = []AAGUID{{1}}; c.Attestation.Roots = x509.NewCertPool() }), "Allow"},
		"no algorithms":     {with(func(c *Config) { c.Algorithms = []int64{} }), "Algorithms"},
		"SHA-1":             {with(func(c *Config) { c.Algorithms = []int64{-65535} }), "Algorithms"},
		"twice":             {with(func(c *Config) { c.Algorithms = []int64{-7, -7} }), "Algorithms"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := New(test.c)
			if err == nil || f != nil || !strings.HasPrefix(err.Error(), "webauthn: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
		})
	}
}

func TestNew_Accepts(t *testing.T) {
	for name, rp := range map[string]RelyingParty{
		"development": {ID: "localhost", Origins: []string{"http://localhost:8080", "http://localhost", "https://localhost:8443", "http://app.localhost:1"}},
		"app":         {ID: "example.com", Origins: []string{"https://example.com", "android:apk-key-hash:abc"}},
		"punycode":    {ID: "xn--bcher-kva.example", Origins: []string{"https://xn--bcher-kva.example"}},
		"embedded":    {ID: "example.com", Origins: []string{"https://example.com"}, TopOrigins: []string{"https://other.test"}},
		"related":     {ID: "example.com", Origins: []string{"https://example.com", "https://example.co.uk", "https://example.de", "https://brand.test"}},
	} {
		if _, err := New(Config{RP: rp}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMethod(t *testing.T) {
	want := mfa.Method{Name: "webauthn", Label: "Security key", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true}
	if got := newFactor(t, nil).Method(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	demand := newFactor(t, func(c *Config) { c.Attestation = Attestation{Roots: x509.NewCertPool(), Demand: true} })
	if !demand.Method().DeviceBound {
		t.Error("with attestations demanded, nothing is device-bound")
	}
}

func TestScopeIsTheAppsRelyingParty(t *testing.T) {
	f := newFactor(t, func(c *Config) {
		c.Apps = map[string]RelyingParty{"shop": {ID: "shop.test", Origins: []string{"https://shop.test"}}}
	})
	for app, want := range map[string]string{"": "example.com", "web": "example.com", "shop": "shop.test"} {
		if got := f.Scope(mfa.Client{App: app}); got != want {
			t.Errorf("%q: %s", app, got)
		}
	}
}

func TestWellKnownIsReadOnly(t *testing.T) {
	h := WellKnown(RelyingParty{ID: "example.com", Origins: []string{"android:apk-key-hash:abc"}})
	for method, status := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "OPTIONS": 405} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/.well-known/webauthn", nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", method, w.Code, status)
		}
		if method == "GET" && w.Body.String() != `{"origins":[]}` {
			t.Errorf("an app's origin is told: %s", w.Body)
		}
	}
}

func TestAAGUID(t *testing.T) {
	const s = "ee882879-721c-4913-9775-3dfcce97072a"
	a, err := ParseAAGUID(strings.ToUpper(s))
	if err != nil || a.String() != s || a.Name() != "YubiKey 5" {
		t.Errorf("%v, %q, %v", a, a.Name(), err)
	}
	if (AAGUID{}).Name() != "" || (AAGUID{}).String() != "00000000-0000-0000-0000-000000000000" {
		t.Error("the zero AAGUID has a name")
	}
	for _, bad := range []string{"", s[1:], s + "0", "{" + s + "}", strings.ReplaceAll(s, "-", ""), strings.ReplaceAll(s, "e", "g"), "ee8828-79721c-4913-9775-3dfcce97072a", s[:35] + "-"} {
		if _, err := ParseAAGUID(bad); err == nil {
			t.Errorf("%q is an AAGUID", bad)
		}
	}
	for known := range modelNames {
		if a, err := ParseAAGUID(known); err != nil || a.String() != known {
			t.Errorf("the table has %q: %v", known, err)
		}
	}
}
