//go:build race

package cluster_test

// raceDetector has the programs built with it, too.
const raceDetector = true
