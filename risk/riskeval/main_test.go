package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
	"github.com/mfakit/mfa/risk/riskeval/internal/population"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// file writes sign-ins into a compressed file.
func file(t *testing.T, users int, change func(*rba.Row)) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := rba.NewWriter(z)
	rows := population.Rows(users, 1)
	for i := range rows {
		if change != nil {
			change(&rows[i])
		}
		if err := w.Write(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), z.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sign-ins.csv.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommand(t *testing.T) {
	out := filepath.Join(t.TempDir(), "made", "here")
	var said, progress bytes.Buffer
	err := run(context.Background(), []string{"-data", file(t, 3000, nil), "-out", out, "-seed", "7", "-attacks", "2000", "-resamples", "20"}, &said, &progress)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r evaluate.Report
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Version != evaluate.Version || r.Protocol.Seed != 7 || r.Data.File != "sign-ins.csv.gz" || r.Resources.Seconds <= 0 {
		t.Errorf("%+v %+v", r.Data, r.Protocol)
	}
	var names []string
	for _, s := range r.Scorers {
		names = append(names, s.Name)
		if len(s.Attackers) != 7 || s.Cost.ScoreNanoseconds <= 0 || s.Cost.BytesPerUser == nil {
			t.Errorf("%s: %d attackers, %+v", s.Name, len(s.Attackers), s.Cost)
		}
		for _, a := range s.Attackers[:3] {
			complete(t, s.Name, a)
		}
	}
	if !slices.Equal(names, []string{"default", "freeman", "rules"}) {
		t.Error(names)
	}
	if a := r.Scorers[1].Attackers[3]; a.Attacker != "first" || a.AUC != nil || a.Silent != 1 {
		t.Errorf("freeman on first sign-ins: %+v", a)
	}
	for _, want := range []string{"says nothing", "audit: ", "not required", "how far default is ahead", "bytes per user", "naive"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in\n%s", want, said.String())
		}
	}
	if kept, err := os.ReadFile(filepath.Join(out, "summary.txt")); err != nil || string(kept) != said.String() {
		t.Errorf("summary.txt: %v, %d bytes", err, len(kept))
	}
	if !strings.Contains(progress.String(), "reading") {
		t.Errorf("progress: %q", progress.String())
	}
	curves(t, out)
}

// complete holds one scorer's figures against one attacker to be there, and to be possible.
func complete(t *testing.T, name string, a evaluate.AttackerReport) {
	t.Helper()
	check := func(what string, f *evaluate.Figure) {
		if f == nil || f.Low > f.High || f.Low < 0 || f.High > 1 || f.Value < 0 || f.Value > 1 {
			t.Errorf("%s, %s, %s: %+v", name, a.Attacker, what, f)
		}
	}
	check("auc", a.AUC)
	var at, caught []float64
	for _, x := range a.Recall {
		at = append(at, x.Budget)
		check("recall", x.OnTest)
		check("recall held out", x.HeldOut)
		check("asked held out", x.HeldOutAsks)
	}
	for _, x := range a.Challenged {
		caught = append(caught, x.Recall)
		check("challenged", x.Challenged)
		var sizes []int
		for _, h := range x.Reauth {
			sizes = append(sizes, h.History)
			if h.Users > 0 && (h.History > 0 || name != "freeman") {
				check("asked again", h.Median)
			}
		}
		for _, n := range []int{0, 1, 4, 12, 39} {
			if !slices.Contains(sizes, n) {
				t.Errorf("%s, %s: histories of %v, without %d", name, a.Attacker, sizes, n)
			}
		}
	}
	if !slices.Equal(at, []float64{0.001, 0.01, 0.05, 0.1}) || !slices.Contains(caught, 0.9) || !slices.Contains(caught, 0.99) || !slices.Contains(caught, 0.995) {
		t.Errorf("%s, %s: at %v, caught %v", name, a.Attacker, at, caught)
	}
	if len(a.Curve) == 0 || a.Histogram == nil || len(a.Histogram.Edges) != len(a.Histogram.Attacks)+1 {
		t.Errorf("%s, %s: no curve, or no histogram", name, a.Attacker)
	}
}

// curves holds the pictures to be whole: images of some size, with marks on them, and texts in the SVG.
func curves(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"recall", "reauthentication", "scores"} {
		f, err := os.Open(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		image, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b := image.Bounds(); b.Dx() < 800 || b.Dy() < 300 {
			t.Errorf("%s: %v", name, b)
		}
		text, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		want := []string{"default", "freeman", "naive"}
		if name == "scores" {
			want = []string{"default: naive", "legitimate", "attacks"}
		}
		for _, w := range want {
			if !bytes.Contains(text, []byte(w)) {
				t.Errorf("%s.svg does not say %q", name, w)
			}
		}
	}
}

func TestCommandSaysWhatIsWrong(t *testing.T) {
	data := file(t, 300, nil)
	cut := filepath.Join(t.TempDir(), "cut.csv.gz")
	whole, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":         {nil, "-data"},
		"no folder":       {[]string{"-data", data}, "-out"},
		"an argument":     {[]string{"-data", data, "-out", t.TempDir(), "more"}, "more"},
		"no such scorer":  {[]string{"-data", data, "-out", t.TempDir(), "-scorers", "magic"}, "magic"},
		"no such file":    {[]string{"-data", data + "x", "-out", t.TempDir()}, "no such file"},
		"a file cut off":  {[]string{"-data", cut, "-out", t.TempDir(), "-scorers", "rules"}, "cut"},
		"no number":       {[]string{"-seed", "x"}, "seed"},
		"a folder a file": {[]string{"-data", data, "-out", data}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(context.Background(), c.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if err := run(context.Background(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}

func TestCommandStopsWhenItIsInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := run(ctx, []string{"-data", file(t, 300, nil), "-out", t.TempDir()}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCommandLeavesOutWhomItIsTold(t *testing.T) {
	out := t.TempDir()
	data := file(t, 1500, func(r *rba.Row) {
		if r.Index%10 == 0 {
			r.User = "monitoring"
		}
	})
	var said bytes.Buffer
	if err := run(context.Background(), []string{"-data", data, "-out", out, "-scorers", "rules", "-exclude", "monitoring", "-resamples", "20"}, &said, io.Discard); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said.String(), " 0 left out") {
		t.Error(said.String())
	}
}
