// Command sbom says what a program that imports the library would link: the modules,
// their versions and checksums, and the licences that their files carry.
//
//	go run ./internal/e2e/sbom              # CycloneDX 1.6, JSON
//	go run ./internal/e2e/sbom -table       # the table of docs/dependencies.md
//	go run ./internal/e2e/sbom -module .    # of one module of the repository alone
//
// It counts what the packages of a module import, tests left out, on the platforms that
// CI does not run on, too: what is fetched for a test alone reaches nobody's build.
package main
