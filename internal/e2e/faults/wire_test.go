package faults_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/totp"
)

// A line is a site behind a wire.
type line struct {
	*site
	wire *testserver.Wire
	// replicated: what is not known to be on a replica is not acknowledged, and a
	// lost answer says nothing of that. Otherwise lost answers are found out.
	replicated bool
}

var lines = map[string]func(t *testing.T, on func(mfa.Store) mfa.Store) *line{
	"PostgreSQL": func(t *testing.T, on func(mfa.Store) mfa.Store) *line {
		u, err := url.Parse(testserver.PostgresDatabase(t))
		if err != nil {
			t.Fatal(err)
		}
		w := testserver.NewWire(t, u.Host)
		u.Host = w.Addr()
		open := opener("pgx", u.String(), onPostgres)
		return &line{site: newSite(t, func(t testing.TB) mfa.Store { return on(open(t)) }), wire: w}
	},
	"MariaDB": func(t *testing.T, on func(mfa.Store) mfa.Store) *line {
		dsn := testserver.MySQLDatabase(t)
		server := regexp.MustCompile(`@tcp\((.*)\)/`)
		w := testserver.NewWire(t, server.FindStringSubmatch(dsn)[1])
		open := opener("mysql", server.ReplaceAllString(dsn, "@tcp("+w.Addr()+")/"), onMariaDB)
		return &line{site: newSite(t, func(t testing.TB) mfa.Store { return on(open(t)) }), wire: w}
	},
	"Redis": func(t *testing.T, on func(mfa.Store) mfa.Store) *line {
		master := testserver.StartRedis(t)
		master.Replica()
		l := redisLine(t, on, master.Addr(), redisstore.Options{WaitTimeout: patiently})
		l.replicated = true
		return l
	},
	"Redis without WAIT": func(t *testing.T, on func(mfa.Store) mfa.Store) *line {
		return redisLine(t, on, testserver.RedisServer(t), redisstore.Options{InsecureAsync: true, Prefix: rand.Text()})
	},
}

func redisLine(t *testing.T, on func(mfa.Store) mfa.Store, addr string, o redisstore.Options) *line {
	t.Helper()
	w := testserver.NewWire(t, addr)
	return &line{wire: w, site: newSite(t, func(t testing.TB) mfa.Store {
		t.Helper()
		return on(openRedis(t, &redis.UniversalOptions{Addrs: []string{w.Addr()}}, o))
	})}
}

// How clients repeat what they do not know of.
var clients = map[string]func(mfa.Store) mfa.Store{
	asItIs:                func(s mfa.Store) mfa.Store { return s },
	"repeating by itself": func(s mfa.Store) mfa.Store { return repeating{s} },
}

const asItIs = "as it is"

// repeating is a client library that sends a Save again where it did not hear of
// the first one, which may have happened.
type repeating struct{ mfa.Store }

func (r repeating) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := r.Store.Save(ctx, key, old, item)
	if err == nil || errors.Is(err, mfa.ErrConflict) {
		return err
	}
	return r.Store.Save(ctx, key, old, item)
}

// saves says whether a request writes a user's value: it names the key, and is as
// long as a value.
func saves(request []byte) bool {
	return len(request) > 250 && bytes.Contains(request, []byte("user/"))
}

// onEveryLine runs a test on each database, with each client.
func onEveryLine(t *testing.T, test func(t *testing.T, l *line)) {
	for database, open := range lines {
		for client, on := range clients {
			t.Run(database+", "+client, func(t *testing.T) {
				l := open(t, on)
				l.replicated = l.replicated && client == asItIs // one that repeats a Save hears of the replica the second time
				test(t, l)
			})
		}
	}
}

// The answer to one Save after the other is lost. What each request is answered
// with is true, it has happened once, and it signs in once.
func TestC02_LostAnswers(t *testing.T) {
	t.Parallel()
	onEveryLine(t, func(t *testing.T, l *line) {
		p := &caller{line: l, t: t, user: mfa.User{ID: "u", Name: "ada@example.com"}}
		p.enrolls()
		p.guesses(4)
		p.passes(totp.Name, p.phone.CodeAt(p.clock.Now().Add(p.phone.Period)))
		if p.recovery != nil {
			p.passes("recovery", p.recovery[0])
		}
		p.removes()
	})
}

// A caller makes requests whose first Save's answer is lost.
type caller struct {
	*line
	t        *testing.T
	user     mfa.User
	phone    *mfatest.Authenticator
	app      string
	recovery []string
	auth     mfa.Authentication
}

// loses makes a request, loses the answer to its Save, and says whether the request
// was answered all the same; if not, the person is told to try again.
func (p *caller) loses(what string, request func(e *mfa.Engine) error) (answered bool, err error) {
	p.t.Helper()
	before := p.wire.Lost()
	p.wire.LoseAnswer(saves)
	err = request(p.engines[0])
	if lost := p.wire.Lost() - before; lost != 1 {
		p.t.Fatalf("%s: %d answers were lost", what, lost)
	}
	answered = !errors.Is(err, mfa.ErrBusy) && !errors.Is(err, mfa.ErrStore)
	if answered == p.replicated || !answered && !errors.Is(err, mfa.ErrNotDurable) {
		p.t.Errorf("%s: %v", what, err)
	}
	return answered, err
}

var ctx = context.Background()

func (p *caller) signIn() mfa.Flow {
	p.t.Helper()
	flow, err := p.engines[1].SignIn(ctx, mfa.SignIn{User: p.user, First: mfa.Password})
	if err != nil {
		p.t.Fatal(err)
	}
	return flow
}

func (p *caller) enrolls() {
	p.t.Helper()
	var flow mfa.Flow
	answered, err := p.loses("sign-in", func(e *mfa.Engine) (err error) {
		flow, err = e.SignIn(ctx, mfa.SignIn{User: p.user, First: mfa.Password})
		return err
	})
	if !answered {
		flow = p.signIn()
	} else if err != nil {
		p.t.Fatal(err)
	}
	p.auth = flow.Authentication
	session := mfa.Caller{User: p.user, Authentication: p.auth}

	var begun mfa.Enrolling
	enroll := func(e *mfa.Engine) (err error) {
		begun, err = e.Enroll(ctx, session, mfa.Enroll{Method: totp.Name})
		return err
	}
	if answered, err = p.loses("enrolment", enroll); !answered {
		err = enroll(p.engines[0])
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if p.phone, err = mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, p.clock.Now); err != nil {
		p.t.Fatal(err)
	}
	p.app = begun.ID
	var done mfa.Activated
	activate := func(e *mfa.Engine) (err error) {
		done, err = e.Activate(ctx, session, p.app, mfa.Answer{Code: p.phone.Code()})
		return err
	}
	switch answered, err = p.loses("activation", activate); {
	case answered && (err != nil || len(done.RecoveryCodes) != allCodes):
		p.t.Errorf("activation: %v, %d recovery codes", err, len(done.RecoveryCodes))
	case !answered:
		if err := activate(p.engines[1]); !errors.Is(err, mfa.ErrNoEnrollment) {
			p.t.Errorf("a second activation: %v", err)
		}
	}
	p.recovery = done.RecoveryCodes
	if flow := p.signIn(); flow.Status != mfa.StatusChallenge {
		p.t.Errorf("with an app that is active: %s", flow.Status)
	}
}

// guesses answers with wrong codes, of which each is counted once.
func (p *caller) guesses(n int) {
	p.t.Helper()
	flow := p.signIn()
	for i := 1; i <= n; i++ {
		guess := func(e *mfa.Engine) error {
			_, err := e.Verify(ctx, flow.Token, mfa.Answer{Option: optionOf(flow, totp.Name), Code: wrongFor(p.phone, p.clock.Now())}, mfa.Client{})
			return err
		}
		answered, err := p.loses("wrong code", guess)
		if !answered {
			i++
			err = guess(p.engines[1])
		}
		var wrong *mfa.NotValidError
		if !errors.As(err, &wrong) || wrong.AttemptsLeft != failsUntilLocked-i {
			p.t.Errorf("wrong code %d: %v, %+v", i, err, wrong)
		}
	}
}

// passes signs in with a code, once.
func (p *caller) passes(method, text string) {
	p.t.Helper()
	flow := p.signIn()
	answer := func(e *mfa.Engine) (mfa.Flow, error) {
		return e.Verify(ctx, flow.Token, mfa.Answer{Option: optionOf(flow, method), Code: text}, mfa.Client{})
	}
	var got mfa.Flow
	answered, err := p.loses("right code", func(e *mfa.Engine) (err error) {
		got, err = answer(e)
		return err
	})
	switch {
	case answered && (err != nil || got.Status != mfa.StatusPassed):
		p.t.Errorf("a right code of %s: %s, %v", method, got.Status, err)
	case !answered && (got.Status != "" || got.Authentication.User != ""):
		p.t.Errorf("a code of %s that was not acknowledged: %+v", method, got)
	case answered:
		p.auth = got.Authentication
	}
	for _, e := range p.engines {
		if again, err := answer(e); !errors.Is(err, mfa.ErrFlowExpired) {
			p.t.Errorf("the same flow again: %s, %v", again.Status, err)
		}
		if again, err := e.Flow(ctx, flow.Token); !errors.Is(err, mfa.ErrFlowExpired) {
			p.t.Errorf("a look at the flow: %s, %v", again.Status, err)
		}
	}
	flow = p.signIn()
	if again, err := answer(p.engines[1]); !errors.Is(err, mfa.ErrNotValid) {
		p.t.Errorf("a code of %s, again: %s, %v", method, again.Status, err)
	}
}

func (p *caller) removes() {
	p.t.Helper()
	if p.recovery == nil { // nothing has signed in so far
		p.clock.Advance(10 * p.phone.Period)
		flow := p.signIn()
		got, err := p.engines[1].Verify(ctx, flow.Token, mfa.Answer{Option: optionOf(flow, totp.Name), Code: p.phone.Code()}, mfa.Client{})
		if err != nil {
			p.t.Fatal(err)
		}
		p.auth = got.Authentication
	}
	answered, err := p.loses("removal", func(e *mfa.Engine) error {
		_, err := e.Remove(ctx, mfa.Caller{User: p.user, Authentication: p.auth}, p.app)
		return err
	})
	if answered && err != nil {
		p.t.Errorf("removal: %v", err)
	}
	if flow := p.signIn(); flow.Status != mfa.StatusPassed {
		p.t.Errorf("without an app: %s", flow.Status)
	}
}

// Answers are lost, and connections cut, while many people live.
func TestWireCutInAStorm(t *testing.T) {
	t.Parallel()
	for database, open := range lines {
		t.Run(database, func(t *testing.T) {
			l := open(t, clients[asItIs])
			s := newStorm(l.site, "cut")
			var requests atomic.Int64
			s.before = func() {
				switch requests.Add(1) % 10 {
				case 0, 3, 6:
					l.wire.LoseAnswer(saves)
				case 9:
					l.wire.Cut()
				}
			}
			s.during(30, func() {})
			l.wire.LoseAnswer(nil)
			if l.wire.Lost() < 3 {
				t.Errorf("%d answers were lost", l.wire.Lost())
			}
			s.lost.Add(int64(l.wire.Lost())) // of which the engine may have found out all
			s.check(t)
		})
	}
}
