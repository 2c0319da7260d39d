package world

import (
	"math"
	"math/bits"
)

// A source is a stream of chances, made from the seed and what it is for: each
// household, office or campaign has its own, so that what is drawn for one does
// not depend on the others, nor on how many processors work. It is SplitMix64
// (Steele, Lea, Flood 2014), which suits a simulation and no secret.
//
// Floating-point products are converted before they are added, which forbids
// the fused multiply-add that some processors have: the file must be the same
// on all of them. (What a compiler still fuses is scaled by a power of two, which
// is exact either way.) For the same reason the logarithm is our own.
type source struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashOf is one number of several, as good as random.
func hashOf(seed uint64, parts ...uint64) uint64 {
	h := mix(seed + golden)
	for _, p := range parts {
		h = mix(h*golden + mix(p+golden) + 1)
	}
	return h
}

func newSource(seed uint64, parts ...uint64) source { return source{hashOf(seed, parts...)} }

func (s *source) next() uint64 {
	s.state += golden
	return mix(s.state)
}

// unit is in [0, 1).
func (s *source) unit() float64 { return unitOf(s.next()) }

func unitOf(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// below is in [0, n); n is positive.
func (s *source) below(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

// among picks one of n by a hash.
func among(h uint64, n int) int {
	hi, _ := bits.Mul64(h, uint64(n))
	return int(hi)
}

func (s *source) chance(p float64) bool { return s.unit() < p }

// between is uniform in [low, high).
func (s *source) between(low, high float64) float64 {
	return low + float64(s.unit()*(high-low))
}

// exponential has the given mean.
func (s *source) exponential(mean float64) float64 {
	return -float64(mean * ln(1-s.unit()))
}

// poisson has the given mean, which is small.
func (s *source) poisson(mean float64) int {
	n := 0
	for t := s.exponential(1); t < mean; t += s.exponential(1) {
		n++
	}
	return n
}

// spread is around the median, by a factor of about e^sigma to either side: a
// logistic stand-in for the log-normal that needs only a logarithm and powers
// of two.
func (s *source) spread(median, sigma float64) float64 {
	u := s.between(0.002, 0.998)
	z := float64(0.5513 * (ln(u) - ln(1-u))) // a logistic of variance 1
	return float64(median * exp(float64(sigma*z)))
}

// ln is the natural logarithm to about 1e-12.
func ln(x float64) float64 {
	frac, e := math.Frexp(x)
	if frac < math.Sqrt2/2 {
		frac, e = float64(frac*2), e-1
	}
	t := (frac - 1) / (frac + 1)
	square, sum, power := float64(t*t), 0.0, t
	for k := 1.0; k < 25; k += 2 {
		sum += power / k
		power = float64(power * square)
	}
	return float64(2*sum) + float64(float64(e)*math.Ln2)
}

// exp is e^x for |x| < 40, to about 1e-12.
func exp(x float64) float64 {
	half := x / 64
	sum, term := 1.0, 1.0
	for k := 1.0; k < 14; k++ {
		term = float64(term*half) / k
		sum += term
	}
	for range 6 {
		sum = float64(sum * sum)
	}
	return sum
}

// A wheel picks an index in proportion to weights.
type wheel struct{ sums []float64 }

func newWheel(weights []float64) wheel {
	w := wheel{make([]float64, len(weights))}
	sum := 0.0
	for i, x := range weights {
		sum += x
		w.sums[i] = sum
	}
	return w
}

func (w wheel) total() float64 {
	if len(w.sums) == 0 {
		return 0
	}
	return w.sums[len(w.sums)-1]
}

// at picks by u in [0, 1).
func (w wheel) at(u float64) int {
	x := float64(u * w.total())
	low, high := 0, len(w.sums)-1
	for low < high {
		mid := (low + high) / 2
		if w.sums[mid] > x {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

func (s *source) pick(w wheel) int { return w.at(s.unit()) }

// shuffled is a bijection of [0, 2^width), another one for each key.
func shuffled(i uint32, width uint, key uint64) uint32 {
	if width == 0 {
		return 0
	}
	mask := uint32(1)<<width - 1
	half := (width + 1) / 2
	for range 3 {
		key = mix(key + golden)
		i = (i*(uint32(key)|1) + uint32(key>>32)) & mask
		i ^= i >> half
	}
	return i
}
