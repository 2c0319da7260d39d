package geo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// What can be wrong. They come wrapped, with the file concerned in an [*Error].
var (
	// ErrStale: what a lookup used is older than its source's MaxAge.
	ErrStale = errors.New("older than it may be")

	// ErrMissing: nothing of a source could be read yet.
	ErrMissing = errors.New("not read yet")

	// ErrBroken: a file is not what it should be: another format, cut off, damaged.
	ErrBroken = errors.New("broken")

	// ErrTooLarge: a file has more than may be read of one.
	ErrTooLarge = errors.New("too large")

	// ErrFetch: [RefreshConfig].Fetch failed.
	ErrFetch = errors.New("not fetched")

	// ErrRefused: what was fetched can be read, and is unlikely to be right.
	ErrRefused = errors.New("refused")

	// ErrUnchanged is for [RefreshConfig].Fetch to return: there is nothing newer than
	// what it gave the last time.
	ErrUnchanged = errors.New("geo: unchanged")

	// ErrAddress: a lookup was for the zero [netip.Addr].
	ErrAddress = errors.New("geo: not an address")
)

// An Error says which file is wrong and where. It has the file's name without its
// folder, and nothing of what is in it.
type Error struct {
	File string // base name
	Line int    // of a list, from 1; 0: the file as a whole
	Err  error
}

func (e *Error) Error() string {
	s := "geo: " + e.File + ": "
	if e.Line > 0 {
		s += "line " + strconv.Itoa(e.Line) + ": "
	}
	return s + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// broken is an ErrBroken with its reason.
func broken(reason string) error { return fmt.Errorf("%w: %s", ErrBroken, reason) }

// withoutPath takes the folders out of an error of package os.
func withoutPath(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
