// Package policy is an [mfa.Policy] as data: what a deployment asks of which of
// its users, from when on, in a Go value or in a JSON file that an operator
// changes while the service runs.
//
//	text, err := os.ReadFile("mfa.json")
//	p, err := policy.ParseFor(text, []string{"totp", "webauthn", "sms", "email", "recovery"})
//	live, err := policy.NewLive(p, []string{"totp", "webauthn", "sms", "email", "recovery"})
//	m, err := mfa.New(mfa.Config{Policy: live, …})
//	…
//	err = live.ReplaceFile("mfa.json") // on SIGHUP; a file that is wrong changes nothing
//
// # Rules, phases, cohorts
//
// A policy is a set of [Rules], the base, which hold for everybody, and phases,
// which change them: each from a date on, for some of the users. The last phase in
// the list that has begun and that the user is in decides; what it sets overrides
// the base, and what it leaves out is the base's. Phases do not build on each
// other. A phase cannot take back what the base says, so that a false or an empty
// object in one is refused: what not everybody is to have stands in phases, and
// not in the base.
//
// Rollouts go up: from nobody to everybody, from [Offer] to [Adaptive] to
// [Required], in the order of the list. Then no date that passes and no share that
// grows ever takes a requirement from anybody. [Lint] tells where a policy goes
// down. (Adaptive asks more people than Offer, and people in known browsers less.)
//
// A file with everything that there is; all of it may be left out, and an empty
// file ({}) requires a second proof, by any method, of everybody:
//
//	{
//	  "time_zone": "Europe/Oslo",
//	  "mode": "offer",
//	  "methods": ["webauthn", "totp", "sms"],
//	  "suggested": ["totp"],
//	  "forbidden": ["voice"],
//	  "implicit": ["email"],
//	  "not_first": ["webauthn"],
//	  "prerequisites": {"webauthn": ["totp", "sms"]},
//	  "aal": 0,
//	  "phishing_resistant": false,
//	  "deny_severe": false,
//	  "accept_restricted": false,
//	  "at_least": 1,
//	  "nudge": 2,
//	  "remember": {"days": 30, "idle": "168h", "session": false, "insecure_long": false},
//	  "changes": {"password": true, "methods": ["totp"], "max_age": "5m", "insecure_password_alone": false},
//	  "first_enrollment": {"methods": ["email"]},
//	  "delayed_reset": "72h",
//	  "session_lifetime": "120h",
//	  "phases": [
//	    {"name": "pilot", "from": "2025-09-27T14:00:00", "cohorts": ["staff"], "mode": "adaptive"},
//	    {"name": "some", "from": "2025-10-06", "share": 25, "apps": ["web"], "mode": "adaptive"},
//	    {"name": "new accounts", "created_from": "2025-10-20", "mode": "required"},
//	    {"name": "announced", "from": "2025-10-20", "mode": "required",
//	      "grace": {"until": "2025-10-31", "for": "168h", "skips": 5}},
//	    {"name": "all", "from": "2025-10-31T00:00:00+01:00", "mode": "required"},
//	    {"name": "administrators", "cohorts": ["administrators"], "mode": "required", "phishing_resistant": true, "at_least": 2}
//	  ],
//	  "cohorts": [
//	    {"name": "staff", "email_domains": ["example.com"], "created_before": "2025-09-01"},
//	    {"name": "administrators", "users": ["u-1", "u-2"]},
//	    {"name": "north", "attributes": {"region": ["north", "north-west"]}, "created_from": "2020-01-01", "share": 50}
//	  ],
//	  "services": {"networks": ["10.0.0.0/8", "2001:db8::/32"]},
//	  "support": "https://example.com/help"
//	}
//
// The members are described at the fields of [Policy], [Rules], [Phase] and
// [Cohort]. The methods have to be among those of the engine.
//
// # Dates
//
// A date is an instant with its offset (RFC 3339, "2025-09-27T12:00:00Z"), or a
// local date or date and time ("2025-10-31", "2025-10-31T17:00:00") in time_zone, a
// name of the IANA time zone database; a date is its first moment. A local time
// that the clock shows twice, as it goes back, is the first of the two; one that it
// skips is read with the offset from before the change, so that 02:30 is 03:30
// (RFC 5545 section 3.3.5). The database is the system's; a program that runs where
// there may be none imports time/tzdata.
//
// # Risk
//
// Where the engine has a scorer (mfa.Config.Risk), [Adaptive] lets a known browser in
// unasked at a low risk only. A familiar network is never enough. Beside that the
// engine raises what is asked to what the level asks for, as far as the
// user has it: in mode offer a user who has enrolled is asked for a key, if they have
// one and the risk is high. Mode off asks nobody, whatever the risk: it is for apps
// that could not show a question. Risk lets nobody in, and takes nothing back that a
// policy asks for.
//
// Nor does it have anybody enrol, since a stranger with the password would enrol
// something of their own. So those who have nothing enrolled meet at every level what
// they met before: a phase in mode required leads them to enrol, and first_enrollment
// asks them for its proof; in the other modes they are let in. What asks them for
// something at a risk is an address that counts as enrolled (implicit): in mode offer
// for a code where the risk asks, in mode adaptive in each browser that is not known
// as well.
//
// With deny_severe a sign-in of severe risk is denied, and told where to turn
// (support). Scorers are wrong at times: whoever is denied may be the owner, and has
// no way in by themselves. Without it such a sign-in is asked for what high risk asks
// for, which is a proof that resists phishing of those who have one.
//
// # Trying out
//
// [Lint] finds what a policy says and cannot mean. [Shadow] has a candidate decide
// beside the policy that is live, and only reports. [Live] is a policy that can be
// replaced while it runs.
//
// # What is promised
//
//   - Decisions depend on the subject and the policy alone: Decide reads no clock,
//     keeps nothing, and gives the same answer to the same subject.
//   - Raising a share never drops anybody whom a lower one had.
//   - Nothing that users do makes a grace longer: it counts from when they were
//     first asked, and by how often they have put it off.
//   - Values that are zero, and what is left out of a file, are the strict ones.
//     What weakens is called Insecure, and [Lint] names it.
package policy
