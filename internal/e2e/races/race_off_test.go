//go:build !race

package races_test

// checks is how many random lives the model is held against, and signIns how often
// one user signs in.
const (
	checks  = "1500"
	signIns = 10_000
)
