package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
)

// A kit is what takes time to make, and serves many runs, one after the other.
type kit struct {
	keys  *mfa.KeyRing
	apps  *totp.Factor
	texts *sms.Factor
	mails *emailcode.Factor
	paper *recovery.Factor
	world *world // the run that it serves
}

func newKit() (*kit, error) {
	k := &kit{}
	var errs [5]error
	k.keys, errs[0] = newVault()
	k.apps, errs[1] = totp.New(totp.Config{Issuer: "Sim"})
	k.texts, errs[2] = sms.New(sms.Config{AppName: "Sim", Countries: []string{"NO"}, Sender: post{k}})
	k.mails, errs[3] = emailcode.New(emailcode.Config{AppName: "Sim", Sender: post{k}})
	k.paper, errs[4] = recovery.New(recovery.Config{})
	return k, errors.Join(errs[:]...)
}

func (k *kit) factors(r recoveryKind) []mfa.Factor {
	list := []mfa.Factor{k.apps, k.texts, k.mails, keyFactor{}, quickPaper{}}
	if r == realCodes {
		list[4] = k.paper
	}
	return list
}

// post is the carrier of all messages.
type post struct{ k *kit }

// A letter is a message that arrived.
type letter struct {
	channel, to, code string
	at                time.Time
	by                *call // that had it sent; nil: nobody's
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

func (p post) Send(ctx context.Context, m mfa.Message) (string, error) {
	w, c := p.k.world, callOf(ctx)
	if c != nil {
		if err := nap(ctx, moment(c.d)); err != nil {
			return "", err
		}
		if c.in.isDead() {
			return "", errDead
		}
	}
	w.mu.Lock()
	out := time.Now().Before(w.muteUntil) && !w.quiet
	l := &letter{channel: m.Channel, to: m.To, code: sixDigits.FindString(m.Text), at: time.Now(), by: c}
	w.mu.Unlock()
	weather := w.weather()
	switch {
	case out || c != nil && c.d.odds(weather.send) && !w.plan.muted[c.name()+" send"]:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.count("fault: send fails")
		if c != nil {
			w.faults = append(w.faults, c.name()+" send")
			c.troubles = append(c.troubles, "send fails")
		}
		return "", &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrives(l)
	return "ref", nil
}

// A logbook keeps what the engine logs, for the canary.
type logbook struct{ w *world }

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.said[text] = true
	return nil
}

// Decide implements mfa.Policy.
func (r rules) Decide(s mfa.Subject) mfa.Decision {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: r.required || s.Enrolled()}, DelayedReset: r.wait}
	if s.User.Kind == mfa.Service {
		d.Exempt = s.First == mfa.ClientCredentials
		return d
	}
	if r.adaptive && s.Known && !s.Risk.Asks() {
		d.Require = mfa.Requirement{}
	}
	if r.remember {
		d.Remember = mfa.Remember{For: rememberedFor}
	}
	if r.skips > 0 {
		d.Grace = mfa.Grace{Skip: s.Skips < r.skips, Left: r.skips - s.Skips}
	}
	if r.firstEmail {
		d.FirstEnrollment = mfa.Requirement{Methods: []string{"email"}}
	}
	if r.implicit {
		d.Implicit = []string{"email"}
	}
	return d
}

const rememberedFor = 5 * 24 * time.Hour

// supportDesk lets one desk do everything, and nobody else.
func supportDesk(_ context.Context, r mfa.SupportRequest) error {
	if r.Actor != "desk" {
		return errors.New("sim: not yours to do")
	}
	return nil
}

// users are those that may sign in by passkey.
func (w *world) users(_ context.Context, id string) (mfa.User, uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.accounts {
		if a.user.ID == id && !a.suspended {
			return a.user, 0, nil
		}
	}
	return mfa.User{}, 0, fmt.Errorf("sim: %w", mfa.ErrNotFound)
}

// A scorer learns which sign-ins there were, and is never surprised.
type scorer struct{ w *world }

// A learning says whether a sign-in may have been learned.
type learning int

const (
	unsettled learning = iota // its call is under way, or nobody knows what came of it
	mustNot                   // it was asked something, and nobody has answered that rightly
	may
)

// Score implements mfa.Scorer: how a sign-in is judged stands in its User-Agent.
func (s *scorer) Score(_ context.Context, a mfa.Attempt, history []byte) (mfa.Assessment, []byte, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for id := range strings.FieldsSeq(string(history)) {
		if s.w.learned[id] == mustNot {
			s.w.broke(learnsPassed, "sign-in %s never passed, and was learned from", id)
		}
	}
	id, level, _ := strings.Cut(strings.TrimPrefix(a.Client.UserAgent, "Sim/"), " ")
	if level == "" {
		return mfa.Assessment{}, nil, errors.New("sim: no scorer today")
	}
	return mfa.Assessment{Level: mfa.RiskLevel(level)}, []byte(id), nil
}

// Learn implements mfa.Scorer.
func (s *scorer) Learn(history, seen []byte, _ string) ([]byte, []byte, error) {
	list := append(strings.Fields(string(history)), string(seen))
	return []byte(strings.Join(list[max(0, len(list)-100):], " ")), seen, nil
}

// Unlearn implements mfa.Scorer.
func (s *scorer) Unlearn(history []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }

// Count implements mfa.Scorer.
func (s *scorer) Count(delta []byte) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.learned[string(delta)] == mustNot {
		s.w.broke(learnsPassed, "sign-in %s never passed, and was counted", delta)
	}
}
