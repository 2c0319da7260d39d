package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/mfakit/mfa"
)

// ErrNoUser is what Config.Users returns for a user that the host does not have.
var ErrNoUser = errors.New("migrate: no such user")

// An Importer takes enrollments: an [mfa.Engine].
type Importer interface {
	Import(ctx context.Context, in mfa.Import) ([]mfa.Imported, error)
}

// A Config says what is brought where. Importer, Users and Records are needed.
type Config struct {
	Importer Importer

	// Users finds a user of the host by what a record calls them. [ErrNoUser] leaves
	// the record behind; any other error ends the run. What is known of the user goes
	// into the events of what was brought (mfa.EventImported).
	Users func(ctx context.Context, id string) (mfa.User, error)

	// Records are what there is to bring; see Convert. An error in them ends the run.
	Records iter.Seq2[Record, error]

	// DryRun says what would happen, and changes nothing.
	DryRun bool

	// After goes on after this user: Report.Last of a run that was stopped, over the
	// same records in the same order. What is before is read and passed over. Runs from
	// the start do no harm: they take longer. Empty: from the start.
	After string

	// Checkpoint is called after each record that names a user, when all that came
	// of it is saved: what it was called with last is the After of a run that goes on.
	// An error ends the run. Nil: nobody is told.
	Checkpoint func(user string) error

	// Lines gets one JSON object in a line for each item, with what became of it. It
	// names users, and no secret. Nil: none.
	Lines io.Writer
}

// Run brings records to an engine. The report is of what was done, also where an error
// ended it; the error holds no secret but what the host's own functions put there.
//
// What concerns one user, down to an engine that is busy with them, is reported
// and does not end a run; doing it again tries those anew. What does end it: a context
// that is done, a store that fails, and errors of Records, Users, Checkpoint and Lines.
//
// An Importer is called once or twice for a user: recovery codes come last, and only
// where something came that they can stand in for.
func Run(ctx context.Context, c Config) (*Report, error) {
	switch {
	case c.Importer == nil:
		return nil, errors.New("migrate: Config.Importer is missing")
	case c.Users == nil:
		return nil, errors.New("migrate: Config.Users is missing")
	case c.Records == nil:
		return nil, errors.New("migrate: Config.Records is missing")
	}
	r := &run{Config: c, book: newBook(c.Lines)}
	r.book.report.Last = c.After
	err := r.all(ctx)
	if err != nil {
		err = fmt.Errorf("migrate: the run was stopped: %w", err)
	}
	return r.book.close(), err
}

type run struct {
	Config
	book *book
}

func (r *run) all(ctx context.Context) error {
	waiting := r.After != ""
	for rec, err := range r.Records {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if waiting {
			waiting = rec.User != r.After
			r.book.report.Skipped++
			continue
		}
		if err := r.one(ctx, rec); err != nil {
			return err
		}
		if rec.User == "" {
			continue
		}
		r.book.report.Last = rec.User
		if r.Checkpoint != nil {
			if err := r.Checkpoint(rec.User); err != nil {
				return err
			}
		}
	}
	if waiting {
		return errors.New("no record is of the user to go on after")
	}
	return nil
}

// one brings a record.
func (r *run) one(ctx context.Context, rec Record) error {
	r.book.report.Records++
	for _, l := range rec.Left {
		r.book.enter(rec, entry{Item: l.ID, Method: l.Method, Outcome: OutcomeLeft, Reason: string(l.Reason)})
	}
	if rec.User == "" || len(rec.Items) == 0 {
		r.leave(rec, rec.Items, ReasonNoName)
		return r.book.err
	}
	user, err := r.Users(ctx, rec.User)
	if errors.Is(err, ErrNoUser) {
		r.leave(rec, rec.Items, ReasonNoUser)
		return r.book.err
	}
	if err != nil {
		return err
	}
	var others, codes []mfa.ImportItem
	for _, item := range rec.Items {
		if item.Method == methodRecovery {
			codes = append(codes, item)
		} else {
			others = append(others, item)
		}
	}
	came, err := r.bring(ctx, rec, user, others)
	if err != nil {
		return err
	}
	if !came {
		r.leave(rec, codes, ReasonAlone)
		return r.book.err
	}
	if _, err = r.bring(ctx, rec, user, codes); err != nil {
		return err
	}
	return r.book.err
}

func (r *run) leave(rec Record, items []mfa.ImportItem, why Reason) {
	for _, item := range items {
		r.book.enter(rec, entry{Item: item.ID, Method: item.Method, Outcome: OutcomeLeft, Reason: string(why)})
	}
}

// bring hands items over, and says whether the user has one of them now.
func (r *run) bring(ctx context.Context, rec Record, user mfa.User, items []mfa.ImportItem) (came bool, err error) {
	for len(items) > 0 {
		some := items[:min(perImport, len(items))]
		items = items[len(some):]
		done, err := r.Importer.Import(ctx, mfa.Import{User: user, Source: rec.Source, Items: some, DryRun: r.DryRun})
		if err != nil {
			why := failure(err)
			if why == "" || ctx.Err() != nil {
				return came, err
			}
			for _, item := range some {
				r.book.enter(rec, entry{Item: item.ID, Method: item.Method, Outcome: OutcomeFailed, Reason: why})
			}
			continue
		}
		if len(done) != len(some) {
			return came, errors.New("the importer did not say what became of each item")
		}
		for i, d := range done {
			came = came || d.Outcome == mfa.ImportBrought || d.Outcome == mfa.ImportKnown
			r.book.enter(rec, entry{Item: some[i].ID, Method: some[i].Method, Outcome: string(d.Outcome), Reason: d.Detail, Enrollment: d.Enrollment})
		}
	}
	return came, nil
}

// failure is why one user's import failed; "": it would fail for the others too.
func failure(err error) string {
	for _, f := range []struct {
		is  error
		why string
	}{
		{mfa.ErrBadInput, "bad_input"}, {mfa.ErrBusy, "busy"}, {mfa.ErrTooLarge, "too_large"},
		{mfa.ErrSealed, "not_opened"}, {mfa.ErrNewerVersion, "newer_version"},
	} {
		if errors.Is(err, f.is) {
			return f.why
		}
	}
	return ""
}
