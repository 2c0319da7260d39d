package risk

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// full is a history at its bounds.
func full() history {
	h := history{day: 20000, learned: 4}
	for i := range maxEntries {
		e := remembered{entry: entry{country: countryID("NO"), asn: 1 << 31, prints: prints{uint32(i) + 1, 2, 3, 4, 5},
			agent: agentID{2, 2, 1}, kinds: Hosting, known: true, located: true, lat: -900, lon: 1800, radius: 65535}}
		for j := range maxMarks / maxEntries {
			e.marks = append(e.marks, mark{id: uint32(j) + 1, minutes: 29000000 + uint32(i), vote: true, reached: 0x1ff, fresh: 4, gap: 7, size: 5, bin: 255})
		}
		h.list = append(h.list, e)
	}
	for h.marks() < maxMarks {
		h.list[0].marks = append(h.list[0].marks, mark{id: 9, minutes: 1, first: true})
	}
	return h
}

func TestHistoryIsBounded(t *testing.T) {
	b := new(history)
	*b = full()
	if n := len(b.bytes()); n != maxHistory || n > 2048 {
		t.Errorf("at its bounds it has %d bytes, said to be %d, at most 2048", n, maxHistory)
	}
	got, err := parseHistory(b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	is(t, got, full())

	t.Run("empty", func(t *testing.T) {
		h := history{}
		is(t, h.bytes(), nil)
		is(t, must(parseHistory(nil)), history{})
	})
	t.Run("whatever is learned", func(t *testing.T) {
		s := scorer(t)
		var history []byte
		for n := range 400 { // learn checks the size each time
			ip, ua := crowded(n%37), []string{chromeWindows, firefoxLinux, safariPhone}[n%3]
			history = learn(t, s, history, from(ip, ua, noon.Add(time.Duration(n)*7*time.Hour)))
		}
		h := must(parseHistory(history))
		is(t, len(h.list), maxEntries)
		if h.marks() > maxMarks {
			t.Error(h.marks())
		}
	})
	t.Run("in one place", func(t *testing.T) {
		s := scorer(t)
		var history []byte
		for n := range 400 {
			history = learn(t, s, history, from("192.0.2.1", chromeWindows, noon.Add(time.Duration(n)*time.Hour)))
		}
		h := must(parseHistory(history))
		is(t, len(h.list), 1)
		is(t, len(h.list[0].marks), maxMarks)
		is(t, h.list[0].newest(), minutesOf(noon.Add(399*time.Hour)))
	})
	t.Run("in time", func(t *testing.T) {
		s := scorer(t)
		old := learn(t, s, nil, from("203.0.113.1", firefoxLinux, noon))
		later := learn(t, s, old, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 181)))
		is(t, len(must(parseHistory(later)).list), 1)
		within := learn(t, s, old, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 179)))
		is(t, len(must(parseHistory(within)).list), 2)
		// What is too old counts no longer, also before anything new is learned.
		is(t, len(sight(t, s, old, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 181))).Past), 0)
	})
	t.Run("as the host says", func(t *testing.T) {
		s := scorer(t, func(c *Config) { c.Keep = 30 * 24 * time.Hour })
		old := learn(t, s, nil, from("203.0.113.1", firefoxLinux, noon))
		is(t, len(sight(t, s, old, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 31))).Past), 0)
		is(t, len(must(parseHistory(learn(t, s, old, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 31))))).list), 1)
	})
}

// TestRoomIsMadeWhereItTellsLeast: a phone whose carrier changes its address all the
// time does not push out the office where the user is seldom.
func TestRoomIsMadeWhereItTellsLeast(t *testing.T) {
	w := world()
	for n := range 60 {
		w[fmt.Sprintf("198.18.%d.1", n)] = IPInfo{Country: "NO", ASN: 2119, Kinds: Mobile}
	}
	s := scorer(t, func(c *Config) { c.Intel = w })
	history := learn(t, s, nil, from("203.0.113.1", firefoxLinux, noon), from("192.0.2.1", chromeWindows, noon))
	for n := range 60 {
		history = learn(t, s, history, from(fmt.Sprintf("198.18.%d.1", n), safariPhone, noon.Add(time.Duration(n+1)*time.Hour)))
	}
	h := must(parseHistory(history))
	is(t, len(h.list), maxEntries)
	asns := map[uint32]bool{}
	for _, e := range h.list {
		asns[e.asn] = true
	}
	is(t, asns, map[uint32]bool{8708: true, 29695: true, 2119: true})

	for n := range 25 { // as many places that have nothing in common push out the oldest
		at := crowded(n)
		w[at] = IPInfo{Country: "SE", ASN: uint32(n) + 1}
		history = learn(t, s, history, from(at, chromeWindows, noon.Add(time.Duration(n+100)*time.Hour)))
	}
	h = must(parseHistory(history))
	is(t, len(h.list), maxEntries)
	is(t, h.list[0].newest(), minutesOf(noon.Add(124*time.Hour)))
}

// TestDamagedHistory: what cannot be read is an error, never a guess and never a panic.
func TestDamagedHistory(t *testing.T) {
	s := scorer(t)
	good := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 3)...)
	_, seen, err := s.Score(t.Context(), from("192.0.2.1", chromeWindows, noon), good)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(b []byte, at int, to byte) []byte {
		b = bytes.Clone(b)
		b[at] = to
		return b
	}
	for name, bad := range map[string][]byte{
		"cut":              good[:len(good)-1],
		"one byte":         {historyVersion},
		"longer":           append(bytes.Clone(good), 0),
		"version 0":        edit(good, 0, 0),
		"too many entries": edit(good, 1, maxEntries+1),
		"too many marks":   edit(good, 2, maxMarks+1),
		"fewer marks":      edit(good, 2, 1),
		"no country":       edit(good, headSize+3, '?'),
		"no browser":       edit(good, headSize+entrySize-3, 255),
		"unknown flag":     edit(good, headSize, 0xff),
		"off the earth":    edit(good, headSize+entrySize+1, 0x7f),
		"an empty entry":   edit(good, headSize+entrySize+placeSize, 0),
		"far too long":     make([]byte, 5000),
	} {
		t.Run(name, func(t *testing.T) {
			said, observation, err := s.Score(t.Context(), from("192.0.2.1", chromeWindows, noon), bad)
			if !errors.Is(err, ErrHistory) || said.Level != mfa.RiskUnknown || observation != nil {
				t.Errorf("%s, %x, %v", said.Level, observation, err)
			}
			if _, _, err = s.Learn(bad, seen, "a"); !errors.Is(err, ErrHistory) {
				t.Errorf("learned: %v", err)
			}
			if _, _, err = s.Unlearn(bad, "a"); !errors.Is(err, ErrHistory) {
				t.Errorf("unlearned: %v", err)
			}
		})
	}
	t.Run("newer", func(t *testing.T) {
		newer := edit(good, 0, historyVersion+1)
		_, _, err := s.Score(t.Context(), from("192.0.2.1", chromeWindows, noon), newer)
		if !errors.Is(err, mfa.ErrNewerVersion) {
			t.Error(err)
		}
		if _, _, err := s.Learn(newer, seen, "a"); !errors.Is(err, mfa.ErrNewerVersion) {
			t.Error(err)
		}
		if _, _, err := s.Learn(good, edit(seen, 0, observationVersion+1), "a"); !errors.Is(err, mfa.ErrNewerVersion) {
			t.Error(err)
		}
	})
	t.Run("observation", func(t *testing.T) {
		for name, bad := range map[string][]byte{
			"empty":      {},
			"cut":        seen[:len(seen)-1],
			"longer":     append(bytes.Clone(seen), 0),
			"a history":  good,
			"has a vote": edit(seen, len(seen)-5, 0x10),
			"has an id":  edit(seen, len(seen)-markSize, 1),
			"at no time": append(bytes.Clone(seen[:len(seen)-8]), make([]byte, 8)...),
			"no cell":    edit(seen, len(seen)-2, 0xff),
			"huge":       make([]byte, 1<<20),
		} {
			learned, counted, err := s.Learn(good, bad, "a")
			if !errors.Is(err, ErrHistory) || learned != nil || counted != nil {
				t.Errorf("%s: %x, %x, %v", name, learned, counted, err)
			}
		}
	})
}

func FuzzHistory(f *testing.F) {
	s := scorer(f)
	many := full()
	f.Add(many.bytes())
	f.Add(learn(f, s, nil, daily("192.0.2.1", chromeWindows, 9)...))
	f.Add(learn(f, s, nil, from("", "", noon)))
	f.Add([]byte{historyVersion, 1, 1, 0, 0, 0, 0, 0})
	f.Add([]byte{historyVersion + 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHistory(b)
		if err != nil {
			if !errors.Is(err, ErrHistory) && !errors.Is(err, mfa.ErrNewerVersion) {
				t.Fatal(err)
			}
			return
		}
		if len(h.list) > maxEntries || h.marks() > maxMarks {
			t.Fatalf("%d entries, %d sign-ins", len(h.list), h.marks())
		}
		if len(h.list) > 0 && !bytes.Equal(h.bytes(), b) {
			t.Fatalf("%x is written as %x", b, h.bytes())
		}
		a := from("203.0.113.1", firefoxLinux, noon)
		if _, seen, err := s.Score(t.Context(), a, b); err != nil {
			t.Fatal(err)
		} else if learned, counted, err := s.Learn(b, seen, "a"); err != nil || len(learned) > maxHistory {
			t.Fatal(len(learned), err)
		} else if _, err := decodeDeltas(counted); err != nil {
			t.Fatal(err)
		} else if _, _, err = s.Unlearn(learned, "a"); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzObservation(f *testing.F) {
	s := scorer(f)
	history := learn(f, s, nil, daily("192.0.2.1", chromeWindows, 3)...)
	for _, ip := range []string{"192.0.2.1", "203.0.113.1", ""} {
		_, seen, err := s.Score(f.Context(), from(ip, firefoxLinux, noon), history)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seen)
	}
	f.Fuzz(func(t *testing.T, seen []byte) {
		learned, counted, err := s.Learn(history, seen, "a")
		if err != nil {
			if !errors.Is(err, ErrHistory) && !errors.Is(err, mfa.ErrNewerVersion) {
				t.Fatal(err)
			}
			return
		}
		if _, err := parseHistory(learned); err != nil {
			t.Fatal(err)
		}
		if deltas, err := decodeDeltas(counted); err != nil || len(deltas) != 1 {
			t.Fatal(deltas, err)
		}
	})
}

func FuzzDeltas(f *testing.F) {
	s := scorer(f)
	h := full()
	_, counted, err := s.Unlearn(h.bytes(), "a")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(counted)
	f.Add(must(encodeDeltas([]delta{{Version: deltaVersion, Sign: 1, Vote: true, Values: []valueKey{{Feature: featOS, Key: 9}}, Novel: []noveltyCell{{Level: levelOS, Fresh: true}}}})))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := decodeDeltas(b)
		if err != nil && !errors.Is(err, errDelta) {
			t.Fatal(err)
		}
		for _, d := range list {
			if bits.OnesCount8(uint8(d.Sign)) == 0 || !d.Vote && len(d.Values) > 0 {
				t.Fatalf("%+v", d)
			}
		}
	})
}
