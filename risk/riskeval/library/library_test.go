package library

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/internal/population"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

func newScorer(t *testing.T) *Scorer {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scores are what a file's sign-ins get, each learned afterwards.
func scores(t *testing.T, rows []rba.Row) []float64 {
	t.Helper()
	s := newScorer(t)
	var all []float64
	for i := range rows {
		if !rows[i].Successful {
			s.Failed(&rows[i])
			continue
		}
		v, ok := s.Score(&rows[i])
		if !ok {
			t.Fatal("nothing said")
		}
		all = append(all, v)
		s.Update(&rows[i])
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return all
}

func TestScoresAreTheSameInEveryRun(t *testing.T) {
	rows := population.Rows(200, 1)
	a := scores(t, rows)
	if b := scores(t, rows); !slices.Equal(a, b) {
		t.Error("two runs differ")
	}
	if slices.Max(a) == slices.Min(a) {
		t.Error("all scores are the same")
	}
}

func home(user string, at time.Time) *rba.Row {
	return &rba.Row{
		User: user, Time: at, IP: netip.MustParseAddr("81.166.1.2"), Country: "NO", Region: "Vestland", City: "Bergen", ASN: 29695,
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Safari/537.36", Successful: true,
	}
}

// taught has learned a fortnight of one user at home, among a hundred others.
func taught(t *testing.T) *Scorer {
	t.Helper()
	s := newScorer(t)
	rows := population.Rows(100, 2)
	for i := range rows {
		s.Update(&rows[i])
	}
	for day := range 14 {
		s.Update(home("ann", population.Start.AddDate(0, 0, population.Days+day)))
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return s
}

func TestAStrangerScoresMoreThanTheUser(t *testing.T) {
	s := taught(t)
	at := population.Start.AddDate(0, 0, population.Days+15)
	own, _ := s.Score(home("ann", at))
	stranger := home("ann", at)
	stranger.IP, stranger.Country, stranger.ASN = netip.MustParseAddr("5.2.1.1"), "RO", 9009
	stranger.UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"
	other, _ := s.Score(stranger)
	if !(other > own+2) {
		t.Errorf("the user scores %v, a stranger %v", own, other)
	}
	if again, _ := s.Score(home("ann", at)); again != own {
		t.Errorf("scoring changed the score from %v to %v", own, again)
	}
}

// What is learned is the row that is given, whatever was scored in between.
func TestUpdateLearnsItsOwnRow(t *testing.T) {
	at := population.Start.AddDate(0, 0, population.Days+15)
	stranger := home("ann", at)
	stranger.IP, stranger.Country, stranger.ASN = netip.MustParseAddr("5.2.1.1"), "RO", 9009

	a, b := taught(t), taught(t)
	row := home("ann", at)
	a.Update(row)
	b.Score(row)
	b.Score(stranger)
	b.Update(row)
	later := at.Add(time.Hour)
	x, _ := a.Score(home("ann", later))
	y, _ := b.Score(home("ann", later))
	if x != y {
		t.Errorf("%v and %v: an attack was learned", x, y)
	}
}

func TestWrongPasswordsCountForAnHour(t *testing.T) {
	var f failures
	at := population.Start
	for i := range 5 {
		f.add("ann", at.Add(time.Duration(i)*10*time.Minute))
	}
	f.add("bob", at.Add(40*time.Minute))
	for after, want := range map[time.Duration]int{40 * time.Minute: 5} {
		if got := f.of("ann", at.Add(after)); got != want {
			t.Errorf("after %v: %d, want %d", after, got, want)
		}
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{61 * time.Minute, 4}, {75 * time.Minute, 3}, {99 * time.Minute, 1}, {101 * time.Minute, 0}} {
		if got := f.of("ann", at.Add(c.after)); got != c.want {
			t.Errorf("after %v: %d, want %d", c.after, got, c.want)
		}
	}
	if f.of("bob", at.Add(101*time.Minute)) != 0 || len(f.count) != 0 || len(f.last) != 0 {
		t.Errorf("kept for longer than they count: %v, %v", f.count, f.last)
	}
}

func TestWrongPasswordsRaiseTheScore(t *testing.T) {
	s := taught(t)
	at := population.Start.AddDate(0, 0, population.Days+15)
	before, _ := s.Score(home("ann", at))
	for range 20 {
		s.Failed(home("ann", at))
	}
	if after, _ := s.Score(home("ann", at)); !(after > before) {
		t.Errorf("%v became %v", before, after)
	}
}

func TestAnonymisedAddressesAreTakenForPublicOnes(t *testing.T) {
	for in, want := range map[string]string{"10.1.2.3": "11.1.2.3", "81.1.2.3": "81.1.2.3", "192.168.1.1": "192.168.1.1", "2001:db8::1": "2001:db8::1"} {
		if got := public(&rba.Row{IP: netip.MustParseAddr(in), Country: "NO"}); got.String() != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
	if got := public(&rba.Row{IP: netip.MustParseAddr("10.1.2.3")}); !got.IsPrivate() {
		t.Error("a private network became a public one")
	}
}

func TestSizesAndNotes(t *testing.T) {
	s := taught(t)
	if perUser, shared := s.Sizes(); perUser < 20 || perUser > 2048 || shared != storedRow {
		t.Errorf("%v bytes of a user, %d of all", perUser, shared)
	}
	if len(s.Notes()) == 0 || s.Name() != "default" {
		t.Error("it does not say what it is")
	}
}

func BenchmarkScore(b *testing.B) {
	s, err := New()
	if err != nil {
		b.Fatal(err)
	}
	rows := population.Rows(2000, 1)
	for i := range rows {
		s.Update(&rows[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Score(&rows[i%len(rows)])
	}
}
