package mfa

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa/internal/pause"
)

// Config says what an [Engine] is made of. Store, Keys and one factor are
// needed; every other zero field is the safe choice.
type Config struct {
	Store     Store      // required
	Keys      *KeyRing   // required: seals what is stored; see NewKeyRing
	Factors   []Factor   // required: at least one, each with a name of its own
	Policy    Policy     // nil: AskEnrolled
	Risk      Scorer     // nil: nothing is scored
	Observers []Observer // told of events; none is fine

	// Users looks a user up by ID, for sign-ins by passkey, in which the host does
	// not know who comes. A user who is gone, or may not sign in, is an error that
	// wraps [ErrNotFound]. What it returns besides is SignIn.MinGeneration. Nil: there
	// are no sign-ins by passkey.
	Users func(ctx context.Context, id string) (u User, minGeneration uint64, err error)

	// Support says whether support may do something to a user: an admin may not touch
	// one of a higher rank, a reset may need a second pair of eyes. It is asked
	// once for each request, before anything is read, and what it refuses is an
	// [ErrSupport] that wraps its error. Nil: support can do nothing.
	Support func(ctx context.Context, r SupportRequest) error

	// AcceptRestricted takes an engine all of whose factors are restricted (text
	// messages), which NIST SP 800-63B-4 section 3.2.9 does not want alone.
	AcceptRestricted bool

	// Deployment tells deployments that share keys or a database apart: what
	// one has sealed does not open in another. Empty: "mfa". It cannot be
	// changed once there is data.
	Deployment string

	Now    func() time.Time                                 // nil: time.Now
	Wait   func(ctx context.Context, d time.Duration) error // pauses between tries; nil: a timer
	Logger *slog.Logger                                     // faults that no caller is told of; nil: slog.Default
}

// An Engine is the multi-factor authentication of one deployment. It is safe
// for use by any number of goroutines; any number of processes may share one
// [Store] and key ring. [Engine.Close] ends it.
type Engine struct {
	store      Store
	keys       *KeyRing
	factors    []Factor
	methods    []Method // of factors, in the same order
	policy     Policy
	scorer     Scorer
	observers  []Observer
	users      func(context.Context, string) (User, uint64, error)
	support    func(context.Context, SupportRequest) error
	deployment string
	now        func() time.Time
	wait       func(context.Context, time.Duration) error
	log        *slog.Logger

	turns   *turns        // of users
	paying  *turns        // of budgets
	slow    chan struct{} // bounds slow digests
	scoring chan struct{} // bounds calls of the scorer
	meters  meters
	leases  leases

	closed    atomic.Bool
	jobs      jobs
	waiting   atomic.Int64
	observing chan struct{} // bounds calls of observers
	counting  chan struct{} // bounds flushes of counts
	inFlight  sync.Map      // notices that are being offered, each with a channel that is closed then
}

var methodName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// methodRecovery is the name of the factor whose codes the engine issues by itself.
const methodRecovery = "recovery"

// New makes an engine. It reads and writes nothing; see [Engine.Check]. Its
// errors name the field that is wrong; [ErrNoKeys].
func New(c Config) (*Engine, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("mfa: Config.Store is missing")
	case c.Keys == nil || c.Keys.aead == nil:
		return nil, fmt.Errorf("mfa: Config.Keys: %w", ErrNoKeys)
	case len(c.Factors) == 0:
		return nil, errors.New("mfa: Config.Factors is empty")
	case len(c.Deployment) > maxText || strings.ContainsRune(c.Deployment, 0):
		return nil, errors.New("mfa: Config.Deployment is too long, or has a NUL")
	}
	e := &Engine{
		store: timely{c.Store}, keys: c.Keys, factors: c.Factors, policy: c.Policy, scorer: c.Risk, observers: c.Observers, users: c.Users, support: c.Support,
		deployment: c.Deployment, now: c.Now, wait: c.Wait, log: c.Logger,
		turns:     newTurns(),
		paying:    newTurns(),
		slow:      make(chan struct{}, max(1, runtime.GOMAXPROCS(0))),
		scoring:   make(chan struct{}, maxScoring),
		observing: make(chan struct{}, 8),
		counting:  make(chan struct{}, 4),
	}
	e.meters.networks = map[string]*meter{}
	e.leases = leases{blocks: map[string]*block{}, good: map[string]int{}, out: map[string]int{}, telling: map[string]bool{}, busy: map[string]bool{}}
	if e.policy == nil {
		e.policy = askEnrolled{}
	}
	if e.deployment == "" {
		e.deployment = "mfa"
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.wait == nil {
		e.wait = pause.For
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	for i, f := range c.Factors {
		if f == nil {
			return nil, fmt.Errorf("mfa: Config.Factors[%d] is nil", i)
		}
		m := f.Method()
		if !methodName.MatchString(m.Name) {
			return nil, fmt.Errorf("mfa: Config.Factors[%d]: %q is no name for a method", i, m.Name)
		}
		if _, taken := firsts[First(m.Name)]; taken || e.factor(m.Name) >= 0 || m.Name == methodBypass {
			return nil, fmt.Errorf("mfa: Config.Factors[%d]: the name %q is taken", i, m.Name)
		}
		if m.Recovery != (m.Name == methodRecovery) {
			return nil, fmt.Errorf("mfa: Config.Factors[%d]: only the factor named %q is for recovery", i, methodRecovery)
		}
		e.methods = append(e.methods, m)
	}
	if !slices.ContainsFunc(e.methods, func(m Method) bool { return !m.Recovery }) {
		return nil, errors.New("mfa: Config.Factors has nothing but recovery codes")
	}
	if !c.AcceptRestricted && !slices.ContainsFunc(e.methods, func(m Method) bool { return !m.Recovery && !m.Restricted }) {
		return nil, errors.New("mfa: Config.Factors has nothing but restricted ones (text messages); add another, or set Config.AcceptRestricted")
	}
	// Codes from support are the engine's own, and come last.
	bypass := bypassFactor{e.keys}
	e.factors, e.methods = append(slices.Clone(e.factors), bypass), append(e.methods, bypass.Method())
	return e, nil
}

// factor is the index of the factor with this name, or -1.
func (e *Engine) factor(name string) int {
	return slices.IndexFunc(e.methods, func(m Method) bool { return m.Name == name })
}

// markerKey holds a few sealed bytes by which a wrong key ring is found out.
const markerKey = "meta/marker"

// Check opens the store's marker with the key ring, and seals it anew with the
// ring's first key; where there is none yet, it makes it. Call it at start: a
// wrong key ring or deployment is [ErrWrongKeys], a store that does not answer,
// or does not take the marker, [ErrStore].
func (e *Engine) Check(ctx context.Context) error {
	sum := sha256.Sum256([]byte(e.keys.indexOf("marker")))
	for range saveTries {
		item, err := e.store.Load(ctx, markerKey)
		switch {
		case err == nil:
			plain, err := e.unseal(sealMarker, markerKey, item.Value)
			if errors.Is(err, ErrNewerVersion) {
				return err
			}
			if err != nil || subtle.ConstantTimeCompare(plain, sum[:]) != 1 {
				return ErrWrongKeys
			}
		case !errors.Is(err, ErrNotFound):
			return storeError(ctx, "load", err)
		}
		sealed, err := e.seal(sealMarker, markerKey, sum[:])
		if err != nil {
			return err
		}
		err = e.store.Save(ctx, markerKey, item.Version, Item{Value: sealed, Version: newVersion()})
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return storeError(ctx, "save", err)
		}
		// Another process starts too: look at what it made.
		if err := e.wait(ctx, jitter(savePause, savePauseMax, 1)); err != nil {
			return err
		}
	}
	return ErrBusy
}

// Close ends the engine: no new operation begins, what is left to tell is told,
// and counts go to the store. When ctx ends first, notices stay in the outbox, and
// the counts still go.
func (e *Engine) Close(ctx context.Context) error {
	e.closed.Store(true)
	var late error
	select {
	case <-e.jobs.done():
	case <-ctx.Done():
		late = ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	defer cancel()
	return errors.Join(late, e.flushMeters(ctx))
}
