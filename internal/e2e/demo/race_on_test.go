//go:build race

package demo_test

// Tests in a browser are left out under the race detector: it makes them three
// times as long, and what the demo's process does for them other tests do too.
const raceDetector = true
