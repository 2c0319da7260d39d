package risk

import (
	"fmt"

	"github.com/mfakit/mfa"
)

// An observation is a sign-in as Learn will need it: an entry, and a mark whose
// activity is not known yet.
const observationMost = 1 + entrySize + placeSize + markSize

// observation is what is kept with the flow until it passes.
func (s *Sighting) observation(score float64) []byte {
	m := mark{minutes: s.minutes, bin: binOf(score), first: len(s.Past) == 0, gap: s.model.gap, size: s.model.size}
	if !m.first {
		for _, c := range []struct {
			chain []level
			walk  walk
		}{{networkChain, s.model.network}, {placeChain, s.model.place}, {agentChain, s.model.agent}} {
			reached, fresh := s.novelty(c.chain, c.walk)
			m.reached |= reached
			m.fresh |= fresh
		}
	}
	b := append(make([]byte, 0, observationMost), observationVersion)
	return m.append(s.entry.append(b))
}

func parseObservation(b []byte) (entry, mark, error) {
	if len(b) > 0 && b[0] > observationVersion {
		return entry{}, mark{}, fmt.Errorf("risk: observation: %w", mfa.ErrNewerVersion)
	}
	r := reader{b: b}
	version := r.u8()
	e := r.entry()
	m := r.mark()
	if !r.done() || version != observationVersion || m.vote || m.id != 0 || m.minutes == 0 || m.first && m.reached != 0 {
		return entry{}, mark{}, ErrHistory
	}
	return e, m, nil
}

// How many sign-ins of one user on one day teach how often things are new. Their
// values and their score count once: the vote.
const noveltiesPerDay = 4

// Learn implements [mfa.Scorer]. Its errors are those of Score.
func (s *Scorer) Learn(past, observation []byte, activity string) (learned, counted []byte, err error) {
	h, err := parseHistory(past)
	if err != nil {
		return nil, nil, err
	}
	e, m, err := parseObservation(observation)
	if err != nil {
		return nil, nil, err
	}
	m.id = s.print.print(ofActivity, activity)
	day := m.minutes / minutesPerDay
	if day > h.day {
		h.day, h.learned = day, 0
		m.vote = true
	}
	if h.learned >= noveltiesPerDay || day < h.day {
		m.reached, m.fresh = 0, 0
	}
	h.learned += min(1, 255-h.learned)
	h.add(e, m, s.keep)
	counted, err = encodeDeltas([]delta{s.delta(&e, m, 1)})
	return h.bytes(), counted, err
}

// Unlearn implements [mfa.Scorer]. What it takes from the population is exactly what
// Learn had added. The day's vote is not free again: else one user could teach all day.
func (s *Scorer) Unlearn(past []byte, activity string) (left, counted []byte, err error) {
	h, err := parseHistory(past)
	if err != nil {
		return nil, nil, err
	}
	id := s.print.print(ofActivity, activity)
	var deltas []delta
	for i := range h.list {
		for _, m := range h.list[i].marks {
			if m.id != id {
				continue
			}
			deltas = append(deltas, s.delta(&h.list[i].entry, m, -1))
		}
	}
	if len(deltas) == 0 {
		return past, nil, nil
	}
	h.drop(func(m mark) bool { return m.id == id })
	counted, err = encodeDeltas(deltas)
	return h.bytes(), counted, err
}

// delta is what a sign-in adds to the population, or takes from it.
func (s *Scorer) delta(e *entry, m mark, sign int8) delta {
	d := delta{Version: deltaVersion, Sign: sign, At: int64(m.minutes), Vote: m.vote, Bin: m.bin, First: m.first}
	if m.vote {
		keys, set := s.print.values(e, m.minutes)
		for f := range features {
			if set&(1<<f) != 0 {
				d.Values = append(d.Values, valueKey{Feature: f, Key: keys[f]})
			}
		}
	}
	for l := range levels {
		if m.reached&(1<<l) != 0 {
			d.Novel = append(d.Novel, noveltyCell{Level: l, Gap: m.gap, Size: m.size, Fresh: m.fresh&(1<<l) != 0})
		}
	}
	return d
}
