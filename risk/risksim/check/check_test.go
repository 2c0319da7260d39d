package check

import (
	"bytes"
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

var began = time.Date(2020, 2, 3, 8, 0, 0, 0, time.UTC)

func row(user string, after time.Duration, ip, agent string) rba.Row {
	return rba.Row{
		Time: began.Add(after), User: user, IP: netip.MustParseAddr(ip), Country: "NO", ASN: 1, UserAgent: agent,
		Device: "mobile", Successful: true,
	}
}

func counted(t *testing.T, rows []rba.Row) *Marginals {
	t.Helper()
	m, err := Count(func(r *rba.Row) error {
		if len(rows) == 0 {
			return io.EOF
		}
		*r, rows = rows[0], rows[1:]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCount(t *testing.T) {
	failed := row("a", 30*time.Second, "192.0.2.9", "z")
	failed.Successful = false
	taken := row("b", 3*time.Hour, "192.0.2.8", "z")
	taken.Takeover, taken.Country, taken.Device = true, "RO", "desktop"
	early := row("d", 3*time.Hour, "192.0.2.7", "z")
	early.Takeover = true
	m := counted(t, []rba.Row{
		row("a", 0, "192.0.2.1", "x"),
		failed,
		row("a", 40*time.Second, "192.0.2.1", "x"),
		row(rba.PseudoUsers()[0], time.Minute, "192.0.2.1", "x"),
		row("b", 2*time.Minute, "192.0.2.3", "x"),
		row("a", 20*time.Minute, "192.0.2.2", "y"),
		taken,
		early,
		row("c", 4*time.Hour, "192.0.2.3", "x"),
		row("a", 50*24*time.Hour, "192.0.2.1", "y"),
		row("a", 100*24*time.Hour, "192.0.2.4", "w"),
	})
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"rows", float64(m.Rows), 11},
		{"successful", float64(m.Successful), 10},
		{"median", m.SignIns(0.5), 1},
		{"p99", m.SignIns(0.99), 5},
		{"once", m.Once(), 2.0 / 3},
		{"new within a minute", m.NewIP(time.Second), 0},
		{"new within the hour", m.NewIP(30 * time.Minute), 1},
		{"new after a month", m.NewIP(40 * 24 * time.Hour), 0.5},
		{"new agents", m.NewAgent(), 0.5},
		{"from NO", m.Country("NO"), 10.0 / 11},
		{"takeovers", float64(m.Takeovers), 2},
		{"of nobody known", float64(m.TakeoverUnknown), 1},
		{"by desktop", float64(m.TakeoverDesktop), 1},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// A world where everybody signs in from the same place by the same browser is
// not taken for the published one.
func TestAnotherWorldIsRefused(t *testing.T) {
	var rows []rba.Row
	for u := range 50 {
		for n := range 10 {
			rows = append(rows, row(strconv.Itoa(u), time.Duration(n)*50*24*time.Hour, "192.0.2.1", "x"))
		}
	}
	var b bytes.Buffer
	ok, err := Print(&b, counted(t, rows).Lines())
	if err != nil || ok {
		t.Errorf("accepted: %v\n%s", err, b.String())
	}
	for _, name := range []string{"new address, over 30 days", "new user agent string", "rows from NO", "users with one sign-in", "rows that succeed"} {
		if !off(b.String(), name) {
			t.Errorf("%q is not off:\n%s", name, b.String())
		}
	}
}

func off(table, name string) bool {
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, name) {
			return strings.Contains(line, "OFF")
		}
	}
	return false
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name string
		line Line
		ok   bool
	}{
		{"inside", Line{Published: 0.17, Got: 0.25, Tolerance: 0.09}, true},
		{"outside", Line{Published: 0.17, Got: 0.27, Tolerance: 0.09}, false},
		{"not measured", Line{Published: 0.17, Got: math.NaN(), Tolerance: 0.09}, false},
		{"not published", Line{Published: math.NaN(), Got: 7}, true},
		{"told only", Line{Published: 0.17, Got: 0.9, Tells: true}, true},
	} {
		if c.line.OK() != c.ok {
			t.Errorf("%s: OK is %v", c.name, !c.ok)
		}
	}
}
