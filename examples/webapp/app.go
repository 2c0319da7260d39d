package main

import (
	"database/sql"
	"log/slog"
	"net/http"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// appName stands on the pages and in authenticator apps.
const appName = "MFA demo"

// An app is all that the handlers need.
type app struct {
	origin    string
	secure    bool // cookies travel over https only
	clock     *clock
	inbox     *inbox // nil without -dev
	senders   senders
	log       *slog.Logger
	db        *sql.DB
	accounts  accounts
	sessions  sessions
	throttle  throttle
	passwords *passwords
	engine    *mfa.Engine
	policy    mfa.Policy
	mfa       *mfahttp.Handler
	pages     pages
}

// parts is what an app is made of by main, and by tests.
type parts struct {
	config  config // with the origin
	db      *sql.DB
	engine  *mfa.Engine
	clock   *clock
	senders senders
	inbox   *inbox // nil without -dev
	log     *slog.Logger
}

func newApp(p parts) (*app, error) {
	a := &app{
		origin:    p.config.origin,
		secure:    strings.HasPrefix(p.config.origin, "https:"),
		clock:     p.clock,
		inbox:     p.inbox,
		senders:   p.senders,
		log:       p.log,
		db:        p.db,
		accounts:  accounts{p.db},
		sessions:  sessions{p.db, p.clock.Now},
		throttle:  throttle{p.db, p.clock.Now},
		passwords: newPasswords(),
		engine:    p.engine,
		policy:    p.config.rules,
		pages:     parsePages(),
	}
	var err error
	a.mfa, err = mfahttp.New(mfahttp.Config{
		Engine:     p.engine,
		Host:       host{a},
		Origin:     p.config.origin,
		App:        "web",
		ClientIP:   a.clientIP,
		StepUpPage: "/confirm",
		Reports:    p.senders.reports,
		LinkDone:   "/continue",
		Now:        p.clock.Now,
		Logger:     p.log,
	})
	return a, err
}

// handler is the whole app. Every route is behind the same checks: those of the
// host's own pages too, which cost a session as surely as the API.
func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	a.accountRoutes(mux)
	a.pageRoutes(mux)
	if a.inbox != nil {
		a.devRoutes(mux)
	}
	mux.Handle("/mfa/", a.mfa)
	return a.secureHeaders(a.checkHost(a.mfa.Protect(mux)))
}
