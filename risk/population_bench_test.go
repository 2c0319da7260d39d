package risk

import (
	"testing"
)

// benchFull is a population after half a million sign-ins.
func benchFull(b *testing.B) (*population, *zipfian) {
	b.Helper()
	p, c := alone(b), newZipfian(9, 60_000)
	for range 500_000 {
		p.add(voteOf(featCity, testKey(c.draw())))
	}
	return p, c
}

var benchSink float64

func BenchmarkCount(b *testing.B) {
	p, c := benchFull(b)
	keys := make([]uint64, 1<<12)
	for i := range keys {
		keys[i] = testKey(c.draw())
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		benchSink += p.count(featCity, keys[i&(len(keys)-1)])
		i++
	}
}

// BenchmarkAdd counts a sign-in with a value of every feature.
func BenchmarkAdd(b *testing.B) {
	p, c := benchFull(b)
	var list []delta
	for range 1 << 12 {
		d := voteOf(featCountry, testKey(c.draw()%100))
		for f := featASN; f < features; f++ {
			d.Values = append(d.Values, valueKey{Feature: f, Key: testKey(c.draw())})
		}
		for l := range levels {
			d.Novel = append(d.Novel, noveltyCell{Level: l, Gap: 1, Size: 2})
		}
		list = append(list, d)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p.add(list[i&(len(list)-1)])
		i++
	}
}

func BenchmarkMerge(b *testing.B) {
	r := fullRow()
	b.ReportAllocs()
	for b.Loop() {
		t := r.clone()
		t.merge(r.tally)
	}
}

func BenchmarkEncode(b *testing.B) {
	r := fullRow()
	b.ReportAllocs()
	for b.Loop() {
		benchSink += float64(len(r.encode()))
	}
}

func BenchmarkDecode(b *testing.B) {
	data := fullRow().encode()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeRow(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExchange is a Sync with news, among eight rows.
func BenchmarkExchange(b *testing.B) {
	f := newFleet(b)
	var all []*population
	for i := range 8 {
		p := f.process()
		f.learn(p, i, 100)
		f.sync(p)
		all = append(all, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.learn(all[0], 1, 1)
		f.sync(all[0])
	}
}
