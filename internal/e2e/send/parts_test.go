package send_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mailer"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/sms/gateway"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/words"

	_ "modernc.org/sqlite"
)

const reportSecret = "a secret of sixteen bytes and more"

// parts are what an engine is made of, in a form that a process can give to
// another: each makes its own engine on the same file.
type parts struct {
	File      string // of SQLite
	Keys      []byte
	Kannel    string
	Username  string
	Password  string
	ReportURL string
	SMTP      string
	CA        []byte            // PEM
	Texts     map[string]string // of codes by text message, by language
	Digits    int               // of codes; 0: the default
	Implicit  bool              // verified addresses count as enrolled
	Start     time.Time         // what the clock shows first
}

// options are what concerns one process alone.
type options struct {
	now        func() time.Time
	log        *slog.Logger
	observers  []mfa.Observer
	sms, mails func(mfa.Sender) mfa.Sender // what a sender is wrapped in; nil: nothing
}

// senders makes the senders.
func (p parts) senders(o options) (texts, mails mfa.Sender, end func() error, err error) {
	carrier, err := gateway.NewKannel(gateway.KannelConfig{URL: p.Kannel, Username: p.Username, Password: p.Password, From: "Example",
		ReportURL: p.ReportURL, ReportSecret: reportSecret})
	if err != nil {
		return nil, nil, nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(p.CA)
	post, err := mailer.New(mailer.Config{Addr: p.SMTP, From: "Example <no-reply@" + testserver.Domain + ">", TLS: &tls.Config{RootCAs: authorities}, Now: o.now})
	if err != nil {
		return nil, nil, nil, err
	}
	texts, mails = carrier, post
	if o.sms != nil {
		texts = o.sms(texts)
	}
	if o.mails != nil {
		mails = o.mails(mails)
	}
	return texts, mails, post.Close, nil
}

// engine makes an engine on the file. What it returns besides ends both.
func (p parts) engine(ctx context.Context, o options) (_ *mfa.Engine, end func() error, err error) {
	texts, mails, hangUp, err := p.senders(o)
	if err != nil {
		return nil, nil, err
	}
	all := words.Default()
	for tag, text := range p.Texts {
		if all, err = all.With(tag, map[string]string{"sms.code": text}); err != nil {
			return nil, nil, err
		}
	}
	numbers, err := sms.New(sms.Config{AppName: "Example", Origin: "https://app.example.test", Countries: sms.Countries("GB", "NO"), Sender: texts,
		Words: all, Digits: p.Digits, Locale: func(u mfa.User, _ mfa.Client) string { return u.Attributes["locale"] }})
	if err != nil {
		return nil, nil, err
	}
	addresses, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: mails, Digits: p.Digits, Link: "https://app.example.test/mfa/link"})
	if err != nil {
		return nil, nil, err
	}
	notices, err := notify.New(notify.Config{Sender: mails, AppName: "Example", SettingsURL: "https://app.example.test/security"})
	if err != nil {
		return nil, nil, err
	}
	keys, err := mfa.ParseKeyRing(p.Keys)
	if err != nil {
		return nil, nil, err
	}
	store, closeStore, err := p.store(ctx)
	if err != nil {
		return nil, nil, err
	}
	engine, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{numbers, addresses}, Now: o.now, Logger: o.log,
		Observers: append([]mfa.Observer{notices}, o.observers...),
		Policy:    mailing(p.Implicit),
		Wait:      func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		return nil, nil, errors.Join(err, closeStore())
	}
	return engine, func() error { return errors.Join(engine.Close(context.WithoutCancel(ctx)), hangUp(), closeStore()) }, nil
}

func (p parts) store(ctx context.Context) (*sqlstore.Store, func() error, error) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(p.File))
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return store, func() error { return errors.Join(store.Close(), db.Close()) }, nil
}

// enrolImported sets up what needs no confirmation, since the host brings it.
func enrolImported(ctx context.Context, e *mfa.Engine, c mfa.Caller, method string, state any) error {
	raw, err := json.Marshal(state)
	if err != nil {
		return err
	}
	done, err := e.Enroll(ctx, c, mfa.Enroll{Method: method, Params: mfa.EnrollParams{Import: raw}})
	if err == nil && done.Activated == nil {
		err = errors.New("the import waits for something")
	}
	return err
}

// mailing asks whoever has enrolled something. True: verified addresses can answer, too.
type mailing bool

func (m mailing) Decide(s mfa.Subject) mfa.Decision {
	d := mfa.AskEnrolled(s)
	if m {
		d.Implicit = []string{emailcode.Name}
	}
	return d
}
