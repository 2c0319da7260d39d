//go:build !race

package demo_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/testneed"
)

// A tab is a person's browser, in front of the demo.
type tab struct {
	t    testing.TB
	app  *app
	ctx  context.Context
	name string // of its screenshots

	scripts bool

	mu       sync.Mutex
	messages []string // of its console
	meant    string   // part of messages that the test is there to bring about; empty: none
}

// insecureHost is this machine by a name that a browser does not trust without
// https, as it does localhost.
const insecureHost = "insecure.example"

// chromium is the browser of all tests. To start one is slow; what a test leaves
// in it would be there for the next, so that each has a profile of its own, as
// of a private window.
var chromium = sync.OnceValues(func() (context.Context, error) {
	profile, err := os.MkdirTemp("", "mfa-chromium-")
	if err != nil {
		return nil, err
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath("chromium"), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-default-apps", true),
		chromedp.Flag("disable-extensions", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("host-resolver-rules", "MAP "+insecureHost+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	ctx, closeTab := chromedp.NewContext(ctx)
	stopBrowser = func() error {
		closeTab()
		stop()
		return os.RemoveAll(profile)
	}
	return ctx, chromedp.Do(ctx)
})

// newTab opens a window of a profile of its own.
func newTab(t testing.TB, a *app, name string) *tab {
	t.Helper()
	testneed.Program(t, "chromium", "apt-get install chromium")
	ctx, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, app: a, ctx: ctx, name: name, scripts: true}
	t.Cleanup(func() {
		closeTab()
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, m := range b.messages {
			t.Errorf("the browser's console: %s", m)
		}
	})
	log := chromedp.Console(ctx)
	go func() {
		for m, err := range log {
			if err != nil {
				return
			}
			// A refused form comes with its status, which the console repeats.
			if m.Type == "info" || strings.Contains(m.Text, "the server responded with a status of 4") {
				continue
			}
			b.mu.Lock()
			if b.meant == "" || !strings.Contains(m.Text, b.meant) {
				b.messages = append(b.messages, m.String())
			}
			b.mu.Unlock()
		}
	}()
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", b.where(), err)
	}
}

func (b *tab) where() string {
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return "nowhere"
	}
	return strings.TrimPrefix(at, b.app.url)
}

// means says which messages of the console are in order from here on.
func (b *tab) means(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meant = part
}

// send sends a command of the browser's protocol.
func send[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	}))
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.app.url + path))
}

// follow does what leads to another page, and waits until that is there: in a document of
// its own, or in the place of the last one, where a script has put it.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if !b.scripts {
		if _, err := chromedp.RunResponse(b.ctx, steps...); err != nil {
			b.t.Fatalf("%s: %v", b.where(), err)
		}
		return
	}
	const page = `(document.getElementById("mfa") ?? "a page without")`
	b.holds(`!!(window.before = ` + page + `)`)
	b.do(steps...)
	b.until(`document.readyState == "complete" && window.before !== ` + page)
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

func (b *tab) typeInto(selector, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatalf("%s: %s: %v", b.where(), selector, err)
	}
	return strings.Join(strings.Fields(s), " ")
}

// shows checks the page's heading, and keeps pictures of it.
func (b *tab) shows(heading string) {
	b.t.Helper()
	if got := b.text("h1"); got != heading {
		b.t.Fatalf("%s shows %q, want %q: %s", b.where(), got, heading, b.text("main"))
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
		b.do(chromedp.EmulateViewport(width, 800))
		if wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); err != nil || wide > width {
			b.t.Errorf("%s is %d wide in %d, %v", title, wide, width, err)
		}
		dir := os.Getenv("MFA_SCREENSHOTS")
		if dir == "" {
			continue
		}
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		file := strings.ToLower(strings.ReplaceAll(b.name+"-"+title+"-"+name+".png", " ", "-"))
		if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

// laidOut checks where the second of two elements is in a window of this width.
func (b *tab) laidOut(width int64, first, second, want string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 800))
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
		const [a, b] = ["`+first+`", "`+second+`"].map(s => document.querySelector(s).getBoundingClientRect());
		return b.top >= a.bottom ? "below" : b.left >= a.right ? "beside" : "over";
	})()`))
	if err != nil || got != want {
		b.t.Errorf("%s: at %d, %s is %s %s, %v; want %s", b.where(), width, second, got, first, err, want)
	}
}

// inDark asks for dark pages.
func (b *tab) inDark() {
	b.t.Helper()
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
}

// withoutScripts turns JavaScript off.
func (b *tab) withoutScripts() {
	b.t.Helper()
	b.scripts = false
	send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// scan reads the QR code off a wide screen, as a phone's camera does.
func (b *tab) scan(p *person) phone {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1280, 800)) // on a phone's there is a button, and the code is folded away
	image, err := chromedp.Run(b.ctx, chromedp.Screenshot(chromedp.CSS(".qr")))
	if err != nil {
		b.t.Fatal(err)
	}
	uri := zbarimg(b.t, image)
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
	s, err := chromedp.Run(b.ctx, chromedp.InnerHTML(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// visible says whether an element can be seen.
func (b *tab) visible(selector string) bool {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelector("`+selector+`").checkVisibility()`))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// download follows a link that saves a file, and reads that file.
func (b *tab) download(selector string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	yes := true
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &yes}); err != nil {
		b.t.Fatal(err)
	}
	progress := chromedp.BrowserEvents(b.ctx, browser.DownloadProgress)
	b.do(chromedp.Click(chromedp.CSS(selector)))
	for e, err := range progress {
		if err != nil {
			b.t.Fatalf("download: %v", err)
		}
		// The browser tells of the downloads of all tests.
		if text, err := os.ReadFile(filepath.Join(dir, e.GUID)); e.State == browser.DownloadProgressStateCompleted && err == nil {
			return string(text)
		}
	}
	b.t.Fatal("nothing was downloaded")
	return ""
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
	if saved := b.download("a[download]"); strings.Count(saved, "\n") < 10 || !strings.Contains(saved, p.recovery[9]) {
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
	if b.holds(`!!document.querySelector("nav")`) {
		b.t.Error("somebody is said to be signed in")
	}
	b.typeInto("#code", strings.ToUpper(p.recovery[0]))
	submit("#code")
	b.shows("Security settings")
	if !b.holds(`!!document.querySelector("nav")`) {
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
