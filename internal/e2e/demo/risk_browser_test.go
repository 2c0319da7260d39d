//go:build !race

package demo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/testneed"
)

// plays has the tab be another client, by the page for developers.
func (b *tab) plays(ip, agent string) {
	b.t.Helper()
	b.open("/dev/client")
	b.is("Play another client")
	b.typeInto("#ip", ip)
	b.typeInto("#agent", agent)
	b.enter("#agent")
	b.wants(b.text(".dev"), "You play a client from ")
}

// enter ends a form by the keyboard.
func (b *tab) enter(field string) {
	b.t.Helper()
	b.follow(chromedp.SendKeys(chromedp.CSS(field), "\r"))
}

// answers types a code, by the keyboard alone.
func (b *tab) answers(p *person) {
	b.t.Helper()
	b.is("Enter your code")
	b.typeInto("#code", p.phone.next())
	b.enter("#code")
	b.is("You are signed in")
}

// A person at home is not asked; in a new browser abroad they are, once, and read why;
// and when they say that it was somebody else, all are asked again.
func TestRisk_InABrowser(t *testing.T) {
	t.Parallel()
	testneed.Program(t, "chromium", "apt-get install chromium")
	a := start(t, "-policy", adaptivePolicy)
	a.member(t) // the oldest account, which is an admin's
	home := newTab(t, a, "risk-home")
	home.plays(inOslo, firefox)
	home.picture("Play another client")
	p := home.newcomer()
	p.client.at(inOslo, firefox)
	p.signIn(p.client) // with the password alone; the phone is set up by program
	p.enroll()
	home.password(p)
	home.answers(p)
	for range 5 {
		a.advance(24 * time.Hour)
		home.password(p)
		home.is("You are signed in") // and was not asked
	}

	a.advance(9 * time.Hour)
	away := newTab(t, a, "risk-away")
	away.withoutScripts()
	away.inDark()
	away.plays(inBucharest, chrome)
	away.password(p)
	away.is("Enter your code")
	away.picture("Why we ask")
	why := away.text("#why")
	away.wants(why, "First time from Romania.")
	if strings.Contains(away.text("main"), "Norway") {
		t.Errorf("it tells where the owner is: %s", away.text("main"))
	}
	away.answers(p)
	away.signOut()
	a.advance(24 * time.Hour)
	away.password(p)
	away.is("You are signed in") // and was not asked again

	home.password(p)
	home.is("You are signed in")
	home.open("/settings/activity")
	home.shows("Your activity")
	activity := home.text("#activity")
	for _, says := range []string{"Bucharest, Romania", "Oslo, Norway", "on Windows", "Firefox on Linux", "First time from Romania.", "You usually sign in from Norway."} {
		home.wants(activity, says)
	}

	// The keyboard alone, without scripts, on a small screen.
	away.open("/settings/activity")
	away.Do(chromedp.EmulateViewport(320, 800))
	away.Do(chromedp.Focus(chromedp.CSS("#activity .reasons ~ .dispute summary")))
	away.Do(chromedp.KeyEvent("\r"))
	away.picture("This was not me")
	away.wants(away.text("#activity details[open] form"), "Everybody is signed out")
	away.Do(chromedp.KeyEvent("\t"))
	away.follow(chromedp.KeyEvent("\r"))
	away.is("Everybody is signed out")
	away.wants(away.text("main"), "Choose a new one by mail")
	for _, b := range []*tab{home, away} {
		b.open("/settings")
		b.is("Sign in")
	}

	home.Means("Password forms should have") // of the page that a mailed link opens, which knows no account
	home.open("/forgot")
	home.typeInto("#email", p.email)
	home.enter("#email")
	_, path, ok := strings.Cut(a.waitForMail(p.email, "password").Body, a.url)
	if !ok {
		t.Fatal("no link in the mail")
	}
	home.open(strings.Fields(path)[0])
	p.password = newPassword()
	a.seen.secret("a password", p.password)
	home.typeInto("#password", p.password)
	home.enter("#password")
	home.answers(p) // asked at home
	a.advance(24 * time.Hour)
	away.password(p)
	away.is("Enter your code") // and abroad
}

// Nobody is in Oslo and twenty minutes later in São Paulo.
func TestRisk_ImpossibleTravelInABrowser(t *testing.T) {
	t.Parallel()
	testneed.Program(t, "chromium", "apt-get install chromium")
	a := start(t, "-policy", adaptivePolicy)
	admin := a.member(t)
	admin.signIn(admin.client)
	p := a.register(t)
	p.at(inOslo, firefox)
	p.enroll()
	home := newTab(t, a, "travel-home")
	home.plays(inOslo, firefox)
	home.password(p)
	home.answers(p)
	a.advance(20 * time.Minute)
	away := newTab(t, a, "travel-away")
	away.plays(inSaoPaulo, firefox)
	away.password(p)
	away.is("Enter your code")
	away.wants(away.text("#why"), "Too far from the last sign-in to have travelled to São Paulo, Brazil.")
	away.picture("Travel")
	away.answers(p)
	away.open("/settings/activity")
	away.wants(away.text("#activity"), "You were in Norway, about")

	// Staff see it with its evidence, and how all sign-ins were scored.
	desk := newTab(t, a, "risk-desk")
	desk.password(admin)
	desk.answers(admin)
	desk.open("/admin/risk")
	desk.shows("Risk")
	desk.wants(desk.text("#state"), "It decides")
	desk.wants(desk.text("#reasons"), "impossible travel")
	desk.open("/admin?q=" + p.email)
	desk.click(`.list a`)
	desk.picture("A user")
	desk.wants(desk.text("#signins"), "too far from the last sign-in to have travelled to São Paulo, Brazil")
	desk.inDark()
	desk.picture("A user in the dark")
	desk.Do(chromedp.Click(chromedp.CSS("#signins summary")))
	desk.typeInto("#signins details[open] input[type=text]", "She called: it was her.")
	desk.picture("Whose was it")
	desk.click(`#signins details[open] button[value=was_me]`)
	desk.wants(desk.text("#signins"), "The user")
	desk.open("/admin/risk")
	desk.picture("Risk in the dark")
}
