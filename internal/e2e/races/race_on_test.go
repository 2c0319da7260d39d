//go:build race

package races_test

// Each of the model's lives is led step by step, in which the race detector
// finds little.
const (
	checks  = "300"
	signIns = 1000
)
