package main

import (
	"context"
	"errors"
	"iter"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/ops"
)

// usersKnown are those whom the store knows.
func usersKnown(ctx context.Context, s *site) iter.Seq2[mfa.User, error] {
	return func(yield func(mfa.User, error) bool) {
		enough := errors.New("enough")
		_, err := ops.Report(ctx, s.store, s.engine, ops.ReportOptions{Factors: s.factors, Parallel: 1, Each: func(u ops.ReportUser) error {
			if !yield(mfa.User{ID: u.User}, nil) {
				return enough
			}
			return nil
		}})
		if err != nil && !errors.Is(err, enough) {
			yield(mfa.User{}, err)
		}
	}
}
