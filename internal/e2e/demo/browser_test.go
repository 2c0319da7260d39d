//go:build !race

package demo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/internal/testneed"
)

// A tab is a person's browser, in front of the demo.
type tab struct {
	*browser.Tab
	t    testing.TB
	app  *app
	name string // of its screenshots

	scripts bool
}

// newTab opens a window of a profile of its own.
func newTab(t testing.TB, a *app, name string) *tab {
	t.Helper()
	return &tab{Tab: browser.New(t), t: t, app: a, name: name, scripts: true}
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.Open(b.app.url + path)
}

// follow does what leads to another page, and waits until that is there: in a document of
// its own, or in the place of the last one, where a script has put it.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if !b.scripts {
		if _, err := chromedp.RunResponse(b.Ctx, steps...); err != nil {
			b.t.Fatalf("%s: %v", b.Where(), err)
		}
		return
	}
	const page = `(document.getElementById("mfa") ?? "a page without")`
	b.Holds(`!!(window.before = ` + page + `)`)
	b.Do(steps...)
	b.Until(`document.readyState == "complete" && window.before !== ` + page)
}

// kept leaves the page of recovery codes, and the one that suggests a second way.
func (b *tab) kept() {
	b.t.Helper()
	b.click("#mfa > p a.button")
	if b.text("h1") == "Add a second way, in case you lose the first" {
		b.picture("A second way")
		b.click("#later")
	}
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.follow(chromedp.Click(chromedp.CSS(selector)))
}

// typeInto types into a field; where scripts run, all at once.
func (b *tab) typeInto(selector, text string) {
	b.t.Helper()
	if b.scripts {
		b.Fill(selector, text)
		return
	}
	b.Do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return strings.Join(strings.Fields(browser.Get(b, chromedp.TextContent(chromedp.CSS(selector)))), " ")
}

// shows checks the page's heading, and keeps pictures of it.
func (b *tab) shows(heading string) {
	b.t.Helper()
	if got := b.text("h1"); got != heading {
		b.t.Fatalf("%s shows %q, want %q: %s", b.Where(), got, heading, b.text("main"))
	}
	b.picture(heading)
}

// widths are a small phone's and a desktop's.
var widths = map[string]int64{"320": 320, "1280": 1280}

// picture holds the page to fitting its width, and keeps a picture of it where
// MFA_SCREENSHOTS names a folder.
func (b *tab) picture(title string) {
	b.t.Helper()
	for name, width := range widths {
		b.Size(width, 800)
		if wide := browser.Get(b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > width {
			b.t.Errorf("%s is %d wide in %d", title, wide, width)
		}
		dir := os.Getenv("MFA_SCREENSHOTS")
		if dir == "" {
			continue
		}
		png := browser.Get(b, chromedp.FullScreenshot(100))
		file := strings.ToLower(strings.ReplaceAll(b.name+"-"+title+"-"+name+".png", " ", "-"))
		if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

// laidOut checks where the second of two elements is in a window of this width.
func (b *tab) laidOut(width int64, first, second, want string) {
	b.t.Helper()
	b.Size(width, 800)
	got := browser.Get(b, chromedp.Evaluate[string](`(() => {
		const [a, b] = ["`+first+`", "`+second+`"].map(s => document.querySelector(s).getBoundingClientRect());
		return b.top >= a.bottom ? "below" : b.left >= a.right ? "beside" : "over";
	})()`))
	if got != want {
		b.t.Errorf("%s: at %d, %s is %s %s, want %s", b.Where(), width, second, got, first, want)
	}
}

// inDark asks for dark pages.
func (b *tab) inDark() {
	b.t.Helper()
	b.Media("prefers-color-scheme", "dark")
}

// withoutScripts turns JavaScript off.
func (b *tab) withoutScripts() {
	b.t.Helper()
	b.scripts = false
	b.Scripts(false)
}

// scan reads the QR code off a wide screen, as a phone's camera does.
func (b *tab) scan(p *person) phone {
	b.t.Helper()
	b.Size(1280, 800) // on a phone's there is a button, and the code is folded away
	uri := zbarimg(b.t, browser.Get(b, chromedp.Screenshot(chromedp.CSS(".qr"))))
	_, rest, _ := strings.Cut(uri, "secret=")
	secret, _, _ := strings.Cut(rest, "&")
	return p.scan(begun{Secret: secret, URI: uri})
}

// codes are the recovery codes on the page.
func (b *tab) codes() []string {
	b.t.Helper()
	codes := strings.Fields(strings.ReplaceAll(b.inner("#codes"), "</li>", " "))
	for i, c := range codes {
		codes[i] = strings.NewReplacer("<li><code>", "", "</code>", "").Replace(c)
		b.app.seen.recovery(codes[i])
	}
	return codes
}

func (b *tab) inner(selector string) string {
	b.t.Helper()
	return browser.Get(b, chromedp.InnerHTML(chromedp.CSS(selector)))
}

// visible says whether an element can be seen.
func (b *tab) visible(selector string) bool {
	b.t.Helper()
	return b.Holds(`document.querySelector("` + selector + `").checkVisibility()`)
}

// journey is the whole way that a person goes: an account, a phone, and in again.
// submit ends a form.
func (b *tab) journey(submit func(field string)) {
	p := b.app.stranger(b.t)
	b.open("/")
	b.picture("Start")
	b.click(`a[href="/register"]`)
	b.shows("Create an account")
	b.typeInto("#email", p.email)
	b.typeInto("#password", p.password)
	submit("#password")
	b.shows("You are signed in")

	b.click(`a[href="/setup"]`)
	b.shows("Choose a second step")
	b.click(`a[href="/setup/app"]`)
	b.shows("Set up an authenticator app")
	b.typeInto("#label", "Ada’s phone")
	submit("#label")
	b.picture("Scan")
	p.phone = b.scan(p)
	b.typeInto("#code", p.phone.wrong())
	submit("#code")
	if got := b.text(".problem"); !strings.Contains(got, "not match") {
		b.t.Errorf("a wrong code: %q", got)
	}
	b.picture("Scan wrong code")
	code := p.phone.code()
	b.typeInto("#code", code[:3]+" "+code[3:])
	submit("#code")
	b.shows("Your recovery codes")
	p.recovery = b.codes()
	if len(p.recovery) != 10 {
		b.t.Fatalf("%d recovery codes", len(p.recovery))
	}
	for _, button := range []string{"#copy", "#print"} {
		if b.visible(button) != b.scripts {
			b.t.Errorf("the button %s can be seen: %v, and it works: %v", button, !b.scripts, b.scripts)
		}
	}
	if saved := b.Download("a[download]"); strings.Count(saved, "\n") < 10 || !strings.Contains(saved, p.recovery[9]) {
		b.t.Errorf("the downloaded file has %d bytes and not all codes", len(saved))
	}
	b.kept()
	b.shows("Security settings")
	b.click("nav button") // sign out
	b.picture("Signed out")

	b.open("/login")
	b.shows("Sign in")
	b.typeInto("#email", p.email)
	b.typeInto("#password", "not the password")
	submit("#password")
	if got := b.text(".problem"); !strings.Contains(got, "not match") {
		b.t.Errorf("a wrong password: %q", got)
	}
	b.picture("Sign in wrong")
	b.typeInto("#password", p.password)
	submit("#password")
	b.shows("Enter your code")
	b.typeInto("#code", p.phone.wrong())
	submit("#code")
	if got := b.text(".problem"); !strings.Contains(got, "not match") {
		b.t.Errorf("a wrong code: %q", got)
	}
	b.picture("Enter your code wrong")
	b.typeInto("#code", p.phone.next())
	submit("#code")
	b.shows("You are signed in")
	if got := b.text("dl"); !strings.Contains(got, p.email) || !strings.Contains(got, "Two factors") {
		b.t.Errorf("signed in: %s", got)
	}
	b.laidOut(320, "dt", "dd", "below")
	b.laidOut(1280, "dt", "dd", "beside")
	b.manage(p, submit)
}

// manage is what a person does in the settings, and the way in without a phone.
func (b *tab) manage(p *person, submit func(field string)) {
	b.open("/settings")
	b.picture("Settings with an app")
	b.laidOut(320, `.pair a`, `.pair button`, "below")
	b.laidOut(1280, `.pair a`, `.pair button`, "beside")
	b.click(`.list a`)
	b.shows("Ada’s phone")
	b.app.advance(11 * time.Minute)
	b.click("button.danger")
	b.shows("Confirm that it is you")
	b.click("main form button")
	b.shows("Confirm that it is you") // with a field for the code
	b.typeInto("#code", p.phone.next())
	submit("#code")
	b.shows("Ada’s phone")
	b.click(`.other a`)
	b.click(`a[href="/settings/recovery-codes"]`)
	b.shows("New recovery codes")
	b.click("main form button")
	b.shows("Your recovery codes")
	p.recovery = b.codes()
	b.kept()
	b.app.advance(6 * time.Minute)
	b.click(`a[href="/settings/export"]`)
	b.shows("Confirm that it is you")
	b.click("main form button")
	b.typeInto("#code", p.phone.next())
	submit("#code")
	b.shows("Your data")
	b.click(`.other a`)
	b.click(`a[href="/settings/password"]`)
	b.shows("Change password")
	b.click("nav button")

	b.open("/settings") // which asks for a sign-in, and is there after it
	b.typeInto("#email", p.email)
	b.typeInto("#password", p.password)
	submit("#password")
	b.click(".others a")
	b.picture("Enter a recovery code")
	if b.Holds(`!!document.querySelector("nav")`) {
		b.t.Error("somebody is said to be signed in")
	}
	b.typeInto("#code", strings.ToUpper(p.recovery[0]))
	submit("#code")
	b.shows("Security settings")
	if !b.Holds(`!!document.querySelector("nav")`) {
		b.t.Error("nobody is said to be signed in")
	}
	b.open("/dev/inbox")
	b.shows("Inbox")
	b.open("/nowhere")
	b.shows("There is no such page")
	b.open("/settings")
	b.click(".list a")
	b.click("button.danger")
	b.shows("Security settings")
	if got := b.text("main"); !strings.Contains(got, "None yet") {
		b.t.Errorf("after removal: %s", got)
	}
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
	a := start(t)
	b := newTab(t, a, "scripts")
	b.journey(func(string) { b.click("main form button:not(.link)") })
}

// Without JavaScript, without a mouse, and in the dark.
func TestBrowser_WithoutScripts(t *testing.T) {
	t.Parallel()
	testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
	a := start(t)
	b := newTab(t, a, "no-scripts")
	b.withoutScripts()
	b.inDark()
	b.journey(func(field string) { b.follow(chromedp.SendKeys(chromedp.CSS(field), "\r")) })
}
