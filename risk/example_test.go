package risk_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
)

// shifts is a host's own signal: it knows who is on duty, and that nobody else works at night.
type shifts struct{ onDuty map[string]bool }

func (shifts) Name() string { return "shifts" }

func (s shifts) Evidence(at *risk.Sighting) []risk.Evidence {
	hour := at.Attempt.Now.UTC().Hour()
	if s.onDuty[at.Attempt.User.ID] || hour >= 6 && hour < 20 {
		return nil
	}
	return []risk.Evidence{{
		Code:    "off_duty",
		LogOdds: 1.6, // five times as likely of an attacker as of the user
		Text:    "at night, and not on duty",
		Usual:   "you are on duty by day",
	}}
}

// A signal of the host's own stands beside the shipped ones.
func ExampleSignal() {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		panic(err)
	}
	scorer, err := risk.New(risk.Config{
		Keys:    keys,
		Signals: append(risk.DefaultSignals(), shifts{onDuty: map[string]bool{"nurse-1": true}}),
		Weights: map[string]float64{"hours": 0}, // shifts says it better
	})
	if err != nil {
		panic(err)
	}
	for _, id := range []string{"nurse-1", "nurse-2"} {
		said, _, err := scorer.Score(context.Background(), mfa.Attempt{
			User:   mfa.User{ID: id},
			Client: mfa.Client{IP: netip.MustParseAddr("192.0.2.1")},
			Now:    time.Date(2026, 3, 4, 2, 0, 0, 0, time.UTC),
		}, nil)
		if err != nil {
			panic(err)
		}
		fmt.Println(id)
		for _, r := range said.Reasons {
			fmt.Printf("  %+.1f %s\n", r.Weight, r)
		}
	}
	// Output:
	// nurse-1
	//   +0.0 first sign-in that is seen here
	// nurse-2
	//   +1.6 at night, and not on duty; you are on duty by day
	//   +0.0 first sign-in that is seen here
}

// offices is a host's own knowledge of addresses.
type offices struct{}

func (offices) Lookup(ip netip.Addr) (risk.IPInfo, error) {
	if netip.MustParsePrefix("192.0.2.0/24").Contains(ip) {
		return risk.IPInfo{Country: "NO", City: "Oslo", Kinds: risk.Trusted}, nil
	}
	return risk.IPInfo{Country: "RO"}, nil
}

// A scorer is given to the engine, which scores each sign-in with it and lets it
// learn from those that pass. Here it is asked directly.
func ExampleNew() {
	keys, err := mfa.NewKeyRing() // the engine's own
	if err != nil {
		panic(err)
	}
	scorer, err := risk.New(risk.Config{Keys: keys, Intel: offices{}, Shadow: -1})
	if err != nil {
		panic(err)
	}
	ctx, monday := context.Background(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	signIn := func(ip, browser string, at time.Time) mfa.Attempt {
		client := mfa.Client{IP: netip.MustParseAddr(ip), UserAgent: browser}
		return mfa.Attempt{User: mfa.User{ID: "ada"}, Client: client, First: mfa.Password, Now: at}
	}
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	const edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"

	var history []byte
	for day := range 5 {
		_, seen, err := scorer.Score(ctx, signIn("192.0.2.1", firefox, monday.AddDate(0, 0, day)), history)
		if err != nil {
			panic(err)
		}
		if history, _, err = scorer.Learn(history, seen, fmt.Sprint("activity ", day)); err != nil {
			panic(err)
		}
	}
	said, _, err := scorer.Score(ctx, signIn("203.0.113.7", edge, monday.AddDate(0, 0, 5)), history)
	if err != nil {
		panic(err)
	}
	fmt.Println(said.Place, said.Level == mfa.RiskLow, said.Reasons[0])
	// Output:
	// Romania false first time from Romania; you usually sign in from Norway
}
