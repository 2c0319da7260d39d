package evaluate

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/internal/population"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// audited makes the attacks of the protocol, changes them, and audits them.
func audited(t *testing.T, by attacker, change func(n int, attack *rba.Row)) Audit {
	t.Helper()
	rows := population.Rows(12_000, 1)
	origin := map[string]uint32{} // users by agent: every sign-in has its own
	for _, r := range rows {
		origin[r.UserAgent] = uint32(text(r.User))
	}
	c := config(rows, &spy{})
	c.Attacks, c.Window = 20_000, 20_000
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	p, err := scan(&c)
	if err != nil {
		t.Fatal(err)
	}
	var made traits
	n := 0
	for _, e := range collect(t, &c, p) {
		for _, a := range e.attacks {
			if a.by == by {
				donor := origin[a.row.UserAgent]
				if change != nil {
					change(n, a.row)
				}
				n++
				made.legit = append(made.legit, trait{fingerprint(e.row), origin[e.row.UserAgent]})
				made.attack = append(made.attack, trait{fingerprint(a.row), donor})
			}
		}
	}
	legit, attack := made.sameHalf(c.Seed)
	return audit(&c, attackerNames[by], legit, attack)
}

func TestAuditPassesAttackersThatAreLikeDonors(t *testing.T) {
	for by := range attacker(simulated) {
		if a := audited(t, by, nil); a.Verdict != AuditPass && by != first || a.Verdict == AuditFail {
			t.Errorf("%s: %+v, %+v", attackerNames[by], a, a.AUC)
		}
	}
}

// What projects have planted by accident, and taken for a good score.
func TestAuditFailsOnWhatOnlyAttackersHave(t *testing.T) {
	for name, change := range map[string]func(int, *rba.Row){
		"a word in the agent": func(_ int, r *rba.Row) {
			r.UserAgent = strings.Replace(r.UserAgent, "Mozilla", "mozilla", 1)
			r.Browser += " "
		},
		"one ASN for a tenth of them": func(n int, r *rba.Row) {
			if n%10 == 0 {
				r.ASN = 64512
			}
		},
		"an hour of the night":       func(n int, r *rba.Row) { r.Time = r.Time.Truncate(24 * time.Hour).Add(time.Duration(n%5) * time.Hour) },
		"whole seconds":              func(_ int, r *rba.Row) { r.Time = r.Time.Truncate(time.Second) },
		"no city":                    func(_ int, r *rba.Row) { r.City = "" },
		"a system that does not fit": func(n int, r *rba.Row) { r.OS = []string{"Windows 10", "iOS 13.4", "Android 9"}[n%3] },
		"a round trip":               func(n int, r *rba.Row) { r.RTT = time.Duration(1+n%50) * time.Millisecond },
		"an address of a private kind": func(n int, r *rba.Row) {
			if n%8 == 0 {
				r.IP = netip.AddrFrom4([4]byte{10, byte(n), 0, 1})
			}
		},
		"a browser nobody has any more": func(n int, r *rba.Row) {
			if n%6 == 0 {
				r.Browser = fmt.Sprintf("Chrome %d.0", 40+n%3)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if a := audited(t, naive, change); a.Verdict != AuditFail {
				t.Errorf("%+v, %+v", a, a.AUC)
			}
		})
	}
}

func TestAuditSaysWhereThereIsTooLittle(t *testing.T) {
	c := &Config{Resamples: 20}
	if a := audit(c, "x", nil, nil); a.Verdict != AuditTooFew || a.AUC != nil {
		t.Errorf("%+v", a)
	}
	var p traits
	row := population.Rows(10, 1)[0]
	for i := range uint32(100) {
		p.legit = append(p.legit, trait{fingerprint(&row), i})
		p.attack = append(p.attack, trait{fingerprint(&row), i})
	}
	legit, attack := p.sameHalf(1)
	if a := audit(c, "x", legit, attack); a.Verdict != AuditTooFew || a.AUC == nil || a.AUC.Value != 0.5 {
		t.Errorf("%+v", a)
	}
}

func TestPairsAcrossTheHalvesAreLeftOut(t *testing.T) {
	var p traits
	for i := range uint32(400) {
		p.legit = append(p.legit, trait{origin: i})
		p.attack = append(p.attack, trait{origin: 1000 + i})
	}
	legit, attack := p.sameHalf(1)
	if len(legit) != len(attack) || len(legit) < 120 || len(legit) > 280 {
		t.Errorf("%d and %d of 400 are left, want about half", len(legit), len(attack))
	}
	for i := range legit {
		if inSecondHalf(1, legit[i]) != inSecondHalf(1, attack[i]) || attack[i].origin != legit[i].origin+1000 {
			t.Fatalf("%v and %v", legit[i], attack[i])
		}
	}
}

func TestReportWarnsOfAFailedAudit(t *testing.T) {
	r := &Report{Audit: []Audit{{Attacker: "naive", AUC: &Figure{Value: 0.9}, Verdict: AuditFail, Required: true}, {Attacker: "verytargeted", Verdict: AuditFail}}}
	r.warn()
	got := fmt.Sprint(r.Warnings)
	if !strings.Contains(got, "audit: naive") || strings.Contains(got, "audit: verytargeted") {
		t.Error(got)
	}
}
