package main

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/mfakit/mfa/risk/riskeval/rba"
	"github.com/mfakit/mfa/risk/risksim/world"
)

// write builds a world and writes its file. A file that could not be finished
// is removed: half a year is not to be taken for one.
func write(ctx context.Context, c world.Config, name string) (rows int64, err error) {
	w, err := world.New(c)
	if err != nil {
		return 0, err
	}
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	if !strings.HasSuffix(name, ".gz") {
		return writeRows(ctx, w, f)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	rows, err = writeRows(ctx, w, z)
	return rows, errors.Join(err, z.Close())
}

func writeRows(ctx context.Context, w *world.World, to io.Writer) (rows int64, err error) {
	out := rba.NewWriter(to)
	err = w.Write(ctx, func(r *rba.Row) error {
		rows++
		return out.Write(r)
	})
	return rows, errors.Join(err, out.Flush())
}
