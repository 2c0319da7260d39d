package geo_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// begin is what the clocks of these tests show first.
var begin = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// A clock is moved by whoever waits for it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: begin} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Wait lets the time pass at once.
func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.Add(d)
	return ctx.Err()
}

// A folder has the files of one test. Each write of one has a time of its own: two
// within a tick of the file system's clock, of equal size, cannot be told apart.
type folder struct {
	t    testing.TB
	dir  string
	time time.Time
}

func newFolder(t testing.TB) *folder { return &folder{t, t.TempDir(), begin} }

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// put replaces a file at once, as a host should.
func (f *folder) put(name, content string) string {
	f.t.Helper()
	f.rewrite(name+".new", content)
	if err := os.Rename(f.path(name+".new"), f.path(name)); err != nil {
		f.t.Fatal(err)
	}
	return f.path(name)
}

// rewrite writes a file where it is.
func (f *folder) rewrite(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.time = f.time.Add(time.Second)
	f.touch(name, f.time)
}

func (f *folder) touch(name string, at time.Time) {
	f.t.Helper()
	if err := os.Chtimes(f.path(name), at, at); err != nil {
		f.t.Fatal(err)
	}
}

// copied is a database of testdata in the folder.
func (f *folder) copied(name string) string {
	f.t.Helper()
	return f.put(name, testdata(f.t, name))
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func open(t testing.TB, c geo.Config) *geo.Intel {
	t.Helper()
	i, err := geo.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func lookup(t testing.TB, i *geo.Intel, ip string) risk.IPInfo {
	t.Helper()
	info, err := i.Lookup(netip.MustParseAddr(ip))
	if err != nil {
		t.Fatalf("%s: %v", ip, err)
	}
	return info
}

func reload(t testing.TB, i *geo.Intel) (changed bool) {
	t.Helper()
	changed, err := i.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// wrong checks an error of one file.
func wrong(t testing.TB, err error, file string, line int, is error) {
	t.Helper()
	var e *geo.Error
	if !errors.As(err, &e) || e.File != file || e.Line != line || !errors.Is(err, is) {
		t.Errorf("got %v, want %v of %s, line %d", err, is, file, line)
		return
	}
	if !strings.HasPrefix(err.Error(), "geo: "+file+": ") || strings.ContainsRune(err.Error(), filepath.Separator) {
		t.Errorf("%q", err)
	}
}
