package geo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// RefreshConfig is for [NewRefresher].
type RefreshConfig struct {
	// Fetch gets the file of a [Source] by its Fetch, as it is to be on disk: unpacked,
	// and checked against the vendor's checksum where there is one. It may return
	// [ErrUnchanged]. The reader's error has to say if what was sent was cut off, as
	// the bodies of net/http do.
	Fetch func(ctx context.Context, name string) (io.ReadCloser, error)

	// Timeout is of one fetch. 0: 5 minutes.
	Timeout time.Duration

	// MinShare is how many of the entries in use a fetched file must have at least.
	// Below it is more likely that its vendor has had an accident, and it is refused
	// until somebody puts the file there by hand. 0: 0.5; at most 1.
	MinShare float64
}

// A Refresher replaces the files of sources that have a Fetch. It is made by
// [NewRefresher].
type Refresher struct {
	intel   *Intel
	config  RefreshConfig
	sources []*source
}

// NewRefresher is for the sources of i that have a Fetch. Errors name the field that
// is wrong.
func NewRefresher(i *Intel, c RefreshConfig) (*Refresher, error) {
	switch {
	case c.Fetch == nil:
		return nil, errors.New("geo: RefreshConfig: no Fetch")
	case c.Timeout < 0:
		return nil, errors.New("geo: RefreshConfig: Timeout is negative")
	case c.MinShare < 0 || c.MinShare > 1 || c.MinShare != c.MinShare:
		return nil, errors.New("geo: RefreshConfig: MinShare is not from 0 to 1")
	}
	c.Timeout = or(c.Timeout, defaultTimeout)
	if c.MinShare == 0 {
		c.MinShare = defaultMinShare
	}
	r := &Refresher{intel: i, config: c}
	for _, s := range i.sources {
		if s.Fetch != "" {
			r.sources = append(r.sources, s)
		}
	}
	if len(r.sources) == 0 {
		return nil, errors.New("geo: RefreshConfig: no source has a Fetch")
	}
	return r, nil
}

// Refresh fetches all files once, now. Those that could not be fetched or were refused
// are in the error, and stay as they were.
func (r *Refresher) Refresh(ctx context.Context) error {
	var errs []error
	for _, s := range r.sources {
		if err := r.refresh(ctx, s); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run fetches each file when it is due, one at a time, until ctx ends, and returns its
// error. A file is due when it is missing or older than its Every, give or take a
// tenth, and after a failure an eighth of it later. Failures are logged without their
// cause, which may have a key in it: Fetch logs what it may.
func (r *Refresher) Run(ctx context.Context) error {
	due := make([]time.Time, len(r.sources))
	for n, s := range r.sources {
		if info, err := os.Stat(s.Path); err == nil {
			due[n] = earlier(info.ModTime(), r.intel.config.Now()).Add(jittered(s.Every))
		}
	}
	for {
		next := 0
		for n := range due {
			if due[n].Before(due[next]) {
				next = n
			}
		}
		if d := due[next].Sub(r.intel.config.Now()); d > 0 {
			if err := r.intel.config.Wait(ctx, d); err != nil {
				return err
			}
		}
		s, every := r.sources[next], r.sources[next].Every
		err := r.refresh(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			every = max(every/retryShare, minEvery)
			r.intel.config.Logger.WarnContext(ctx, "geo: not refreshed", "error", withoutCause(err).Error())
		}
		due[next] = r.intel.config.Now().Add(jittered(every))
	}
}

// earlier keeps a file whose time is ahead of the clock from being the youngest for long.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// jittered is an interval within a tenth of d.
func jittered(d time.Duration) time.Duration {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	u := float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*u))
}

func (r *Refresher) refresh(ctx context.Context, s *source) error {
	err := r.replace(ctx, s)
	r.intel.mu.Lock()
	s.refresh = withoutCause(err)
	r.intel.mu.Unlock()
	_, reloadErr := r.intel.Reload(ctx)
	if err == nil && reloadErr != nil {
		r.intel.mu.Lock()
		err = s.err
		r.intel.mu.Unlock()
	}
	return err
}

// withoutCause leaves out what Fetch said.
func withoutCause(err error) error {
	var e *Error
	if errors.As(err, &e) && errors.Is(e.Err, ErrFetch) {
		return &Error{File: e.File, Err: ErrFetch}
	}
	return err
}

// replace fetches one file, checks it, and puts it in the place of the one there is.
func (r *Refresher) replace(ctx context.Context, s *source) error {
	data, err := r.fetch(ctx, s)
	unchanged := errors.Is(err, ErrUnchanged)
	if err != nil && !unchanged {
		return s.wrong(err)
	}
	r.intel.mu.Lock()
	old, sum, usable := s.content, s.sum, s.content != nil && s.err == nil
	r.intel.mu.Unlock()
	switch {
	case unchanged && !usable:
		return s.wrong(fmt.Errorf("%w: unchanged, and there is no file to keep", ErrRefused))
	case unchanged || usable && sha256.Sum256(data) == sum:
		return r.confirm(s)
	}
	fetched, err := r.intel.parse(ctx, s, data)
	if err != nil {
		return err
	}
	if err := r.likely(old, fetched); err != nil {
		return s.wrong(err)
	}
	if err := writeFile(s.Path, data); err != nil {
		return s.wrong(err)
	}
	return nil
}

func (r *Refresher) fetch(ctx context.Context, s *source) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	body, err := r.config.Fetch(ctx, s.Fetch)
	if errors.Is(err, ErrUnchanged) {
		return nil, err
	}
	if err == nil && body == nil {
		err = errors.New("neither a body nor an error")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	limit := r.intel.limit(s)
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	case int64(len(data)) > limit:
		return nil, ErrTooLarge
	}
	return data, nil
}

// confirm notes that a file is as new as now.
func (r *Refresher) confirm(s *source) error {
	now := r.intel.config.Now()
	if err := os.Chtimes(s.Path, now, now); err != nil {
		return s.wrong(err)
	}
	return nil
}

// likely refuses what is probably not meant.
func (r *Refresher) likely(old, fetched *content) error {
	switch {
	case fetched.entries == 0:
		return fmt.Errorf("%w: there is nothing in it", ErrRefused)
	case old == nil || old.entries == 0:
		return nil
	case fetched.database == nil && fetched.kind != old.kind:
		return fmt.Errorf("%w: it was of another type", ErrRefused)
	case float64(fetched.entries) < r.config.MinShare*float64(old.entries):
		return fmt.Errorf("%w: it has %d entries, and had %d", ErrRefused, fetched.entries, old.entries)
	case fetched.built.Before(old.built):
		return fmt.Errorf("%w: it is older than the one in use", ErrRefused)
	}
	return nil
}

// writeFile puts data in the place of a file at once: whoever opens it sees the old
// one or the new one, and so does whoever comes after a crash.
func writeFile(path string, data []byte) (err error) {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	// A link stays one: what it leads to is replaced.
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".geo-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	for _, step := range []func() error{
		func() error { return f.Chmod(mode) },
		f.Sync,
	} {
		if err == nil {
			err = step()
		}
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
