package load

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// period is the step of the codes, in seconds.
const period = 30

// A person is an account with an authenticator app.
type person struct {
	secret []byte
	spent  int64 // the last step whose code was given
}

// A crowd is everybody who signs in. A person belongs to one client, and signs in
// when their turn comes round again.
type crowd struct {
	site    site
	options Options
	people  []person
	http    *browser

	// turn is held for reading while a code is on its way, and for writing while
	// the clock moves on: else a code could be too old when it arrives.
	turn sync.RWMutex
}

func newCrowd(s site, o Options) *crowd {
	return &crowd{site: s, options: o, people: make([]person, o.Users), http: newBrowser(s.base(), o.Clients)}
}

func (c *crowd) what() string {
	if c.options.Target != "" {
		return "that of " + c.options.Target
	}
	return scheme(c.options.Store)
}

// each lets every client go through its people until all have come, one has
// failed, or ctx ends.
func (c *crowd) each(ctx context.Context, do func(ctx context.Context, n int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for client := range c.options.Clients {
		all.Go(func() {
			for n := client; n < len(c.people) && ctx.Err() == nil; n += c.options.Clients {
				if err := do(ctx, n); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// prepare enrolls everybody.
func (c *crowd) prepare(ctx context.Context) error {
	var made atomic.Int64
	line := follow(c.options.Progress, func(time.Duration) string {
		return fmt.Sprintf("%d of %d users are enrolled", made.Load(), len(c.people))
	})
	defer line.end()
	return c.each(ctx, func(ctx context.Context, n int) error {
		secret, err := c.site.enroll(ctx, n)
		if err != nil {
			return fmt.Errorf("load: enroll user %d: %w", n, err)
		}
		c.people[n] = person{secret: secret, spent: step(c.site.now())}
		made.Add(1)
		return nil
	})
}

// await returns when a person has a code that was not given yet.
func (c *crowd) await(ctx context.Context, n int) error {
	for {
		c.turn.RLock()
		ready := step(c.site.now()) > c.people[n].spent
		c.turn.RUnlock()
		if ready {
			return nil
		}
		if err := c.moveOn(ctx, n); err != nil {
			return err
		}
	}
}

func (c *crowd) moveOn(ctx context.Context, n int) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if err := ctx.Err(); err != nil || step(c.site.now()) > c.people[n].spent { // another client has
		return err
	}
	return c.site.moveOn(ctx)
}

// A signingIn is a person whose password was right.
type signingIn struct {
	n       int
	option  string
	cookies cookies
}

var errNoOption = errors.New("no authenticator app to answer with")

// login gives a person's password, and so begins a flow.
func (c *crowd) login(ctx context.Context, n int) (*signingIn, error) {
	s := &signingIn{n: n, cookies: cookies{}}
	var f flow
	if err := c.http.post(ctx, "/login", c.site.account(n), s.cookies, &f); err != nil {
		return nil, err
	}
	s.option = f.option("totp")
	if s.option == "" {
		return nil, errNoOption
	}
	return s, nil
}

var errNotIn = errors.New("a right code, and not signed in")

// verify gives the code, which ends the flow.
func (c *crowd) verify(ctx context.Context, s *signingIn) error {
	c.turn.RLock()
	defer c.turn.RUnlock()
	p := &c.people[s.n]
	p.spent = step(c.site.now())
	var f flow
	err := c.http.post(ctx, "/mfa/flow/verify", map[string]string{"option": s.option, "code": code(p.secret, p.spent)}, s.cookies, &f)
	if err == nil && f.Status != "passed" {
		err = errNotIn
	}
	return err
}

func step(t time.Time) int64 { return t.Unix() / period }

// code is what the app shows in a step (RFC 6238, RFC 4226 section 5.3).
func code(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}
