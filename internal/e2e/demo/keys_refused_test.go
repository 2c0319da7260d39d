//go:build !race

package demo_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

const notAccepted = "could not be confirmed"

// An account's passkey has to check who uses it, and says what to do where it cannot.
func TestW08_PasskeyThatDoesNotKnowItsUser(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "uv")
	pk := b.plugIn(platform)
	p := b.newcomer()
	b.addKey("")
	b.signOut()
	b.withoutSuggestions("/login")
	pk.knows(false)
	b.wants(b.refused(), "no key here fits")
	b.picture("Sign in by passkey refused")
	pk.knows(true)
	b.press("#key-button")
	b.arrives("You are signed in")
	b.asPasskeyUser(p)
}

// What the browser was asked for is not believed: an authenticator that answers
// without the flag is refused by the server.
func TestA76_AnswerWithoutUserVerification(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "uv-bit")
	pk := b.plugIn(platform)
	p := b.newcomer()
	b.addKey("")
	b.signOut()
	b.withoutSuggestions("/login")
	bad := func(on bool) {
		browser.Ask(b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: pk.id, IsBadUV: &on})
	}
	bad(true)
	b.wants(b.refused(), notAccepted)
	bad(false)
	b.press("#key-button")
	b.arrives("You are signed in")
	b.asPasskeyUser(p)
}

func TestW13_SameKeyAgain(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]webauthn.VirtualAuthenticatorOptions{"ctap2": plainKey, "u2f": oldKey, "platform": platform} {
		t.Run(name, func(t *testing.T) {
			a := start(t)
			b := newTab(t, a, "again-"+name)
			key := b.plugIn(kind)
			b.newcomer()
			b.addKey("")
			b.open("/setup/key")
			b.click("main form button")
			b.click("#key-button")
			b.is("Add a security key or passkey")
			b.wants(b.refused(), "This key is set up already.")
			b.picture("Add a key that is known")
			key.only()
			b.open("/settings")
			if n := strings.Count(b.inner("#keys"), "<li>"); n != 1 {
				t.Errorf("the settings list %d keys", n)
			}
		})
	}
}

// Two keys, of which one is removed: the browser's passkeys are told, and the
// server no longer knows it, whatever an authenticator has kept.
func TestW14_W23_RemovedKey(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "removed")
	pk := b.plugIn(platform)
	p := b.newcomer()
	b.addKey("My laptop")
	b.open("/setup/key")
	b.click("main form button")
	b.click("#key-button")
	pk.touched(false)
	key := b.plugIn(plainKey)
	b.click("#key-button")
	b.is("Security settings")

	removed := pk.only()
	b.openKey("My laptop")
	deleted := chromedp.WaitEvent(webauthn.CredentialDeleted, nil, chromedp.Click(chromedp.CSS("button.danger")))
	if gone, err := chromedp.Run(b.Ctx, deleted); err != nil || gone.AuthenticatorID != pk.id {
		t.Fatalf("the browser has not removed the passkey: %+v, %v", gone, err)
	}
	b.arrives("Security settings")
	if n := len(pk.credentials()); n != 0 {
		t.Errorf("the authenticator still has %d passkeys", n)
	}
	if n := len(key.credentials()); n != 1 {
		t.Errorf("the other key has %d", n)
	}

	// An authenticator that was not told.
	pk.put(removed)
	pk.touched(true)
	key.touched(false)
	b.signOut()
	b.withoutSuggestions("/login")
	b.wants(b.refused(), notAccepted)
	b.password(p)
	b.is("Use your key")
	var asked struct {
		PublicKey struct{ AllowCredentials []struct{ ID string } }
	}
	r := b.fetch("POST", "/mfa/flow/challenge", js{"option": b.option()})
	into(t, r, &asked)
	if len(asked.PublicKey.AllowCredentials) != 1 || asked.PublicKey.AllowCredentials[0].ID == encode(removed.CredentialID) {
		t.Errorf("it asks for %+v", asked)
	}
	if r := b.answerAny(); r.Status != 401 || r.code() != "code_not_valid" {
		t.Errorf("the removed key as a second factor: %d %s", r.Status, r.Body)
	}
	pk.unplug()
	key.touched(true)
	b.open("/challenge")
	b.click("#key-button")
	b.is("You are signed in")
}

// A copy of a key answers with a count that is over already.
func TestW16_A77_ClonedKey(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "cloned")
	key := b.plugIn(plainKey)
	p := b.newcomer()
	b.addKey("My key")
	copied := key.only()
	for range 2 { // the count is kept: the second use is above the first
		b.signOut()
		b.password(p)
		b.click("#key-button")
		b.is("You are signed in")
	}
	b.signOut()
	now := key.only()
	key.put(copied)
	b.password(p)
	b.wants(b.refused(), notAccepted)
	b.picture("A copy refused")
	m := a.waitForMail(p.email, "may be a copy of your")
	if !strings.Contains(m.Body, "My key") || !strings.Contains(m.Body, "Remove it") {
		t.Errorf("the notice: %s", m.Body)
	}
	if r := b.fetch("GET", "/me", nil); r.Status != 401 {
		t.Errorf("in by a copy: %s", r.Body)
	}
	key.put(now)
	b.click("#key-button")
	b.is("You are signed in")
	b.open("/settings")
	b.wants(b.text(".activity"), "There may be a copy of a security key: My key")
}

// A passkey that is synced between devices has no count, and is never taken for a copy.
func TestW16_SyncedPasskeyDoesNotCount(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "synced")
	kind := platform
	kind.DefaultBackupEligibility, kind.DefaultBackupState = true, true
	pk := b.plugIn(kind)
	p := b.newcomer()
	b.addKey("")
	none := -1.0
	pk.change(webauthn.SetCredentialPropertiesParams{SignCount: &none})
	for range 2 {
		b.signOut()
		b.withoutSuggestions("/login")
		b.press("#key-button")
		b.arrives("You are signed in")
		b.asPasskeyUser(p)
	}
}

// Whether a passkey can be backed up never changes; whether it is, may.
func TestW09_BackupFlags(t *testing.T) {
	t.Parallel()
	type flags struct{ eligible, backedUp bool }
	b := newTab(t, start(t), "backup")
	for _, row := range []struct {
		name      string
		made, now flags
		amr       string // empty: refused
	}{
		{"becomes backed up", flags{true, false}, flags{true, true}, "swk"},
		{"is no longer backed up", flags{true, true}, flags{true, false}, "swk"},
		{"stays on its device", flags{false, false}, flags{false, false}, "hwk"},
		{"becomes eligible", flags{false, false}, flags{true, false}, ""},
		{"becomes eligible and backed up", flags{false, false}, flags{true, true}, ""},
		{"is no longer eligible", flags{true, false}, flags{false, false}, ""},
		{"backed up without being eligible", flags{false, false}, flags{false, true}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			b.t = t
			kind := platform
			kind.DefaultBackupEligibility, kind.DefaultBackupState = row.made.eligible, row.made.backedUp
			pk := b.plugIn(kind)
			defer func() {
				pk.unplug()
				browser.Ask(b, network.ClearBrowserCookies, cdp.Empty{})
			}()
			p := b.newcomer()
			b.addKey("")
			b.signOut()
			set := func(f flags) {
				pk.change(webauthn.SetCredentialPropertiesParams{BackupEligibility: &f.eligible, BackupState: &f.backedUp})
				if c := pk.only(); c.BackupEligibility != f.eligible || c.BackupState != f.backedUp {
					t.Fatalf("the authenticator does not take %+v: %v, %v", f, c.BackupEligibility, c.BackupState)
				}
			}
			set(row.now)
			b.withoutSuggestions("/login")
			if row.amr == "" {
				b.wants(b.refused(), notAccepted)
				set(row.made) // which still works
			}
			b.press("#key-button")
			b.arrives("You are signed in")
			b.asPasskeyUser(p)
			if m := b.me(); row.amr != "" && m.AMR[0] != row.amr {
				t.Errorf("amr %v, want %s", m.AMR, row.amr)
			}
		})
	}
	b.t = t
}

// A's key, with a valid signature, on B's flow.
func TestW14_A73_KeyOfAnother(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "another")
	pk := b.plugIn(platform)
	ada := b.newcomer()
	b.addKey("")
	b.signOut()
	adas := pk.only()
	pk.forget(adas)
	bob := b.newcomer()
	b.addKey("")
	b.signOut()
	bobs := pk.only()

	pk.touched(false)
	b.password(bob)
	b.is("Use your key")
	pk.touched(true)
	pk.forget(bobs)
	pk.put(adas)
	b.wants(b.refused(), "no key here fits") // the browser does not even ask it
	if r := b.answerAny(); r.Status != 401 || r.code() != "code_not_valid" {
		t.Errorf("A's key on B's flow: %d %s", r.Status, r.Body)
	}
	if r := b.fetch("GET", "/me", nil); r.Status != 401 {
		t.Errorf("in by the key of another: %s", r.Body)
	}
	adas = pk.only()
	pk.forget(adas)
	pk.put(bobs)
	b.open("/challenge")
	b.click("#key-button")
	b.is("You are signed in")
	if m := b.me(); m.Email != bob.email || m.Email == ada.email {
		t.Errorf("signed in as %+v", m)
	}
}
