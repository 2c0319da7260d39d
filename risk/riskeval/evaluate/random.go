package evaluate

// What is drawn here chooses samples; it guards nothing. It has to come out
// the same from the same seed, in whatever order it is asked, so it is a hash of
// the seed and of what is being drawn.

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// draw is 64 bits that depend on all of its arguments.
func draw(seed uint64, of ...uint64) uint64 {
	h := mix(seed)
	for _, v := range of {
		h = mix(h ^ v)
	}
	return h
}

// unit is a number from 0 up to, not including, 1.
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// below is a number from 0 up to, not including, n. The bias is n/2^64.
func below(bits uint64, n int) int { return int(bits % uint64(n)) }

// poisson are the bounds of the 32-bit numbers that stand for 0, 1, … of a Poisson
// variable with mean 1: how often a user comes up in a resample.
var poisson = func() (bounds [12]uint32) {
	p, sum := 0.36787944117144233, 0.0 // 1/e
	for k := range bounds {
		sum += p
		bounds[k] = uint32(min(sum, 1) * (1<<32 - 1))
		p /= float64(k + 1)
	}
	return bounds
}()

// times is how often a user comes up in a resample.
func times(seed uint64, resample, user int) uint8 {
	bits := uint32(draw(seed, uint64(resample), uint64(user)) >> 32)
	for k, bound := range poisson {
		if bits < bound {
			return uint8(k)
		}
	}
	return uint8(len(poisson))
}
