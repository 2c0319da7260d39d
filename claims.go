package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa/internal/codec"
)

// Some of what belongs to a user lies beside their value, under keys of its own:
// claims, by which a credential is one user's alone and leads to them;
// attachments, which no sign-in needs; and spent challenges. All of it is written
// before the value that refers to it, so that a value never refers to what is
// not there; what no value refers to is an orphan, and may be taken over.

// A ref names one of these keys.
type ref struct {
	prefix string // "claim/webauthn/", "bulk/"
	name   string
}

func (r ref) key() string { return r.prefix + r.name }

const bulkPrefix = "bulk/"

// refs are the keys that enrollments refer to.
func refs(list []enrollment) []ref {
	var out []ref
	for i := range list {
		r := &list[i]
		for _, c := range r.Claims {
			out = append(out, ref{claimPrefix(r.Method), c})
		}
		if r.Attached {
			out = append(out, ref{bulkPrefix, r.ID})
		}
	}
	return out
}

func claimPrefix(method string) string { return "claim/" + method + "/" }

// claimNames are the names under which a method's claims are stored: keyed
// hashes, as a credential's identifier can be too long for a key, and is nobody's business.
func (e *Engine) claimNames(method string, claims []string) ([]string, error) {
	if len(claims) > maxClaims {
		return nil, ErrTooLarge
	}
	var out []string
	for _, c := range claims {
		out = append(out, e.keys.indexOf("claim", method, c))
	}
	return out, nil
}

// claim is the stored form: whose it is, and since when.
type claim struct {
	User string `cbor:"1,keyasint"`
	At   int64  `cbor:"2,keyasint"` // Unix seconds
}

// attached is the stored form of an attachment: data, whose it is, and since when.
type attached struct {
	claim
	Data []byte `cbor:"3,keyasint"`
}

// An attachment is data that is to be saved beside the value.
type attachment struct {
	name string
	data []byte
}

// A spending is a challenge to be spent beside the value. Version stays the same
// over all tries of one request, by which it knows its own.
type spending struct {
	key     string
	version int64
	expires time.Time
}

// A leftover is a key that the value to be saved no longer refers to.
type leftover struct {
	key     string
	version int64
}

// reserve writes what the state to be saved refers to and the one that was
// loaded did not, and finds what it no longer refers to. Two users race for a
// claim by compare-and-swap.
func (e *Engine) reserve(ctx context.Context, st *state) ([]leftover, error) {
	if st.spend != nil {
		if err := e.spend(ctx, *st.spend); err != nil {
			return nil, err
		}
	}
	if st.paying != nil {
		if err := e.pay(ctx, st, st.paying); err != nil {
			return nil, err
		}
	}
	if len(st.held) == 0 && !slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.Claims != nil || r.Attached }) {
		return nil, nil
	}
	began := e.now()
	want := refs(st.enrolled)
	for _, r := range want {
		if slices.Contains(st.held, r) {
			continue
		}
		var err error
		if r.prefix == bulkPrefix {
			err = e.attach(ctx, st, r)
		} else {
			err = e.claim(ctx, st, r)
		}
		if err != nil {
			return nil, err
		}
	}
	if e.now().Sub(began) > claimHold {
		return nil, ErrBusy // it took so long that somebody may soon take the claims for orphans
	}
	var gone []leftover
	for _, r := range st.held {
		if slices.Contains(want, r) {
			continue
		}
		version, err := e.held(ctx, st.user, r)
		if err != nil {
			return nil, err
		}
		if version != 0 {
			gone = append(gone, leftover{r.key(), version})
		}
	}
	return gone, nil
}

// held is the version of a key that is this user's; 0: it is gone, or somebody
// else's by now.
func (e *Engine) held(ctx context.Context, user string, r ref) (version int64, err error) {
	if r.prefix != bulkPrefix {
		c, version, err := e.loadClaim(ctx, r)
		if errors.Is(err, ErrSealed) {
			return version, nil // it is of use to nobody, and in the way of its owner
		}
		if c.User != user {
			version = 0
		}
		return version, err
	}
	item, err := e.store.Load(ctx, r.key())
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, storeError(ctx, "load", err)
	}
	return item.Version, nil
}

// sweep deletes keys that belonged to a user who was erased.
func (e *Engine) sweep(ctx context.Context, user string, list []string) error {
	var errs []error
	for _, key := range list {
		i := strings.LastIndexByte(key, '/') + 1
		version, err := e.held(ctx, user, ref{key[:i], key[i:]})
		if err == nil && version != 0 {
			if err = e.store.Delete(ctx, key, version); err != nil {
				err = storeError(ctx, "delete", err)
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// release deletes what a saved value has ceased to refer to. The version is that
// of before the save, so that what was written since stays; what cannot be
// deleted is an orphan, and harmless.
func (e *Engine) release(ctx context.Context, gone []leftover) {
	if len(gone) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	defer cancel()
	for _, l := range gone {
		if err := e.store.Delete(ctx, l.key, l.version); err != nil && !errors.Is(err, ErrConflict) {
			e.log.Warn("mfa: a key that is no longer referred to could not be deleted", "error", err)
		}
	}
}

// claim makes a claim this user's. One that is there is somebody else's, unless
// its user's value does not refer to it and nobody can still be about to save
// one that does.
func (e *Engine) claim(ctx context.Context, st *state, r ref) error {
	for try := range saveTries {
		if try > 0 {
			if err := e.wait(ctx, jitter(savePause, savePauseMax, try)); err != nil {
				return err
			}
		}
		was, version, err := e.loadClaim(ctx, r)
		if err != nil {
			return err
		}
		if version != 0 && was.User != st.user {
			if st.now.Sub(time.Unix(was.At, 0)) < claimOrphan {
				return errTaken()
			}
			other, err := e.look(ctx, was.User)
			if err != nil {
				return err
			}
			if slices.Contains(other.held, r) {
				return errTaken()
			}
		}
		plain, err := codec.Marshal(claim{User: st.user, At: st.now.Unix()})
		if err != nil {
			return err
		}
		sealed, err := e.seal(sealClaim, r.key(), plain)
		if err != nil {
			return err
		}
		switch err := e.store.Save(ctx, r.key(), version, Item{Value: sealed, Version: newVersion()}); {
		case err == nil:
			return nil
		case errors.Is(err, ErrNotDurable):
			return fmt.Errorf("%w: %w", ErrBusy, ErrNotDurable)
		case !errors.Is(err, ErrConflict): // perhaps written: then it is this user's, and the next try finds it so
			return storeError(ctx, "save", err)
		}
	}
	return ErrBusy
}

func errTaken() error {
	return &RefusedError{Subject: SubjectAuthenticator, Reason: "already_registered", Detail: "This key is registered already."}
}

// loadClaim reads a claim; version 0: there is none.
func (e *Engine) loadClaim(ctx context.Context, r ref) (c claim, version int64, err error) {
	item, err := e.store.Load(ctx, r.key())
	if errors.Is(err, ErrNotFound) {
		return claim{}, 0, nil
	}
	if err != nil {
		return claim{}, 0, storeError(ctx, "load", err)
	}
	c, err = e.openClaim(r, item)
	return c, item.Version, err
}

func (e *Engine) openClaim(r ref, item Item) (c claim, err error) {
	plain, err := e.unseal(sealClaim, r.key(), item.Value)
	if err != nil {
		return claim{}, err
	}
	if err := codec.Unmarshal(plain, &c); err != nil {
		return claim{}, stateError(err)
	}
	return c, nil
}

// attach saves an attachment. Its name is random and this request's alone.
func (e *Engine) attach(ctx context.Context, st *state, r ref) error {
	i := slices.IndexFunc(st.attach, func(a attachment) bool { return a.name == r.name })
	if i < 0 {
		return fmt.Errorf("mfa: attachment of %q is missing", r.name)
	}
	plain, err := codec.Marshal(attached{claim{st.user, e.now().Unix()}, st.attach[i].data})
	if err != nil {
		return err
	}
	sealed, err := e.seal(sealBulk, r.key(), plain)
	if err != nil {
		return err
	}
	item, err := e.store.Load(ctx, r.key()) // of an earlier try
	if err != nil && !errors.Is(err, ErrNotFound) {
		return storeError(ctx, "load", err)
	}
	if err := e.store.Save(ctx, r.key(), item.Version, Item{Value: sealed, Version: newVersion()}); err != nil {
		return storeError(ctx, "save", err)
	}
	return nil
}

// openAttached opens an attachment.
func (e *Engine) openAttached(r ref, item Item) (a attached, err error) {
	plain, err := e.unseal(sealBulk, r.key(), item.Value)
	if err != nil {
		return attached{}, err
	}
	if err := codec.Unmarshal(plain, &a); err != nil {
		return attached{}, stateError(err)
	}
	return a, nil
}

// Attachment is what a factor keeps of an enrollment and no sign-in needs: of a
// security key, its attestation. Nil: there is none. [ErrNoEnrollment]. Two Loads.
func (e *Engine) Attachment(ctx context.Context, user, id string) ([]byte, error) {
	if err := checkUserID(user); err != nil {
		return nil, err
	}
	st, err := e.look(ctx, user)
	if err != nil {
		return nil, err
	}
	r := st.enrollment(id)
	switch {
	case r == nil || !r.own():
		return nil, ErrNoEnrollment
	case !r.Attached:
		return nil, nil
	}
	at := ref{bulkPrefix, id}
	item, err := e.store.Load(ctx, at.key())
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError(ctx, "load", err)
	}
	a, err := e.openAttached(at, item)
	if err == nil && a.User != user {
		err = fmt.Errorf("%w: the attachment is another user's", ErrSealed)
	}
	return a.Data, err
}

// spend makes the mark of a spent challenge, once: whoever comes second finds it.
func (e *Engine) spend(ctx context.Context, s spending) error {
	err := e.store.Save(ctx, s.key, 0, Item{Version: s.version, Expires: s.expires})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotDurable):
		return fmt.Errorf("%w: %w", ErrBusy, ErrNotDurable)
	case !errors.Is(err, ErrConflict):
		return storeError(ctx, "save", err) // perhaps written: the next try knows its own version
	}
	item, err := e.store.Load(ctx, s.key)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && item.Version != s.version:
		return ErrFlowExpired
	case err != nil:
		return storeError(ctx, "load", err)
	}
	return nil
}
