package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// checkTime is for all of the check. Nobody is killed any more.
const checkTime = patience

// check looks for everything that anybody was told, and says what is not there.
func check(ctx context.Context, c config, s *site, all []*person) (lost []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	turns := make(chan *person)
	var work sync.WaitGroup
	for range min(c.people, 8) {
		work.Go(func() {
			for p := range turns {
				p.check(ctx)
			}
		})
	}
	for _, p := range all {
		turns <- p
	}
	close(turns)
	work.Wait()
	for _, p := range all {
		for i, what := range p.broken {
			what = p.email + ": " + what
			if i == len(p.broken)-1 {
				what += "\n         " + strings.Join(p.trail, "\n         ")
			}
			lost = append(lost, what)
		}
	}
	return lost, ctx.Err()
}

// check is one person's. What does not get an answer is asked again.
func (p *person) check(ctx context.Context) {
	if len(p.broken) > 0 || p.account == no {
		return
	}
	p.settle()
	p.again(ctx, func() { p.visit(ctx) })
	p.again(ctx, func() { p.look(ctx) })
	if p.account == maybe {
		p.again(ctx, func() { p.login(ctx) })
	}
	if p.account != yes || len(p.active()) == 0 {
		return
	}
	if a := p.active()[0]; a.failures[p.lane()] < attempts-1 {
		p.again(ctx, func() {
			if code, err := a.wrong(); err == nil {
				p.guess(ctx, a, code, "a wrong")
			}
		})
	}
	for range 3 {
		p.again(ctx, func() { p.replayLast(ctx) })
	}
	p.again(ctx, func() { p.getIn(ctx) })
	p.again(ctx, func() { p.look(ctx) })
}

// again does something until the site has answered, which it does now.
func (p *person) again(ctx context.Context, do func()) {
	for range 10 {
		before := p.tally.unknown
		do()
		if p.tally.unknown == before || ctx.Err() != nil || len(p.broken) > 0 {
			return
		}
	}
	p.lost("gets no answer")
}

// look compares the settings page with what somebody was told.
func (p *person) look(ctx context.Context) {
	if p.session != yes {
		return
	}
	r := p.ask(ctx, "GET", "/mfa/enrollments", nil)
	if !r.told() {
		return
	}
	var page struct {
		Enrollments []struct{ ID string }
		Left        int `json:"recovery_codes_left"`
	}
	if err := r.into(&page); err != nil {
		p.lost("the settings cannot be read: %s", r.body)
		return
	}
	there := map[string]bool{}
	for _, e := range page.Enrollments {
		there[e.ID] = true
	}
	for _, a := range p.apps {
		if a.state == yes && !there[a.id] {
			p.lost("%s was set up, and is not in the settings", a.label)
		}
		if a.state == no && there[a.id] {
			p.lost("%s was removed, and is in the settings", a.label)
		}
	}
	if !p.codesKnown {
		return
	}
	least, most := 0, 0
	for _, c := range p.codes {
		switch {
		case c.old, c.spent == yes:
		case c.spent == maybe:
			most++
		default:
			least, most = least+1, most+1
		}
	}
	if page.Left < least || page.Left > most {
		p.lost("%d recovery codes are left, and should be %s", page.Left, between(least, most))
	}
}

func between(least, most int) string {
	if least == most {
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// replayLast types recovery codes that were taken, each once.
func (p *person) replayLast(ctx context.Context) {
	p.recoveries = 0
	before := len(p.codes)
	p.replayRecovery(ctx)
	for i, c := range p.codes[:before] { // the next one is another
		if c.spent == yes {
			p.codes = append(p.codes[:i], p.codes[i+1:]...)
			return
		}
	}
}

// getIn signs in with what has to work.
func (p *person) getIn(ctx context.Context) {
	for _, a := range p.active() {
		if _, ok := a.fresh(); ok {
			p.signIn(ctx, a)
			return
		}
	}
	p.recover(ctx)
}

var errLost = errors.New("something was lost")
