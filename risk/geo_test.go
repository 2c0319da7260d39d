package risk_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// loaded is a scorer with databases of places, networks and anonymizers, and lists
// of a hundred thousand prefixes; and a history with several places in it.
func loaded(t testing.TB) (*risk.Scorer, []byte) {
	t.Helper()
	dir := t.TempDir()
	list := func(name string, kinds risk.IPKinds, second byte) geo.Source {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(f)
		for n := range 50_000 {
			fmt.Fprintf(w, "%d.%d.%d.0/24\n", 100+n>>16, second+byte(n>>8), n&255)
		}
		fmt.Fprintln(w, "89.8.1.77")
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return geo.Source{Path: path, Kinds: kinds}
	}
	intel, err := geo.Open(geo.Config{
		Databases: []geo.Source{{Path: "geo/testdata/city.mmdb"}, {Path: "geo/testdata/asn.mmdb"}, {Path: "geo/testdata/anonymous.mmdb"}},
		Lists:     []geo.Source{list("tor.txt", risk.Tor, 0), list("vpn.txt", risk.VPN, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	s, err := risk.New(risk.Config{Keys: keys, Intel: intel, Shadow: -1})
	if err != nil {
		t.Fatal(err)
	}
	var history []byte
	for n := range 60 {
		ip := []string{"89.8.1.2", "81.2.69.5", "2001:db8::1"}[n%3]
		a := signIn(ip, time.Date(2026, 1, 1+n, 9, 0, 0, 0, time.UTC))
		_, seen, err := s.Score(t.Context(), a, history)
		if err != nil {
			t.Fatal(err)
		}
		learned, counted, err := s.Learn(history, seen, a.Now.String())
		if err != nil {
			t.Fatal(err)
		}
		s.Count(counted)
		history = bytes.Clone(learned)
	}
	return s, history
}

func signIn(ip string, at time.Time) mfa.Attempt {
	return mfa.Attempt{
		User: mfa.User{ID: "ada"}, First: mfa.Password, Now: at, AccountFailures: 6, NetworkFailures: 20, SystemAlarm: true,
		Client: mfa.Client{IP: netip.MustParseAddr(ip), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
			Hints: mfa.Hints{Brands: `"Chromium";v="126", "Google Chrome";v="126", "Not.A/Brand";v="24"`, Mobile: "?0", Platform: `"Windows"`}},
	}
}

var scored = map[string]mfa.Attempt{
	"home":     signIn("89.8.1.2", time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)),
	"Tor":      signIn("89.8.1.77", time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)),
	"far away": signIn("81.2.69.5", time.Date(2026, 3, 1, 9, 20, 0, 0, time.UTC)),
	"IPv6":     signIn("2001:db8:7::1", time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)),
}

// TestScoringWithAllLoaded: at most 40 allocations a sign-in, the databases' included.
func TestScoringWithAllLoaded(t *testing.T) {
	s, history := loaded(t)
	for name, a := range scored {
		got := testing.AllocsPerRun(200, func() {
			if _, _, err := s.Score(t.Context(), a, history); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %g allocations", name, got)
		if got > 40 {
			t.Errorf("%s: %g allocations, at most 40", name, got)
		}
	}
	said, _, err := s.Score(t.Context(), scored["Tor"], history)
	if err != nil || said.Place != "Oslo, Norway" || said.Level != mfa.RiskSevere {
		t.Errorf("%+v, %v", said, err)
	}
}

func BenchmarkScoreWithAllLoaded(b *testing.B) {
	s, history := loaded(b)
	for name, a := range scored {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.Score(b.Context(), a, history); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
