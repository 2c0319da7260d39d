//go:build !race

package pages_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Run(m)) }

// A tab is a person's browser.
type tab struct {
	*browser.Tab
	t testing.TB

	mu    sync.Mutex
	asked []string // addresses that it has asked for
}

// newTab opens a window.
func newTab(t testing.TB) *tab {
	t.Helper()
	b := &tab{Tab: browser.New(t), t: t}
	browser.Ask(b, network.Enable, network.EnableParams{})
	browser.Ask(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // beside the tabs of other tests
	requests := chromedp.Events(b.Ctx, network.RequestWillBeSent)
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

// is waits for a page, by its heading.
func (b *tab) is(heading string) {
	b.t.Helper()
	b.Until(`document.readyState == "complete" && document.querySelector("h1")?.textContent == ` + strconv.Quote(heading) + ` && !document.querySelector("[aria-busy=true]")`)
}

// settled waits until the modules of the page have done what they do at its beginning.
func (b *tab) settled() {
	b.t.Helper()
	browser.Evaluate[bool](b, `
		for (const e of document.querySelectorAll("[data-module]")) await import(e.dataset.module);
		const begins = document.querySelector("[data-begin]");
		if (begins) await import(document.getElementById("mfa").dataset.api + "/mfa.js");
		await new Promise((done) => setTimeout(done));
		await document.fonts.ready;
		return true;`)
	b.Until(`!document.querySelector("#key-button[hidden], #copy[hidden]") &&
		(document.activeElement.matches("[autofocus]") || !document.querySelector("[autofocus]"))`)
}
