//go:build !race

package pages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/testneed"
)

// stopBrowser ends the browser that tests share, where one of them has started it.
var stopBrowser = func() error { return nil }

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stopBrowser(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// chromium is the browser of all tests; each has a profile of its own. It knows no host
// but this machine.
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

// A tab is a person's browser.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	messages []string // of its console
	asked    []string // addresses that it has asked for
}

// newTab opens a window.
func newTab(t testing.TB) *tab {
	t.Helper()
	testneed.Program(t, "chromium", "apt-get install chromium")
	ctx, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 8*time.Minute)
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		closeTab()
		cancel()
	})
	log := chromedp.Console(ctx)
	go func() {
		for m, err := range log {
			if err != nil {
				return
			}
			// A form that is refused comes with its status, which the console repeats.
			if m.Type != "info" && !strings.Contains(m.Text, "the server responded with a status of 4") {
				b.mu.Lock()
				b.messages = append(b.messages, m.String())
				b.mu.Unlock()
			}
		}
	}()
	ask(b, network.Enable, network.EnableParams{})
	ask(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // beside the tabs of other tests
	requests := chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for e, err := range requests {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.asked = append(b.asked, e.Request.URL)
			b.mu.Unlock()
		}
	}()
	return b
}

// console is what was written there since it was asked last.
func (b *tab) console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.messages
	b.messages = nil
	return list
}

// foreign are the addresses of other origins that were asked for since the last time.
func (b *tab) foreign(origin string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.asked {
		if !strings.HasPrefix(url, origin+"/") && !strings.HasPrefix(url, "data:") {
			out = append(out, url)
		}
	}
	b.asked = nil
	return out
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
	return at
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

// evaluate runs a script's body in the page, where return gives the result and await
// works. The protocol does so past the page's Content-Security-Policy.
func evaluate[T any](b *tab, body string, args ...any) T {
	b.t.Helper()
	list, err := json.Marshal(args)
	if err != nil {
		b.t.Fatal(err)
	}
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](fmt.Sprintf(`(async (args) => {%s})(%s)`, body, list), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %.300s: %v", b.where(), body, err)
	}
	return got
}

// until waits until something is true of the page.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && yes { // between two pages there is none
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`)) // as far as there is one
			b.t.Fatalf("%s: still not: %s: %s", b.where(), expression, text)
		}
	}
}

// is waits for a page, by its heading.
func (b *tab) is(heading string) {
	b.t.Helper()
	b.until(`document.readyState == "complete" && document.querySelector("h1")?.textContent == ` + strconv.Quote(heading) + ` && !document.querySelector("[aria-busy=true]")`)
}

// open goes to an address, and waits for the modules of its page.
func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// settled waits until the modules of the page have done what they do at its beginning.
func (b *tab) settled() {
	b.t.Helper()
	evaluate[bool](b, `
		for (const e of document.querySelectorAll("[data-module]")) await import(e.dataset.module);
		const begins = document.querySelector("[data-begin]");
		if (begins) await import(document.getElementById("mfa").dataset.api + "/mfa.js");
		await new Promise((done) => setTimeout(done));
		await document.fonts.ready;
		return true;`)
	b.until(`!document.querySelector("#key-button[hidden], #copy[hidden]") &&
		(document.activeElement.matches("[autofocus]") || !document.querySelector("[autofocus]"))`)
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

// media sets what a person prefers: pairs of a media feature and its value. What is not
// named is as it was at first.
func (b *tab) media(pairs ...string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{}
	for i := 0; i+1 < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: pairs[i], Value: pairs[i+1]})
	}
	ask(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// scripts turns JavaScript on or off, for pages from the next on.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	ask(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}
