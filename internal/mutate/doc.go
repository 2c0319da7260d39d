// Mutate makes small mistakes in the code that decides who gets in, one at a time, and
// prints those that no test of the package notices. It is for developers, and too slow
// for every change: make mutate.
//
// A mistake is a condition that always or never holds, a bound that is off by one, a
// number that is one more, a duration of twice the length, one operator for another, a
// statement, a field or a result that is left out, a case that is none, a copy that is
// no copy. All mistakes are put into one test binary, each behind a switch, by an overlay
// of the build: the files are not touched. Each test runs once by itself, to see which
// mistakes it comes by; then each mistake is switched on for the tests that come by it.
//
// What may survive stands in equivalent.txt by file, function and text, with its reason.
// A survivor that is not there, and a line there that is noticed or is no mistake any
// more, are both failures.
package main
