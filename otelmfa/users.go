package otelmfa

import (
	"context"

	"github.com/mfakit/mfa/ops"
)

// Report tells what a report has counted, for a job that makes one now and then: how many
// users have enrolled, reach AAL2, resist phishing, have nothing left but what is
// disabled, were asked and have not enrolled, or wait for a notice; and how many
// enrollments there are of each method. It stays told until the next report, by this
// process alone: one process of a site should.
func (t *Telemetry) Report(ctx context.Context, r ops.Totals) {
	for _, s := range []struct {
		state string
		users int
	}{
		{"known", r.Users},
		{"enrolled", r.Enrolled},
		{"aal2", r.AAL2},
		{"phishing_resistant", r.PhishingResistant},
		{"restricted_only", r.RestrictedOnly},
		{"all_disabled", r.AllDisabled},
		{"asked", r.Asked},
		{"notices_waiting", r.NoticesWaiting},
		{"failed", r.Failed},
	} {
		t.m.users.Record(ctx, int64(s.users), with(keyUserState.String(s.state)))
	}
	for _, m := range r.Methods {
		method := keyMethod.String(t.methods.of(m.Method))
		t.m.enrollments.Record(ctx, int64(m.Enrollments-m.Disabled), with(method, keyEnrState.String("usable")))
		t.m.enrollments.Record(ctx, int64(m.Disabled), with(method, keyEnrState.String("disabled")))
	}
}
