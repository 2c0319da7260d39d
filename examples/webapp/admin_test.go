package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// person is somebody with an account, a phone, and a browser that has proved both.
func (s *server) person(email string, r rank) (*browser, *phone, string) {
	s.t.Helper()
	b := s.browser()
	b.register(email)
	p := b.enroll()
	b.signIn(email, p)
	if err := s.app.accounts.setRank(s.t.Context(), email, r); err != nil {
		s.t.Fatal(err)
	}
	acc, err := s.app.accounts.byEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return b, p, userURL(acc.ID)
}

// Nobody acts on an account of their own rank or above, nor on their own; and an
// admin is reset by two.
func TestA80_SupportCannotTouchAdmins(t *testing.T) {
	t.Parallel()
	s := start(t, "-admin", "root@example.org")
	root, _, rootPage := s.person("root@example.org", ordinary)
	helper, _, helperPage := s.person("helper@example.org", support)
	_, _, otherHelper := s.person("helper2@example.org", support)
	boss, _, bossPage := s.person("boss@example.org", admin)
	user, _, userPage := s.person("user@example.org", ordinary)

	tries := []struct {
		name  string
		by    *browser
		page  string
		act   string
		works bool
	}{
		{"a user and a user", user, helperPage, "reset", false},
		{"a user and a user's code", user, userPage, "code", false},
		{"support and themselves", helper, helperPage, "reset", false},
		{"support and their own code", helper, helperPage, "code", false},
		{"support and support", helper, otherHelper, "reset", false},
		{"support and an admin", helper, bossPage, "reset", false},
		{"support and an admin's code", helper, bossPage, "code", false},
		{"support and an admin by flag", helper, rootPage, "reset", false},
		{"an admin and themselves", boss, bossPage, "reset", false},
		{"an admin and an admin's code", boss, rootPage, "code", false},
		{"support and a user's code", helper, userPage, "code", true},
		{"an admin and support", boss, otherHelper, "reset", true},
		{"support and a user", helper, userPage, "reset", true},
	}
	for _, try := range tries {
		r := try.by.send("POST", try.page+"/"+try.act, object{"reason": "asked"})
		if works := r.status < 300; works != try.works || !works && r.status != http.StatusForbidden {
			t.Errorf("%s: status %d: %s", try.name, r.status, r.body)
		}
	}
	if user.signedIn() {
		t.Error("the user is signed in after the reset")
	}
	if flow := user.login("user@example.org"); flow["status"] != "passed" {
		t.Errorf("what was set up is still asked for: %v", flow)
	}
	user.enroll()
	want(t, helper.send("POST", userPage+"/reset", object{"reason": " "}), http.StatusUnprocessableEntity, "no_reason")

	// Two admins reset a third one, and nobody agrees to their own request.
	third, _, thirdPage := s.person("third@example.org", admin)
	want(t, boss.send("POST", thirdPage+"/reset", object{"reason": "lost"}), http.StatusNoContent, "")
	if !third.signedIn() {
		t.Fatal("one admin was enough")
	}
	permit := func(by, of string) error {
		t.Helper()
		ids := []string{}
		for _, email := range []string{by, of} {
			acc, err := s.app.accounts.byEmail(t.Context(), email)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, acc.ID)
		}
		return s.app.desk.permit(t.Context(), mfa.SupportRequest{Act: mfa.SupportReset, Actor: ids[0], User: mfa.User{ID: ids[1]}})
	}
	if err := permit("boss@example.org", "third@example.org"); !errors.Is(err, errSecond) {
		t.Errorf("asking is agreeing: %v", err)
	}
	if err := permit("boss@example.org", "boss@example.org"); !errors.Is(err, errOneself) {
		t.Errorf("oneself: %v", err)
	}
	agree := find(t, root.page("/admin").body, `action="(/admin/agree/[^"]+)"`)
	for name, b := range map[string]*browser{"who asked": boss, "whose it is": third, "support": helper} {
		want(t, b.send("POST", agree, nil), http.StatusForbidden, "forbidden")
		if !third.signedIn() {
			t.Fatalf("%s was enough", name)
		}
	}
	root.submit(agree).wantRedirect(t, thirdPage+"?said=reset")
	if s.sessionsOf("third@example.org") != 0 || third.signedIn() {
		t.Error("not reset")
	}
	want(t, root.send("POST", agree, nil), http.StatusForbidden, "forbidden")
}

// The desk asks for two factors of the last quarter of an hour.
func TestAdminPagesNeedFreshFactors(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, p, page := s.person("root@example.org", admin)
	_, _, other := s.person("user@example.org", ordinary)
	want(t, b.page("/admin"), http.StatusOK, "")
	want(t, s.browser().page("/admin"), http.StatusSeeOther, "")
	s.advance(16 * time.Minute)
	for _, path := range []string{"/admin", page, "/admin/policy"} {
		if r := b.page(path); r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/confirm?aal=2&max_age=900&return=") {
			t.Errorf("%s: status %d to %q", path, r.status, r.header.Get("Location"))
		}
	}
	r := b.submit(other+"/reset", "reason", "asked")
	if r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/confirm?") {
		t.Errorf("a form: status %d: %s", r.status, r.body)
	}
	want(t, b.send("POST", other+"/reset", object{"reason": "asked"}), http.StatusForbidden, "requirement")
	back := b.submit(r.header.Get("Location"), "return", other).header.Get("Location")
	option := find(t, b.page(back).body, `name="option" value="([^"]+)"`)
	b.submit("/challenge", "option", option, "code", p.next(), "return", other).wantRedirect(t, other)
	b.submit(other+"/reset", "reason", "asked").wantRedirect(t, other+"?said=reset")
}

// In development the oldest account is an admin's, and elsewhere the one that is
// named, once its address is confirmed.
func TestFirstAdmin(t *testing.T) {
	t.Parallel()
	ranks := func(s *server) string {
		t.Helper()
		var out []string
		for _, email := range []string{"ada@example.org", "bob@example.org"} {
			s.browser().register(email)
			s.advance(time.Second)
		}
		for _, email := range []string{"ada@example.org", "bob@example.org"} {
			acc, err := s.app.accounts.byEmail(t.Context(), email)
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.app.desk.rankOf(t.Context(), acc)
			if err != nil {
				t.Fatal(err)
			}
			acc.EmailVerified = true
			confirmed, err := s.app.desk.rankOf(t.Context(), acc)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r.String()+"/"+confirmed.String())
		}
		return strings.Join(out, " ")
	}
	for flags, want := range map[string]string{
		"-dev": "admin/admin user/user", "-dev -admin bob@example.org": "user/user admin/admin", "": "user/user user/user",
		"-admin bob@example.org -support ada@example.org": "user/support user/admin",
	} {
		s := startWith(t, strings.Fields(flags)...)
		if got := ranks(s); got != want {
			t.Errorf("%q: %s, want %s", flags, got, want)
		}
	}
	if _, err := parseConfig([]string{"-store", "memory:", "-admin", "root"}, new(safeBuffer)); err == nil || !strings.Contains(err.Error(), "-admin") {
		t.Errorf("%v", err)
	}
}

// A code from support lets somebody in once.
func TestCodeFromSupport(t *testing.T) {
	t.Parallel()
	s := start(t)
	desk, _, _ := s.person("helper@example.org", support)
	_, _, page := s.person("user@example.org", ordinary)
	b := s.browser()
	shown := desk.submit(page+"/code", "reason", "phone at home", "hours", "4")
	want(t, shown, http.StatusOK, "")
	code := find(t, shown.body, `id="bypass">([^<]+)<`)
	if again := desk.page(page).body; strings.Contains(again, code) {
		t.Error("it is shown again")
	}
	b.submit("/login", "email", "user@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	if !strings.Contains(b.page("/challenge").body, "Use a code from support") {
		t.Error("it is no option")
	}
	option := find(t, b.page("/challenge").body, `option=([^&"]+)[^>]*>Use a code from support`)
	ask := b.page("/challenge?option=" + option).body
	if !strings.Contains(ask, "The code that support gave you") {
		t.Errorf("%s", ask)
	}
	b.submit("/challenge", "option", option, "code", strings.ToLower(code), "return", "/").wantRedirect(t, "/")
	if !strings.Contains(b.page("/").body, "Code from support") {
		t.Error("the page does not say how they got in")
	}
	b.submit("/logout")
	b.submit("/login", "email", "user@example.org", "password", goodPassword)
	if strings.Contains(b.page("/challenge").body, "code from support") {
		t.Error("it works twice")
	}
	b2 := s.browser()
	b2.register("bare@example.org")
	acc, err := s.app.accounts.byEmail(t.Context(), "bare@example.org")
	if err != nil {
		t.Fatal(err)
	}
	want(t, desk.send("POST", userURL(acc.ID)+"/code", object{"reason": "x"}), http.StatusConflict, "nothing_enrolled")
}

// Support changes a number with its owner on the telephone, who reads the code out.
func TestSupportChangesANumber(t *testing.T) {
	t.Parallel()
	s := start(t)
	desk, _, _ := s.person("helper@example.org", support)
	b := s.browser()
	b.register("ada@example.org")
	want(t, b.confirmCode(b.submit("/setup/sms", "phone", adasNumber, "replaces", ""), "sms", s.code(adasNumber)), http.StatusOK, "")
	acc, err := s.app.accounts.byEmail(t.Context(), "ada@example.org")
	if err != nil {
		t.Fatal(err)
	}
	page := userURL(acc.ID)
	id := find(t, desk.page(page).body, `name="enrollment" value="([^"]+)"`)
	r := desk.submit(page+"/change", "enrollment", id, "to", newNumber, "reason", "new phone")
	want(t, r, http.StatusOK, "")
	change := find(t, r.body, `name="id" value="([^"]+)"`)
	if strings.Contains(r.body, newNumber) {
		t.Error("the whole number is shown")
	}
	want(t, desk.submit(page+"/change/confirm", "id", change, "code", "000000", "reason", "new phone", "to", "x"), http.StatusUnauthorized, "")
	desk.submit(page+"/change/confirm", "id", change, "code", s.code(newNumber), "reason", "new phone", "to", "x").wantRedirect(t, page+"?said=changed")
	if b.signedIn() {
		t.Error("the user's session goes on")
	}
	want(t, desk.submit(page+"/change", "enrollment", id, "to", "", "reason", "x"), http.StatusNotFound, "")
}

func TestAdminFindsAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	desk, _, _ := s.person("root@example.org", admin)
	for _, email := range []string{"a_a@example.org", "aba@example.org"} {
		s.browser().register(email)
	}
	page := desk.page("/admin?q=A_A").body
	if !strings.Contains(page, "a_a") || strings.Contains(page, "aba<") || !strings.Contains(page, "Password alone") {
		t.Errorf("%s", page)
	}
	if page := desk.page("/admin").body; !strings.Contains(page, "Authenticator app") || !strings.Contains(page, "last sign-in") {
		t.Errorf("%s", page)
	}
}
