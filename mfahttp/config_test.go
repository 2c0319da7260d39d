package mfahttp

import (
	"html/template"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

type noHost struct{}

func (noHost) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	return mfa.User{}, mfa.Authentication{}, ErrNoSession
}
func (noHost) Passed(http.ResponseWriter, *http.Request, mfa.Flow) error            { return nil }
func (noHost) Renewed(http.ResponseWriter, *http.Request, mfa.Authentication) error { return nil }

type noReports struct{}

func (noReports) Report(*http.Request) (mfa.Report, error) { return mfa.Report{}, nil }

func TestConfigIsChecked(t *testing.T) {
	good := Config{Engine: new(mfa.Engine), Host: noHost{}, Origin: "https://app.example"}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // in the error; empty: fine
	}{
		{"as it should be", func(c *Config) {}, ""},
		{"engine", func(c *Config) { c.Engine = nil }, "Engine"},
		{"host", func(c *Config) { c.Host = nil }, "Host"},
		{"no origin", func(c *Config) { c.Origin = "" }, "Origin"},
		{"origin without scheme", func(c *Config) { c.Origin = "app.example" }, "Origin"},
		{"origin with path", func(c *Config) { c.Origin = "https://app.example/" }, "Origin"},
		{"origin with query", func(c *Config) { c.Origin = "https://app.example?x" }, "Origin"},
		{"origin with user", func(c *Config) { c.Origin = "https://me@app.example" }, "Origin"},
		{"origin in capitals", func(c *Config) { c.Origin = "https://App.example" }, "Origin"},
		{"other scheme", func(c *Config) { c.Origin = "ftp://app.example" }, "Origin"},
		{"http", func(c *Config) { c.Origin = "http://app.example" }, "Origin"},
		{"http on a private network", func(c *Config) { c.Origin = "http://192.168.1.1" }, "Origin"},
		{"http on something like localhost", func(c *Config) { c.Origin = "http://localhost.evil.example" }, "Origin"},
		{"https with port", func(c *Config) { c.Origin = "https://app.example:8443" }, ""},
		{"http localhost", func(c *Config) { c.Origin = "http://localhost:8080" }, ""},
		{"http 127.0.0.1", func(c *Config) { c.Origin = "http://127.0.0.1:8080" }, ""},
		{"http ::1", func(c *Config) { c.Origin = "http://[::1]:8080" }, ""},
		{"prefix without slash", func(c *Config) { c.Prefix = "mfa" }, "Prefix"},
		{"prefix with slash at the end", func(c *Config) { c.Prefix = "/mfa/" }, "Prefix"},
		{"prefix", func(c *Config) { c.Prefix = "/account/second" }, ""},
		{"step-up page elsewhere", func(c *Config) { c.StepUpPage = "https://evil.example/" }, "StepUpPage"},
		{"step-up page with query", func(c *Config) { c.StepUpPage = "/stepup?x=1" }, "StepUpPage"},
		{"step-up page", func(c *Config) { c.StepUpPage = "/stepup" }, ""},
		{"link leads elsewhere", func(c *Config) { c.LinkDone = "//evil.example" }, "LinkDone"},
		{"link leads to a page", func(c *Config) { c.LinkDone = "/login?by=link" }, ""},
		{"link page", func(c *Config) { c.Link = template.Must(template.New("").Parse(`{{if .Button}}{{.Action}}{{end}}`)) }, ""},
		{"link page that asks for what is not there", func(c *Config) {
			c.Link = template.Must(template.New("").Parse(`{{with .Problem}}{{$.Why}}{{end}}`))
		}, "Link"},
		{"report by nobody", func(c *Config) { c.Reports = map[string]Reporter{"twilio": nil} }, "Reports"},
		{"report under no name", func(c *Config) { c.Reports = map[string]Reporter{"": noReports{}} }, "Reports"},
		{"report under a path", func(c *Config) { c.Reports = map[string]Reporter{"a/b": noReports{}} }, "Reports"},
		{"report under dots", func(c *Config) { c.Reports = map[string]Reporter{"..": noReports{}} }, "Reports"},
		{"reports", func(c *Config) { c.Reports = map[string]Reporter{"twilio-2": noReports{}} }, ""},
		{"everybody is a proxy", func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, "TrustedProxies"},
		{"everybody is a proxy, mapped", func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/96")} }, "TrustedProxies"},
		{"no network", func(c *Config) { c.TrustedProxies = []netip.Prefix{{}} }, "TrustedProxies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.change(&config)
			h, err := New(config)
			if c.want == "" {
				if err != nil || h == nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "Config."+c.want) {
				t.Errorf("got %v, want an error that names %s", err, c.want)
			}
		})
	}
}

func TestCookieNamesFollowTheOrigin(t *testing.T) {
	for origin, prefix := range map[string]string{"https://app.example": "__Host-", "http://localhost:1": ""} {
		h, err := New(Config{Engine: new(mfa.Engine), Host: noHost{}, Origin: origin})
		want := cookies{strings.HasPrefix(origin, "https"), prefix + "mfa-flow", prefix + "mfa-device", prefix + "mfa-passkey", prefix + "mfa-reset"}
		if err != nil || h.cookies != want {
			t.Errorf("%s: %+v, %v", origin, h.cookies, err)
		}
	}
}

func TestReturnPathsStayHere(t *testing.T) {
	for path, want := range map[string]string{
		"/":                    "/",
		"/admin?x=1&y=%2F":     "/admin?x=1&y=%2F",
		"/a//b":                "/a//b",
		"":                     "/",
		"admin":                "/",
		"//evil.example":       "/",
		"///evil.example":      "/",
		`/\evil.example`:       "/",
		`\\evil.example`:       "/",
		"/\t/evil.example":     "/",
		"/\n/evil.example":     "/",
		"/x\x00":               "/",
		"https://evil.example": "/",
		"javascript:alert(1)":  "/",
		" //evil.example":      "/",
		"/%zz":                 "/",
	} {
		if got := LocalPath(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}
