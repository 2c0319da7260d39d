package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
	"github.com/mfakit/mfa/risk/riskeval/rba"
	"github.com/mfakit/mfa/risk/risksim/check"
	"github.com/mfakit/mfa/risk/risksim/world"
)

func file(t *testing.T, name string, c world.Config) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if _, err := write(context.Background(), c, name); err != nil {
		t.Fatal(err)
	}
	return name
}

func sum(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(content)
	return hex.EncodeToString(h[:])
}

// The file of seed 1 with 2,000 users. It was the same with and without fused
// multiply-add (GOAMD64=v3), and changes whenever an assumption does.
const golden = "a4970bec459ccf3677be6faa086be10dc0f61d9e3961297628f2a9ca0ed50dca"

func TestSameSeedSameFile(t *testing.T) {
	c := world.Config{Users: 2000, Days: world.Year, Seed: 1}
	if got := sum(t, file(t, "a.csv", c)); got != golden {
		t.Errorf("the file's SHA-256 is %s; if an assumption was changed on purpose, this is the new one", got)
	}
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	if got := sum(t, file(t, "a.csv", c)); got != golden {
		t.Error("one processor writes another file")
	}
	c.Seed = 2
	if sum(t, file(t, "a.csv", c)) == golden {
		t.Error("another seed writes the same file")
	}
}

func rows(t *testing.T, name string) []rba.Row {
	t.Helper()
	f, err := rba.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []rba.Row
	for {
		var r rba.Row
		err := f.Read(&r)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	for kind, n := range f.Bad() {
		if n > 0 {
			t.Errorf("%d rows are bad: %s", n, kind)
		}
	}
	return all
}

func TestRowsParseBack(t *testing.T) {
	c := world.Config{Users: 2000, Days: 90, Seed: 7}
	w, err := world.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var written []rba.Row
	if err := w.Write(t.Context(), func(r *rba.Row) error {
		written = append(written, *r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	read := rows(t, file(t, "a.csv.gz", c))
	if len(read) != len(written) || len(read) < 2000 {
		t.Fatalf("%d rows were written, %d read", len(written), len(read))
	}
	for i := range read {
		if read[i] != written[i] {
			t.Fatalf("row %d was written as %+v and read as %+v", i, written[i], read[i])
		}
		if read[i].Index != int64(i) || i > 0 && read[i].Time.Before(read[i-1].Time) {
			t.Fatalf("row %d is not in order", i)
		}
	}
	if last := read[len(read)-1].Time.Sub(read[0].Time).Hours(); last > 90*24 || last < 85*24 {
		t.Errorf("90 days take %.0f hours", last)
	}
}

// An address is of one network and one place, in every row.
func TestAddressesHaveOneOwner(t *testing.T) {
	type owner struct {
		asn                   uint32
		country, region, city string
	}
	owners := map[netip.Addr]owner{}
	for _, r := range rows(t, file(t, "a.csv", world.Config{Users: 5000, Days: world.Year, Seed: 5})) {
		o := owner{r.ASN, r.Country, r.Region, r.City}
		if before, ok := owners[r.IP]; ok && before != o {
			t.Fatalf("%v is of %+v and of %+v", r.IP, before, o)
		}
		owners[r.IP] = o
		if !r.IP.IsGlobalUnicast() || r.IP.IsPrivate() || r.ASN == 0 || r.Country == "" {
			t.Fatalf("%+v has no place on the internet", r)
		}
	}
}

func TestPseudoUsersAreThere(t *testing.T) {
	seen := map[string]int{}
	all := rows(t, file(t, "a.csv", world.Config{Users: 3000, Days: world.Year, Seed: 2}))
	for _, r := range all {
		if slices.Contains(rba.PseudoUsers(), r.User) {
			seen[r.User]++
		}
	}
	if pseudo := float64(seen[rba.PseudoUsers()[0]]) / float64(len(all)); pseudo < 0.35 || pseudo > 0.6 || seen[rba.PseudoUsers()[1]] == 0 {
		t.Errorf("pseudo-users have %v of %d rows", seen, len(all))
	}
}

// The whole check, on a world a tenth as large. What is counted over few, fifty
// takeovers or a hundred steady users, is held to twice its tolerance.
func TestSmallWorldIsLikeThePublished(t *testing.T) {
	name := file(t, "a.csv", world.Config{Users: 20_000, Days: world.Year, Seed: 3})
	m, err := count(name)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := check.Baseline(func() (evaluate.Rows, error) { return rba.Open(name) }, 3)
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, m.Lines()...)
	for i := range lines {
		for _, few := range []string{"asked of", "takeovers", "told from"} {
			if strings.HasPrefix(lines[i].Name, few) {
				lines[i].Tolerance *= 2
			}
		}
	}
	var table bytes.Buffer
	ok, err := check.Print(&table, lines)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	if !ok {
		t.Error("a figure is off")
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "want -out"},
		{"-out x y", "unexpected argument"},
		{"-out x.csv -users 3", "3 users"},
		{"-out x.csv -days 366", "366 days"},
		{"-out x.csv -days 0", "0 days"},
		{"-seed -1", "invalid value"},
	} {
		t.Chdir(t.TempDir())
		err := run(t.Context(), strings.Fields(c.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
		if left, _ := os.ReadDir("."); len(left) > 0 {
			t.Errorf("%q left %v behind", c.args, left[0].Name())
		}
	}
}

// Nothing is left of a file that was not finished, nor of the temporary ones.
func TestInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, []string{"-out", "a.csv.gz", "-users", "1000"}, io.Discard, io.Discard)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, dir := range []string{".", os.TempDir()} {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s was left behind", left[0].Name())
		}
	}
}

func TestWriteErrorsAreTold(t *testing.T) {
	w, err := world.New(world.Config{Users: 1000, Days: 30, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	if err := w.Write(t.Context(), func(*rba.Row) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
