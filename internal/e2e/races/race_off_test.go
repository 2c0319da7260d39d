//go:build !race

package races_test

// checks is how many random lives the model is held against.
const checks = "1500"
