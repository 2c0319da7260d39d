package geo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa/internal/pause"
	"github.com/mfakit/mfa/risk"
)

// A Source is a file: a database or a list.
type Source struct {
	// Path is where the file is. Its name without the folder shows in errors, in the
	// log and in [Status].
	Path string

	// Kinds is what each address in the file is. A list has to have some; for a
	// database, whose records say it, they are in addition.
	Kinds risk.IPKinds

	// MaxAge is how old the data may be: a database by when it was built, a list by
	// when its file was written or a [Refresher] found it unchanged. From then on every
	// lookup has an error with [ErrStale], beside what is known, and sign-ins are asked
	// until there is newer data. 0: it may be of any age, which is right for the host's
	// own lists; elsewhere old data tell less, and stay better than none.
	MaxAge time.Duration

	// Fetch is what a [Refresher] asks its host for: a URL or a name. Empty: the host
	// replaces the file by itself. It is in no error and no log, as it may have a key.
	Fetch string

	// Every is how often it is fetched. 0: once a day; at least a minute.
	Every time.Duration
}

// Config is for [Open].
type Config struct {
	// Databases are MaxMind-format files, the most trusted first: an address's place is
	// from the first that has its country, its network from the first that has one. What
	// they say of anonymizers adds up.
	Databases []Source

	// Lists are texts of addresses and prefixes, or of AS numbers. The Kinds of all that
	// have an address add up.
	Lists []Source

	// MaxDatabase and MaxList are the most bytes of one file; 0: 1 GiB and 128 MiB. What
	// is read stays in memory, and while a file is replaced so does what it was before.
	MaxDatabase, MaxList int64

	// MaxEntries is the most entries of one list. 0: 2,000,000.
	MaxEntries int

	// AllowMissing has Open succeed where a file is not there or cannot be used. Until
	// Reload can read it, each lookup has an error with [ErrMissing] beside what is
	// known from the others, and sign-ins are asked. False: Open fails.
	AllowMissing bool

	// Now is the clock. nil: [time.Now].
	Now func() time.Time

	// Wait returns after d, or earlier with the context's error. nil: a timer.
	Wait func(ctx context.Context, d time.Duration) error

	// Logger is told of reloads and fetches, and of those that fail. nil: nobody is.
	Logger *slog.Logger
}

// Intel is what is known of addresses. It is made by [Open], and safe for concurrent
// use.
type Intel struct {
	config  Config
	current atomic.Pointer[snapshot]

	mu      sync.Mutex // one reload at a time
	sources []*source
}

var _ risk.IPIntel = (*Intel)(nil)

// Open reads all files. Errors name the field that is wrong, or are of an [*Error] for
// each file that cannot be used.
func Open(c Config) (*Intel, error) {
	c.MaxDatabase = or(c.MaxDatabase, defaultMaxDatabase)
	c.MaxList = or(c.MaxList, defaultMaxList)
	c.MaxEntries = or(c.MaxEntries, defaultMaxEntries)
	if c.MaxDatabase < 0 || c.MaxList < 0 || c.MaxEntries < 0 {
		return nil, errors.New("geo: Config: a limit is negative")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = pause.For
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	i := &Intel{config: c}
	for n, s := range c.Databases {
		if err := i.take(s, true); err != nil {
			return nil, fmt.Errorf("geo: Config: Databases[%d]: %w", n, err)
		}
	}
	for n, s := range c.Lists {
		if err := i.take(s, false); err != nil {
			return nil, fmt.Errorf("geo: Config: Lists[%d]: %w", n, err)
		}
	}
	_, err := i.Reload(context.Background())
	if err != nil && !c.AllowMissing {
		return nil, err
	}
	return i, nil
}

func or[T int | int64 | time.Duration](n, unset T) T {
	if n == 0 {
		return unset
	}
	return n
}

func (i *Intel) take(s Source, database bool) error {
	switch {
	case s.Path == "":
		return errors.New("no Path")
	case s.MaxAge < 0:
		return errors.New("MaxAge is negative")
	case s.Every != 0 && s.Every < minEvery:
		return errors.New("an Every under a minute")
	case s.Kinds == 0 && !database:
		return errors.New("no Kinds")
	case len(i.sources) == maxSources:
		return fmt.Errorf("more than %d files", maxSources)
	}
	for _, other := range i.sources {
		if filepath.Clean(other.Path) == filepath.Clean(s.Path) {
			return errors.New("its Path is there twice")
		}
	}
	s.Every = or(s.Every, defaultEvery)
	i.sources = append(i.sources, &source{Source: s, database: database})
	return nil
}

// Lookup says what is known of ip, from memory. IPv4 addresses that are written as
// IPv6 (mapped, or translated after RFC 6052) are IPv4. One that is private, shared or
// reserved is [risk.Private] or [risk.Shared], in no country whatever a database says,
// and may be in lists.
//
// With an error wrapping [ErrStale] or [ErrMissing] comes what is known all the same.
// Of the zero address nothing is, and the error is [ErrAddress].
func (i *Intel) Lookup(ip netip.Addr) (risk.IPInfo, error) {
	if !ip.IsValid() {
		return risk.IPInfo{}, ErrAddress
	}
	return i.current.Load().lookup(plain(ip), i.config.Now)
}

// Status is of one file.
type Status struct {
	File    string       // base name
	Type    string       // a database's own type; "addresses" or "AS numbers"; empty: not read yet
	Kinds   risk.IPKinds // as configured
	Entries int          // distinct prefixes, AS numbers, or records
	Built   time.Time    // when a database was built; when a list was written or found unchanged
	Loaded  time.Time    // when what is in use was read; zero: nothing is
	Stale   bool         // it is older than its MaxAge

	// Err is why the file as it is now is not in use, an [*Error]. nil: it is.
	Err error

	// Refresh is why the last fetch changed nothing, an [*Error]. nil: it did, or found
	// nothing new, or there was none. The cause of an [ErrFetch] is left out, as it may
	// have an address with a key in it.
	Refresh error
}

// Status is the state of all files, databases first, in the order of the Config. It
// does not wait for a reload.
func (i *Intel) Status() []Status {
	s := i.current.Load()
	now := i.config.Now()
	all := make([]Status, len(s.files))
	for n, f := range s.files {
		all[n] = f.Status
		all[n].Stale = !f.staleAt.IsZero() && now.After(f.staleAt)
	}
	return all
}
