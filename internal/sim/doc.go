// Package sim leads the engine through lives that a seed decides: owners who are honest,
// forgetful or in a hurry, thieves with a password, a cookie, a flow or an account of
// their own, support, programs; one to four instances with clocks of their own; and a
// store on which everything goes wrong that may. One seed is one run, and tells the same
// story each time. What has to hold in all of them stands in invariants_test.go, by name.
//
//	go test ./internal/sim                                # 10,000 seeds
//	MFA_SIM_SEEDS=100000 go test -run TestSeeds -v ./internal/sim -timeout 1h
//	MFA_SIM_SEED=4711 go test -run TestSeeds -v ./internal/sim
//
// # How it works
//
// A plan is drawn from the seed before anything happens: who visits when and
// what for, what the deployment is like, which incidents there are. Each visit is a
// goroutine that calls the engine as a host would, in a bubble of testing/synctest: time
// passes there only when everybody waits for it, and each call of the store takes a few
// milliseconds of it. So the order of all steps of all calls is that of their times,
// which are drawn, to the nanosecond; no two goroutines run at once, and a year passes in
// no time. Each call of the engine and each call of the store draws from a source of its
// own, named after it: what is left out of a plan leaves the rest as it was.
//
// The engine's own random numbers are not drawn. No story depends on them: wrong codes
// are made to be wrong, and what would be right by chance is left out.
//
// A process that crashes does not hear from the store any more, and nobody hears from it;
// what it had sent to the store may still arrive. A store that returns what is stale
// (one seed in five) breaks the contract of [mfa.Store]: what only reads is then not
// held to anything, and all else is, as docs/architecture.md promises.
//
// What is known of the accounts is kept beside the engine, never read from it, and only
// as far as it is certain: an enrollment is there once its confirmation was acknowledged,
// and unknown as soon as a call that may end it has been made and has not been heard of.
// So an invariant is never held against what two calls at once may have come to.
//
// # How to read a story
//
//	seed 52: 3 instances, storm weather; whoever has enrolled is asked
//	day 0 03:18:50.003  3.1 lost on 1, took 4.5ms: bypass: for ada by desk -> enrollment required
//	day 0 03:18:50.011  4.2 pay on 2, took 13.3ms: step up: bob for an action -> ok, flow 5 challenge {save of user conflicts}
//	day 0 03:18:50.195  behind an answer, on instance 1: save of limit is not durable
//	day 0 03:18:50.297  instance 2 crashes, and another takes its place
//	day 0 03:18:50.455  BROKEN second-factor: flow 5 of bob, by its owner, passed with password alone
//
// A line is a call, by the time when it began, in the order in which calls ended: the
// second of visit 4, which is one of kind "pay", was answered by instance 2 after 13 ms,
// once a save had conflicted. Calls of a visit above 100 are those of its double clicks.
// Flows and enrollments are numbered by account. A story of a run that broke
// something is shown twice: by its seed, and as the shortest that breaks the same, from
// which visits, incidents and faults were taken out as long as it did.
//
// # Who watches it
//
// The simulator is tested by mistakes that are planted in the engine (mutants_test.go):
// each has to be found, by the invariant that it breaks. And the runs have to have seen
// everything: coverage_test.go says how often at least.
package sim
