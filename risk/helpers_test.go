package risk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// atlas is an IPIntel of a few addresses.
type atlas map[string]IPInfo

// crowd is where everybody else is: a network each, in Oslo.
var crowd = netip.MustParsePrefix("3fff::/20")

func crowded(n int) string { return fmt.Sprintf("3fff:0:%x::1", n) }

var errAtlas = errors.New("the atlas is closed")

func (a atlas) Lookup(ip netip.Addr) (IPInfo, error) {
	if i, closed := a["closed"]; closed {
		return i, errAtlas
	}
	if crowd.Contains(ip) {
		return oslo, nil
	}
	return a[ip.String()], nil
}

var (
	oslo      = IPInfo{Country: "NO", Region: "Oslo", City: "Oslo", Lat: 59.91, Lon: 10.75, Radius: 20, Located: true, ASN: 29695, Org: "Altibox"}
	bergen    = IPInfo{Country: "NO", Region: "Vestland", City: "Bergen", Lat: 60.39, Lon: 5.32, Radius: 20, Located: true, ASN: 29695, Org: "Altibox"}
	bucharest = IPInfo{Country: "RO", Region: "Bucharest", City: "Bucharest", Lat: 44.43, Lon: 26.10, Radius: 50, Located: true, ASN: 8708, Org: "Digi"}
	lima      = IPInfo{Country: "PE", Region: "Lima", City: "Lima", Lat: -12.05, Lon: -77.04, Radius: 50, Located: true, ASN: 6147, Org: "Telefonica"}
)

// world is what the tests' addresses are.
func world() atlas {
	tor := bucharest
	tor.Kinds = Tor
	return atlas{
		"192.0.2.1": oslo, "192.0.2.2": oslo, "192.0.9.1": oslo,
		"203.0.113.1": bucharest, "203.0.113.9": tor,
		"198.51.100.1": lima, "192.0.3.1": bergen,
	}
}

const (
	chromeWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	firefoxLinux  = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
	safariPhone   = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) // a Wednesday

// is fails the test where two values differ.
func is[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %#v\nwant %#v", got, want)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keys is the ring of all tests.
var keys = must(mfa.NewKeyRing())

// scorer is one with the tests' world, which decides from the start.
func scorer(t testing.TB, set ...func(*Config)) *Scorer {
	t.Helper()
	c := Config{Keys: keys, Intel: world(), Shadow: -1, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	for _, f := range set {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// from is a sign-in.
func from(ip, userAgent string, at time.Time) mfa.Attempt {
	a := mfa.Attempt{User: mfa.User{ID: "ada"}, First: mfa.Password, Now: at}
	a.Client.UserAgent = userAgent
	if ip != "" {
		a.Client.IP = netip.MustParseAddr(ip)
	}
	return a
}

// learn is a history after some sign-ins that passed, all counted.
func learn(t testing.TB, s *Scorer, history []byte, attempts ...mfa.Attempt) []byte {
	t.Helper()
	for _, a := range attempts {
		_, seen, err := s.Score(context.Background(), a, history)
		if err != nil {
			t.Fatal(err)
		}
		learned, counted, err := s.Learn(history, seen, a.Now.String())
		if err != nil {
			t.Fatal(err)
		}
		if len(learned) > maxHistory || maxHistory > 2048 {
			t.Fatalf("the history has %d bytes", len(learned))
		}
		for _, d := range must(decodeDeltas(counted)) {
			s.pop.add(d)
		}
		history = learned
	}
	return history
}

// daily are sign-ins on some days before noon, the latest a day before.
func daily(ip, userAgent string, days int) []mfa.Attempt {
	var list []mfa.Attempt
	for d := days; d > 0; d-- {
		list = append(list, from(ip, userAgent, noon.AddDate(0, 0, -d)))
	}
	return list
}

// sight is a sign-in as signals see it.
func sight(t testing.TB, s *Scorer, history []byte, a mfa.Attempt) *Sighting {
	t.Helper()
	h, err := parseHistory(history)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := s.lookup(a.Client.IP)
	return s.sighting(a, info, &h)
}

func score(t testing.TB, s *Scorer, history []byte, a mfa.Attempt) mfa.Assessment {
	t.Helper()
	said, _, err := s.Score(context.Background(), a, history)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// reason is a reason of an assessment, by its code.
func reason(said mfa.Assessment, code string) (mfa.RiskReason, bool) {
	for _, r := range said.Reasons {
		if r.Code == code {
			return r, true
		}
	}
	return mfa.RiskReason{}, false
}
