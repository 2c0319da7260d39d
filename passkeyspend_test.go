package mfa_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// finishing is a passkey's answer, to be given as often as one likes.
func (k *keyWorld) finishing(b *fob) func(ctx context.Context) error {
	p := k.begin(mfa.Client{})
	answer := b.sign(p.Challenge)
	return func(ctx context.Context) error {
		f, err := k.FinishPasskey(ctx, p.Token, answer, mfa.Client{})
		if err == nil && f.Status != mfa.StatusPassed {
			return errors.New("it did not pass")
		}
		if err != nil && (f.Status != "" || len(f.Authentication.Proofs) > 0) {
			k.t.Errorf("a flow beside the error %v", err)
		}
		return err
	}
}

func TestA77_A81_W01_PasskeyIsSpent(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	finish, other := k.finishing(b), k.finishing(b)
	is(t, finish(bg), nil)
	for range 3 {
		is(t, finish(bg), mfa.ErrFlowExpired)
	}
	is(t, other(bg), nil) // another tab's is another one
	// The mark outlives the token, whatever the clocks say, and no longer.
	for key, item := range dump(t, k.spy.Store) {
		if strings.HasPrefix(key, "spent/") && !item.Expires.Equal(k.clock.Now().Add(20*time.Minute)) {
			t.Errorf("%s is kept until %v", key, item.Expires)
		}
	}
	if len(k.keysOf("spent")) != 2 {
		t.Errorf("%q", k.keysOf("spent"))
	}
	// Nor does any other answer go with what is spent.
	p := k.begin(mfa.Client{})
	f, err := k.FinishPasskey(bg, p.Token, b.sign(p.Challenge), mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	_, err = k.FinishPasskey(bg, p.Token, b.sign(p.Challenge, unverified), mfa.Client{})
	is(t, err, mfa.ErrFlowExpired)
}

func TestC02_A77_OneOfManyEqualPasskeysPasses(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	theirs, _, _ := k.withKey(person("v"))
	engines := []*keyWorld{k.past(), k.past()}
	p := k.begin(mfa.Client{})
	answer := b.sign(p.Challenge)
	errs := parallel(200, func(i int) error {
		return second(engines[i%2].FinishPasskey(bg, p.Token, answer, mfa.Client{}))
	})
	if n := tallyOf(errs, nil, mfa.ErrFlowExpired); n[0] != 1 || n[1] != 199 {
		t.Errorf("%d passed, %d expired, of the others %d: %v", n[0], n[1], n[2], errs)
	}
	// Two users' answers to one challenge: one of them.
	p = k.begin(mfa.Client{})
	answers := []mfa.Answer{b.sign(p.Challenge), theirs.sign(p.Challenge)}
	errs = parallel(50, func(i int) error {
		return second(engines[i%2].FinishPasskey(bg, p.Token, answers[i/2%2], mfa.Client{}))
	})
	if n := tallyOf(errs, nil, mfa.ErrFlowExpired); n[0] != 1 || n[1] != 49 {
		t.Errorf("%d passed, %d expired: %v", n[0], n[1], errs)
	}
	// As many challenges, as many sign-ins.
	errs = parallel(8, func(i int) error { return second(engines[i%2].passkey(b2(b), mfa.Client{})) })
	if n := tallyOf(errs, nil); n[0] != 8 {
		t.Errorf("%v", errs)
	}
}

// b2 is the same key in another hand, for use in another goroutine.
func b2(b *fob) *fob {
	c := *b
	return &c
}

// Of a store that fails on the way, one sign-in comes at most.
func TestC02_PasskeysOverAStoreThatFails(t *testing.T) {
	always := func(f func(func() error) error) func(*keyWorld, string) {
		return func(k *keyWorld, what string) {
			k.spy.only(what, func(_ int, do func() error) error { return f(do) })
		}
	}
	once := func(f func(func() error) error) func(*keyWorld, string) {
		return func(k *keyWorld, what string) { k.spy.once(what, f) }
	}
	conflict := func(n int) func(*keyWorld, string) {
		return func(k *keyWorld, what string) {
			k.spy.only(what, func(i int, do func() error) error {
				if i <= n {
					return fmt.Errorf("test: %w", mfa.ErrConflict)
				}
				return do()
			})
		}
	}
	for _, tc := range []struct {
		name   string
		what   string
		tamper func(*keyWorld, string)
		want   error
		then   error // once the store is well again
	}{
		{"the mark's answer is lost", "save spent", once(lost), nil, mfa.ErrFlowExpired},
		{"the mark is not made", "save spent", once(notDone), nil, mfa.ErrFlowExpired},
		{"the mark is made twice", "save spent", once(repeated), nil, mfa.ErrFlowExpired},
		{"the mark is never made", "save spent", always(notDone), mfa.ErrStore, nil},
		{"the mark's answer is always lost", "save spent", always(lost), nil, mfa.ErrFlowExpired},
		{"the mark cannot be read back", "load spent", always(notDone), nil, mfa.ErrFlowExpired}, // it need not be
		{"the value's answer is lost", "save user", once(lost), nil, mfa.ErrFlowExpired},
		{"the value is not saved", "save user", once(notDone), nil, mfa.ErrFlowExpired},
		{"the value is saved twice", "save user", once(repeated), nil, mfa.ErrFlowExpired},
		{"the value is never saved", "save user", always(notDone), mfa.ErrStore, mfa.ErrFlowExpired},
		{"a conflict", "save user", conflict(1), nil, mfa.ErrFlowExpired},
		{"many conflicts", "save user", conflict(15), nil, mfa.ErrFlowExpired},
		{"endless conflicts", "save user", conflict(100), mfa.ErrBusy, mfa.ErrFlowExpired},
		{"the value may not outlive its server", "save user", once(notDurable), mfa.ErrBusy, mfa.ErrFlowExpired},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKeyWorld(t, silent)
			u := person("u")
			b, _, _ := k.withKey(u)
			before := k.signIn(u, mfa.Client{}) // the user's value goes on as before
			finish := k.finishing(b)
			tc.tamper(k, tc.what)
			is(t, finish(bg), tc.want)
			k.spy.reset()
			is(t, finish(bg), tc.then)
			is(t, finish(bg), mfa.ErrFlowExpired)
			is(t, k.finishing(b)(bg), nil)
			f, err := k.answer(before, b)
			k.want(f, err, mfa.StatusPassed)
		})
	}
}

// A mark that may be lost with its server stands for nothing: after that, the
// same answer would pass again. Reading it back proves no more.
func TestC02_AMarkThatMayBeLostLetsNobodyIn(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	finish := k.finishing(b)
	k.spy.once("save spent", notDurable)
	is(t, finish(bg), mfa.ErrBusy)
	k.spy.reset()
	is(t, finish(bg), mfa.ErrFlowExpired)
}

// Who is gone is not let in; what they gave is spent once that is written.
func TestC02_WhoGoesAwayDuringAPasskey(t *testing.T) {
	for _, tc := range []struct {
		what  string
		after bool // the call was made
		then  error
	}{
		{"load claim", false, nil}, {"load user", false, nil}, {"save spent", false, nil},
		{"save spent", true, mfa.ErrFlowExpired}, {"save user", false, mfa.ErrFlowExpired}, {"save user", true, mfa.ErrFlowExpired},
	} {
		t.Run(fmt.Sprint(tc.what, tc.after), func(t *testing.T) {
			k := newKeyWorld(t, silent)
			b, _, _ := k.withKey(person("u"))
			finish := k.finishing(b)
			ctx, cancel := context.WithCancel(bg)
			k.spy.once(tc.what, func(do func() error) error {
				if tc.after {
					if err := do(); err != nil {
						return err
					}
				}
				cancel()
				return ctx.Err()
			})
			is(t, finish(ctx), context.Canceled)
			k.spy.reset()
			is(t, finish(bg), tc.then)
			is(t, finish(bg), mfa.ErrFlowExpired)
		})
	}
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := k.BeginPasskey(ctx, mfa.Client{}); err != nil {
		t.Errorf("there is nothing to wait for: %v", err)
	}
	finish := k.finishing(b)
	k.spy.on(func(_, _ string, _ int, do func() error) error { return errors.Join(ctx.Err(), do()) })
	is(t, finish(ctx), context.Canceled)
}

func TestW01_PasskeyExpires(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	for _, tc := range []struct{ lifetime, after time.Duration }{{0, 10 * time.Minute}, {time.Minute, time.Minute}, {time.Hour, 10 * time.Minute}} {
		k.pass.lifetime = tc.lifetime
		if p := k.begin(mfa.Client{}); !p.Expires.Equal(k.clock.Now().Add(tc.after)) {
			t.Errorf("expires %v", p.Expires)
		}
		finish, late := k.finishing(b), k.finishing(b)
		k.clock.Advance(tc.after - time.Second)
		is(t, finish(bg), nil)
		k.clock.Advance(time.Second)
		is(t, finish(bg), mfa.ErrFlowExpired)
		is(t, late(bg), mfa.ErrFlowExpired)
		k.spy.reset()
		is(t, late(bg), mfa.ErrFlowExpired)
		if calls := k.spy.calls(); calls != "" {
			t.Errorf("an expired token: %s", calls)
		}
	}
}

func TestPasskeyTokens(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	p := k.begin(onApp("shop"))
	answer := b.sign(p.Challenge)
	finish := func(token string, c mfa.Client) error { return second(k.FinishPasskey(bg, token, answer, c)) }
	elsewhere := k.twin(silent, func(c *mfa.Config) { c.Deployment = "elsewhere" })
	is(t, second(elsewhere.FinishPasskey(bg, p.Token, answer, onApp("shop"))), mfa.ErrNoFlow)
	is(t, finish(elsewhere.begin(onApp("shop")).Token, onApp("shop")), mfa.ErrNoFlow)
	for _, app := range []string{"", "Shop", "shop ", "bank"} {
		is(t, finish(p.Token, onApp(app)), mfa.ErrNoFlow)
	}
	is(t, finish(k.begin(mfa.Client{}).Token, onApp("shop")), mfa.ErrNoFlow)
	raw, err := base64.RawURLEncoding.DecodeString(p.Token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		edited := slices.Clone(raw)
		edited[i] ^= 1
		is(t, finish(base64.RawURLEncoding.EncodeToString(edited), onApp("shop")), mfa.ErrNoFlow)
		is(t, finish(base64.RawURLEncoding.EncodeToString(raw[:i]), onApp("shop")), mfa.ErrNoFlow)
	}
	flow := k.signIn(u, onApp("shop"))
	for _, token := range []string{"", ".", "...", "x", flow.Token, p.Token + "=", p.Token + "A", " " + p.Token, strings.Repeat("A", 3000), strings.Repeat("A", 1<<20)} {
		is(t, finish(token, onApp("shop")), mfa.ErrNoFlow)
	}
	// Nor is it a flow's token.
	is(t, second(k.Flow(bg, p.Token)), mfa.ErrNoFlow)
	is(t, second(k.Verify(bg, p.Token, answer, onApp("shop"))), mfa.ErrNoFlow)
	is(t, second(k.Enroll(bg, mfa.Caller{FlowToken: p.Token}, mfa.Enroll{Method: "pass"})), mfa.ErrNoFlow)
	is(t, finish(p.Token, onApp("shop")), nil)
}

// one browser, several tabs, each of which began a sign-in.
func TestA81_PasskeysOfSeveralTabs(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	finish := func(answer mfa.Answer, tokens ...string) error {
		return second(k.FinishPasskey(bg, strings.Join(tokens, "."), answer, mfa.Client{}))
	}
	old := k.begin(mfa.Client{})
	k.clock.Advance(10 * time.Minute)
	p, q, r := k.begin(mfa.Client{}), k.begin(mfa.Client{}), k.begin(mfa.Client{})
	toP, toQ, toR, toOld := b.sign(p.Challenge), b.sign(q.Challenge), b.sign(r.Challenge), b.sign(old.Challenge)
	is(t, finish(toR, p.Token, q.Token, "x", r.Token), mfa.ErrNotValid) // it looks at three
	is(t, finish(toR, "x", "y", "z", r.Token), mfa.ErrNoFlow)
	is(t, finish(toR, strings.Repeat("A", 3000), strings.Repeat("B", 3200), r.Token), mfa.ErrNoFlow)
	is(t, finish(toR, p.Token, q.Token), mfa.ErrNotValid)
	is(t, finish(toR), mfa.ErrNoFlow)
	is(t, finish(toOld, old.Token), mfa.ErrFlowExpired)
	is(t, finish(toOld, old.Token, "x"), mfa.ErrFlowExpired)
	is(t, finish(toOld, "x", old.Token), mfa.ErrFlowExpired)
	is(t, finish(toOld, old.Token, p.Token), mfa.ErrNotValid)
	is(t, finish(mfa.Answer{Credential: []byte("{")}, p.Token, q.Token), mfa.ErrBadInput)
	is(t, finish(toQ, p.Token, q.Token, r.Token), nil)
	is(t, finish(toQ, p.Token, q.Token, r.Token), mfa.ErrFlowExpired)
	is(t, finish(toR, "", "x", r.Token), nil)
	is(t, finish(toP, old.Token, q.Token, p.Token), nil) // what the others were spent for is not its
	for _, a := range []mfa.Answer{toP, toQ, toR} {
		is(t, finish(a, p.Token, q.Token, r.Token), mfa.ErrFlowExpired)
	}
}

func TestPasskeyChallengesAreShort(t *testing.T) {
	k := newKeyWorld(t, silent)
	if p := k.begin(mfa.Client{App: strings.Repeat("a", 1000)}); len(p.Token) > 1024 {
		t.Errorf("a token of %d bytes", len(p.Token))
	}
	x := k.world.twin(func(c *mfa.Config) {
		c.Factors, c.Users = append(c.Factors, longFactor{k.pass}), k.users.find
	})
	is(t, second(x.BeginPasskey(bg, mfa.Client{})), mfa.ErrTooLarge)
}

// longFactor asks more than a token holds.
type longFactor struct{ *passFactor }

func (longFactor) Discover(context.Context, mfa.DiscoverRequest) (mfa.Step, error) {
	return mfa.Step{Pending: make([]byte, 4096)}, nil
}
