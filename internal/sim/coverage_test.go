package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// table says how often everything happened.
func (s *total) table() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(s.tally)) {
		fmt.Fprintf(&b, "%9d  %s\n", s.tally[what], what)
	}
	return b.String()
}

// coveredBy is how many runs have to have seen everything.
const coveredBy = 5000

// covers demands that the runs have seen what there is to see: a simulation that never
// comes to a place proves nothing of it.
func (s *total) covers(t *testing.T) {
	for what, least := range wanted {
		if least := least * s.runs / 10000; s.tally[what] < max(1, least) {
			t.Errorf("%q happened %d times in %d runs, want %d", what, s.tally[what], s.runs, least)
		}
	}
}

// wanted is how often things have to happen in 10,000 runs: about a third of how often
// they did when this was written.
var wanted = map[string]int{
	"accepted: bypass": 200, "accepted: email": 3000, "accepted: key": 4000, "accepted: passkey": 300, "accepted: recovery": 300,
	"accepted: sms": 3000, "accepted: totp": 10000,

	"answer: busy": 700, "answer: enrollment required": 600, "answer: enrolment expired": 200, "answer: flow expired": 6000,
	"answer: locked": 10000, "answer: no answer, the process is dead": 600, "answer: no enrollment": 1000, "answer: no option": 300,
	"answer: nobody waits for the answer": 300, "answer: not enough evidence": 6000, "answer: not sent": 400, "answer: not valid": 20000,
	"answer: ok": 100000, "answer: refused": 40, "answer: send limit": 600, "answer: store failed": 2000, "answer: support may not": 300,
	"answer: too soon": 1000, "answer: wrong caller": 600,

	"call: activate": 20000, "call: activity": 500, "call: bypass": 1000, "call: cancel reset": 200, "call: challenge": 10000,
	"call: claim reset": 70, "call: devices": 100, "call: enrol": 20000, "call: feedback": 500, "call: forget a device": 100,
	"call: forget all devices": 300, "call: look": 2000, "call: new password": 800, "call: passkey begin": 400, "call: passkey finish": 700,
	"call: recovery codes": 1000, "call: redeem": 1000, "call: remove": 1000, "call: remove all": 100, "call: rename": 500,
	"call: repudiate": 100, "call: request reset": 400, "call: resend": 900, "call: reset": 900, "call: satisfies": 2000,
	"call: sign in": 50000, "call: sign out everywhere": 400, "call: skip": 800, "call: step up": 10000, "call: verify": 60000,
	"call: what a change asks": 10000,

	"event: account.failures": 1000, "event: account.password": 800, "event: account.reset": 800, "event: account.signed_out": 400,
	"event: action.approved": 500, "event: bypass.issued": 800, "event: bypass.used": 200, "event: challenge.sent": 10000,
	"event: challenge.unsent": 300, "event: device.forgotten": 300, "event: device.new": 4000, "event: device.remembered": 700,
	"event: device.reused": 60, "event: enrollment.added": 10000, "event: enrollment.removed": 400, "event: enrollment.renamed": 200,
	"event: enrollment.replaced": 300, "event: enrollment.skipped": 500, "event: enrollment.undone": 20, "event: factor.failed": 20000,
	"event: factor.locked": 4000, "event: factor.verified": 20000, "event: flow.denied": 500, "event: flow.passed": 40000,
	"event: flow.started": 50000, "event: recovery.generated": 9000, "event: recovery.used": 400, "event: reset.canceled": 100,
	"event: reset.ready": 60, "event: reset.requested": 300, "event: send.limit": 500, "event: service.interactive": 400,
	"event: signin.verdict": 300,

	"fault: load fails": 4000, "fault: load hangs": 400, "fault: load is stale": 1000, "fault: observer refuses": 10000,
	"fault: save conflicts": 5000, "fault: save fails": 3000, "fault: save hangs": 200, "fault: save is not durable": 1000,
	"fault: save is repeated, and conflicts with itself": 1000, "fault: save lands late": 1000, "fault: save loses its answer": 3000,
	"fault: send fails": 400, "fault: the client goes away": 1000,

	"flow: challenge": 40000, "flow: denied": 500, "flow: enroll": 4000, "flow: passed": 50000,

	"incident: carriers are out": 600, "incident: clock": 1000, "incident: crash": 2000, "incident: observers are out": 1000,
	"incident: restart": 500,

	"letter: email": 4000, "letter: sms": 8000,

	"redeemed": 500, "reset claimed": 50, "spared": 1000,

	"refused: bypass": 30, "refused: email": 600, "refused: key": 200, "refused: recovery": 300, "refused: sms": 3000, "refused: totp": 10000,

	"event: enrollment.disabled": 40,
}
