package geo_test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

func TestReload(t *testing.T) {
	f, c := newFolder(t), newClock()
	i := open(t, geo.Config{
		Databases: []geo.Source{{Path: f.copied("city.mmdb")}},
		Lists:     []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}, {Path: f.put("vpn.txt", "89.8.1.2\n"), Kinds: risk.VPN}},
		Now:       c.Now,
	})
	if reload(t, i) {
		t.Error("nothing has changed")
	}
	c.Add(time.Hour)
	f.put("tor.txt", "89.8.1.3\n89.8.1.4\n")
	if !reload(t, i) || reload(t, i) {
		t.Error("it has changed once")
	}
	if lookup(t, i, "89.8.1.1").Kinds != 0 || lookup(t, i, "89.8.1.3").Kinds != risk.Tor || lookup(t, i, "89.8.1.2").Kinds != risk.VPN {
		t.Error("not what the files say now")
	}
	if s := i.Status(); s[1].Entries != 2 || !s[1].Loaded.Equal(begin.Add(time.Hour)) || !s[2].Loaded.Equal(begin) {
		t.Errorf("%+v", s)
	}
	f.put("city.mmdb", testdata(t, "lite.mmdb"))
	if !reload(t, i) {
		t.Error("the database has changed")
	}
	if got := lookup(t, i, "89.8.1.1"); got.Org != "Fjord Net" || got.City != "" || i.Status()[0].Type != "ipinfo lite.mmdb" {
		t.Errorf("%+v, %+v", got, i.Status()[0])
	}
}

// TestAFileThatIsOnlyNewer is not read as a change, and is younger from then on.
func TestAFileThatIsOnlyNewer(t *testing.T) {
	f, c := newFolder(t), newClock()
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}}, Now: c.Now})
	loaded := i.Status()[0].Loaded
	c.Add(time.Hour)
	f.touch("tor.txt", c.Now())
	if reload(t, i) {
		t.Error("nothing has changed")
	}
	if s := i.Status()[0]; !s.Built.Equal(c.Now()) || !s.Loaded.Equal(loaded) {
		t.Errorf("%+v", s)
	}
}

// TestWhatCannotBeReadChangesNothing: what there was stays in use, whole, and it is
// said why, as long as the file is so.
func TestWhatCannotBeReadChangesNothing(t *testing.T) {
	city := testdata(t, "city.mmdb")
	for name, tt := range map[string]struct {
		file string
		to   func(f *folder)
		line int
		is   error
	}{
		"list gone":          {"tor.txt", func(f *folder) { remove(f, "tor.txt") }, 0, fs.ErrNotExist},
		"list broken":        {"tor.txt", func(f *folder) { f.put("tor.txt", "89.8.1.3\n89.8.1.\n") }, 2, geo.ErrBroken},
		"list being written": {"tor.txt", func(f *folder) { f.rewrite("tor.txt", "") }, 0, geo.ErrBroken},
		"list too long":      {"tor.txt", func(f *folder) { f.put("tor.txt", strings.Repeat("89.8.1.3\n", 11)) }, 11, geo.ErrTooLarge},
		"list a folder":      {"tor.txt", func(f *folder) { remove(f, "tor.txt"); mkdir(f, "tor.txt") }, 0, geo.ErrBroken},
		"database gone":      {"city.mmdb", func(f *folder) { remove(f, "city.mmdb") }, 0, fs.ErrNotExist},
		"database empty":     {"city.mmdb", func(f *folder) { f.put("city.mmdb", "") }, 0, geo.ErrBroken},
		"database a text":    {"city.mmdb", func(f *folder) { f.put("city.mmdb", "89.8.1.1\n") }, 0, geo.ErrBroken},
		"database cut off":   {"city.mmdb", func(f *folder) { f.put("city.mmdb", city[:len(city)-100]) }, 0, geo.ErrBroken},
		"its beginning gone": {"city.mmdb", func(f *folder) { f.put("city.mmdb", city[100:]) }, 0, geo.ErrBroken},
		"cut off in place":   {"city.mmdb", func(f *folder) { f.rewrite("city.mmdb", city[:500]) }, 0, geo.ErrBroken},
		"database too large": {"city.mmdb", func(f *folder) { f.put("city.mmdb", strings.Repeat(" ", 10_000)+city) }, 0, geo.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			i := open(t, geo.Config{
				Databases:   []geo.Source{{Path: f.put("city.mmdb", city)}},
				Lists:       []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n89.8.1.2\n"), Kinds: risk.Tor}, {Path: f.put("vpn.txt", "89.8.1.2\n"), Kinds: risk.VPN}},
				MaxDatabase: 10_000, MaxEntries: 10,
			})
			before := i.Status()
			tt.to(f)
			f.put("vpn.txt", "89.8.1.1\n")
			changed, err := i.Reload(t.Context())
			if !changed {
				t.Error("the other list has not been read")
			}
			wrong(t, err, tt.file, tt.line, tt.is)
			for range 2 { // it is said again, without anything having changed
				if changed, err = i.Reload(t.Context()); changed {
					t.Error("changed")
				}
				wrong(t, err, tt.file, tt.line, tt.is)
			}
			if got := lookup(t, i, "89.8.1.1"); got.City != "Oslo" || got.Kinds != risk.Tor|risk.VPN {
				t.Errorf("%+v", got)
			}
			if got := lookup(t, i, "89.8.1.2"); got.Kinds != risk.Tor {
				t.Errorf("%+v", got)
			}
			for n, s := range i.Status() {
				if s.File != tt.file {
					if s.Err != nil {
						t.Errorf("%+v", s)
					}
					continue
				}
				wrong(t, s.Err, tt.file, tt.line, tt.is)
				if s.Err = nil; s != before[n] {
					t.Errorf("%+v, was %+v", s, before[n])
				}
			}
			// The file is well again, as it was: that is no change.
			_ = os.Remove(f.path(tt.file))
			f.put(tt.file, map[string]string{"city.mmdb": city, "tor.txt": "89.8.1.1\n89.8.1.2\n"}[tt.file])
			if reload(t, i) || i.Status()[0].Err != nil || i.Status()[1].Err != nil {
				t.Errorf("%+v", i.Status())
			}
		})
	}
}

func remove(f *folder, name string) {
	if err := os.Remove(f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

func mkdir(f *folder, name string) {
	if err := os.Mkdir(f.path(name), 0o700); err != nil {
		f.t.Fatal(err)
	}
}

// TestAGivenUpReload leaves no mark on the files.
func TestAGivenUpReload(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}}})
	f.put("tor.txt", "89.8.1.2\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if changed, err := i.Reload(ctx); changed || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", changed, err)
	}
	if i.Status()[0].Err != nil || lookup(t, i, "89.8.1.1").Kinds != risk.Tor {
		t.Errorf("%+v", i.Status())
	}
	f.put("tor.txt", strings.Repeat("89.8.1.2\n", 2000))
	if changed, err := i.Reload(&impatient{t.Context(), 1}); changed || !errors.Is(err, context.Canceled) || i.Status()[0].Err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if !reload(t, i) || lookup(t, i, "89.8.1.2").Kinds != risk.Tor {
		t.Error("it was read, and was not")
	}
}

// An impatient context ends after it was asked a few times.
type impatient struct {
	context.Context
	left int
}

func (c *impatient) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestAFileThatIsBackAsItWas is well again.
func TestAFileThatIsBackAsItWas(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}}})
	if err := os.Rename(f.path("tor.txt"), f.path("away.txt")); err != nil {
		t.Fatal(err)
	}
	_, err := i.Reload(t.Context())
	wrong(t, err, "tor.txt", 0, fs.ErrNotExist)
	if err := os.Rename(f.path("away.txt"), f.path("tor.txt")); err != nil {
		t.Fatal(err)
	}
	if reload(t, i) || i.Status()[0].Err != nil {
		t.Errorf("%+v", i.Status()[0])
	}
}

// TestFilesAreNotReadForNothing: one whose size and time are the same is taken for the
// same.
func TestFilesAreNotReadForNothing(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}}})
	at := f.time
	f.rewrite("tor.txt", "89.8.1.2\n")
	f.touch("tor.txt", at)
	if reload(t, i) {
		t.Error("it was read")
	}
	f.touch("tor.txt", at.Add(time.Second))
	if !reload(t, i) {
		t.Error("it was not read")
	}
}

// TestReloadUnderLoad swaps two lists at once, over and over, while others look up: each
// lookup is answered by one state of both, and none fails.
func TestReloadUnderLoad(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{
		Databases: []geo.Source{{Path: f.copied("city.mmdb")}},
		Lists:     []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}, {Path: f.put("vpn.txt", "89.8.1.2\n"), Kinds: risk.VPN}},
	})
	ip := netip.MustParseAddr("89.8.1.1")
	var done atomic.Bool
	var looked [4]int
	var readers sync.WaitGroup
	for n := range looked {
		readers.Go(func() {
			for last := false; !last; looked[n]++ {
				last = done.Load() // and once more after it
				info, err := i.Lookup(ip)
				if err != nil || info.City != "Oslo" || info.Kinds != risk.Tor && info.Kinds != risk.VPN {
					t.Errorf("%+v, %v", info, err)
					return
				}
				if s := i.Status(); s[0].Err != nil || s[1].Entries != 1 {
					t.Errorf("%+v", s)
					return
				}
			}
		})
	}
	for n := range 50 {
		here, there := "89.8.1.1\n", "89.8.1.2\n"
		if n%2 == 0 {
			here, there = there, here
		}
		f.put("tor.txt", here)
		f.put("vpn.txt", there)
		if n%10 == 0 {
			f.put("city.mmdb", testdata(t, "city.mmdb"))
		}
		if !reload(t, i) {
			t.Fatal("nothing has changed")
		}
	}
	done.Store(true)
	readers.Wait()
	for n := range looked {
		if looked[n] == 0 {
			t.Error("nobody looked")
		}
	}
}

// TestLookupsDoNotWait for a reload that takes its time.
func TestLookupsDoNotWait(t *testing.T) {
	f := newFolder(t)
	entered, proceed := make(chan bool), make(chan bool)
	var slow atomic.Bool
	i := open(t, geo.Config{
		Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}},
		Now: func() time.Time {
			if slow.CompareAndSwap(true, false) {
				entered <- true
				<-proceed
			}
			return begin
		},
	})
	f.put("tor.txt", "89.8.1.2\n")
	slow.Store(true)
	finished := make(chan error)
	go func() { _, err := i.Reload(context.Background()); finished <- err }()
	<-entered
	if lookup(t, i, "89.8.1.1").Kinds != risk.Tor || i.Status()[0].Entries != 1 {
		t.Error("not what was there before")
	}
	proceed <- true
	if err := <-finished; err != nil || lookup(t, i, "89.8.1.1").Kinds != 0 || lookup(t, i, "89.8.1.2").Kinds != risk.Tor {
		t.Errorf("not what is there now: %v", err)
	}
}

// TestAllowMissing: sign-ins are asked until the file is there.
func TestAllowMissing(t *testing.T) {
	f := newFolder(t)
	c := geo.Config{
		Databases: []geo.Source{{Path: f.copied("city.mmdb")}},
		Lists:     []geo.Source{{Path: f.path("tor.txt"), Kinds: risk.Tor}},
	}
	_, err := geo.Open(c)
	wrong(t, err, "tor.txt", 0, fs.ErrNotExist)
	c.AllowMissing = true
	i := open(t, c)
	info, err := i.Lookup(netip.MustParseAddr("89.8.1.1"))
	wrong(t, err, "tor.txt", 0, geo.ErrMissing)
	if info.City != "Oslo" {
		t.Errorf("%+v", info)
	}
	s := i.Status()[1]
	wrong(t, s.Err, "tor.txt", 0, fs.ErrNotExist)
	if s.Type != "" || !s.Loaded.IsZero() {
		t.Errorf("%+v", s)
	}
	f.put("tor.txt", "89.8.1.1\n")
	if !reload(t, i) || lookup(t, i, "89.8.1.1").Kinds != risk.Tor {
		t.Error("it is there now")
	}
}

// TestMaxAge: what is too old is still told, with an error that has sign-ins asked; by
// default nothing is too old.
func TestMaxAge(t *testing.T) {
	f, c := newFolder(t), newClock()
	i := open(t, geo.Config{
		Databases: []geo.Source{{Path: f.copied("city.mmdb")}}, // of September
		Lists: []geo.Source{
			{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor, MaxAge: 24 * time.Hour},
			{Path: f.put("vpn.txt", "89.8.1.1\n"), Kinds: risk.VPN, MaxAge: time.Hour},
			{Path: f.put("denied.txt", "# nobody\n"), Kinds: risk.Denied},
		},
		Now: c.Now,
	})
	ip := netip.MustParseAddr("89.8.1.1")
	stale := func(want string) {
		t.Helper()
		info, err := i.Lookup(ip)
		if info.City != "Oslo" || info.Kinds != risk.Tor|risk.VPN {
			t.Errorf("%+v", info)
		}
		var names []string
		for _, s := range i.Status() {
			if s.Stale {
				names = append(names, s.File)
			}
		}
		first, _, _ := strings.Cut(want, " ")
		if strings.Join(names, " ") != want {
			t.Errorf("stale: %v, want %v", names, want)
		}
		if want == "" && err == nil {
			return
		}
		wrong(t, err, first, 0, geo.ErrStale)
	}
	f.touch("tor.txt", begin)
	f.touch("vpn.txt", begin.Add(time.Hour)) // ahead of the clock, which makes it no younger
	reload(t, i)
	stale("")
	c.Add(time.Hour)
	stale("")
	c.Add(time.Second)
	stale("vpn.txt")
	f.touch("vpn.txt", c.Now())
	reload(t, i)
	stale("")
	c.Add(24 * time.Hour)
	reload(t, i)
	_, err := i.Lookup(ip)
	if !errors.Is(err, geo.ErrStale) || !i.Status()[1].Stale || !i.Status()[2].Stale || i.Status()[3].Stale || i.Status()[0].Stale {
		t.Errorf("%v, %+v", err, i.Status())
	}
}

// TestMaxAgeOfADatabase counts from when it was built, not from when it was copied.
func TestMaxAgeOfADatabase(t *testing.T) {
	f, c := newFolder(t), newClock()
	cfg := geo.Config{Databases: []geo.Source{{Path: f.copied("city.mmdb"), MaxAge: 60 * 24 * time.Hour}}, Now: c.Now}
	i := open(t, cfg)
	lookup(t, i, "89.8.1.1")
	built := i.Status()[0].Built
	c.Add(built.Add(60 * 24 * time.Hour).Sub(begin))
	lookup(t, i, "89.8.1.1")
	c.Add(time.Second)
	f.copied("city.mmdb")
	reload(t, i)
	_, err := i.Lookup(netip.MustParseAddr("89.8.1.1"))
	wrong(t, err, "city.mmdb", 0, geo.ErrStale)
	// One from the future is as old as it has been here.
	c.Add(built.Add(-24 * time.Hour).Sub(c.Now()))
	if i := open(t, cfg); !i.Status()[0].Built.Equal(c.Now()) {
		t.Errorf("%+v", i.Status()[0])
	}
}

func TestNoAddress(t *testing.T) {
	i := open(t, geo.Config{})
	if info, err := i.Lookup(netip.Addr{}); !errors.Is(err, geo.ErrAddress) || info != (risk.IPInfo{}) {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := i.Lookup(netip.MustParseAddr("89.8.1.1")); err != nil || info != (risk.IPInfo{}) {
		t.Errorf("%+v, %v", info, err)
	}
}
