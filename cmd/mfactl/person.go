package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/pause"
	"github.com/mfakit/mfa/ops"
)

// personFlags name somebody, and what is done to them.
type personFlags struct {
	ids                        []string
	name, email, actor, reason string
	confirm                    string
	untold                     bool
}

func (p *personFlags) one() (string, error) {
	if len(p.ids) != 1 || p.ids[0] == "" {
		return "", errors.New("-user has to name one user")
	}
	return p.ids[0], nil
}

func (p *personFlags) add(c *call) {
	c.set.Func("user", "`identifier` of the user, as the service has it", func(id string) error {
		p.ids = append(p.ids, id)
		return nil
	})
}

func (p *personFlags) addConfirm(c *call) {
	c.set.StringVar(&p.confirm, "confirm", "", "the `code` that the same command has printed without this")
}

var exportUser = &command{
	name: "export", about: "write what is kept of a person, for them to have",
	more: "As JSON, without secrets (General Data Protection Regulation, articles 15 and 20). What the\nservice itself has of them, and its audit trail, are not in it.",
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		c.person.add(c)
		c.set.StringVar(&c.out, "out", "", "new `file` for it, which only its owner can read; default: standard output")
	},
	run: func(ctx context.Context, c *call) (err error) {
		user, err := c.person.one()
		if err != nil {
			return usagef("export: %w", err)
		}
		s, err := c.site(ctx, reading, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		if _, err := s.overview(ctx, user); err != nil {
			return err
		}
		if c.out == "" {
			return ops.Export(ctx, s.engine, user, c.program.out)
		}
		var text bytes.Buffer
		if err := ops.Export(ctx, s.engine, user, &text); err != nil {
			return err
		}
		return writeNew(c.out, text.Bytes())
	},
}

// overview is how an account stands. One of which there is nothing is an error: it is a slip
// of the pen more often than not.
func (s *site) overview(ctx context.Context, user string) (mfa.Overview, error) {
	v, err := s.engine.Overview(ctx, user)
	if err == nil && v.Generation == 0 && len(v.Enrollments) == 0 && v.LastActivity.IsZero() && !v.Erased {
		err = fmt.Errorf("there is nothing of a user %q in %s", user, s.name)
	}
	return v, err
}

var eraseUser = &command{
	name: "erase", about: "remove all that is kept of people",
	more: `In two steps: without -confirm it shows whom it would be done to, and prints a code. End the
people's sessions first. What stays of each is a tombstone without personal data (General
Data Protection Regulation, article 17). They are in backups until those end.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		c.person.add(c)
		c.person.addConfirm(c)
		asJSON(c)
	},
	run: func(ctx context.Context, c *call) (err error) {
		if len(c.person.ids) == 0 {
			return usagef("erase: -user has to name somebody; it may come more than once")
		}
		s, err := c.site(ctx, writing, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		parts := []string{"erase"}
		var people []mfa.Overview
		for _, id := range c.person.ids {
			v, err := s.overview(ctx, id)
			if err != nil {
				return err
			}
			people = append(people, v)
			parts = append(parts, id, strconv.FormatUint(v.Generation, 10))
		}
		if c.person.confirm == "" {
			return c.tellFirst(confirmation(s.ring, c.now(), parts...), people)
		}
		if !confirmed(c.person.confirm, s.ring, c.now(), parts...) {
			return errConfirm
		}
		stats, err := ops.Erase(ctx, s.engine, slices.Values(c.person.ids), ops.Options{})
		for _, f := range stats.Failures {
			c.warn("%s: %v", f.User, f.Err)
		}
		told := c.print(map[string]any{"erased": stats.Users - stats.Failed, "failed": stats.Failed}, func(w *screen) {
			w.say("%d erased, %d failed\n", stats.Users-stats.Failed, stats.Failed)
		})
		switch {
		case err != nil:
			return errors.Join(fmt.Errorf("%w; give them all again", err), told)
		case stats.Failed > 0:
			return errors.Join(errors.New("some could not be erased; give these again"), told)
		}
		return told
	},
}

var errConfirm = errors.New("-confirm is not the code of this account as it is now, or ten minutes are over: run it without, and look again")

var resetUser = &command{
	name: "reset", about: "end all that a person has enrolled, on behalf of support",
	more: `In two steps: without -confirm it shows what the person has, and prints a code. Check who
you are talking to before. All evidence from before is void, so that their sessions have to
end. The service tells them by mail: at their next sign-in at the latest, or when it walks
by ops.Redeliver. The store does not know their address: -email is where that mail goes.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		p := &c.person
		p.add(c)
		p.addConfirm(c)
		asJSON(c)
		c.set.StringVar(&p.actor, "actor", "", "`who` of support does it, for the audit trail")
		c.set.StringVar(&p.reason, "reason", "", "`why`, for the audit trail; at most 256 bytes, and no number or address")
		c.set.StringVar(&p.email, "email", "", "the person's `address`, as the service has it")
		c.set.StringVar(&p.name, "name", "", "the account's `name`, as the mail says it; default: the address")
		c.set.BoolVar(&p.untold, "untold", false, "there is no address, and the person is told in another way")
	},
	run: func(ctx context.Context, c *call) (err error) {
		p := &c.person
		user, err := p.one()
		switch {
		case err != nil:
			return usagef("reset: %w", err)
		case p.actor == "" || p.reason == "":
			return usagef("reset: -actor has to say who does it, and -reason why")
		case p.email == "" && !p.untold:
			return usagef("reset: -email has to say where the person is told, or -untold that they are not")
		}
		s, err := c.site(ctx, writing, leaveNotices)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		v, err := s.overview(ctx, user)
		if err != nil {
			return err
		}
		parts := []string{"reset", user, p.actor, p.reason, p.email, strconv.FormatUint(v.Generation, 10)}
		if p.confirm == "" {
			return c.tellFirst(confirmation(s.ring, c.now(), parts...), []mfa.Overview{v})
		}
		if !confirmed(p.confirm, s.ring, c.now(), parts...) {
			return errConfirm
		}
		name := p.name
		if name == "" {
			name = p.email
		}
		err = s.engine.Reset(ctx, mfa.Reset{User: mfa.User{ID: user, Name: name, Email: p.email}, Actor: p.actor, Reason: p.reason, Client: mfa.Client{App: "mfactl"}})
		if err != nil {
			return err
		}
		return c.print(map[string]any{"user": user, "reset": true, "ended": len(v.Enrollments)}, func(w *screen) {
			w.say("%s is reset: %d enrollments have ended. End their sessions. The notice waits for the service to tell it.\n", clean(user), len(v.Enrollments))
		})
	},
}

// leaveNotices makes an engine leave its notices in the outbox: the service's own observers
// are to take them, its audit trail among them, and none of them is here.
func leaveNotices(c *mfa.Config) {
	c.Support = func(context.Context, mfa.SupportRequest) error { return nil } // who has the ring may
	c.Observers = []mfa.Observer{leaving{}}
	c.Wait = offerOnce
}

// offerOnce is an engine's Wait under which a notice that is not taken is left to the next
// time: whoever runs a command is waiting for it.
func offerOnce(ctx context.Context, d time.Duration) error {
	if d >= time.Second { // the pause before a notice is offered again
		return errLeft
	}
	return pause.For(ctx, d)
}

var errLeft = errors.New("left for later")

// leaving takes nothing.
type leaving struct{}

func (leaving) Observe(context.Context, mfa.Event) error { return errLeft }

// tellFirst is the first step: whom it would be done to, and the code.
func (c *call) tellFirst(code string, people []mfa.Overview) error {
	type enrollment struct {
		Method   string    `json:"method"`
		Label    string    `json:"label"`
		Hint     string    `json:"hint,omitempty"`
		Created  time.Time `json:"created_at"`
		LastUsed time.Time `json:"last_used_at,omitzero"`
		Disabled bool      `json:"disabled"`
	}
	type person struct {
		User         string       `json:"user"`
		Enrollments  []enrollment `json:"enrollments"`
		Devices      int          `json:"devices"`
		LastActivity time.Time    `json:"last_activity_at,omitzero"`
		Erased       bool         `json:"erased"`
	}
	var list []person
	for _, v := range people {
		p := person{User: v.User, Enrollments: []enrollment{}, Devices: v.Devices, LastActivity: v.LastActivity, Erased: v.Erased}
		for _, e := range v.Enrollments {
			p.Enrollments = append(p.Enrollments, enrollment{e.Method, e.Label, e.Hint, e.CreatedAt, e.LastUsed, e.Disabled})
		}
		list = append(list, p)
	}
	return c.print(map[string]any{"confirm": code, "people": list}, func(w *screen) {
		for _, p := range list {
			w.say("user %s, last seen %s, %d known browsers\n", clean(p.User), day(p.LastActivity), p.Devices)
			t := newTable(w)
			for _, e := range p.Enrollments {
				state := "last used " + day(e.LastUsed)
				if e.Disabled {
					state = "disabled"
				}
				t.row("  "+e.Method, e.Label, e.Hint, "since "+day(e.Created), state)
			}
			t.flush()
		}
		w.say("\nNothing was done. To do it, run the same again with -confirm %s\n", strings.TrimSpace(code))
	})
}
