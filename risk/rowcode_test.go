package risk

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
)

// rowBound is what a sealed row may take: a fraction of what every store holds.
const rowBound = 60 << 10

// fullRow is a row after 30 million sign-ins, with all that it has room for.
var fullRow = sync.OnceValue(func() *row {
	rng := rand.New(rand.NewPCG(1, 2))
	r := &row{at: rowsNoon.Unix(), tally: &tally{epoch: epochOf(rowsNoon), first: rowsNoon.Unix()}}
	const n = 30_000_000
	values := [features]int{200, 60_000, 200_000, 4_000, 40_000, 5, 20, 60, 3_000, 10_000, 168}
	for f := range features {
		sum := 0.0
		for i := range values[f] {
			sum += 1 / float64(i+1)
		}
		const passes = 1
		for range passes {
			for _, i := range rng.Perm(values[f]) {
				id := idOf(f, testKey(i))
				if c := int64(n/passes/sum/float64(i+1) + rng.Float64()); c > 0 {
					r.put(id, c)
					r.now[f].note(id)
					r.old[f].note(id)
				}
			}
		}
		r.masses[f].Store(n)
	}
	r.total.Store(n)
	for i := range r.novel {
		r.novel[i].Store(rng.Int64N(n / 10))
	}
	for i := range r.scores {
		x := (scoreOf(uint8(i)) + 3) / 4
		r.scores[i].Store(int64(n / 40 * math.Exp(-x*x/2)))
	}
	for i := range maxWriters {
		r.writers = append(r.writers, writer{rng.Uint64(), uint64(i) * 100_000})
	}
	for day := range int64(bookDays) {
		d := r.book.day(dayOf(rowsNoon) - day)
		for l := range d.flows[0] {
			for o := range d.flows[0][l] {
				d.flows[0][l][o] = uint64(rng.Int64N(n / 60 >> (3 * l)))
				if day > bookDays-14 {
					d.flows[1][l][o] = d.flows[0][l][o]
				}
			}
		}
	}
	for i := range maxReasons {
		for term := range int64(bookTerms) {
			w := r.book.reason(fmt.Sprintf("reason_of_usual_length_%d", i), dayOf(rowsNoon)/termDays-term)
			for o := range w.flows {
				w.flows[o] = uint64(rng.Int64N(n / 8))
			}
		}
	}
	return r
})

func TestRowsAreSmall(t *testing.T) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	r := fullRow()
	plain := r.encode()
	sealed, err := keys.Seal(plain, "d", "risk", "risk/0")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(sealed))
	if len(sealed) > rowBound {
		t.Errorf("a row of 30 million sign-ins takes %d bytes", len(sealed))
	}
	if empty := (&row{tally: &tally{}}).encode(); len(empty) > 2<<10 {
		t.Errorf("an empty row takes %d bytes", len(empty))
	}
	parts := map[string]int{}
	size := func(f func(*bitWriter)) int {
		var w bitWriter
		f(&w)
		return len(w.end())
	}
	parts["counts"] = size(r.counts.encode)
	for f := range r.now {
		parts["distinct"] += size(r.now[f].encode) + size(r.old[f].encode)
	}
	parts["book"] = size(r.book.encode)
	t.Log(parts)
}

// TestRowsComeBack: what was written is read, to the last number, and goes on counting
// alike.
func TestRowsComeBack(t *testing.T) {
	for name, r := range map[string]*row{
		"full":  fullRow(),
		"empty": {tally: &tally{}},
		"after Unlearn": func() *row {
			r := &row{at: 1, released: true, writers: []writer{{1, math.MaxUint64}}, tally: &tally{epoch: 3, first: 9}}
			r.total.Store(-4)
			r.put(idOf(featASN, 1), -2)
			r.scores[255].Store(-7)
			r.bump(idOf(featPrefix, 7), spread(idOf(featPrefix, 7)), -300)
			return r
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			data := r.encode()
			got, err := decodeRow(data)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.encode(), data) {
				t.Error("it is written otherwise the second time")
			}
			if got.at != r.at || got.released != r.released || got.epoch != r.epoch || got.first != r.first || got.total.Load() != r.total.Load() ||
				got.now != r.now || got.old != r.old || len(got.writers) != len(r.writers) {
				t.Error("something was not read as it was written")
			}
			for p := range pools {
				if off := math.Abs(float64(got.square[p] - r.square[p])); off > float64(r.square[p])/1_000 || name != "full" && off != 0 {
					t.Errorf("the counters of pool %d were written too roughly", p)
				}
			}
			if len(r.book.days) > 0 && !reflect.DeepEqual(got.book, r.book) {
				t.Error("the book was not read as it was written")
			}
			for i := range r.ids {
				if id := r.ids[i].Load(); id != 0 {
					if n, ok := got.heavy(id, spread(id)); !ok || n != r.ns[i].Load() {
						t.Fatalf("%x: %d, %t; want %d", id, n, ok, r.ns[i].Load())
					}
				}
			}
			for i := range r.novel {
				if got.novel[i].Load() != r.novel[i].Load() {
					t.Fatalf("cell %d", i)
				}
			}
		})
	}
}

func TestRowsOfAnotherFormat(t *testing.T) {
	data := (&row{tally: &tally{}}).encode()
	data[0]++
	if _, err := decodeRow(data); !errors.Is(err, mfa.ErrNewerVersion) {
		t.Errorf("a newer version: %v", err)
	}
	for _, bad := range [][]byte{nil, {0}, {1}, append((&row{tally: &tally{}}).encode(), 0), data[:len(data)-1], {0, 1, 2}} {
		if _, err := decodeRow(bad); err == nil || len(bad) > 0 && bad[0] < 2 && !errors.Is(err, errRow) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// FuzzRow: no bytes may do more than be refused, and what is accepted can be worked with.
func FuzzRow(f *testing.F) {
	f.Add((&row{tally: &tally{}}).encode())
	small := &row{at: 5, writers: []writer{{3, 4}}, tally: &tally{epoch: 7}}
	for i := range 40 {
		small.bump(idOf(feature(i%3), testKey(i)), testKey(i), int64(i))
		d := voteOf(feature(i%int(features)), testKey(i))
		d.Novel = []noveltyCell{{Level: levelCity, Gap: 3, Size: 2, Fresh: true}}
		small.add(&d)
	}
	small.book.note(rowsNoon, outcomePassed, &mfa.Assessment{Level: mfa.RiskHigh, Reasons: []mfa.RiskReason{{Code: "new_country"}}})
	f.Add(small.encode())
	f.Add(small.encode()[:100])
	f.Add([]byte{2})
	for _, s := range []string{"01", "01ffffffffffffffff", "0100000000000000000000", "01ff00ff00ff00ff00ff00ff00ff"} {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRow(data)
		if err != nil {
			return
		}
		again, err := decodeRow(r.encode())
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		sum := &tally{}
		sum.merge(again.tally)
		sum.merge(r.tally)
		sum.age(sum.epoch + 1)
		if fig := figuresOf(sum, defaultBudget); math.IsNaN(fig.distinct[0]) || math.IsNaN(fig.rest[1].mean) {
			t.Error("not a number")
		}
	})
}
