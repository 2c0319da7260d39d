package geo

import (
	"context"
	"errors"
	"time"
)

// Reload looks at all files, reads those that may have changed (by size and time), and
// has lookups use them from then on, all at once. Changed says whether there was
// anything new.
//
// A file that is gone, broken or too large changes nothing: what was read before stays
// in use, Status says why, and the error has an [*Error] for each, in every Reload until
// the file is well. Replace files by renaming: of a list that is being rewritten in
// place, a part may look whole.
func (i *Intel) Reload(ctx context.Context) (changed bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var errs []error
	for _, s := range i.sources {
		if ctx.Err() != nil {
			break
		}
		different, err := s.load(ctx, i)
		if err != nil && ctx.Err() != nil {
			continue // it was given up, and says nothing of the file
		}
		s.err = err
		if err != nil {
			errs = append(errs, err)
		}
		if different {
			changed = true
			i.config.Logger.InfoContext(ctx, "geo: loaded", "file", s.name(), "type", s.content.kind, "entries", s.content.entries)
		}
	}
	i.current.Store(newSnapshot(i.sources))
	return changed, errors.Join(append(errs, ctx.Err())...)
}

// Watch reloads every so often until ctx ends, and returns its error. Every 0: once a
// minute. What fails is logged when it begins to, and tried again.
func (i *Intel) Watch(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		every = defaultWatch
	}
	last := ""
	for {
		if err := i.config.Wait(ctx, every); err != nil {
			return err
		}
		_, err := i.Reload(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		said := ""
		if err != nil {
			said = err.Error()
		}
		if said != "" && said != last {
			i.config.Logger.WarnContext(ctx, "geo: not reloaded", "error", said)
		}
		last = said
	}
}
