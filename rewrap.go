package mfa

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Rewrap seals what a store holds under key with the ring's newest key, and says
// whether it wrote: not where that is so already, nor where nothing is sealed. The
// item is as a [Scanner] has shown it; what others write meanwhile is kept.
// It takes every key of the engine's, and those of packages that keep sealed
// values beside it, such as risk ([KeyRing.Seal]). It is for walks over a store, after [KeyRing.Rotate] and
// before [KeyRing.Retire]: package ops has one.
//
// An AEAD of the host's own cannot be asked which key has sealed something, so
// that everything is written anew; unless it has a method
// Current(ciphertext []byte) bool, which says so.
//
// [ErrSealed] (no key of the ring opens it), [ErrNewerVersion], [ErrBusy],
// [ErrStore]. A key that is gone meanwhile is no error.
func (e *Engine) Rewrap(ctx context.Context, key string, item Item) (done bool, err error) {
	switch prefix, name, _ := strings.Cut(key, "/"); {
	case key == markerKey:
		return e.reseal(ctx, key, item, e.plainly(sealMarker, key))
	case prefix == "user":
		user, err := url.PathUnescape(name)
		if err != nil || userKey(user) != key || checkUserID(user) != nil {
			return false, fmt.Errorf("%w: the key is no user's", ErrSealed)
		}
		return e.rewrapUser(ctx, user, item)
	case prefix == "claim":
		return e.reseal(ctx, key, item, e.plainly(sealClaim, key))
	case prefix == "limit":
		return e.reseal(ctx, key, item, e.plainly(sealBudget, key), e.plainly(sealMeter, key))
	case prefix == "bulk":
		return e.reseal(ctx, key, item, e.plainly(sealBulk, key))
	case prefix == "spent": // holds nothing
		return false, nil
	default:
		return e.reseal(ctx, key, item, e.besides(e.deployment, prefix, key), e.besides("", prefix, key))
	}
}

// An envelope is a way in which values are sealed.
type envelope struct {
	open, seal func([]byte) ([]byte, error)
}

func (e *Engine) plainly(purpose, name string) envelope {
	return envelope{
		open: func(sealed []byte) ([]byte, error) { return e.unseal(purpose, name, sealed) },
		seal: func(plain []byte) ([]byte, error) { return e.seal(purpose, name, plain) },
	}
}

// besides is how packages that keep values beside the engine's seal them.
func (e *Engine) besides(parts ...string) envelope {
	return envelope{
		open: func(sealed []byte) ([]byte, error) { return e.keys.Open(sealed, parts...) },
		seal: func(plain []byte) ([]byte, error) { return e.keys.Seal(plain, parts...) },
	}
}

// current says whether the ring's newest key has sealed a value.
func (k *KeyRing) current(sealed []byte) bool {
	aead, ok := k.aead.(interface{ Current(ciphertext []byte) bool })
	return ok && len(sealed) > 0 && sealed[0] == sealFormat && aead.Current(sealed[1:])
}

// reseal opens an item by the first of the envelopes that it is in, and seals it anew.
func (e *Engine) reseal(ctx context.Context, key string, item Item, tries ...envelope) (done bool, err error) {
	for try := range saveTries {
		if e.keys.current(item.Value) {
			return false, nil
		}
		sealed, err := resealed(item.Value, tries)
		if err != nil {
			return false, err
		}
		err = e.store.Save(ctx, key, item.Version, Item{Value: sealed, Version: newVersion(), Expires: item.Expires})
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, ErrConflict) {
			return false, storeError(ctx, "save", err)
		}
		if err := e.wait(ctx, jitter(savePause, savePauseMax, try+1)); err != nil {
			return false, err
		}
		switch item, err = e.store.Load(ctx, key); {
		case errors.Is(err, ErrNotFound):
			return false, nil
		case err != nil:
			return false, storeError(ctx, "load", err)
		}
	}
	return false, ErrBusy
}

func resealed(sealed []byte, tries []envelope) ([]byte, error) {
	err := error(ErrSealed)
	for _, t := range tries {
		var plain []byte
		if plain, err = t.open(sealed); err == nil {
			return t.seal(plain)
		}
	}
	return nil, err
}

// rewrapUser does so with a user's value.
func (e *Engine) rewrapUser(ctx context.Context, user string, item Item) (done bool, err error) {
	plain, err := e.unseal(sealUser, userKey(user), item.Value)
	if err != nil {
		return false, err
	}
	st, err := decodeState(user, item.Version, plain, e.now())
	if err == nil {
		err = st.openAll()
	}
	if err != nil || e.keys.current(item.Value) {
		return false, err
	}
	// By the way of all changes: its version is in the value.
	_, err = commit(ctx, e, user, func(st *state) (struct{}, error) {
		if st.version != 0 {
			st.touch(secHead)
		}
		return struct{}{}, nil
	})
	return err == nil, err
}

// Orphan says whether a claim or an attachment belongs to nobody: no user's value refers
// to it, and nobody can still be about to save one that does. A process that died
// between the two leaves such an item. It does no harm, and a walk such as ops.Sweep may
// delete it. Of other keys it says no. Errors as of [Engine.Rewrap].
func (e *Engine) Orphan(ctx context.Context, key string, item Item) (bool, error) {
	i := strings.LastIndexByte(key, '/') + 1
	r := ref{key[:i], key[i:]}
	var c claim
	var err error
	switch {
	case r.prefix == bulkPrefix:
		var a attached
		a, err = e.openAttached(r, item)
		c = a.claim
	case strings.HasPrefix(key, "claim/"):
		c, err = e.openClaim(r, item)
	default:
		return false, nil
	}
	if err != nil || e.now().Sub(time.Unix(c.At, 0)) < claimOrphan {
		return false, err
	}
	owner, err := e.look(ctx, c.User)
	if err != nil {
		return false, err
	}
	return !slices.Contains(owner.held, r), nil
}
