//go:build !race

package demo_test

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/internal/testneed"
)

// stepwise is the rollout that the picture of a preview shows.
const stepwise = `{
  "mode": "offer", "nudge": 2, "remember": {"days": 30},
  "phases": [
    {"name": "pilot", "from": "%s", "cohorts": ["staff"], "mode": "required", "grace": {"skips": 3}},
    {"name": "half", "from": "%s", "share": 50, "mode": "required", "grace": {"skips": 3}},
    {"name": "all", "from": "%s", "mode": "required"}
  ],
  "cohorts": [{"name": "staff", "email_domains": ["staff.example.com"]}]
}`

// TestPictures takes the pictures of the README from the demo as it is. MFA_PICTURES
// names the folder where they are kept; else they are only looked at.
func TestPictures(t *testing.T) {
	t.Parallel()
	testneed.Program(t, "chromium", "apt-get install chromium")
	a := start(t, "-policy", adaptivePolicy)
	admin := a.named(t, "grace@staff.example.com")
	admin.at(inOslo, firefox)
	admin.enroll()

	wizard := newTab(t, a, "picture-wizard")
	ada := wizard.newcomer("ada@example.com")
	wizard.open("/setup/app")
	wizard.typeInto("#label", "Ada’s phone")
	wizard.enter("#label")
	wizard.take("wizard", 760, 960)
	ada.phone = wizard.scan(ada)

	// A crowd with a fortnight behind it: at home, and now and then elsewhere.
	var crowd []*person
	for n := range 12 {
		domain := "example.com"
		if n%4 == 0 {
			domain = "staff.example.com"
		}
		p := a.named(t, fmt.Sprintf("person%d@%s", n, domain))
		p.at(inOslo, firefox)
		if n%3 != 0 {
			p.enroll()
		}
		crowd = append(crowd, p)
	}
	homely := crowd[len(crowd)-1]
	for day := range 10 {
		a.advance(24 * time.Hour)
		for n, p := range crowd {
			p.anyhow(p.client)
			if p == homely || p.phone.auth == nil || (n+day)%6 != 0 {
				continue
			}
			a.advance(time.Minute)
			away := []string{inSaoPaulo, inBucharest}[day%2]
			p.anyhow(p.elsewhere().at(away, chrome))
		}
	}

	challenge := newTab(t, a, "picture-challenge")
	challenge.plays(inBucharest, chrome)
	challenge.password(homely)
	challenge.is("Enter your code")
	challenge.take("challenge", 760, 840)

	desk := newTab(t, a, "picture-desk")
	desk.plays(inOslo, firefox)
	desk.password(admin)
	desk.answers(admin)
	desk.open("/admin/risk")
	desk.is("Risk")
	desk.take("risk", 760, 600)
	desk.open("/admin/policy")
	now := a.now()
	at := func(days int) string { return now.AddDate(0, 0, days).UTC().Format("2006-01-02T00:00:00Z") }
	browser.Evaluate[bool](desk, `document.getElementById("policy").value = args[0]; return true;`, fmt.Sprintf(stepwise, at(7), at(21), at(42)))
	desk.click(`form[action="/admin/policy/preview"] button`)
	desk.take("rollout", 760, 600)
}

// named makes an account with an address of one's choice.
func (a *app) named(t testing.TB, email string) *person {
	t.Helper()
	p := a.stranger(t)
	p.email = email
	p.post("/register", js{"email": p.email, "password": p.password}).want(201)
	return p
}

// anyhow signs in by a browser, with a code where one is asked for.
func (p *person) anyhow(c *client) {
	p.t.Helper()
	if f := p.login(c); f.Status == "challenge" {
		c.post("/mfa/flow/verify", js{"option": f.Options[0].ID, "code": p.phone.next()}).want(200)
	}
}

// take keeps what a window of this size shows, but for what tells developers that they
// are, and checks that something is to be seen.
func (b *tab) take(name string, width, height int64) {
	b.t.Helper()
	browser.Evaluate[bool](b, `document.querySelectorAll(".dev").forEach((bar) => bar.remove()); return true;`)
	b.Do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(1.5)))
	browser.Evaluate[bool](b, `scrollTo(0, 0); return true;`)
	shot := browser.Get(b, chromedp.CaptureScreenshot())
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	colours := map[any]bool{}
	for x := 0; x < img.Bounds().Dx(); x += 3 {
		for y := 0; y < img.Bounds().Dy(); y += 3 {
			colours[img.At(x, y)] = true
		}
	}
	if len(colours) < 20 {
		b.t.Errorf("the picture %s has %d colours", name, len(colours))
	}
	if dir := os.Getenv("MFA_PICTURES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
}
