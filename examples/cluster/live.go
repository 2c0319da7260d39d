package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// personsEach is how many people a client plays: codes are shown for half a minute, and each
// works once.
const personsEach = 3

// live has people come and go while instances and masters are killed, and returns
// what they were told.
func live(ctx context.Context, c config, s *site, st store, out *report) ([]*person, error) {
	var all []*person
	for i := range c.people * personsEach {
		b, err := newBrowser(s.proxy.url, i/personsEach)
		if err != nil {
			return nil, err
		}
		all = append(all, newPerson(b))
	}
	open, closing := context.WithCancel(ctx)
	defer closing()
	var people sync.WaitGroup
	for i := range c.people {
		people.Go(func() { play(ctx, open, all[i*personsEach:(i+1)*personsEach], out) })
	}
	people.Go(func() { out.everyTwoSeconds(open) })
	err := until(ctx, "people have signed in", func(context.Context) error { return out.atLeast(c.people) })
	if err == nil {
		err = disturb(ctx, c, s, st, out)
	}
	closing()
	people.Wait()
	if err != nil {
		return nil, err
	}
	return all, errors.Join(ctx.Err(), s.restartAll(ctx))
}

// play plays some people in turn. What has begun when the time is over goes on under ctx.
func play(ctx, open context.Context, all []*person, out *report) {
	for n := 0; open.Err() == nil; n++ {
		p := all[n%len(all)]
		if len(p.broken) > 0 {
			continue
		}
		before := p.tally
		p.act(ctx, n/len(all))
		out.count(before, p.tally)
	}
}

// act is the n-th thing that somebody does.
func (p *person) act(ctx context.Context, n int) {
	if p.account == no || p.account == maybe && p.login(ctx) == nil {
		if p.account == no {
			p.register(ctx)
		}
		return
	}
	list := p.active()
	if len(list) == 0 {
		if p.session != yes {
			p.login(ctx)
		}
		p.enroll(ctx)
		return
	}
	a := list[n%len(list)]
	switch n % 10 {
	case 0, 4, 7:
		p.signIn(ctx, a)
	case 1:
		p.guessWrong(ctx, a)
	case 2:
		p.replay(ctx, a)
	case 3, 8:
		p.recover(ctx)
	case 5:
		p.enroll(ctx)
	case 6:
		p.replayRecovery(ctx)
	case 9:
		if n%20 == 9 {
			p.remove(ctx)
		} else {
			p.renew(ctx)
		}
	}
	p.visit(ctx)
}

// disturb kills things until the time is over: an instance, a master, an instance, and
// again; each of these once where the time is short.
func disturb(ctx context.Context, c config, s *site, st store, out *report) error {
	pause := min(max(c.length/7, time.Second), 5*time.Second)
	for n, start := 0, time.Now(); n < 3 || time.Since(start) < c.length; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		began := time.Now()
		if n%3 == 1 {
			out.line("cut a master off, and killed it")
			if err := st.failover(ctx, out.changes); err != nil {
				return err
			}
			out.masters++
			out.line("another one has its place, and a replica again, after %v", time.Since(began).Round(100*time.Millisecond))
			continue
		}
		which := n % instances
		if err := s.restart(ctx, which); err != nil {
			return err
		}
		out.instances++
		out.line("killed instance %d, which is back after %v", which+1, time.Since(began).Round(100*time.Millisecond))
	}
	return nil
}
