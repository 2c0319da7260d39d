// Command benchreport measures what the library costs beside the least that it could,
// and writes the figures into docs/performance.md, between the marks that are there for
// them. Everything around them is written by hand.
//
//	go run ./internal/e2e/benchreport            # as make bench-report; takes some minutes
//	go run ./internal/e2e/benchreport -check     # what CI runs: has it become much slower?
//	go run ./internal/e2e/benchreport -from FILE # figures that go test -bench has printed
//
// The floor and the engine take turns in the same process, so that what a machine does
// besides falls on both; what is looked at are ratios within a round, six of them.
package main
