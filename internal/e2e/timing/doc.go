// Package timing holds answers against each other that must look alike, so that nobody
// learns from them what is right or whom there is (OWASP ASVS 5.0, 6.3.8): a test
// compares what they say, byte for byte, and a benchmark how long they take.
//
//	go test -run '^$' -bench Timing ./timing
//
// For each pair it prints both medians and Welch's t over interleaved samples, without
// the slowest tenth of each, as dudect does (Reparaz, Balasch, Verbauwhede, 2017). Where |t| stays
// below 4.5 no difference was seen. Above it there is one; whether anybody can use it
// is told by its size in nanoseconds.
package timing
