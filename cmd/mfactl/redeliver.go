package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
	"github.com/mfakit/mfa/mailer"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/ops"
)

// mailFlags say how notices are told.
type mailFlags struct{ smtp, user, from, app, settings, notice, support, audit string }

var redeliver = &command{
	name: "redeliver", about: "tell the notices that processes which died have left",
	more: `To the people by mail (-smtp), as package notify writes them, and to an audit trail
(-audit). What is taken here is not told again: a service that has other observers redelivers
by ops.Redeliver itself. The password of -smtp-user is in MFA_SMTP_PASSWORD.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		asJSON(c)
		c.walk.add(c, false)
		m := &c.mail
		c.set.StringVar(&m.smtp, "smtp", "", "mail server as `host:port`, with TLS; on this machine also without")
		c.set.StringVar(&m.user, "smtp-user", "", "the `name` to log in to it with")
		c.set.StringVar(&m.from, "from", "", "the `sender`: Example <no-reply@example.com>")
		c.set.StringVar(&m.app, "app", "", "how the service calls itself in mails")
		c.set.StringVar(&m.settings, "settings", "", "the `URL` of its settings page")
		c.set.StringVar(&m.support, "support", "", "a `sentence` on how to reach people who can help")
		c.set.StringVar(&m.notice, "notice", "", "the `URL` of the page that a mail's link opens, to which ?token= is added (https://example.com/mfa/notice); without it mails have no links")
		c.set.StringVar(&m.audit, "audit", "", "`file` that events are added to as lines of JSON")
	},
	run: func(ctx context.Context, c *call) (err error) {
		if c.mail.smtp == "" && c.mail.audit == "" {
			return usagef("redeliver: -smtp or -audit has to say to whom")
		}
		var engine *mfa.Engine // which makes the links of its own notices
		observers, end, err := c.mail.observers(c, func(e mfa.Event) (string, error) { return engine.LinkToken(e) })
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
		s, err := c.site(ctx, writing, func(m *mfa.Config) { m.Observers, m.Wait = observers, offerOnce })
		if err != nil {
			return err
		}
		engine = s.engine
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		say := c.progress()
		stats, walked := ops.Redeliver(ctx, s.store, s.engine, ops.Options{After: c.walk.after, Parallel: c.walk.parallel,
			Progress: func(n ops.Stats) { say("%d users, %d not told", n.Users, n.Failed) }})
		for _, f := range stats.Failures[:min(len(stats.Failures), maxTold)] {
			c.warn("%s: %v", f.User, f.Err)
		}
		told := c.print(map[string]any{"users": stats.Users, "failed": stats.Failed, "last": stats.Last, "complete": walked == nil}, func(w *screen) {
			t := newTable(w)
			t.row("users looked at", stats.Users)
			t.row("not told", stats.Failed)
			t.flush()
		})
		return errors.Join(c.walked(walked, stats.Last, stats.Failed, "the notices of %d users were not all taken"), told)
	},
}

// observers are those that the flags name.
func (m *mailFlags) observers(c *call, token func(mfa.Event) (string, error)) (list []mfa.Observer, end func() error, err error) {
	ends := []func() error{}
	end = func() error {
		var errs []error
		for _, f := range ends {
			errs = append(errs, f())
		}
		return errors.Join(errs...)
	}
	if m.smtp != "" {
		host, _, err := net.SplitHostPort(m.smtp)
		if err != nil {
			return nil, nil, usagef("redeliver: -smtp is not of the form host:port")
		}
		mails, err := mailer.New(mailer.Config{Addr: m.smtp, From: m.from, Username: m.user, Password: c.getenv("MFA_SMTP_PASSWORD"),
			InsecurePlaintext: loopback(host), Now: c.now})
		if err != nil {
			return nil, nil, usageError{err}
		}
		ends = append(ends, mails.Close)
		config := notify.Config{Sender: mails, AppName: m.app, SettingsURL: m.settings, SupportText: m.support}
		if m.notice != "" {
			config.Link = func(_ context.Context, e mfa.Event) (string, error) {
				t, err := token(e)
				return m.notice + "?" + url.Values{"token": {t}}.Encode(), err
			}
		}
		notices, err := notify.New(config)
		if err != nil {
			return nil, nil, errors.Join(usageError{err}, end())
		}
		list = append(list, notices)
	}
	if m.audit != "" {
		trail, err := os.OpenFile(m.audit, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		ends = append(ends, trail.Close)
		list = append(list, audit.JSON(trail))
	}
	return list, end, nil
}
