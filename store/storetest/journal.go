package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
)

// A journal is a value to which several writers append entries of their own.
// Unlike a number, it tells which were lost.
type journal struct {
	key                            string
	mu                             sync.Mutex
	acknowledged, refused, unknown []string
}

func (j *journal) entries(ctx context.Context, s mfa.Store) ([]string, mfa.Item, error) {
	item, err := s.Load(ctx, j.key)
	if err != nil {
		return nil, item, fmt.Errorf("load: %w", err)
	}
	return strings.Fields(string(item.Value)), item, nil
}

// add appends an entry with one Save, whose context may end before the other.
func (j *journal) add(ctx, saving context.Context, s mfa.Store) error {
	_, item, err := j.entries(ctx, s)
	if err != nil {
		return err
	}
	entry := strconv.FormatUint(uint64(newVersion()), 36)
	err = s.Save(saving, j.key, item.Version, newItem(string(item.Value)+" "+entry))
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case err == nil:
		j.acknowledged = append(j.acknowledged, entry)
	case errors.Is(err, mfa.ErrConflict):
		j.refused = append(j.refused, entry)
	default:
		j.unknown = append(j.unknown, entry)
	}
	return err
}

// audit holds what is there against what the writers were told. A client library
// that repeats a Save by itself may be refused for its own entry.
func (j *journal) audit(there []string, repeats bool) error {
	for _, entry := range j.acknowledged {
		if !slices.Contains(there, entry) {
			return fmt.Errorf("of %d entries that were acknowledged, one is not there: another Save has undone it", len(j.acknowledged))
		}
	}
	for _, entry := range j.refused {
		if !repeats && slices.Contains(there, entry) {
			return errors.New("an entry whose Save was refused is there")
		}
	}
	return nil
}
