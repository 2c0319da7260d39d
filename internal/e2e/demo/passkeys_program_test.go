//go:build !race

package demo_test

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// startPasskeys starts examples/passkeys, and ends it with the test.
func startPasskeys(t *testing.T) (url string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passkeys")
	if err := buildExample("passkeys", file); err != nil {
		t.Fatal(err)
	}
	for range 5 { // somebody else may take the port that was free
		free, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(free.Addr().String())
		if err := free.Close(); err != nil {
			t.Fatal(err)
		}
		if addr := "localhost:" + port; runs(t, exec.Command(file, "-addr", addr), addr) {
			return "http://" + addr
		}
	}
	t.Fatal("examples/passkeys finds no free port")
	return ""
}

// runs starts a server and says whether it listens.
func runs(t *testing.T, cmd *exec.Cmd, addr string) bool {
	t.Helper()
	var log output
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone already
		<-ended
		if strings.Contains(log.String(), "panic") || strings.Contains(log.String(), "DATA RACE") {
			t.Errorf("its log:\n%s", log.String())
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
			_ = c.Close()
			return true
		}
		select {
		case err := <-ended:
			ended <- err
			return false
		case <-ctx.Done():
			t.Fatalf("it does not listen:\n%s", log.String())
		case <-tick.C:
		}
	}
}

// The example's page: an account by passkey, out, in by button and by the
// suggestions, a second passkey.
func TestExamplePasskeys(t *testing.T) {
	t.Parallel()
	b := newTab(t, &app{url: startPasskeys(t)}, "example-passkeys")
	pk := b.plugIn(platform)
	inside := `document.querySelector("main, body").textContent.includes("Hello Ada, you are in.")`
	outside := `!!document.getElementById("signin")`
	signOut := func() {
		t.Helper()
		b.open("/") // since the page has led itself here, and may do so still
		b.click(`form[action="/signout"] button`)
		b.until(outside)
	}
	b.open("/")
	b.picture("Outside")
	pk.knows(false)
	b.press("#signin")
	b.until(`document.getElementById("said").textContent.includes("no fitting key")`)
	pk.knows(true)
	b.typeInto("#name", "Ada")
	b.press("#signup")
	b.until(inside)
	b.open("/")
	b.picture("Inside")
	if c := pk.only(); c.UserName != "Ada" || !c.IsResidentCredential {
		t.Errorf("the passkey of %q, resident %v", c.UserName, c.IsResidentCredential)
	}

	b.press("#add")
	b.until(`document.getElementById("said").textContent.includes("registered already")`)
	b.picture("Inside refused")
	pk.touched(false)
	plain := b.plugIn(plainKey) // which could never sign in here
	b.press("#add")
	b.until(`document.getElementById("said").textContent.includes("no fitting key")`)
	plain.unplug()
	kind := platform
	kind.Transport = webauthn.AuthenticatorTransportUsb
	second := b.plugIn(kind)
	b.press("#add")
	b.until(`document.querySelectorAll("li").length == 2`)
	second.only()
	second.unplug()

	signOut()
	pk.touched(true)
	b.open("/")
	b.until(inside) // by the suggestions of the field
	pk.touched(false)
	signOut()
	b.withoutSuggestions("/")
	pk.touched(true)
	b.press("#signin")
	b.until(inside)
	b.do(chromedp.Reload())
	b.until(inside)
}
