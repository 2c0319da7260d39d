package main

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// Each language has all that people see, but for what staff and developers do.
func TestEveryLanguageIsWhole(t *testing.T) {
	forStaff := []string{
		"host.said.invited", "host.said.reset", "host.said.second", "host.said.changed", "host.said.policy", "host.said.played", "host.said.later", "host.said.verdict", "host.said.wasuser",
		"error.forbidden", "error.no_account", "error.not_service", "error.no_reason", "error.nothing_enrolled", "error.too_many_accounts",
	}
	read := func(name string) (out map[string]string) {
		raw, err := fs.ReadFile(wordFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return out
	}
	for _, folder := range []string{"words", "words/mail"} {
		english := read(folder + "/en.json")
		for _, tag := range []string{"ar", "de", "es"} {
			own := read(folder + "/" + tag + ".json")
			for id := range english {
				if own[id] == "" && !slices.Contains(forStaff, id) {
					t.Errorf("%s/%s has no %s", folder, tag, id)
				}
			}
		}
	}
	for _, mail := range []bool{false, true} {
		c, err := newWords(mail)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Pick("de").Text("page.ended.text.disputed"); strings.Contains(got, "E-Mail") != mail {
			t.Errorf("with mail %v: %s", mail, got)
		}
	}
}

// Messages speak the language in which somebody has registered, whoever asks for them.
func TestMessagesSpeakTheAccountsLanguage(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.header.Set("Accept-Language", "de-AT, en;q=0.5")
	b.register("ada@example.org")
	b.header.Del("Accept-Language")
	b.submit("/setup/sms", "phone", adasNumber, "replaces", "")
	if m := s.to(adasNumber); len(m) != 1 || !strings.Contains(m[0].Body, "ist Ihr Code für MFA demo") {
		t.Errorf("%+v", m)
	}
	b.enroll()
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	for _, m := range s.to("ada@example.org") {
		if !strings.Contains(m.Body, "Wenn Sie sich nicht anmelden können") {
			t.Errorf("%s: %s", m.Subject, m.Body)
		}
	}
	if len(s.to("ada@example.org")) == 0 {
		t.Error("no mail")
	}
}
