// Package browser is the Chromium that the tests of a package share, and what they
// do in it. Each test has windows of a profile of its own.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/testneed"
)

// patience is how long a test waits at most for one thing. Nothing is measured by it.
const patience = 2 * time.Minute

// A Tab is a person's browser. Its methods end the test where they fail, and are for
// the test's goroutine.
type Tab struct {
	t   testing.TB
	Ctx context.Context // for chromedp

	plain bool // it runs no scripts

	mu       sync.Mutex
	messages []string // of its console
	meant    string   // part of messages that the test is there to bring about; empty: none
}

// A Page is a Tab, or what embeds one.
type Page interface{ tab() *Tab }

func (b *Tab) tab() *Tab { return b }

// New opens a window, and closes it with the test, which fails for what is in its
// console by then. Without Chromium the test is skipped.
func New(t testing.TB) *Tab {
	t.Helper()
	testneed.Program(t, "chromium", "apt-get install chromium")
	ctx, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	b := &Tab{t: t, Ctx: ctx}
	t.Cleanup(func() {
		closeTab()
		cancel()
		for _, m := range b.Console() {
			t.Errorf("the browser's console: %s", m)
		}
	})
	log := chromedp.Console(ctx)
	go func() {
		for m, err := range log {
			if err != nil {
				return
			}
			// What is refused comes with its status, which the console repeats.
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

// Another is another window of the same profile. Nobody reads its console.
func (b *Tab) Another() *Tab {
	ctx, closeTab := chromedp.NewContext(b.Ctx)
	b.t.Cleanup(closeTab)
	return &Tab{t: b.t, Ctx: ctx}
}

// Console is what was written there since it was asked last.
func (b *Tab) Console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.messages
	b.messages = nil
	return list
}

// Means says which messages of the console are in order from here on.
func (b *Tab) Means(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meant = part
}

// Do does steps, one after the other.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", b.Where(), err)
	}
}

// Get does a step, and is what comes of it.
func Get[T any](p Page, step chromedp.Action[T]) T {
	b := p.tab()
	b.t.Helper()
	got, err := chromedp.Run(b.Ctx, step)
	if err != nil {
		b.t.Fatalf("%s: %v", b.Where(), err)
	}
	return got
}

// Where is the address of the page in front, for messages.
func (b *Tab) Where() string {
	at, err := chromedp.Run(b.Ctx, chromedp.Location())
	if err != nil {
		return "nowhere"
	}
	return at
}

// Ask sends a command of the browser's protocol, and is its answer.
func Ask[P, R any](p Page, command cdp.Command[P, R], params P) R {
	b := p.tab()
	b.t.Helper()
	var out R
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		out, err = cdp.Call(ctx, t, command, params)
		return err
	}))
	return out
}

// Evaluate runs a script's body in the page, where return gives the result and await
// works. The protocol does so past the page's Content-Security-Policy.
func Evaluate[T any](p Page, body string, args ...any) T {
	b := p.tab()
	b.t.Helper()
	got, err := Attempt[T](p, body, args...)
	if err != nil {
		b.t.Fatalf("%s: %.300s: %v", b.Where(), body, err)
	}
	return got
}

// Attempt is Evaluate for what may fail.
func Attempt[T any](p Page, body string, args ...any) (T, error) {
	list, err := json.Marshal(args)
	if err != nil {
		p.tab().t.Fatal(err)
	}
	return chromedp.Run(p.tab().Ctx, chromedp.Evaluate[T](fmt.Sprintf(`(async (args) => {%s})(%s)`, body, list), chromedp.EvalAwaitPromise))
}

// Holds evaluates a condition.
func (b *Tab) Holds(condition string) bool {
	b.t.Helper()
	return Get(b, chromedp.Evaluate[bool]("!!("+condition+")"))
}

// Until waits until something is true of the page in front, whichever that is by then.
// Where scripts run, the page looks by itself, which takes it less than to be asked.
func (b *Tab) Until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	look := chromedp.Evaluate[bool](`!!(` + condition + `)`)
	if !b.plain {
		look = chromedp.Evaluate[bool](`(async () => {
			for (const end = performance.now() + 1000; performance.now() < end; await new Promise((go) => setTimeout(go, 20)))
				if (`+condition+`) return true;
			return false;
		})()`, chromedp.EvalAwaitPromise)
	}
	for {
		if yes, err := chromedp.Run(ctx, look); err == nil && yes { // between two pages there is none to ask
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := chromedp.Run(b.Ctx, chromedp.Evaluate[string](`document.body.innerText`)) // as far as there is one
			b.t.Fatalf("%s: still not: %s: %s", b.Where(), condition, text)
		}
	}
}

// Open goes to an address.
func (b *Tab) Open(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// Fill puts text into a field at once, after what is there, as a password manager
// does: a key takes the browser three messages.
func (b *Tab) Fill(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.Focus(chromedp.CSS(selector)))
	Ask(b, input.InsertText, input.InsertTextParams{Text: text})
}

// Size is the window's, from here on.
func (b *Tab) Size(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Media sets what a person prefers: pairs of a media feature and its value. What is not
// named is as it was at first.
func (b *Tab) Media(pairs ...string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{}
	for pair := range slices.Chunk(pairs, 2) {
		features = append(features, &emulation.MediaFeature{Name: pair[0], Value: pair[1]})
	}
	Ask(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// Scripts turns JavaScript on or off, for pages from the next on.
func (b *Tab) Scripts(on bool) {
	b.t.Helper()
	b.plain = !on
	Ask(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// Platform is a computer or phone that keeps passkeys behind its lock, which somebody
// opens whenever it asks.
var Platform = webauthn.VirtualAuthenticatorOptions{
	Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
	HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
}

// PlugIn gives the browser an authenticator.
func (b *Tab) PlugIn(kind webauthn.VirtualAuthenticatorOptions) webauthn.AuthenticatorID {
	b.t.Helper()
	Ask(b, webauthn.Enable, webauthn.EnableParams{})
	return Ask(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &kind}).AuthenticatorID
}

// Download follows a link that saves a file, and reads that file.
func (b *Tab) Download(selector string) string {
	b.t.Helper()
	dir, yes := b.t.TempDir(), true
	if _, err := chromedp.CallBrowser(b.Ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		BrowserContextID: chromedp.FromContext(b.Ctx).BrowserContextID,
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &yes}); err != nil {
		b.t.Fatal(err)
	}
	progress := chromedp.BrowserEvents(b.Ctx, browser.DownloadProgress)
	b.Do(chromedp.Click(chromedp.CSS(selector)))
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
