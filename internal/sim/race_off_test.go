//go:build !race

package sim

// usualSeeds take some seventy seconds on two cores.
const usualSeeds = 10000
