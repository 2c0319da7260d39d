package risk

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	catalogue "github.com/mfakit/mfa/words"
)

// TestReasonTexts is every text that a shipped signal has, as people read it; the
// catalogue says the same.
func TestReasonTexts(t *testing.T) {
	usual := func(s *Scorer) []byte { return learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...) }
	remembered := func(s *Scorer) []byte {
		list := daily("192.0.2.1", chromeWindows, 20)
		for i := range list {
			list[i].Known = true
		}
		return learn(t, s, nil, list...)
	}
	nothing := func(*Scorer) []byte { return nil }
	crowd := func(s *Scorer) []byte { // makes others rare
		for n := range 4000 {
			learn(t, s, nil, from(crowded(n), chromeWindows, noon))
		}
		learn(t, s, nil, from("203.0.113.1", safariPhone, noon))
		return nil
	}
	roam := func(i IPInfo) atlas { // where every sign-in has another address
		w := world()
		for n := range 100 {
			w[fmt.Sprintf("198.18.%d.1", n)] = i
		}
		return w
	}
	roaming := func(s *Scorer) []byte {
		crowd(s)
		var history []byte
		for n := range 30 {
			history = learn(t, s, history, from(fmt.Sprintf("198.18.%d.1", n), chromeWindows, noon.AddDate(0, 0, n-31)))
		}
		return history
	}
	with := func(a mfa.Attempt, set func(*mfa.Attempt)) mfa.Attempt { set(&a); return a }
	at := func(i IPInfo) atlas {
		w := world()
		w["198.51.100.77"] = i
		return w
	}
	there := from("198.51.100.77", chromeWindows, noon)

	for _, c := range []struct {
		code, text, usual string
		history           func(*Scorer) []byte
		attempt           mfa.Attempt
		world             atlas
	}{
		{codeKnownDevice, "on a remembered device", "", nothing,
			with(from("192.0.2.1", chromeWindows, noon), func(a *mfa.Attempt) { a.Known = true }), nil},
		{codeNewDevice, "on a device that is not remembered", "you usually sign in on a remembered device", remembered,
			from("192.0.2.1", chromeWindows, noon), nil},
		{codeKnownAgent, "with Chrome on Windows, as before", "", usual, from("192.0.2.1", chromeWindows, noon), nil},
		{codeNewAgent, "first time with Firefox on Linux", "you usually use Chrome on Windows", usual,
			from("192.0.2.1", firefoxLinux, noon), nil},
		{codeNewModel, "first time with another kind of Chrome on Windows", "", usual,
			from("192.0.2.1", strings.Replace(chromeWindows, "Win64; x64", "WOW64", 1), noon), nil},
		{codeRareAgent, "with Firefox on Linux, which is rare here", "", crowd, from("192.0.2.1", firefoxLinux, noon), nil},
		{codeKnownAddress, "from a network address used before", "", usual, from("192.0.2.1", chromeWindows, noon), nil},
		{codeKnownNetwork, "on the network of Digi, as before", "", roaming,
			from("198.18.99.1", chromeWindows, noon), roam(IPInfo{Country: "RO", ASN: 8708, Org: "Digi"})},
		{codeKnownNetwork, "from Romania, as before", "", roaming, from("198.18.99.1", chromeWindows, noon), roam(IPInfo{Country: "RO"})},
		{codeNewAddress, "first time from this network address", "", usual, from("192.0.9.1", chromeWindows, noon), nil},
		{codeNewNetwork, "first time on the network of Telenor", "you usually sign in from Norway", usual,
			there, at(IPInfo{Country: "NO", ASN: 2119, Org: "Telenor"})},
		{codeNewNetwork, "first time on the network AS2119", "you usually sign in from Norway", usual,
			there, at(IPInfo{Country: "NO", ASN: 2119})},
		{codeNewCountry, "first time from Romania", "you usually sign in from Norway", usual,
			from("203.0.113.1", chromeWindows, noon), nil},
		{codeNewCountry, "first time from the United States", "you usually sign in from Norway", usual,
			there, at(IPInfo{Country: "US"})},
		{codeRareNetwork, "on the network of Telefonica, which is rare here", "", crowd,
			from("198.51.100.1", chromeWindows, noon), nil},
		{codeRareNetwork, "from Chad, which is rare here", "", crowd, there, at(IPInfo{Country: "TD"})},
		{codeTrustedNetwork, "from a trusted network", "", usual, there, at(IPInfo{Country: "NO", ASN: 2119, Kinds: Trusted})},
		{codeKnownPlace, "from Oslo, Norway, as before", "", usual, from("192.0.9.1", chromeWindows, noon), nil},
		{codeNewRegion, "first time from Vestland, Norway", "", usual, from("192.0.3.1", chromeWindows, noon), nil},
		{codeNewCity, "first time from Voss, Norway", "", usual, there,
			at(IPInfo{Country: "NO", Region: "Oslo", City: "Voss", ASN: 29695})},
		{codeImpossibleTravel, "too far from the last sign-in to have travelled to Lima, Peru",
			"you were in Norway, about 11,050 km away, 40 minutes before",
			func(s *Scorer) []byte {
				return learn(t, s, nil, from("192.0.2.1", chromeWindows, noon.Add(-40*time.Minute)))
			},
			from("198.51.100.1", chromeWindows, noon), nil},
		{codeImpossibleTravel, "too far from the last sign-in to have travelled",
			"you were elsewhere, about 11,050 km away, 1 minute before",
			func(s *Scorer) []byte {
				return learn(t, s, nil, from("198.51.100.77", chromeWindows, noon.Add(-time.Minute)))
			},
			with(there, func(a *mfa.Attempt) { a.Client.IP = a.Client.IP.Next() }),
			atlas{"198.51.100.77": {Lat: lima.Lat, Lon: lima.Lon, Located: true},
				"198.51.100.78": {Lat: oslo.Lat, Lon: oslo.Lon, Located: true}}},
		{codeUnusualHour, "at an unusual time of day, around 00:00 UTC", "you usually sign in around 12:00 UTC", usual,
			from("192.0.2.1", chromeWindows, noon.Add(12*time.Hour)), nil},
		{codeUsualHour, "at a usual time of day", "", usual, from("192.0.2.1", chromeWindows, noon), nil},
		{codeAccountFailures, "12 wrong answers for this account within the last hour", "", nothing,
			with(from("192.0.2.1", chromeWindows, noon), func(a *mfa.Attempt) { a.AccountFailures, a.WrongPasswords = 4, 8 }), nil},
		{codeNetworkFailures, "40 wrong answers from this network within the last hour", "", nothing,
			with(from("192.0.2.1", chromeWindows, noon), func(a *mfa.Attempt) { a.NetworkFailures = 40 }), nil},
		{codeSystemAlarm, "many more wrong answers than usual for all accounts", "", nothing,
			with(from("192.0.2.1", chromeWindows, noon), func(a *mfa.Attempt) { a.SystemAlarm = true }), nil},
		{codeTor, "through the Tor network", "", nothing, there, at(IPInfo{Kinds: Tor | VPN})},
		{codeProxy, "through a proxy", "", nothing, there, at(IPInfo{Kinds: ResidentialProxy})},
		{codeVPN, "through a VPN", "", nothing, there, at(IPInfo{Kinds: VPN | Hosting})},
		{codeHosting, "from a data centre", "", nothing, there, at(IPInfo{Kinds: Hosting})},
		{codeDenied, "from a network on the deny list", "", nothing, there, at(IPInfo{Kinds: Denied})},
		{codeFirstSignIn, "first sign-in that is seen here", "", nothing, from("192.0.2.1", chromeWindows, noon), nil},
		{codeLongAbsence, "first sign-in for 4 months", "", usual, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 130)), nil},
		{codeLongAbsence, "first sign-in for 44 days", "", usual, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 43)), nil},
		{codeLongAbsence, "first sign-in for 10 months", "", usual, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, 300)), nil},
	} {
		t.Run(c.code+": "+c.text, func(t *testing.T) {
			s := scorer(t, func(cfg *Config) {
				if c.world != nil {
					cfg.Intel = c.world
				}
			})
			found := evidence(t, s, c.history(s), c.attempt, c.code)
			is(t, found.Text, c.text)
			is(t, found.Usual, c.usual)
			english := catalogue.Default().Pick()
			is(t, english.Text("risk."+c.code, found.With), c.text)
			if c.usual != "" {
				is(t, english.Text("risk."+c.code+".usual", found.UsualWith), c.usual)
			}
			for _, tag := range catalogue.Default().Tags() { // nothing is missing in any
				l := catalogue.Default().Pick(tag)
				said := l.Text("risk."+c.code, found.With)
				if c.usual != "" {
					said += l.Text("risk."+c.code+".usual", found.UsualWith)
				}
				if strings.ContainsAny(said, "{}") {
					t.Errorf("%s: %s", tag, said)
				}
			}
		})
	}
}

// TestReasonsHaveTheirVariables: what a scorer says can be told in other languages.
func TestReasonsHaveTheirVariables(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	said, _, err := s.Score(t.Context(), from("203.0.113.1", chromeWindows, noon), history)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := reason(said, codeNewCountry)
	if !ok || fmt.Sprint(r.With) != "map[country:RO]" || fmt.Sprint(r.UsualWith) != "map[country:NO]" {
		t.Fatalf("%+v", r)
	}
	german := catalogue.Default().Pick("de")
	is(t, german.Text("risk."+r.Code, r.With), "zum ersten Mal aus Rumänien")
	is(t, german.Text("risk."+r.Code+".usual", r.UsualWith), "meist melden Sie sich aus Norwegen an")
}

func evidence(t *testing.T, s *Scorer, history []byte, a mfa.Attempt, code string) Evidence {
	t.Helper()
	seen := sight(t, s, history, a)
	var codes []string
	for _, signal := range DefaultSignals() {
		for _, e := range signal.Evidence(seen) {
			if e.Code == code {
				return e
			}
			codes = append(codes, e.Code)
		}
	}
	t.Fatalf("no %s among %q", code, codes)
	return Evidence{}
}

// TestEveryCodeHasAGoldenText reads the sources: every code is a constant, and every
// constant is in the table above.
func TestEveryCodeHasAGoldenText(t *testing.T) {
	files := token.NewFileSet()
	golden := map[string]bool{}
	test, err := parser.ParseFile(files, "reasons_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range test.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "TestReasonTexts" {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if row, ok := n.(*ast.CompositeLit); ok && row.Type == nil && len(row.Elts) > 2 {
				if id, ok := row.Elts[0].(*ast.Ident); ok {
					golden[id.Name] = true
				}
			}
			return true
		})
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for _, id := range n.Names {
					if strings.HasPrefix(id.Name, "code") {
						codes++
						if !golden[id.Name] {
							t.Errorf("%s has no golden text", id.Name)
						}
					}
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Code" {
					if lit, ok := n.Value.(*ast.BasicLit); ok {
						t.Errorf("%s: the code %s is no constant", name, lit.Value)
					}
				}
			}
			return true
		})
	}
	if codes < 25 {
		t.Errorf("found %d codes", codes)
	}
}
