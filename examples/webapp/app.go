package main

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/words"
)

// appName stands on the pages and in authenticator apps.
const appName = "MFA demo"

// An app is all that the handlers need.
type app struct {
	config    config
	origin    string
	secure    bool // cookies travel over https only
	clock     *clock
	inbox     *inbox    // nil without -dev
	places    devPlaces // that a developer may play to be at; none without -dev
	senders   senders
	log       *slog.Logger
	db        *database
	accounts  accounts
	sessions  sessions
	links     links
	keys      apiKeys
	provider  provider // nil: nobody signs in by way of another service
	transfers transfers
	throttle  throttle
	passwords *passwords
	engine    *mfa.Engine
	scorer    *risk.Scorer // nil with -risk off
	known     *places      // what it knows of addresses
	policy    mfa.Policy
	live      *policy.Live // the same, where it can be replaced
	replacing sync.Mutex   // for whoever replaces it
	news      policyNews   // of other instances; under replacing
	desk      desk
	methods   []mfa.Method     // that the engine has
	mfa       *mfahttp.Handler // of the pages
	api       *mfahttp.Handler // of the API for programs
	mobile    *mfahttp.Handler // of the app on phones
	words     *words.Catalogue
	layout    *template.Template // around every page
	templates templates          // of the app's own pages
	ready     *pages.Pages       // the pages of package mfahttp/pages
}

// parts is what an app is made of by main, and by tests.
type parts struct {
	config  config // with the origin
	db      *database
	engine  *mfa.Engine
	scorer  *risk.Scorer // nil with -risk off
	known   *places
	clock   *clock
	senders senders
	inbox   *inbox // nil without -dev
	log     *slog.Logger
}

func newApp(p parts) (*app, error) {
	a := &app{
		config:    p.config,
		origin:    p.config.origin,
		secure:    strings.HasPrefix(p.config.origin, "https:"),
		clock:     p.clock,
		inbox:     p.inbox,
		senders:   p.senders,
		log:       p.log,
		db:        p.db,
		accounts:  accounts{p.db},
		sessions:  sessions{p.db, p.clock.Now},
		links:     links{p.db, p.clock.Now},
		keys:      apiKeys{p.db, p.clock.Now},
		transfers: transfers{p.db, p.clock.Now},
		throttle:  throttle{p.db, p.clock.Now},
		passwords: newPasswords(),
		engine:    p.engine,
		scorer:    p.scorer,
		known:     p.known,
		policy:    p.config.rules,
		live:      p.config.running(),
		desk:      newDesk(p.config, p.db, p.clock.Now),
		templates: parsePages(),
	}
	var err error
	if a.words, err = newWords(p.senders.mail != nil); err != nil {
		return nil, err
	}
	a.layout = a.parseLayout()
	if a.inbox != nil {
		a.places = newDevPlaces()
		a.provider = newExampleID(a.origin, a.clock.Now)
	}
	factors, err := newFactors(p.config, p.senders)
	if err != nil {
		return nil, err
	}
	a.methods = methodsOf(factors)
	web := mfahttp.Config{
		Engine:     p.engine,
		Host:       host{a},
		Origin:     p.config.origin,
		App:        "web",
		ClientIP:   a.clientIP,
		StepUpPage: "/confirm",
		Reports:    p.senders.reports,
		LinkDone:   "/continue",
		Notice:     a.noticePage(),
		Words:      a.words,
		Now:        p.clock.Now,
		Logger:     p.log,
	}
	if a.scorer != nil {
		web.Place = a.scorer.Place
	}
	programs := web
	programs.App, programs.Prefix, programs.StepUpPage, programs.Reports = "api", "/api/mfa", "", nil
	phones := programs
	phones.App, phones.Prefix = "mobile", "/mobile/mfa"
	var err1, err2, err3, err4 error
	a.mfa, err1 = mfahttp.New(web)
	a.api, err2 = mfahttp.New(programs)
	a.mobile, err3 = mfahttp.New(phones)
	if err1 == nil {
		a.ready, err4 = a.newReady()
	}
	return a, errors.Join(err1, err2, err3, err4)
}

// handler is the whole app. Every route is behind the same checks: those of the
// host's own pages too, which cost a session as surely as the API.
func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	a.accountRoutes(mux)
	a.pageRoutes(mux)
	a.transferRoutes(mux)
	a.wayRoutes(mux)
	a.staffRoutes(mux)
	a.adminRoutes(mux)
	mux.Handle("/api/", a.programs(a.api, a.apiRoutes()))
	mux.Handle("/mobile/", a.programs(a.mobile, a.mobileRoutes()))
	if a.inbox != nil {
		a.devRoutes(mux)
	}
	mux.Handle("/mfa/", a.mfa)
	return a.secureHeaders(a.checkHost(a.plainAddresses(a.asPlayed(a.mfa.Protect(mux)))))
}
