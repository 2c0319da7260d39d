# What a developer runs. The logic is in scripts/, which .ci/run calls too.
# Variables: FUZZTIME=1m, BENCH=Verify, GOTESTFLAGS='-run=TOTP -v', MFA_TEST_REQUIRE=all.

BENCH    ?= .
FUZZTIME ?= 20s
MUTATE   ?= $(filter-out %_test.go policy/report_%.go,$(wildcard policy/*.go)) \
	evidence.go standing.go
export BENCH FUZZTIME

.PHONY: test test-race cover bench bench-report lint fuzz sbom screenshots mutate deps

test: ## every module's tests; at the end, what was skipped and what it needs
	@scripts/test

test-race: ## the same under the race detector, but for what only reads files
	@RACE=1 scripts/test

cover: ## what each deciding package's own tests cover, and what they do not; REAL=1: the suites on servers too
	@scripts/coverage

bench: ## every module's benchmarks, or those that match BENCH
	@scripts/bench

bench-report: ## the figures of docs/performance.md, measured here
	@go run ./internal/e2e/benchreport

lint: ## formatting, vet, staticcheck, golangci-lint
	@scripts/lint

fuzz: ## every fuzz target for FUZZTIME
	@scripts/fuzz

sbom: ## what programs link, with licences, as CycloneDX: bin/mfa.cdx.json
	@mkdir -p bin && go run ./internal/e2e/sbom >bin/mfa.cdx.json && echo bin/mfa.cdx.json

screenshots: ## the pictures in docs/pictures, taken from the demo in a browser
	@scripts/screenshots

mutate: ## mistakes in what decides who gets in that no test notices; takes an hour
	@go run ./internal/mutate $(MUTATE)

deps: ## the programs that some tests need (Debian)
	@scripts/install-test-deps
