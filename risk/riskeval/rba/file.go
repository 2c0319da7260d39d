package rba

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// A File is a [Reader] of a file, compressed by gzip or not, whatever its name.
type File struct {
	*Reader
	f    *os.File
	size int64
	read atomic.Int64
}

// Open opens a file and reads its header.
func Open(name string) (*File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	file := &File{f: f}
	if info, err := f.Stat(); err == nil {
		file.size = info.Size()
	}
	src, err := decompress(bufio.NewReaderSize(counted{f, &file.read}, 1<<18))
	if err == nil {
		file.Reader, err = NewReader(src)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file, nil
}

// Share is how much of the file was read, from 0 to 1. It may be asked from any goroutine.
func (f *File) Share() float64 {
	if f.size <= 0 {
		return 0
	}
	return min(1, float64(f.read.Load())/float64(f.size))
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// decompress looks at the first bytes: gzip's are 1f 8b (RFC 1952 section 2.3.1).
func decompress(r *bufio.Reader) (io.Reader, error) {
	if magic, err := r.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return r, nil
	}
	return gzip.NewReader(r)
}

type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
