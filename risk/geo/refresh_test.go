package geo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// A vendor has files by name, and notes what it is asked for.
type vendor struct {
	files  map[string]string
	errs   map[string]error         // instead of a file
	bodies map[string]io.ReadCloser // the same
	asked  []string
}

func (v *vendor) fetch(_ context.Context, name string) (io.ReadCloser, error) {
	v.asked = append(v.asked, name)
	if err := v.errs[name]; err != nil {
		return nil, err
	}
	if body, ok := v.bodies[name]; ok {
		return body, nil
	}
	return io.NopCloser(strings.NewReader(v.files[name])), nil
}

// A body is text, then an error, or one of its own as it is closed.
type body struct {
	io.Reader
	close error
}

func (b body) Close() error { return b.close }

func cutOff(text string) io.ReadCloser {
	return body{io.MultiReader(strings.NewReader(text), failing{io.ErrUnexpectedEOF}), nil}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endless is a comment, and how much of it was read.
type endless int

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '#'
	}
	*e += endless(len(b))
	return len(b), nil
}

const torURL = "https://lists.example/tor?key=hunter2"

// A refreshed is a list that is fetched, beside one and a database that are not.
type refreshed struct {
	*folder
	*vendor
	*clock
	*geo.Intel
	*geo.Refresher
}

func newRefreshed(t *testing.T, c geo.RefreshConfig) *refreshed {
	t.Helper()
	r := &refreshed{folder: newFolder(t), clock: newClock(), vendor: &vendor{map[string]string{}, map[string]error{}, map[string]io.ReadCloser{}, nil}}
	r.Intel = open(t, geo.Config{
		Databases: []geo.Source{{Path: r.copied("city.mmdb"), Fetch: "city"}},
		Lists: []geo.Source{
			{Path: r.put("tor.txt", "89.8.1.1\n89.8.1.2\n89.8.1.3\n89.8.1.4\n"), Kinds: risk.Tor, Fetch: torURL},
			{Path: r.put("denied.txt", "89.8.9.9\n"), Kinds: risk.Denied},
		},
		Now: r.Now, MaxList: 200, MaxDatabase: 10_000,
	})
	r.files[torURL], r.files["city"] = "89.8.1.1\n89.8.1.2\n89.8.1.3\n89.8.1.5\n", testdata(t, "city.mmdb")
	c.Fetch = r.fetch
	var err error
	if r.Refresher, err = geo.NewRefresher(r.Intel, c); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *refreshed) content(name string) string {
	r.t.Helper()
	data, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// tidy checks that no temporary file was left.
func (r *refreshed) tidy() {
	r.t.Helper()
	entries, err := os.ReadDir(r.dir)
	if err != nil || len(entries) != 3 {
		r.t.Errorf("%v, %v", entries, err)
	}
}

func TestRefresh(t *testing.T) {
	r := newRefreshed(t, geo.RefreshConfig{})
	if err := os.Chmod(r.path("tor.txt"), 0o640); err != nil {
		t.Fatal(err)
	}
	r.Add(time.Hour)
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Join(r.asked, " ") != "city "+torURL {
		t.Errorf("%q", r.asked)
	}
	if lookup(t, r.Intel, "89.8.1.5").Kinds != risk.Tor || lookup(t, r.Intel, "89.8.1.4").Kinds != 0 || r.content("tor.txt") != r.files[torURL] {
		t.Error("it was not replaced")
	}
	if info, err := os.Stat(r.path("tor.txt")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, s := range r.Status() {
		if s.Err != nil || s.Refresh != nil {
			t.Errorf("%+v", s)
		}
	}
	// The database is the one that was there, which was found to be still the newest.
	if info, err := os.Stat(r.path("city.mmdb")); err != nil || !info.ModTime().Equal(r.Now()) {
		t.Errorf("%v, %v", info.ModTime(), err)
	}
	r.tidy()
}

// TestRefreshRefuses what is wrong or improbable, and keeps what is there.
func TestRefreshRefuses(t *testing.T) {
	failed := errors.New("GET " + torURL + ": no route to host")
	var read endless
	const good = "89.8.1.5\n89.8.1.6\n89.8.1.7\n89.8.1.8\n"
	for name, tt := range map[string]struct {
		text string
		body io.ReadCloser
		err  error
		line int
		is   error
	}{
		"it fails":           {err: failed, is: geo.ErrFetch},
		"it fails, by file":  {err: &fs.PathError{Op: "open", Path: torURL, Err: fs.ErrNotExist}, is: geo.ErrFetch},
		"cut off":            {body: cutOff(good), is: geo.ErrFetch},
		"fails as it closes": {body: body{strings.NewReader(good), failed}, is: geo.ErrFetch},
		"without end":        {body: body{&read, nil}, is: geo.ErrTooLarge},
		"too large":          {text: good + "# " + strings.Repeat("x", 200) + "\n", is: geo.ErrTooLarge},
		"broken":             {text: good + "<html>\n", line: 5, is: geo.ErrBroken},
		"everybody":          {text: good + "0.0.0.0/0\n", line: 5, is: geo.ErrBroken},
		"empty":              {text: "", is: geo.ErrBroken},
		"nothing in it":      {text: "# maintenance\n", is: geo.ErrRefused},
		"less than half":     {text: "89.8.1.5\n89.8.1.5\n", is: geo.ErrRefused},
		"another sort":       {text: "AS1\nAS2\nAS3\nAS4\nAS5\n", is: geo.ErrRefused},
		"not even a body":    {body: nil, is: geo.ErrFetch},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRefreshed(t, geo.RefreshConfig{})
			was := r.content("tor.txt")
			r.files[torURL], r.errs[torURL] = tt.text, tt.err
			if tt.body != nil || name == "not even a body" {
				r.bodies[torURL] = tt.body
			}
			err := r.Refresh(t.Context())
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("the cause is not in %v", err)
			}
			var e *geo.Error
			if !errors.As(err, &e) || e.File != "tor.txt" || e.Line != tt.line || !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
			if r.content("tor.txt") != was || lookup(t, r.Intel, "89.8.1.4").Kinds != risk.Tor {
				t.Error("it was replaced")
			}
			s := r.Status()
			wrong(t, s[1].Refresh, "tor.txt", tt.line, tt.is)
			if s[0].Refresh != nil || s[1].Err != nil || s[1].Entries != 4 || strings.Contains(s[1].Refresh.Error(), "hunter2") {
				t.Errorf("%+v", s)
			}
			r.tidy()

			r.files[torURL] = good
			delete(r.errs, torURL)
			delete(r.bodies, torURL)
			if err := r.Refresh(t.Context()); err != nil || r.Status()[1].Refresh != nil || lookup(t, r.Intel, "89.8.1.8").Kinds != risk.Tor {
				t.Errorf("a good one is not taken: %v", err)
			}
		})
	}
	if read > 1<<16 {
		t.Errorf("%d bytes were read of what has no end", read)
	}
}

// TestWhatCannotBePutThere leaves nothing beside it.
func TestWhatCannotBePutThere(t *testing.T) {
	f := newFolder(t)
	mkdir(f, "tor.txt")
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.path("tor.txt"), Kinds: risk.Tor, Fetch: "tor"}}, AllowMissing: true})
	v := vendor{files: map[string]string{"tor": "89.8.1.1\n"}}
	r, err := geo.NewRefresher(i, geo.RefreshConfig{Fetch: v.fetch})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Refresh(t.Context())
	wrong(t, err, "tor.txt", 0, fs.ErrExist)
	if entries, err := os.ReadDir(f.dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestRefreshOfADatabase refuses what is none, and what is older than the one in use.
func TestRefreshOfADatabase(t *testing.T) {
	r := newRefreshed(t, geo.RefreshConfig{})
	r.files["city"] = "<html>\n"
	wrong(t, r.Refresh(t.Context()), "city.mmdb", 0, geo.ErrBroken)
	r.files["city"] = testdata(t, "lite.mmdb")[:2000]
	wrong(t, r.Refresh(t.Context()), "city.mmdb", 0, geo.ErrBroken)
	older := strings.Replace(testdata(t, "city.mmdb"), "\x6a\xb1", "\x6a\xb0", 1) // in its build time
	if older == testdata(t, "city.mmdb") {
		t.Fatal("the build time is not where it is looked for")
	}
	r.files["city"] = older
	wrong(t, r.Refresh(t.Context()), "city.mmdb", 0, geo.ErrRefused)
	if r.content("city.mmdb") != testdata(t, "city.mmdb") {
		t.Error("it was replaced")
	}
	newer := strings.Replace(testdata(t, "city.mmdb"), "\x6a\xb1", "\x6a\xb2", 1)
	r.files["city"] = newer
	if err := r.Refresh(t.Context()); err != nil || r.content("city.mmdb") != newer {
		t.Error(err)
	}
}

func TestMinShare(t *testing.T) {
	r := newRefreshed(t, geo.RefreshConfig{MinShare: 0.25})
	r.files[torURL] = "89.8.1.1\n"
	if err := r.Refresh(t.Context()); err != nil || r.Status()[1].Entries != 1 {
		t.Errorf("a quarter is enough: %v", err)
	}
}

// TestNothingIsNoList, even where there was none.
func TestNothingIsNoList(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.path("tor.txt"), Kinds: risk.Tor, Fetch: "tor"}}, AllowMissing: true})
	v := vendor{files: map[string]string{"tor": "# maintenance\n"}}
	r, err := geo.NewRefresher(i, geo.RefreshConfig{Fetch: v.fetch})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(t.Context()); !errors.Is(err, geo.ErrRefused) {
		t.Error(err)
	}
	if _, err := i.Lookup(netip.MustParseAddr("89.8.1.1")); !errors.Is(err, geo.ErrMissing) {
		t.Error(err)
	}
	if _, err := os.Stat(f.path("tor.txt")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestUnchanged: a list that its vendor has not changed is as new as the answer.
func TestUnchanged(t *testing.T) {
	r := newRefreshed(t, geo.RefreshConfig{})
	r.Add(time.Hour)
	r.errs[torURL] = geo.ErrUnchanged
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := r.Status()[1]; !s.Built.Equal(r.Now()) || s.Entries != 4 {
		t.Errorf("%+v", s)
	}
	// Unless the file is not what was fetched then.
	r.put("tor.txt", "hunter2\n")
	_, _ = r.Reload(t.Context())
	wrong(t, r.Refresh(t.Context()), "tor.txt", 0, geo.ErrRefused)
	delete(r.errs, torURL)
	r.files[torURL] = "89.8.1.1\n89.8.1.2\n89.8.1.3\n89.8.1.4\n" // what is in use
	if err := r.Refresh(t.Context()); err != nil || r.content("tor.txt") != r.files[torURL] || r.Status()[1].Err != nil {
		t.Errorf("the file was not made well: %v, %+v", err, r.Status()[1])
	}
}

// TestRefreshThroughALink replaces what it leads to.
func TestRefreshThroughALink(t *testing.T) {
	r := newRefreshed(t, geo.RefreshConfig{})
	if err := os.Rename(r.path("tor.txt"), r.path("tor-1.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("tor-1.txt", r.path("tor.txt")); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(r.path("tor.txt"))
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || r.content("tor-1.txt") != r.files[torURL] {
		t.Errorf("%v, %v", info, err)
	}
}

// TestAFetchHasItsTime.
func TestAFetchHasItsTime(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor, Fetch: "tor"}}})
	r, err := geo.NewRefresher(i, geo.RefreshConfig{Timeout: time.Nanosecond, Fetch: func(ctx context.Context, _ string) (io.ReadCloser, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, geo.ErrFetch) {
		t.Error(err)
	}
}

// TestRun fetches what is missing at once, the others when they are due, and after a
// failure sooner.
func TestRun(t *testing.T) {
	f, c := newFolder(t), newClock()
	v := &vendor{files: map[string]string{"hourly": "89.8.1.1\n", "daily": "89.8.1.2\n", "new": "89.8.1.3\n"}, errs: map[string]error{}}
	f.put("hourly.txt", "89.8.1.1\n")
	f.put("daily.txt", "89.8.1.2\n")
	f.touch("hourly.txt", begin.Add(-30*time.Minute))
	f.touch("daily.txt", begin.Add(365*24*time.Hour)) // which the file says
	ctx, cancel := context.WithCancel(t.Context())
	var waited []time.Duration
	var log bytes.Buffer
	i := open(t, geo.Config{
		Lists: []geo.Source{
			{Path: f.path("hourly.txt"), Kinds: risk.Tor, Fetch: "hourly", Every: time.Hour},
			{Path: f.path("daily.txt"), Kinds: risk.VPN, Fetch: "daily"},
			{Path: f.path("new.txt"), Kinds: risk.Hosting, Fetch: "new"},
		},
		AllowMissing: true, Now: c.Now,
		Wait: func(ctx context.Context, d time.Duration) error {
			if c.Add(d); c.Now().Sub(begin) > 30*time.Hour {
				cancel()
			}
			waited = append(waited, d)
			return ctx.Err()
		},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	type asked struct {
		name string
		at   time.Duration
	}
	var all []asked
	r, err := geo.NewRefresher(i, geo.RefreshConfig{Fetch: func(ctx context.Context, name string) (io.ReadCloser, error) {
		all = append(all, asked{name, c.Now().Sub(begin)})
		v.errs["hourly"] = nil
		if len(all) == 5 {
			v.errs["hourly"] = errors.New("no key hunter2")
		}
		return v.fetch(ctx, name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(all) == 0 || all[0] != (asked{"new", 0}) {
		t.Fatalf("%v", all)
	}
	within := func(what string, d, want time.Duration) {
		t.Helper()
		if d < want*9/10 || d > want*11/10 {
			t.Errorf("%s after %v, want about %v", what, d, want)
		}
	}
	last := map[string]time.Duration{"hourly": -30 * time.Minute, "daily": 0}
	count := map[string]int{}
	different := map[time.Duration]bool{}
	for n, a := range all[1:] {
		want := map[string]time.Duration{"hourly": time.Hour, "daily": 24 * time.Hour, "new": 24 * time.Hour}[a.name]
		if n+1 == 5 { // the one after the failure
			want /= 8
		}
		if a.name == "hourly" {
			different[a.at-last[a.name]] = true
		}
		within(a.name, a.at-last[a.name], want)
		last[a.name] = a.at
		count[a.name]++
	}
	if count["hourly"] < 26 || count["daily"] != 1 || len(different) < 20 {
		t.Errorf("%v, intervals %v", count, different)
	}
	if lookup(t, i, "89.8.1.3").Kinds != risk.Hosting {
		t.Error("what was missing is not there")
	}
	if strings.Count(log.String(), "geo: not refreshed") != 1 || strings.Contains(log.String(), "hunter2") {
		t.Errorf("%s", &log)
	}
}

func TestRefreshConfigIsChecked(t *testing.T) {
	f := newFolder(t)
	fetch := (&vendor{}).fetch
	fetched := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor, Fetch: "tor"}}})
	for want, tt := range map[string]struct {
		i *geo.Intel
		c geo.RefreshConfig
	}{
		"no Fetch":                {fetched, geo.RefreshConfig{}},
		"Timeout is negative":     {fetched, geo.RefreshConfig{Fetch: fetch, Timeout: -1}},
		"MinShare is not from":    {fetched, geo.RefreshConfig{Fetch: fetch, MinShare: -0.5}},
		"MinShare is not from 0":  {fetched, geo.RefreshConfig{Fetch: fetch, MinShare: 1.5}},
		"no source has a Fetch":   {open(t, geo.Config{}), geo.RefreshConfig{Fetch: fetch}},
		"geo: RefreshConfig: no ": {fetched, geo.RefreshConfig{MinShare: 1}},
	} {
		if _, err := geo.NewRefresher(tt.i, tt.c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
