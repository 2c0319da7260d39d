package browser

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// InsecureHost is this machine by a name that a browser does not trust without
// https, as it does localhost. There is no other host beside these.
const InsecureHost = "insecure.example"

// unasked is what a window prepares in case that somebody types an address, in
// processes of its own: a third of the time of a test that opens one.
const unasked = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,AimEnabled,SpareRendererForSitePerProcess"

// stop ends the browser, where a test has started it.
var stop = func() error { return nil }

// chromium is the browser of all tests. To start one is slow; what a test leaves
// in it would be there for the next, so that each has a profile of its own, as of
// a private window.
var chromium = sync.OnceValues(func() (context.Context, error) {
	profile, err := os.MkdirTemp("", "mfa-chromium-")
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath("chromium"), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-features", unasked),
		chromedp.Flag("host-resolver-rules", "MAP "+InsecureHost+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	}
	for _, without := range []string{"quic", "background-networking", "component-update", "sync", "default-apps", "extensions", "dev-shm-usage",
		"background-timer-throttling", "renderer-backgrounding", "backgrounding-occluded-windows"} {
		options = append(options, chromedp.Flag("disable-"+without, true))
	}
	ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(ctx)
	stop = func() error {
		closeTab()
		end()
		return os.RemoveAll(profile)
	}
	return ctx, chromedp.Do(ctx)
})

// Run runs the tests of a package, and ends the browser that they share. It
// returns the code to exit with.
func Run(m *testing.M) int {
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}
