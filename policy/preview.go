package policy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

const (
	defaultParallel = 4
	maxParallel     = 256
	defaultSample   = 20
	maxSample       = 1000
	maxTimes        = 400 // a day each for a year, and some
	progressEvery   = 1000
)

// A Foreseer tells what a user's sign-ins would meet; an [mfa.Engine] is one.
type Foreseer interface {
	Foresee(ctx context.Context, u mfa.User, c mfa.Client, p mfa.Policy, at ...time.Time) ([]mfa.Outlook, error)
}

// A PreviewConfig says what a preview is of. Engine, Policy and Users are needed.
type PreviewConfig struct {
	// Title is the heading of the report. Empty: "Policy preview".
	Title string

	// Engine knows the methods, and what users have enrolled. Its own policy plays no part.
	Engine Foreseer

	// Policy is what is tried out. Of a [Live] policy take its Current, or users may be
	// looked at under different ones.
	Policy mfa.Policy

	// Users are the host's users, as SignIn would be given them: rows of its
	// database, one after the other. An error stands for a user who could not be
	// read. It is counted, and the preview goes on for as long as the sequence does.
	// The sequence runs in the goroutine that called Preview; one that may wait for
	// long should end by itself when the context does.
	Users iter.Seq2[mfa.User, error]

	// Client is where the sign-ins come from: its App for a policy that tells apps
	// apart, its IP for one that names networks. Browsers are always unknown ones.
	Client mfa.Client

	// At are the times to look at, 400 at most, in any order; [Policy.Times] are those
	// at which something changes. Empty: now, by the computer's clock.
	At []time.Time

	// Groups says which cohorts a user belongs to: any number of names, also of what
	// the policy knows nothing of ("Oslo office"). [Policy.CohortsOf] are those of a
	// policy. Several goroutines call it at once. Nil: the report has no cohorts.
	Groups func(mfa.User) []string

	// Sample is how many of those who would be locked out are named, at each time, and
	// how many of those who could not be looked at; at most 1,000. They are picked by
	// a hash of their ID, not by their place in the sequence. 0: 20; below 0: none.
	Sample int

	// Parallel is how many users are looked at at a time, 1 to 256: each costs the
	// store a Load. 0: 4.
	Parallel int

	// Progress is told how many users are done: after every 1,000, and once when all
	// are. By one goroutine at a time; a slow one slows the preview. Nil: nobody is told.
	Progress func(done int)
}

// Preview says what a policy would mean for a host's users before it is in force:
// who would be asked, would have to enrol, or would be locked out. Risk plays no
// part: nobody can foresee a sign-in's. It changes nothing and sends nothing. It
// keeps counters and a small sample, and so takes no more memory for a million users
// than for a thousand.
//
// A user with whom something goes wrong is counted as failed, with the error in the
// sample. What stops the preview, without a report, is the end of ctx, and what
// would go wrong with every user: [mfa.ErrClosed] and [mfa.ErrWrongKeys]. Users who
// change while it runs are seen as they were when their turn came.
func Preview(ctx context.Context, c PreviewConfig) (*Report, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := &previewing{c: c, stop: stop, tally: newTally(c.At, c.Sample)}
	p.run(ctx)
	if p.panicked != "" {
		panic("policy: preview: " + p.panicked) // here, where the caller can recover it
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("policy: the preview was stopped: %w", err)
	}
	if n := p.tally.users; c.Progress != nil && (n%progressEvery != 0 || n == 0) {
		c.Progress(n)
	}
	return p.tally.report(c.Title), nil
}

// complete checks the config, and fills in what was left out.
func (c *PreviewConfig) complete() error {
	switch {
	case c.Engine == nil:
		return errors.New("policy: PreviewConfig.Engine is nil")
	case c.Policy == nil:
		return errors.New("policy: PreviewConfig.Policy is nil")
	case c.Users == nil:
		return errors.New("policy: PreviewConfig.Users is nil")
	case c.Parallel < 0 || c.Parallel > maxParallel:
		return fmt.Errorf("policy: PreviewConfig.Parallel is %d, and must be 1 to %d", c.Parallel, maxParallel)
	case c.Sample > maxSample:
		return fmt.Errorf("policy: PreviewConfig.Sample is %d, and must be at most %d", c.Sample, maxSample)
	case slices.ContainsFunc(c.At, time.Time.IsZero):
		return errors.New("policy: PreviewConfig.At has a zero time")
	}
	if c.At = inOrder(c.At); len(c.At) > maxTimes {
		return fmt.Errorf("policy: PreviewConfig.At has %d times, and may have %d", len(c.At), maxTimes)
	}
	if len(c.At) == 0 {
		c.At = []time.Time{time.Now()}
	}
	if c.Parallel == 0 {
		c.Parallel = defaultParallel
	}
	if c.Sample == 0 {
		c.Sample = defaultSample
	}
	return nil
}

// inOrder is a copy of times, each once, the earliest first.
func inOrder(times []time.Time) []time.Time {
	out := slices.Clone(times)
	slices.SortStableFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// A previewing is one preview while it runs.
type previewing struct {
	c    PreviewConfig
	stop context.CancelCauseFunc

	mu       sync.Mutex
	tally    *tally
	panicked string
}

// run looks at all users, or as many as it comes to before ctx ends.
func (p *previewing) run(ctx context.Context) {
	users := make(chan mfa.User)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer close(users) // also if the sequence panics
	for range p.c.Parallel {
		workers.Go(func() { p.work(ctx, users) })
	}
	for u, err := range p.c.Users {
		if err != nil {
			if ctx.Err() != nil || p.hopeless(err) {
				return
			}
			p.enter(u, nil, nil, err)
			continue
		}
		select {
		case users <- u:
		case <-ctx.Done():
			return
		}
	}
}

// work looks at users until there are no more. A host's predicate that panics would
// end the whole process from a goroutine that nobody guards, so the panic is
// taken to the caller.
func (p *previewing) work(ctx context.Context, users <-chan mfa.User) {
	orderly := false
	defer func() {
		if orderly {
			return
		}
		v := recover()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.panicked = fmt.Sprintf("%v\n\n%s", v, debug.Stack())
		p.stop(errors.New("panic"))
	}()
	for u := range users {
		p.look(ctx, u)
	}
	orderly = true
}

func (p *previewing) look(ctx context.Context, u mfa.User) {
	seen, err := p.c.Engine.Foresee(ctx, u, p.c.Client, p.c.Policy, p.c.At...)
	if ctx.Err() != nil || p.hopeless(err) {
		return
	}
	if err == nil {
		err = complete(seen, len(p.c.At))
	}
	var cohorts []string
	if p.c.Groups != nil {
		cohorts = p.c.Groups(u)
	}
	p.enter(u, cohorts, seen, err)
}

// complete says whether there are that many outlooks, each of a known status.
func complete(seen []mfa.Outlook, want int) error {
	if len(seen) != want {
		return fmt.Errorf("policy: %d outlooks for %d times", len(seen), want)
	}
	for _, o := range seen {
		switch o.Status {
		case mfa.StatusPassed, mfa.StatusChallenge, mfa.StatusEnroll, mfa.StatusDenied:
		default:
			return fmt.Errorf("policy: an outlook has the status %.40q", o.Status)
		}
	}
	return nil
}

// hopeless ends the preview if what went wrong with one user goes wrong with all.
func (p *previewing) hopeless(err error) bool {
	if !errors.Is(err, mfa.ErrClosed) && !errors.Is(err, mfa.ErrWrongKeys) {
		return false
	}
	p.stop(err)
	return true
}

func (p *previewing) enter(u mfa.User, cohorts []string, seen []mfa.Outlook, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.tally.fail(u, cohorts, err)
	} else {
		p.tally.count(u, cohorts, seen)
	}
	if p.c.Progress != nil && p.tally.users%progressEvery == 0 {
		p.c.Progress(p.tally.users)
	}
}

// Times are when the policy changes by itself, for [PreviewConfig].At: now, and
// after it the beginning of each phase and the end of each grace, in order. They are
// in the policy's TimeZone, if it has one. The grace that counts from when a user
// was first asked ends at a time of each user's own; here it is that of those who
// are asked as soon as the phase begins, or now.
func (p *Policy) Times(now time.Time) []time.Time {
	times := []time.Time{now}
	later := func(t time.Time) {
		if t.After(now) {
			times = append(times, t)
		}
	}
	ends := func(g Grace, from time.Time) {
		later(g.Until)
		if g.For > 0 && from.Before(now) {
			later(now.Add(g.For))
		}
		if g.For > 0 && !from.IsZero() {
			later(from.Add(g.For))
		}
	}
	ends(p.Grace, time.Time{})
	for i := range p.Phases {
		ph := &p.Phases[i]
		later(ph.From)
		r := p.Rules.overriddenBy(&ph.Rules)
		ends(r.Grace, ph.From)
	}
	if where, err := location(p.TimeZone); err == nil {
		for i := range times {
			times[i] = times[i].In(where)
		}
	}
	return inOrder(times)
}

// CohortsOf are the names of the cohorts that a user is in, for
// [PreviewConfig].Groups.
func (p *Policy) CohortsOf(u mfa.User) []string {
	var names []string
	for i := range p.Cohorts {
		if p.Cohorts[i].Has(u) {
			names = append(names, p.Cohorts[i].Name)
		}
	}
	return names
}
