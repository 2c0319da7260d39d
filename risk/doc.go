// Package risk scores sign-ins: people on their own device at home are not asked,
// a stranger with the right password is.
//
//	intel, err := geo.Open(geo.Config{…})     // optional: where addresses are, and lists
//	scorer, err := risk.New(risk.Config{Keys: keys, Store: store, Intel: intel})
//	m, err := mfa.New(mfa.Config{Risk: scorer, Observers: []mfa.Observer{scorer}, …})
//	go scorer.Run(ctx)                        // with a store: shares what is learned
//
// In the first two weeks it watches: it scores, decides nothing, and [Scorer.Report]
// says what it would have done.
//
// # The score
//
// Each [Signal] gives evidence as log-odds: how much likelier what is seen is of an
// attacker than of the user. The sum is the score, after Freeman et al. ("Who Are
// You?", NDSS 2016). For networks and browsers there are chains, from coarse to
// fine: country, provider, network, address; device class, system, browser. As
// far down as the user has been seen, it speaks for them by how unlikely an attacker
// is to have the same; where something is new, it speaks against them by how rarely
// that is so: after such a time, with so much known, and for somebody who is
// new as often as they are. What is rare among all users weighs more, which is all there is
// for an account that nothing is known of.
//
// # The level
//
// No score means the same everywhere. [mfa.RiskElevated] begins at the score that a
// share of the deployment's own legitimate sign-ins reach: Config.Budget, 3 %. One
// in six of these is [mfa.RiskHigh], one in sixty [mfa.RiskSevere]. Until there are
// enough, shipped thresholds hold, and within fixed bounds always. A user has one vote a day.
// Hard evidence is severe by itself: an address that the host denies; or Tor and
// five wrong answers, but for a remembered device. Impossible travel never is.
//
// # What it is not
//
// It cannot tell a stranger who has taken care to come from the victim's provider with
// the victim's browser: no published method does. Against those there are
// phishing-resistant methods. docs/risk.md says what was measured, what is kept of
// users, and how a host measures its own sign-ins.
package risk
