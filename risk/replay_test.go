package risk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// history is what a host might have kept: people at home, and somebody else now and then.
func recorded() []Recorded {
	var list []Recorded
	at := rowsNoon
	for d := range 40 {
		for u := range 30 {
			rec := Recorded{Passed: true, Attempt: mfa.Attempt{
				User: mfa.User{ID: fmt.Sprint("u", u)}, First: mfa.Password, Now: at.Add(time.Duration(d)*day + time.Duration(u)*time.Minute),
				Client: mfa.Client{IP: netip.AddrFrom4([4]byte{192, 0, 2, byte(u)}), UserAgent: chromeWindows},
			}}
			if d > 10 && (d+u)%13 == 0 {
				rec.Attempt.Client = mfa.Client{IP: netip.MustParseAddr("203.0.113.1"), UserAgent: firefoxLinux}
				rec.Passed = false
				rec.Label = Attack
			}
			list = append(list, rec)
		}
	}
	slices.Reverse(list) // the order is Replay's business
	return list
}

func TestReplay(t *testing.T) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	now := Config{Keys: keys, Intel: world(), Store: &failing{load: errDown, save: errDown}}
	then := now
	then.Weights = map[string]float64{"network": 0, "place": 0, "travel": 0, "agent": 0, "device": 0, "hours": 0, "velocity": 0, "lists": 0, "absence": 0}
	list := recorded()
	before := slices.Clone(list)
	r, err := Replay(bg, now, then, list)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, list) {
		t.Error("the record was changed")
	}
	total := func(m map[mfa.RiskLevel]int) (n int) {
		for _, k := range m {
			n += k
		}
		return n
	}
	attacks := 0
	for _, rec := range list {
		if rec.Label == Attack {
			attacks++
		}
	}
	for name, s := range map[string]ReplayedSide{"now": r.Now, "then": r.Then} {
		if total(s.Levels) != len(list) || total(s.Attacks) != attacks || total(s.Legitimate) != len(list)-attacks || s.Asked != len(list)-s.Levels[mfa.RiskLow] {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if r.SignIns != len(list) || r.Then.Asked != 0 || r.Then.Users != 0 {
		t.Errorf("without any signal: %+v", r.Then)
	}
	if r.Now.Attacks[mfa.RiskLow] > attacks/10 || r.Now.Asked == 0 || r.Now.Thresholds.Votes == 0 {
		t.Errorf("%+v of %d attacks", r.Now, attacks)
	}
	if r.Changes != r.Now.Asked || len(r.Changed) != min(r.Changes, MaxChanged) {
		t.Errorf("%d changes, %d asked", r.Changes, r.Now.Asked)
	}
	for i, c := range r.Changed {
		rec := list[c.Index]
		if rec.Attempt.User.ID != c.User || !rec.Attempt.Now.Equal(c.Time) || c.Now == c.Then || c.Then != mfa.RiskLow {
			t.Fatalf("%+v", c)
		}
		if i > 0 && c.Time.Before(r.Changed[i-1].Time) {
			t.Fatal("not in the order of time")
		}
	}
	again, err := Replay(bg, now, then, list)
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Errorf("another result the second time: %v", err)
	}
	same, err := Replay(bg, now, now, list)
	if err != nil || same.Changes != 0 || !reflect.DeepEqual(same.Now, same.Then) {
		t.Errorf("a configuration differs from itself: %+v, %v", same, err)
	}
}

// TestReplayLearnsFromWhatPassed alone.
func TestReplayLearnsFromWhatPassed(t *testing.T) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Keys: keys, Intel: world()}
	list := recorded()[:300]
	for i := range list {
		list[i].Passed = false
	}
	r, err := Replay(bg, c, c, list)
	if err != nil || r.Now.Thresholds.Votes != 0 || len(r.Now.Legitimate) != 0 {
		t.Errorf("%+v, %v", r.Now, err)
	}
	for i := range list {
		list[i].Passed, list[i].Label = true, Attack // it was found out later
	}
	r, err = Replay(bg, c, c, list)
	if err != nil || r.Now.Thresholds.Votes != 0 {
		t.Errorf("%+v, %v", r.Now, err)
	}
}

func TestReplayRefuses(t *testing.T) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	good := Config{Keys: keys}
	if _, err := Replay(bg, Config{}, good, nil); !errors.Is(err, mfa.ErrNoKeys) {
		t.Errorf("%v", err)
	}
	if _, err := Replay(bg, good, Config{Keys: keys, Budget: 7}, nil); err == nil {
		t.Error("a wrong budget is taken")
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := Replay(ctx, good, good, recorded()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if r, err := Replay(bg, good, good, nil); err != nil || r.SignIns != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
