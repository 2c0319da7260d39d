package timing

import (
	"math"
	"slices"
	"time"
)

// A sample is how long each of some calls took.
type sample []time.Duration

// cropped is the sample without its slowest tenth, which tells of the machine.
func (s sample) cropped() sample {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[:len(sorted)-len(sorted)/10]
}

func (s sample) median() time.Duration { return slices.Sorted(slices.Values(s))[len(s)/2] }

// moments are the mean and the variance, in nanoseconds.
func (s sample) moments() (mean, variance float64) {
	for _, d := range s {
		mean += float64(d)
	}
	mean /= float64(len(s))
	for _, d := range s {
		variance += (float64(d) - mean) * (float64(d) - mean)
	}
	return mean, variance / float64(len(s)-1)
}

// welch is Welch's t of two samples of two or more: how many standard errors lie
// between their means.
func welch(a, b sample) float64 {
	ma, va := a.moments()
	mb, vb := b.moments()
	if ma == mb {
		return 0
	}
	return (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
}
