//go:build !race

package spa_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/testneed"
)

// A tab is a person's browser, in front of the page.
type tab struct {
	t    testing.TB
	site *site
	ctx  context.Context
	name string // of its pictures

	mu       sync.Mutex
	messages []string // of its console
}

// chromium is the browser of all tests; each has a profile of its own.
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
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost"))
	ctx, closeTab := chromedp.NewContext(ctx)
	stopBrowser = func() error {
		closeTab()
		stop()
		return os.RemoveAll(profile)
	}
	return ctx, chromedp.Do(ctx)
})

// newTab opens a window in front of a site.
func newTab(t testing.TB, s *site, name string) *tab {
	t.Helper()
	testneed.Program(t, "chromium", "apt-get install chromium")
	ctx, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, site: s, ctx: ctx, name: name}
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
			// What the API refuses comes with its status, which the console repeats.
			if m.Type == "info" || strings.Contains(m.Text, "the server responded with a status of 4") {
				continue
			}
			b.mu.Lock()
			b.messages = append(b.messages, m.String())
			b.mu.Unlock()
		}
	}()
	b.do(chromedp.Navigate(s.url + "/"))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// ask sends a command of the browser's protocol, and is its answer.
func ask[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	var out R
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		out, err = cdp.Call(ctx, t, command, params)
		return err
	}))
	return out
}

// evaluate runs a script's body in the page, where return gives the result and await works.
func evaluate[T any](b *tab, body string, args ...any) T {
	b.t.Helper()
	list, err := json.Marshal(args)
	if err != nil {
		b.t.Fatal(err)
	}
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](fmt.Sprintf(`(async (args) => {%s})(%s)`, body, list), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", body, err)
	}
	return got
}

// until waits until something is true of the page.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`)) // as far as there is one
			b.t.Fatalf("still not: %s: %s", expression, text)
		}
	}
}

// is waits for a view, by its heading, and takes pictures of it.
func (b *tab) is(heading string) {
	b.t.Helper()
	b.until(`document.querySelector("h1")?.textContent == ` + strconv.Quote(heading) + ` && !document.querySelector("[aria-busy=true]")`)
	b.picture(heading)
}

// says waits until the view, or the line above it, says something.
func (b *tab) says(part string) {
	b.t.Helper()
	b.until(`[...document.querySelectorAll("[role=alert], [role=status]")].some((e) => e.textContent.includes(` + strconv.Quote(part) + `))`)
}

// put types into the field of a name, in place of what is there.
func (b *tab) put(name, text string) {
	b.t.Helper()
	field := `main [name="` + name + `"]`
	evaluate[bool](b, `document.querySelector(args[0]).select(); return true;`, field)
	b.do(chromedp.SendKeys(chromedp.CSS(field), text))
}

// press presses the first button or link that is seen and begins with a text.
func (b *tab) press(text string) {
	b.t.Helper()
	const find = `[...document.querySelectorAll("button, a, summary, input[type=checkbox]")].filter((e) => e.checkVisibility() && (e.textContent || e.name).trim().startsWith(%s))`
	b.until(fmt.Sprintf(find, strconv.Quote(text)) + `.length > 0`)
	evaluate[bool](b, fmt.Sprintf(find, "args[0]")+`[0].click(); return true;`, text)
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return evaluate[string](b, `return document.querySelector(args[0])?.innerText ?? "";`, selector)
}

// picture holds the view to fitting its width, in light and dark, and keeps pictures of
// it where MFA_SCREENSHOTS names a folder.
func (b *tab) picture(title string) {
	b.t.Helper()
	for _, width := range []int64{320, 1280} {
		b.do(chromedp.EmulateViewport(width, 800))
		if wide := evaluate[int64](b, `return document.documentElement.scrollWidth;`); wide > width {
			b.t.Errorf("%s is %d wide in %d", title, wide, width)
		}
		dir := os.Getenv("MFA_SCREENSHOTS")
		for _, scheme := range []string{"light", "dark"} {
			if dir == "" {
				continue
			}
			b.scheme(scheme)
			png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.t.Fatal(err)
			}
			file := strings.ToLower(strings.Map(func(r rune) rune {
				if r == ' ' || r == '/' {
					return '-'
				}
				return r
			}, fmt.Sprintf("%s-%s-%d-%s.png", b.name, title, width, scheme)))
			if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *tab) scheme(name string) {
	b.t.Helper()
	ask(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

// plugIn gives the browser a phone or computer that keeps passkeys behind its lock.
func (b *tab) plugIn() {
	b.t.Helper()
	ask(b, webauthn.Enable, webauthn.EnableParams{})
	ask(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
}

// download presses a link that saves a file, and reads that file.
func (b *tab) download(selector string) string {
	b.t.Helper()
	dir, yes := b.t.TempDir(), true
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &yes}); err != nil {
		b.t.Fatal(err)
	}
	progress := chromedp.BrowserEvents(b.ctx, browser.DownloadProgress)
	b.do(chromedp.Click(chromedp.CSS(selector)))
	for e, err := range progress {
		if err != nil {
			b.t.Fatal(err)
		}
		// The browser tells of the downloads of all tests.
		if text, err := os.ReadFile(filepath.Join(dir, e.GUID)); e.State == browser.DownloadProgressStateCompleted && err == nil {
			return string(text)
		}
	}
	b.t.Fatal("nothing was downloaded")
	return ""
}
