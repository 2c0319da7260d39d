// Package archtest holds the shape of the repository: which package may know
// of which, what a consumer has to download, what the source may not contain.
// Its tests are the rules; a new package, a new dependency or a new exported
// name has to be entered here, on purpose.
//
// Each rule is a function over a small description (a graph of imports, a
// parsed file), so that its test can show it failing on a bad one.
package archtest
