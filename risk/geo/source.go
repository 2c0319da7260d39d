package geo

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A source is a file and what was read of it. It is changed under Intel's lock alone.
type source struct {
	Source
	database bool

	seen    stamp // of the file as it was when it was last read, well or not
	sum     [sha256.Size]byte
	content *content // nil: nothing could be read yet
	loaded  time.Time
	written time.Time // the file's time, never ahead of the clock

	err, refresh error // as in Status
}

// A stamp tells whether a file may have changed since.
type stamp struct {
	size    int64
	written time.Time
}

func (s *source) name() string { return filepath.Base(s.Path) }

// wrong is an Error for this file.
func (s *source) wrong(err error) error { return &Error{File: s.name(), Err: withoutPath(err)} }

func (s *source) status() Status {
	st := Status{File: s.name(), Kinds: s.Kinds, Err: s.err, Refresh: s.refresh}
	if c := s.content; c != nil {
		st.Type, st.Entries, st.Built, st.Loaded = c.kind, c.entries, c.built, s.loaded
		if !s.database {
			st.Built = s.written
		} else {
			st.Built = earlier(st.Built, s.loaded) // a clock that is wrong elsewhere makes nothing younger
		}
	}
	return st
}

// load looks at the file, and reads it if it may have changed. What there was stays
// where that fails. Different says that what lookups use has changed.
func (s *source) load(ctx context.Context, i *Intel) (different bool, err error) {
	now, err := stat(s.Path)
	if err != nil {
		s.seen = stamp{} // so that it is read when it is back
		return false, s.wrong(err)
	}
	if now == s.seen {
		return false, s.err
	}
	data, now, err := readFile(s.Path, i.limit(s))
	if err != nil {
		return false, s.wrong(err)
	}
	sum := sha256.Sum256(data)
	if s.content == nil || sum != s.sum {
		c, err := i.parse(ctx, s, data)
		if err != nil {
			if ctx.Err() == nil {
				s.seen = now
			}
			return false, err
		}
		s.content, s.sum, s.loaded, different = c, sum, i.config.Now(), true
	}
	s.seen, s.written = now, earlier(now.written, i.config.Now())
	return different, nil
}

// parse reads what is, or is to be, in a source's file.
func (i *Intel) parse(ctx context.Context, s *source, data []byte) (*content, error) {
	if s.database {
		c, err := parseDatabase(ctx, data, s.Kinds)
		if err != nil {
			return nil, s.wrong(err)
		}
		return c, nil
	}
	c, err := parseList(ctx, data, i.config.MaxEntries)
	if err != nil {
		err.File = s.name()
		return nil, err
	}
	return c, nil
}

func (i *Intel) limit(s *source) int64 {
	if s.database {
		return i.config.MaxDatabase
	}
	return i.config.MaxList
}

var (
	errNoFile   = broken("not a regular file")
	errChanging = errors.New("changed while it was read")
)

// stat refuses what is no file before it is opened: a pipe would never open.
func stat(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stampOf(info)
}

func stampOf(info os.FileInfo) (stamp, error) {
	if !info.Mode().IsRegular() {
		return stamp{}, errNoFile
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// readFile reads a file of at most limit bytes, as it was at one moment as far as its
// size and time tell.
func readFile(path string, limit int64) ([]byte, stamp, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, stamp{}, err
	}
	defer func() { _ = f.Close() }() // only read
	before, err := fstat(f)
	if err != nil {
		return nil, stamp{}, err
	}
	if before.size > limit {
		return nil, stamp{}, ErrTooLarge
	}
	data := make([]byte, before.size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, stamp{}, errChanging // it was longer a moment ago
	}
	if after, err := fstat(f); err != nil || after != before {
		return nil, stamp{}, errChanging
	}
	return data, before, nil
}

func fstat(f *os.File) (stamp, error) {
	info, err := f.Stat()
	if err != nil {
		return stamp{}, err
	}
	return stampOf(info)
}
