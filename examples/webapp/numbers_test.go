package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/sms"
)

func TestNumberOnFileIsOfferedMasked(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	want(t, b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword, "phone": adasNumber}), http.StatusCreated, "")
	page := b.page("/setup/sms")
	if !strings.Contains(page.text(), "••• 45") || strings.Contains(page.text(), "40612345") || !strings.Contains(page.body, "Bosnia and Herzegovina") {
		t.Errorf("%s", page.body)
	}
	page = b.submit("/setup/sms", "on_file", "yes", "replaces", "")
	want(t, page, http.StatusOK, "")
	want(t, b.confirmCode(page, "sms", s.code(adasNumber)), http.StatusOK, "")
	b.submit("/login", "email", "ada@example.org", "password", goodPassword)
	s.advance(time.Minute)
	b.answer(b.loginPage("ada@example.org"), s.code(adasNumber)).wantRedirect(t, "/")
	if page := b.page("/setup/sms").body; strings.Contains(page, "onfile-form") {
		t.Error("the number is offered again")
	}
	want(t, b.submit("/setup/sms", "phone", "", "replaces", ""), http.StatusUnprocessableEntity, "") // which is not the one on file
}

func TestNumberIsRefusedInASentenceWithWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	for number, says := range map[string]string{
		"+46 70 123 45 67":     "to the country of this number",
		"+47 22 22 22 22":      "fixed line",
		"406 12 345":           "country code",
		"+47 1":                "cannot read this as a telephone number",
		"+4740612345;ext=1":    "cannot read this as a telephone number",
		"+4740612345\n+4712":   "cannot read this as a telephone number",
		"<script>alert(1)":     "cannot read this as a telephone number",
		"+1 900 234 5678":      "numbers of this kind",
		"+47 406 12 345 ext 1": "cannot read this as a telephone number",
	} {
		page := b.submit("/setup/sms", "phone", number, "replaces", "", "label", "Mine")
		want(t, page, http.StatusUnprocessableEntity, "")
		if !strings.Contains(page.text(), says) || !strings.Contains(page.body, `value="Mine"`) || strings.Contains(page.body, "<script>alert") {
			t.Errorf("%q: %s", number, page.body)
		}
		for _, open := range []string{`href="/setup/app"`, `href="/setup/key"`, `href="/setup/email"`} {
			if !strings.Contains(page.body, open) {
				t.Errorf("%q: %s is not offered", number, open)
			}
		}
	}
	if list := s.app.inbox.messages(); len(list) != 0 {
		t.Errorf("sent all the same: %+v", list)
	}
}

func TestChangeOfNumber(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	page := b.submit("/setup/sms", "phone", adasNumber, "replaces", "", "label", "Work")
	b.confirmCode(page, "sms", s.code(adasNumber))
	b.submit("/logout")
	s.advance(time.Minute)
	b.answer(b.loginPage("ada@example.org"), s.code(adasNumber)).wantRedirect(t, "/")

	id := find(t, b.page("/settings").body, `/settings/enrollments/([a-z0-9]+)"`)
	edit := b.page("/settings/enrollments/" + id)
	change := find(t, edit.body, `href="(/settings/enrollments/[a-z0-9]+/change)"`)
	page = b.page(change)
	if !strings.Contains(page.body, "Change number") || strings.Contains(page.body, `name="label"`) {
		t.Errorf("%s", page.body)
	}
	want(t, b.submit("/setup/sms", "phone", adasNumber, "replaces", id), http.StatusUnprocessableEntity, "") // the same
	page = b.submit("/setup/sms", "phone", newNumber, "replaces", id)
	want(t, page, http.StatusOK, "")
	if settings := b.page("/settings").text(); !strings.Contains(settings, "••45") || strings.Contains(settings, "••32") {
		t.Error("it changed before it was confirmed")
	}
	wrong := b.confirmCode(page, "sms", notCode(s.code(newNumber)))
	want(t, wrong, http.StatusUnauthorized, "")
	b.confirmCode(wrong, "sms", s.code(newNumber)).wantRedirect(t, "/settings?said=phone")
	settings := b.page("/settings").text()
	if strings.Contains(settings, "••45") || !strings.Contains(settings, "••32") || !strings.Contains(settings, "<strong><bdi>Work</bdi></strong>") || !strings.Contains(settings, "Phone number changed: Work") {
		t.Errorf("%s", settings)
	}
	b.submit("/logout")
	s.advance(time.Minute)
	b.answer(b.loginPage("ada@example.org"), s.code(newNumber)).wantRedirect(t, "/")
	if n := len(s.codes(adasNumber)); n != 2 {
		t.Errorf("%d codes went to the old number", n)
	}
}

// To confirm that it is you, a code is sent without being asked, too.
func TestStepUpByTextMessage(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	b.getCodes("sms", "phone", adasNumber)
	s.advance(20 * time.Minute)
	if page := b.page("/confirm?return=/settings/recovery-codes").body; !strings.Contains(page, "Have your phone or a recovery code ready") {
		t.Errorf("%s", page)
	}
	r := b.submit("/confirm", "return", "/settings/recovery-codes")
	page := b.page(r.header.Get("Location"))
	if len(s.codes(adasNumber)) != 2 || !strings.Contains(page.body, `name="return" value="/settings/recovery-codes"`) {
		t.Fatalf("%s", page.body)
	}
	b.answer(page, s.code(adasNumber)).wantRedirect(t, "/settings/recovery-codes")
	want(t, b.page("/settings/recovery-codes"), http.StatusOK, "")
}

// A thief who changes the address cannot keep that from its owner.
func TestChangeOfAddressIsToldToBoth(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	b.getCodes("email", "email", "old@example.org")
	b.submit("/logout")
	s.advance(time.Minute)
	b.answer(b.loginPage("ada@example.org"), s.code("old@example.org")).wantRedirect(t, "/")
	id := find(t, b.page("/settings").body, `/settings/enrollments/([a-z0-9]+)"`)
	page := b.submit("/setup/email", "email", "new@example.org", "replaces", id)
	b.confirmCode(page, "email", s.code("new@example.org")).wantRedirect(t, "/settings?said=mailbox")
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	for _, to := range []string{"ada@example.org", "old@example.org", "new@example.org"} {
		told := 0
		for _, m := range s.to(to) {
			if strings.Contains(m.Subject, "was replaced") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%s was told %d times", to, told)
		}
	}
}

// Each change is told once, and nothing else is.
func TestOwnerIsToldOfCodesOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	b.getCodes("sms", "phone", adasNumber)
	b.submit("/logout")
	s.advance(time.Minute)
	b.answer(b.loginPage("ada@example.org"), s.code(adasNumber)).wantRedirect(t, "/")
	id := find(t, b.page("/settings").body, `/settings/enrollments/([a-z0-9]+)"`)
	b.confirmCode(b.submit("/setup/sms", "phone", newNumber, "replaces", id), "sms", s.code(newNumber))
	b.submit("/logout")
	s.advance(time.Minute)
	b.answer(b.loginPage("ada@example.org"), s.code(newNumber)).wantRedirect(t, "/")
	id = find(t, b.page("/settings").body, `/settings/enrollments/([a-z0-9]+)"`)
	b.submit("/settings/enrollments/"+id+"/rename", "label", "Mine").wantRedirect(t, "/settings?said=renamed")
	b.submit("/settings/enrollments/"+id+"/remove").wantRedirect(t, "/settings?said=removed")
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, m := range s.to("ada@example.org") {
		for _, what := range []string{"was added to your", "New recovery codes", "was replaced in your", "was removed from your"} {
			if strings.Contains(m.Body, what) {
				told[what]++
			}
		}
	}
	if list := s.to("ada@example.org"); len(list) != 4 || len(told) != 4 {
		t.Errorf("%d mails, %v", len(list), told)
	}
}

// Numbers, addresses and codes are where they are meant to be, and nowhere else.
func TestNumbersAndCodesAreNotTold(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	want(t, b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword, "phone": adasNumber}), http.StatusCreated, "")
	var pages []reply
	see := func(r reply) reply {
		pages = append(pages, r)
		return r
	}
	page := see(b.submit("/setup/sms", "on_file", "yes", "replaces", ""))
	see(b.confirmCode(page, "sms", s.code(adasNumber)))
	b.submit("/logout")
	s.advance(time.Minute)
	page = see(b.loginPage("ada@example.org"))
	see(b.again(page))
	see(b.answer(page, notCode(s.code(adasNumber))))
	see(b.send("GET", "/mfa/flow", nil))
	see(b.answer(page, s.code(adasNumber)))
	page = see(b.submit("/setup/sms", "phone", newNumber, "replaces", ""))
	see(b.confirmCode(page, "sms", s.code(newNumber)))
	for _, path := range []string{"/", "/settings", "/setup/sms", "/setup/email", "/mfa/enrollments", "/mfa/activity"} {
		see(b.page(path))
	}
	codes := append(s.codes(adasNumber), s.codes(newNumber)...)
	if len(codes) != 3 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, secret := range append(codes, "40612345", "98765432") {
		for _, p := range pages {
			if strings.Contains(p.text(), secret) {
				t.Errorf("a page has %q: %s", secret, p.body)
			}
		}
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q: %s", secret, s.log)
		}
	}
	if r := b.send("GET", "/settings/export", nil); !strings.Contains(r.body, adasNumber) || strings.Contains(r.body, newNumber) {
		t.Errorf("the export has the number on file, and the others masked: %s", r.body)
	}
}

func TestFlowThatAsksToEnrolOffersAChoice(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required"}`))
	b := s.browser()
	b.submit("/register", "email", "ada@example.org", "password", goodPassword, "phone", adasNumber).wantRedirect(t, "/setup")
	page := b.page("/setup")
	for _, way := range []string{"/setup/app", "/setup/key", "/setup/sms", "/setup/email"} {
		if !strings.Contains(page.body, `href="`+way+`"`) {
			t.Errorf("no %s in %s", way, page.body)
		}
		if r := b.page(way); r.status != http.StatusOK || !strings.Contains(r.body, `href="/setup"`) || strings.Contains(r.body, "ada@example.org") {
			t.Errorf("%s: status %d, %s", way, r.status, r.body)
		}
	}
	page = b.submit("/setup/sms", "on_file", "yes", "replaces", "")
	codes := b.confirmCode(page, "sms", s.code(adasNumber))
	if !strings.Contains(codes.body, `href="/setup/more?`) || !b.signedIn() {
		t.Errorf("not in: %s", codes.body)
	}
}

func TestPolicyNamesWhatIsSent(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","methods":["totp","email"]}`))
	b := s.browser()
	b.register("ada@example.org")
	if page := b.page("/settings").body; strings.Contains(page, "/setup/sms") || !strings.Contains(page, "/setup/email") {
		t.Errorf("%s", page)
	}
	want(t, b.page("/setup/sms"), http.StatusUnprocessableEntity, "")
	want(t, b.submit("/setup/sms", "phone", adasNumber, "replaces", ""), http.StatusUnprocessableEntity, "")
}

// Without a server nothing is offered that cannot be sent, and the start page
// says how to get it.
func TestWithoutSendersMethodsAreLeftOut(t *testing.T) {
	t.Parallel()
	s := startWith(t)
	b := s.browser()
	if page := b.page("/").body; !strings.Contains(page, "-sms kannel:") || !strings.Contains(page, "-smtp host:port") {
		t.Errorf("%s", page)
	}
	b.register("ada@example.org")
	if page := b.page("/settings").body; strings.Contains(page, "/setup/sms") || strings.Contains(page, "/setup/email") {
		t.Errorf("%s", page)
	}
	want(t, b.page("/setup/sms"), http.StatusUnprocessableEntity, "")
	for _, method := range []string{"sms", "email"} {
		want(t, b.send("POST", "/mfa/enrollments", object{"method": method, "phone": adasNumber}), http.StatusUnprocessableEntity, "method_not_allowed")
	}
}

func TestCountries(t *testing.T) {
	if n := len(sms.Countries(countries...)); n != 26 {
		t.Errorf("%d", n)
	}
	c, err := newWords(false)
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"en": "Jamaica, Lithuania, Mexico", "de": "Jamaika, Litauen, Mexiko"} {
		if got := countryList(c.Pick(tag)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", tag, got)
		}
	}
}
