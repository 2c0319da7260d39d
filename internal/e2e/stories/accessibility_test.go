package stories_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testneed"
)

var (
	pictureOnPage = regexp.MustCompile(`src="data:image/png;base64,([^"]+)"`)
	linkOnPage    = regexp.MustCompile(`href="(otpauth://[^"]+)"`)
)

// A product for accessibility reports, with an authenticator app for those who
// want one, and the password before any change.
func TestStory_Accessibility(t *testing.T) {
	t.Parallel()
	s := open(t, "accessibility")
	m, f := s.join(t, "+447400123456")
	if f.Status != "passed" {
		t.Fatalf("nobody has to: %+v", f)
	}
	const aWhile = 6 * time.Minute // longer than what was proved counts here

	promise(t, "the password before any change", func(t *testing.T) {
		s.advance(t, aWhile)
		if lacks := m.post(t, "/mfa/enrollments", js{"method": "totp"}).lacks(t); !slices.Equal(lacks, []string{"password"}) {
			t.Errorf("it asks for %v", lacks)
		}
		m.post(t, "/reauthenticate", js{"password": "not " + m.password}).want(t, http.StatusUnauthorized, "invalid_credentials")
		m.post(t, "/mfa/enrollments", js{"method": "totp"}).lacks(t)
		m.reauthenticate(t)
	})
	promise(t, "an authenticator app is the method that there is", func(t *testing.T) {
		for _, other := range []string{"sms", "email", "webauthn"} {
			m.post(t, "/mfa/enrollments", js{"method": other}).want(t, http.StatusUnprocessableEntity, "method_not_allowed")
		}
	})
	promise(t, "on the desktop a code to scan, on the phone a link that opens the app with the same", func(t *testing.T) {
		testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
		page := m.page(t, "/setup", url.Values{"label": {""}})
		picture, link := pictureOnPage.FindStringSubmatch(page), linkOnPage.FindStringSubmatch(page)
		if picture == nil || link == nil {
			t.Fatalf("no code or no link in %s", page)
		}
		if scanned := scan(t, picture[1]); scanned != link[1] || !strings.Contains(page, "Open my authenticator app") {
			t.Errorf("the picture says %q and the link %q", scanned, link[1])
		}
	})
	promise(t, "a code of the app confirms it", func(t *testing.T) {
		b := m.begin(t, js{"method": "totp"})
		m.scan(t, b)
		m.post(t, "/mfa/enrollments/"+b.ID+"/activate", js{"code": m.phone.CodeAt(s.now().Add(-time.Hour))}).want(t, http.StatusUnauthorized, "code_not_valid")
		if f := m.elsewhere().login(t); f.Status != "passed" {
			t.Errorf("not confirmed, and asked for: %+v", f)
		}
		m.activate(t, b, js{"code": m.phone.Code()})
	})
	promise(t, "the next sign-in asks for a code", func(t *testing.T) {
		m = m.elsewhere()
		f := m.login(t)
		m.get(t, "/me").want(t, http.StatusUnauthorized)
		m.verify(t, f.option(t, "totp"), m.phone.CodeAt(s.now().Add(-time.Hour))).want(t, http.StatusUnauthorized, "code_not_valid")
		m.passed(t, m.verify(t, f.option(t, "totp"), m.nextCode(t)))
	})
	promise(t, "deactivating asks for a current code", func(t *testing.T) {
		id := m.ids(t)["totp"]
		s.advance(t, aWhile)
		if lacks := m.delete(t, "/mfa/enrollments/"+id).lacks(t); !slices.Contains(lacks, "password") {
			t.Errorf("it asks for %v", lacks)
		}
		m.reauthenticate(t)
		for range 2 { // the password alone does not do
			if lacks := m.delete(t, "/mfa/enrollments/"+id).lacks(t); len(lacks) == 0 || slices.Contains(lacks, "password") {
				t.Errorf("it asks for %v", lacks)
			}
		}
		f := m.post(t, "/mfa/stepup", nil).want(t, http.StatusOK).flow(t)
		m.verify(t, f.option(t, "totp"), m.phone.CodeAt(s.now().Add(-time.Hour))).want(t, http.StatusUnauthorized, "code_not_valid")
		m.delete(t, "/mfa/enrollments/"+id).lacks(t)
		m.passed(t, m.verify(t, f.option(t, "totp"), m.nextCode(t)))
		m.delete(t, "/mfa/enrollments/"+id).want(t, http.StatusNoContent)
	})
	promise(t, "then it is off: the password does", func(t *testing.T) {
		if f := m.elsewhere().login(t); f.Status != "passed" || len(m.ids(t)) != 0 {
			t.Errorf("deactivated, and asked: %+v", f)
		}
	})
}

// scan reads a picture of a QR code by somebody else's code.
func scan(t *testing.T, encoded string) string {
	t.Helper()
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "--nodbus", "-")
	cmd.Stdin = bytes.NewReader(picture)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("zbarimg reads no code: %v", err)
	}
	return strings.TrimSpace(string(out))
}
