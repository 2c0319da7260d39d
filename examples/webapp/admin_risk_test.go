package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
)

// Staff see how sign-ins were scored, over all and of one user, and say whose one was.
func TestStaffSeeRiskAndSayWhoseASignInWas(t *testing.T) {
	t.Parallel()
	s := adaptive(t, "-admin", "root@example.org") // else the oldest account is an admin's
	home, phone := s.resident(ada)
	thief := s.at(bucharest, agentNamed(t, "Chrome on Windows"))
	thief.signIn(ada, phone)
	helper, _, _ := s.person("helper@example.org", support)
	_, _, bossPage := s.person("boss@example.org", admin)

	page := helper.page("/admin/risk")
	want(t, page, http.StatusOK, "")
	for _, says := range []string{"It decides", "Asked for their risk", "<svg", "new country", "budget, elevated", `aria-labelledby="timeline-desc"`, "elevated from", "3.0 %"} {
		if !strings.Contains(page.body, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	if strings.Contains(page.body, "<script") || strings.Contains(page.body, "style=") {
		t.Error("it needs a script or a style of its own")
	}

	user := userURL(s.account(ada).ID)
	page = helper.page(user)
	for _, says := range []string{", &#43;", "low, −", "first time from Romania", "you usually sign in from Norway", `class="against"`, `class="for"`, "Bucharest, Romania"} {
		if !strings.Contains(page.body, says) {
			t.Errorf("the user's page does not say %q: %s", says, page.body)
		}
	}
	activity := find(t, page.body, `name="activity" value="([^"]+)"`)
	verdict := func(b *browser, page, said, reason string) reply {
		t.Helper()
		return b.send("POST", page+"/verdict", object{"activity": activity, "verdict": said, "reason": reason})
	}
	want(t, verdict(helper, user, "not_me", " "), http.StatusUnprocessableEntity, "no_reason")
	want(t, verdict(helper, user, "perhaps", "called"), http.StatusBadRequest, "")
	want(t, verdict(helper, bossPage, "not_me", "called"), http.StatusNotFound, "no_activity")
	want(t, verdict(home, user, "not_me", "called"), http.StatusForbidden, "forbidden")
	bossActivity := helper.page(bossPage).body
	if strings.Contains(bossActivity, "/verdict") {
		t.Error("support can judge an admin's sign-ins")
	}
	want(t, verdict(helper, user, "was_me", "called"), http.StatusNoContent, "")
	if !home.signedIn() || !thief.signedIn() {
		t.Error("signed out by what it was not")
	}
	helper.submit(user+"/verdict", "activity", activity, "verdict", "not_me", "reason", "called").wantRedirect(t, user+"?said=verdict")
	if home.signedIn() || thief.signedIn() || s.sessionsOf(ada) != 0 {
		t.Error("somebody is signed in")
	}
	want(t, thief.send("POST", "/login", object{"email": ada, "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
	if page := helper.page(user).body; !strings.Contains(page, "Not the user") || !strings.Contains(page, "by support") {
		t.Errorf("what was said is not there: %s", page)
	}

	// Nobody judges the sign-ins of their own rank or above, whatever they send.
	own := find(t, helper.page(userURL(s.account("helper@example.org").ID)).body, `id="signins"()`)
	if own != "" {
		t.Fatal()
	}
	history, err := s.app.engine.Activity(t.Context(), s.account("boss@example.org").ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range history {
		if h.Type == mfa.EventFlowPassed {
			activity = h.ID
		}
	}
	want(t, verdict(helper, bossPage, "not_me", "called"), http.StatusForbidden, "forbidden")
}

func TestDrawings(t *testing.T) {
	day := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)
	days := []riskDay{
		{Day: day.AddDate(0, 0, -60), Levels: [5]uint64{9999}, All: 9999}, // too old to be drawn
		{Day: day.AddDate(0, 0, -29), Levels: [5]uint64{60}, All: 60},
		{Day: day, Levels: [5]uint64{100, 0, 10, 5, 1}, All: 116},
	}
	d := drawTimeline(days)
	if len(d.Columns) != 5 || d.Columns[0].X != "0.3%" || d.Columns[1].X != "97.0%" {
		t.Errorf("%+v", d.Columns)
	}
	if last := d.Columns[4]; last.Height != plotLeast || last.Y < plotTop-len(riskLevels)*plotLeast {
		t.Errorf("one in many: %+v", last)
	}
	if empty := drawTimeline(nil); empty.Columns != nil || empty.Desc != "" {
		t.Errorf("%+v", empty)
	}
	h := drawHistogram(risk.Report{
		Thresholds: risk.Thresholds{Elevated: 1.5, High: 4, Severe: 7},
		Scores:     []risk.ScoreBin{{From: -4, Votes: 97}, {From: -3.75}, {From: 2, Votes: 2}, {From: 9, Votes: 1}},
	})
	if len(h.Columns) != 3 || h.Columns[1].Fill != levelFills[mfa.RiskElevated] || h.Columns[2].Fill != levelFills[mfa.RiskSevere] || len(h.Lines) != 3 {
		t.Errorf("%+v", h)
	}
	if empty := drawHistogram(risk.Report{}); len(empty.Columns) != 0 || len(empty.Lines) != 3 {
		t.Errorf("%+v", empty)
	}
	got := bars([]mfa.RiskReason{{Code: "new_country", Weight: 4}, {Code: "known_device", Text: "on a remembered device", Weight: -99}, {Code: "first_sign_in"}})
	if got[0] != (bar{"new country", "", "+4.0", "50.0%", "25.0%", true}) || got[1] != (bar{"on a remembered device", "", "−99.0", "0.0%", "50.0%", false}) || got[2].Weight != "0" {
		t.Errorf("%+v", got)
	}
}
