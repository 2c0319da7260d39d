//go:build race

package sim

// usualSeeds are fewer: one goroutine at a time runs in these, and the race detector
// finds little in that.
const usualSeeds = 300
