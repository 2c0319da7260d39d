package risk_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
)

// What would the scorer do if it looked neither at networks nor at browsers? Somebody signs in from home for
// a month, and then somebody else does from far away.
func ExampleReplay() {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		fmt.Println(err)
		return
	}
	firefox := "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
	var signIns []risk.Recorded
	for day := range 30 {
		signIns = append(signIns, risk.Recorded{Passed: true, Label: risk.Legitimate, Attempt: mfa.Attempt{
			User: mfa.User{ID: "ada"}, First: mfa.Password, Now: time.Date(2026, 4, 1+day, 9, 0, 0, 0, time.UTC),
			Client: mfa.Client{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: firefox},
		}})
	}
	signIns = append(signIns, risk.Recorded{Label: risk.Attack, Attempt: mfa.Attempt{
		User: mfa.User{ID: "ada"}, First: mfa.Password, Now: time.Date(2026, 5, 1, 3, 0, 0, 0, time.UTC),
		Client: mfa.Client{IP: netip.MustParseAddr("203.0.113.1"), UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"},
	}})

	now := risk.Config{Keys: keys}
	then := now
	then.Weights = map[string]float64{"network": 0, "agent": 0}
	r, err := risk.Replay(context.Background(), now, then, signIns)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sign-ins:", r.SignIns, "asked now:", r.Now.Asked, "asked then:", r.Then.Asked)
	for _, c := range r.Changed {
		fmt.Println(c.Time.Format(time.DateOnly), c.User)
	}
	// Output:
	// sign-ins: 31 asked now: 1 asked then: 0
	// 2026-05-01 ada
}
