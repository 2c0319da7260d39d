package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// A policy is tried out before it decides, and a wrong one never does.
func TestAdminTriesAPolicyAndUsesIt(t *testing.T) {
	t.Parallel()
	file := writeFile(t, `{"mode":"offer"}`)
	s := start(t, "-policy", file)
	desk, _, _ := s.person("root@example.org", admin)
	helper, _, _ := s.person("helper@example.org", support)
	s.browser().register("ada@example.org")
	if page := desk.page("/admin/policy").body; !strings.Contains(page, "&#34;mode&#34;: &#34;offer&#34;") {
		t.Errorf("what runs is not shown: %s", page)
	}
	next := `{"mode":"offer","phases":[{"name":"all","from":"2099-01-01T00:00:00Z","mode":"required","methods":["sms"]}],"accept_restricted":true}`
	page := desk.submit("/admin/policy/preview", "policy", next)
	want(t, page, http.StatusOK, "")
	for _, text := range []string{"<svg", "1 January 2099", "Some who would be locked out", "ada@example.org", "accept_restricted"} {
		if !strings.Contains(page.body, text) {
			t.Errorf("no %q in the preview", text)
		}
	}
	csv := desk.submit("/admin/policy/preview.csv", "policy", next)
	if csv.status != http.StatusOK || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") || !strings.Contains(csv.body, "locked_out") {
		t.Errorf("status %d: %s", csv.status, csv.body)
	}
	status := func(email string) any {
		t.Helper()
		return s.browser().send("POST", "/register", object{"email": email, "password": goodPassword}).json(t)["status"]
	}
	for _, act := range []string{"preview", "preview.csv", "use"} {
		r := desk.submit("/admin/policy/"+act, "policy", "{\"mode\":\"required\",\n\"methods\":[\"voodoo\"]}")
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "line 2") || !strings.Contains(r.body, "voodoo") || !strings.Contains(r.body, `aria-invalid="true"`) {
			t.Errorf("%s: status %d: %s", act, r.status, r.body)
		}
	}
	if got := status("bob@example.org"); got != "passed" {
		t.Errorf("a wrong policy decides: %v", got)
	}
	desk.submit("/admin/policy/use", "policy", `{"mode":"required"}`).wantRedirect(t, "/admin/policy?said=policy")
	if got := status("eve@example.org"); got != "enroll" {
		t.Errorf("it does not decide: %v", got)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != `{"mode":"required"}` {
		t.Errorf("the file: %s, %v", text, err)
	}
	want(t, helper.send("POST", "/admin/policy/use", object{"policy": "{}"}), http.StatusForbidden, "forbidden")
	want(t, helper.page("/admin/policy"), http.StatusForbidden, "")
}
