package evaluate

import (
	"fmt"
	"slices"
	"testing"
)

func scoresOf(r *ranking) string {
	var all []float32
	for _, s := range r.list {
		all = append(all, s.score)
	}
	slices.Sort(all)
	return fmt.Sprint(all, len(r.silent))
}

// Each attacker stands against the sign-ins that it is to be told from.
func TestMatches(t *testing.T) {
	s, c := &sample{}, &column{}
	for i, l := range []scored{
		{phase: train, size: 0}, {phase: train, size: 1}, {phase: threshold, size: 0}, {phase: threshold, size: 3},
		{phase: test, size: 0}, {phase: test, size: 2}, {phase: test, size: 255},
	} {
		s.legit = append(s.legit, l)
		c.legit = append(c.legit, float32(i))
	}
	c.legit[4] = nan // of the first sign-in in the test nothing is said
	for by := range attackers {
		s.attacks[by] = []uint32{0, 0}
		c.attacks[by] = []float32{100 + float32(by), 200 + float32(by)}
	}
	for _, m := range matches(s, c) {
		legit, held, attack := scoresOf(m.legit), scoresOf(m.held), scoresOf(m.attack)
		by := slices.Index(attackerNames[:], m.name)
		want := []string{"[5 6] 0", "[3] 0", fmt.Sprintf("[%d %d] 0", 100+by, 200+by)}
		switch m.name {
		case "first", "first_takeover":
			want[0], want[1] = "[] 1", "[2] 0"
		case allTakeovers:
			want = []string{"[5 6] 1", "[2 3] 0", "[104 105 204 205] 0"}
		}
		if got := []string{legit, held, attack}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", m.name, got, want)
		}
	}
}

// The threshold of the slice before the test is not the test's own.
func TestHeldOutThresholds(t *testing.T) {
	held, legit := &ranking{}, &ranking{}
	for i := range 1000 {
		held.add(float32(i), uint32(i))
		legit.add(float32(i)+50, uint32(i)) // the scores have risen
	}
	held.sort()
	legit.sort()
	attack := rankingOf(2000, 1020, 1000, 960, 500)
	m := &match{name: "x", legit: legit, held: held, attack: attack, places: placesOf(attack, legit)}
	got := make([]float64, metrics)
	(&scale{}).measureAll([]*match{m}, func(*match) []float64 { return got })
	// At 5 %: the test's own threshold asks from 1000 on; the slice's asks from 950 on, which is 10 % of the test.
	const five = 2
	near(t, "recall on the test", got[mRecall+five], 3.0/5)
	near(t, "recall held out", got[mHeld+five], 4.0/5)
	near(t, "asked held out", got[mHeldAsked+five], 0.1)
	// Of five attacks, 90 % are four and a half: the one at 500 is asked with a chance of a half, and so is
	// the sign-in that scores the same; the 549 above it are.
	near(t, "challenged at 90 %", got[mChallenged], 0.5495)
}
