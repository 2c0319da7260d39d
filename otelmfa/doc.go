// Package otelmfa tells OpenTelemetry what an engine of package mfa does: metrics to
// watch and to alert on, and traces that show where the time of a sign-in goes. It
// imports OpenTelemetry's API alone; the program brings the SDK and its exporter, and
// without them nothing is recorded and little is spent.
//
//	telemetry, err := otelmfa.New(otelmfa.Config{Apps: []string{"web", "mobile"}})
//	engine, err := mfa.New(telemetry.Instrument(mfa.Config{Store: store, Keys: keys, Factors: factors, …}))
//	mux.Handle("/mfa/", telemetry.Handler("/mfa", api)) // an mfahttp.Handler
//
// [Telemetry.Instrument] puts itself around the store, the factors, the scorer and the
// observers, and adds an observer of its own. What sends mails beside the factors, as
// package notify does, is watched by [Telemetry.Sender]. A program that calls the engine
// itself, rather than through package mfahttp, measures its calls by [Operation].
//
// # Metrics
//
//	mfa.flow.starts             first factors that were right, and step-ups   app
//	mfa.flow.outcomes           flows that passed or were denied              outcome method reason app
//	mfa.factor.answers          answers                                       outcome (right, wrong) method app
//	mfa.events                  every event of the engine                     event.type method by (user, support, delay)
//	mfa.risk.assessments        sign-ins that were scored                     outcome (started, passed, denied) risk.level risk.shadow
//	mfa.message.sends           messages that were handed to a carrier        outcome channel prefix
//	mfa.message.verifications   codes that came back right                    channel prefix
//	mfa.message.refusals        messages that a budget did not let out        budget prefix
//	mfa.message.send.duration   s, of a carrier's answer                      outcome channel
//	mfa.store.operation.duration  s, of one call of the store                 outcome store.operation store.keyspace
//	mfa.factor.duration         s, of one step of a factor                    outcome method factor.step
//	mfa.risk.score.duration     s, of one score                               outcome
//	mfa.observer.duration       s, of one event at one observer               outcome observer
//	mfa.notice.age              s, of a security notice when it was offered   outcome (taken, refused) observer
//	mfa.operation.duration      s, of one call of the engine                  outcome operation flow.purpose flow.status
//	mfa.http.request.duration   s, of one request                             http.request.method http.route http.response.status_code
//	mfa.users                   users, by the last report                     user.state
//	mfa.enrollments             enrollments, by the last report               method enrollment.state
//
// The attributes without a prefix here begin with "mfa.". An outcome is "ok" or the kind
// of error: "conflict" for a store, "locked" for an operation, "throttled" for a message.
//
// A share of verified messages that falls for one prefix is how pumping looks
// (mfa.message.verifications by mfa.message.sends); grafana.json beside this file is a
// dashboard of all of this, and docs/operate.md has alerts.
//
// # What is never told
//
// Attributes are of small, closed sets, so that nothing that people type can be in one, nor
// make a backend grow: a user's identifier or name, an address or number, an IP address,
// a code, a secret or a token is in no metric and no span. What is not of such a set is
// "other". Apps are told apart only if they are named in [Config]. Of a telephone number
// there is the calling code of its country. Errors are told as their kind, never in
// their words.
//
// # Traces
//
// Spans are named as the work is: mfa.store.save, mfa.factor.verify, mfa.message.send,
// mfa.risk.score, mfa.sign_in (by [Operation]), "POST /mfa/flow/verify" (by
// [Telemetry.Handler]). They belong to the span in the context of the request; those of
// the last two kinds say how many calls of the store they took, and how many of these
// conflicted. The engine tells its observers after it has answered, so that what happens
// there is in no request's trace.
package otelmfa
