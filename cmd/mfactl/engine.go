package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// engineFlags say what the service's engine is made of, as far as it matters here.
type engineFlags struct{ keys, deployment, methods, rp, countries string }

func (e *engineFlags) add(c *call) {
	c.set.StringVar(&e.keys, "keys", c.getenv("MFA_KEYS"), "`file` with the key ring; default: the one that MFA_KEYS names")
	c.set.StringVar(&e.deployment, "deployment", "", "`name` in the service's mfa.Config.Deployment, if it has one")
	e.addMethods(c)
}

// usualMethods are those of the module.
const usualMethods = "webauthn,totp,sms,email,recovery"

func (e *engineFlags) addMethods(c *call) {
	c.set.StringVar(&e.methods, "methods", usualMethods, "the service's `methods`, with commas; one that is not of this module counts as something the user has")
}

// addReach adds what only a preview has to know.
func (e *engineFlags) addReach(c *call) {
	c.set.StringVar(&e.rp, "rp", "", "the `domain` that keys are registered for (webauthn's RP.ID); needed where there is webauthn")
	c.set.StringVar(&e.countries, "countries", "", "the `countries` that text messages go to, as ISO 3166-1 with commas; needed where there is sms")
}

// names are the methods by name.
func (e *engineFlags) names() []string {
	var out []string
	for name := range strings.SplitSeq(e.methods, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// factors are the service's, as far as reports and previews ask them: none of them sends
// anything.
func (e *engineFlags) factors() ([]mfa.Factor, error) {
	var out []mfa.Factor
	for _, name := range e.names() {
		f, err := e.factor(name)
		if err != nil {
			return nil, usagef("-methods: %w", err)
		}
		out = append(out, f)
	}
	return out, nil
}

func (e *engineFlags) factor(name string) (mfa.Factor, error) {
	switch name {
	case totp.Name:
		return totp.New(totp.Config{Issuer: "mfactl"})
	case recovery.Name:
		return recovery.New(recovery.Config{})
	case emailcode.Name:
		return emailcode.New(emailcode.Config{AppName: "mfactl", Sender: nowhere{}})
	case sms.Name:
		countries := []string{"US"}
		if e.countries != "" {
			countries = strings.Split(strings.ToUpper(e.countries), ",")
		}
		return sms.New(sms.Config{AppName: "mfactl", Sender: nowhere{}, Countries: countries, AcceptUnknown: true})
	case webauthn.Name:
		rp := e.rp
		if rp == "" {
			rp = "mfactl.invalid"
		}
		return webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: rp, Origins: []string{"https://" + rp}}})
	}
	return named(name), nil
}

// named is a factor of the service's own, of which no more is known than its name.
type named string

func (n named) Method() mfa.Method {
	return mfa.Method{Name: string(n), Label: string(n), Kind: mfa.Have}
}
func (named) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) { return mfa.Step{}, nil }
func (named) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, mfa.ErrMethodNotAllowed
}
func (named) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, mfa.ErrMethodNotAllowed
}

// nowhere sends nothing.
type nowhere struct{}

func (nowhere) Send(context.Context, mfa.Message) (string, error) {
	return "", &mfa.SendError{Reason: mfa.SendRefused}
}

// A site is the service's store and keys, with an engine of our own.
type site struct {
	*opened
	ring    *mfa.KeyRing
	factors []mfa.Factor
	engine  *mfa.Engine
}

// How a site is used.
type use int

const (
	reading use = iota // nothing is written, whatever goes wrong
	writing
)

// site opens the store and the keys, and finds out whether they belong together before
// anything is done.
func (c *call) site(ctx context.Context, how use, change func(*mfa.Config)) (s *site, err error) {
	ring, err := c.readRing(c.engine.keys)
	if err != nil {
		return nil, err
	}
	factors, err := c.engine.factors()
	if err != nil {
		return nil, err
	}
	at, err := c.open(ctx, c.store)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, at.close())
		}
	}()
	s = &site{opened: at, ring: ring, factors: factors}
	if how == reading {
		s.store = refusing{at.store}
	}
	if err := c.check(ctx, s); err != nil {
		return nil, err
	}
	config := mfa.Config{Store: s.store, Keys: ring, Factors: factors, Deployment: c.engine.deployment, AcceptRestricted: true,
		Now: c.now, Logger: slog.New(slog.DiscardHandler)}
	if config.Risk, err = risk.New(risk.Config{Keys: ring, Deployment: c.engine.deployment, Now: c.now}); err != nil { // to say what it has learned
		return nil, err
	}
	if change != nil {
		change(&config)
	}
	if s.engine, err = mfa.New(config); err != nil {
		return nil, usageError{err}
	}
	return s, nil
}

// closing is how long what is left to tell may take.
const closing = 30 * time.Second

// end closes all of it, also after Ctrl-C.
func (s *site) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	return errors.Join(s.engine.Close(ctx), s.close())
}

// check finds out whether the ring opens what is in the store. The engine's own Check would
// seal its marker with the newest key, which processes that have not got it yet could
// not open when they start; so it is asked over a store that keeps nothing.
func (c *call) check(ctx context.Context, s *site) error {
	probe, err := mfa.New(mfa.Config{Store: forgetting{s.store}, Keys: s.ring, Factors: []mfa.Factor{named("probe")}, Deployment: c.engine.deployment,
		Now: c.now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return usageError{err}
	}
	if _, err = s.store.Load(ctx, "meta/marker"); err == nil {
		err = probe.Check(ctx)
	} else if errors.Is(err, mfa.ErrNotFound) { // a service need not make one
		err = c.checkFirst(ctx, s, probe)
	}
	switch {
	case errors.Is(err, mfa.ErrWrongKeys), errors.Is(err, mfa.ErrSealed):
		return fmt.Errorf("the key ring %s is not the one of %s, or -deployment is not the service's: %w", c.engine.keys, s.name, err)
	case err != nil:
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// checkFirst finds it out by the first user that there is.
func (c *call) checkFirst(ctx context.Context, s *site, probe *mfa.Engine) error {
	errFirst := errors.New("there is one")
	var tried error
	err := s.store.Scan(ctx, "user/", "", func(key string, item mfa.Item) error {
		_, tried = probe.Rewrap(ctx, key, item)
		return errFirst
	})
	switch {
	case err == nil:
		c.warn("there is nobody in %s", s.name)
		return nil
	case errors.Is(err, errFirst):
		return tried
	}
	return err
}

// refusing is a store that nothing is written to.
type refusing struct{ walked }

var errRefusing = errors.New("mfactl does not write here")

func (refusing) Save(context.Context, string, int64, mfa.Item) error { return errRefusing }
func (refusing) Delete(context.Context, string, int64) error         { return errRefusing }

// forgetting is a store that says that it has written, and has not.
type forgetting struct{ walked }

func (forgetting) Save(context.Context, string, int64, mfa.Item) error { return nil }
func (forgetting) Delete(context.Context, string, int64) error         { return nil }
