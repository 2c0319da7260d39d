package risk

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestFailedSignInsTeachNothing: whoever has the password and fails the challenge is
// scored as often as they like, and is as strange at the end as at the beginning.
func TestFailedSignInsTeachNothing(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	kept := bytes.Clone(history)
	s.rates.Store(nil) // they are counted anew now and then
	stranger := from("203.0.113.1", firefoxLinux, noon)
	first := score(t, s, history, stranger)
	home := score(t, s, history, from("192.0.2.1", chromeWindows, noon))
	for range 1000 {
		if _, seen, err := s.Score(t.Context(), stranger, history); err != nil || len(seen) == 0 || len(seen) > 1024 {
			t.Fatal(len(seen), err)
		}
	}
	is(t, score(t, s, history, stranger), first)
	is(t, score(t, s, history, from("192.0.2.1", chromeWindows, noon)), home)
	is(t, history, kept)
}

// TestLearned shows what learning is for: the second sign-in from there is not strange.
func TestLearned(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	there := from("203.0.113.1", firefoxLinux, noon)
	before := score(t, s, history, there)
	there.Now = noon.Add(24 * time.Hour)
	after := score(t, s, learn(t, s, history, from("203.0.113.1", firefoxLinux, noon)), there)
	if before.Score < 3 || after.Score > before.Score-4 {
		t.Errorf("before %g, after %g", before.Score, after.Score)
	}
	if _, found := reason(before, codeNewCountry); !found {
		t.Errorf("before: %v", before.Reasons)
	}
	if _, found := reason(after, codeNewCountry); found {
		t.Errorf("after: %v", after.Reasons)
	}
}

// TestUnlearnIsTheReverse: after it everything scores as if it had never been
// learned, and the population gives back exactly what it was given.
func TestUnlearnIsTheReverse(t *testing.T) {
	for name, days := range map[string]int{"of a few": 3, "of many": 15} {
		t.Run(name, func(t *testing.T) {
			s := scorer(t)
			history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, days)...)
			thief := from("203.0.113.1", firefoxLinux, noon)
			probes := []mfa.Attempt{from("192.0.2.1", chromeWindows, noon.Add(time.Hour)), from("203.0.113.1", firefoxLinux, noon.Add(time.Hour)),
				from("198.51.100.1", chromeWindows, noon.Add(time.Hour))}
			scores := func(history []byte) (list []float64) {
				for _, p := range probes {
					list = append(list, score(t, s, history, p).Score)
				}
				return list
			}
			before := scores(history)
			_, seen, err := s.Score(t.Context(), thief, history)
			if err != nil {
				t.Fatal(err)
			}
			learned, given, err := s.Learn(history, seen, "theft")
			if err != nil {
				t.Fatal(err)
			}
			if changed := scores(learned); changed[1] > before[1]-0.5 {
				t.Errorf("learning changed %v to %v", before, changed)
			}
			left, taken, err := s.Unlearn(learned, "theft")
			if err != nil {
				t.Fatal(err)
			}
			for i, after := range scores(left) {
				if math.Abs(after-before[i]) > 1e-6 {
					t.Errorf("probe %d: before %g, after %g", i, before[i], after)
				}
			}
			is(t, bytes.Equal(left[headSize:], history[headSize:]), true)

			plus, minus := must(decodeDeltas(given)), must(decodeDeltas(taken))
			for i := range plus {
				is(t, plus[i].Sign, int8(1))
				plus[i].Sign = -1
			}
			is(t, minus, plus)
		})
	}
	t.Run("what is not there changes nothing", func(t *testing.T) {
		s := scorer(t)
		history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 3)...)
		left, taken, err := s.Unlearn(history, "another")
		is(t, left, history)
		is(t, taken, nil)
		is(t, err, nil)
		left, taken, err = s.Unlearn(nil, "another")
		is(t, len(left)+len(taken), 0)
		is(t, err, nil)
	})
	t.Run("several of one activity", func(t *testing.T) {
		s := scorer(t)
		var history []byte
		for n, a := range daily("192.0.2.1", chromeWindows, 4) {
			_, seen, err := s.Score(t.Context(), a, history)
			if err != nil {
				t.Fatal(err)
			}
			if history, _, err = s.Learn(history, seen, []string{"one", "two"}[n%2]); err != nil {
				t.Fatal(err)
			}
		}
		left, taken, err := s.Unlearn(history, "one")
		is(t, err, nil)
		is(t, len(must(decodeDeltas(taken))), 2)
		h := must(parseHistory(left))
		is(t, h.marks(), 2)
	})
}

// TestOneVoteADay: whoever signs in all day long counts as once.
func TestOneVoteADay(t *testing.T) {
	s := scorer(t)
	var history []byte
	votes, novelties := map[int64]int{}, 0
	learnOne := func(at time.Time) delta {
		_, seen, err := s.Score(t.Context(), from("192.0.2.1", chromeWindows, at), history)
		if err != nil {
			t.Fatal(err)
		}
		learned, counted, err := s.Learn(history, seen, at.String())
		if err != nil {
			t.Fatal(err)
		}
		history = learned
		d := must(decodeDeltas(counted))[0]
		if d.Vote {
			votes[d.At/minutesPerDay]++
		} else if len(d.Values) > 0 {
			t.Error("values without a vote")
		}
		return d
	}
	midnight := noon.Truncate(24 * time.Hour)
	is(t, learnOne(midnight).First, true)
	for n := range 300 {
		if d := learnOne(midnight.Add(time.Duration(n) * 4 * time.Minute)); len(d.Novel) > 0 {
			novelties++
		}
	}
	is(t, novelties, noveltiesPerDay-1)
	is(t, learnOne(midnight.Add(30*time.Hour)).Vote, true)
	is(t, learnOne(midnight.Add(31*time.Hour)).Vote, false)
	is(t, learnOne(midnight.Add(20*time.Hour)).Vote, false) // one that passed late
	for _, n := range votes {
		is(t, n, 1)
	}
	is(t, len(votes), 2)
}

// TestNothingToInvert: neither an address nor a header nor a place is in what is kept.
func TestNothingToInvert(t *testing.T) {
	s := scorer(t)
	a := from("192.0.2.1", chromeWindows, noon)
	_, seen, err := s.Score(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	history, counted, err := s.Learn(nil, seen, "activity")
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range [][]byte{seen, history, counted} {
		for _, secret := range [][]byte{{192, 0, 2}, []byte("Chrome"), []byte("Oslo"), []byte("Altibox"), []byte("ada"), []byte("activity")} {
			if bytes.Contains(kept, secret) {
				t.Errorf("%x holds %q", kept, secret)
			}
		}
	}
	other := scorer(t, func(c *Config) { c.Keys = must(mfa.NewKeyRing()) })
	elsewhere := scorer(t, func(c *Config) { c.Deployment = "staging" })
	is(t, s.print.key == other.print.key, false)
	is(t, s.print.key == elsewhere.print.key, false)
	one, _ := s.print.address(a.Client.IP)
	two, _ := other.print.address(a.Client.IP)
	is(t, one == two, false)
}

func TestAddressPrints(t *testing.T) {
	s := scorer(t)
	for _, c := range []struct {
		a, b                 string
		sameAddress, sameNet bool
	}{
		{"192.0.2.1", "192.0.2.1", true, true},
		{"192.0.2.1", "192.0.2.2", false, true},
		{"192.0.2.1", "192.0.3.1", false, false},
		{"192.0.2.1", "::ffff:192.0.2.1", true, true},
		{"2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", true, true}, // a home's addresses rotate
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false, true},
		{"2001:db8:1:2::1", "2001:db8:2:2::1", false, false},
		{"fe80::1%eth0", "fe80::1%eth1", true, true},
	} {
		a1, n1 := s.print.address(from(c.a, "", noon).Client.IP)
		a2, n2 := s.print.address(from(c.b, "", noon).Client.IP)
		if (a1 == a2) != c.sameAddress || (n1 == n2) != c.sameNet || a1 == n1 || a1 == 0 {
			t.Errorf("%s, %s: %d %d, %d %d", c.a, c.b, a1, n1, a2, n2)
		}
	}
	a, n := s.print.address(from("", "", noon).Client.IP)
	is(t, [2]uint32{a, n}, [2]uint32{})
}
