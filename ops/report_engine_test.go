package ops_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
)

// A report over the real engine knows what people did.
func TestReport_OfPeople(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	m.EnrollTOTP(t, user("app"))
	withKey(t, m, user("key"))
	s.clock.Advance(40 * 24 * time.Hour)
	c := caller(t, m, user("begins"))
	if _, err := m.Enroll(t.Context(), c, mfa.Enroll{Method: "totp"}); err != nil {
		t.Fatal(err)
	}
	closed(t, m)
	m = s.process(t, &mfatest.Recorder{})
	var people []ops.ReportUser
	r, err := ops.Report(t.Context(), s.store, m.Engine, ops.ReportOptions{Factors: factors(t, true), Now: s.clock.Now, Each: func(u ops.ReportUser) error {
		people = append(people, u)
		return nil
	}})
	if err != nil || r.Users != 3 || r.Enrolled != 2 || r.AAL2 != 2 || r.PhishingResistant != 1 || r.Unconfirmed != 1 || len(r.Months) != 2 ||
		r.Months[0].NewUsers != 2 || r.Months[1].Users != 2 || r.RecoveryCodes[0].Users != 2 || r.NoticesWaiting != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if len(people) != 3 || people[0].User != "app" || people[1].User != "begins" || people[1].Unconfirmed != 1 || people[2].User != "key" || !people[2].PhishingResistant ||
		people[2].FirstEnrolled.IsZero() || people[0].LastActivity.IsZero() {
		t.Errorf("%+v", people)
	}
}
