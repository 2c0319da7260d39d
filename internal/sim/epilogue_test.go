package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

var bg = context.Background()

// limitSends holds a person's messages to what the limits let: ten in an hour, and of
// text messages to one number five. w.mu is held.
func (w *world) limitSends(a *account, l *letter) {
	all, here := 0, 0
	for _, o := range a.letters {
		if l.at.Sub(o.at) < time.Hour-2*maxSkew {
			if all++; o.to == l.to {
				here++
			}
		}
	}
	if all > 10 || l.channel == mfa.ChannelSMS && here > 5 {
		w.broke(sendLimit, "%s got %d messages within an hour, %d of them at one place", a.name(), all, here)
	}
}

// epilogue ends a run: everything is delivered, and what is there is compared with what
// was acknowledged.
func (w *world) epilogue() {
	for _, in := range append(slices.Clone(w.fleet), w.graves...) {
		_ = in.Close(bg)
	}
	w.mu.Lock()
	for i := range w.fleet {
		w.start(i)
		w.clocks[i].set = append(w.clocks[i].set, setAt{time.Now(), 0})
	}
	w.mu.Unlock()
	w.settleNotices()
	w.compare()
	w.comeBack()
	for _, in := range w.fleet {
		_ = in.Close(bg)
	}
	w.lookForSecrets()
}

// settleNotices offers what is left in outboxes, and looks for what should have come.
func (w *world) settleNotices() {
	for _, a := range w.accounts {
		for range 3 {
			if w.fleet[0].Redeliver(bg, a.user.ID) == nil {
				break
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.accounts {
		notices := map[mfa.EventType]int{}
		about := map[string]bool{}
		for _, ev := range w.told {
			if ev.User == a.user.ID && ev.Notice {
				notices[ev.Type]++
				about[string(ev.Type)+" "+ev.Enrollment] = true
			}
		}
		wanted := map[mfa.EventType]int{}
		for _, x := range a.expect {
			wanted[x.kind]++
			if x.enrollment != "" && !about[string(x.kind)+" "+x.enrollment] {
				w.broke(noticeTold, "%s of %s, by call %s, was never told", x.kind, a.name(), x.of)
			}
		}
		for _, x := range a.expect {
			if notices[x.kind] < wanted[x.kind] {
				w.broke(noticeTold, "%s happened to %s %d times, and was told %d times", x.kind, a.name(), wanted[x.kind], notices[x.kind])
			}
		}
	}
}

// compare holds what is enrolled to what was acknowledged.
func (w *world) compare() {
	keys := map[string]*account{}
	for _, a := range w.accounts {
		list, err := w.fleet[0].Enrollments(bg, a.user.ID)
		overview, other := w.fleet[0].Overview(bg, a.user.ID)
		w.mu.Lock()
		if err != nil || other != nil {
			w.broke(nothingLost, "in the end the value of %s does not open: %v", a.name(), err)
		}
		there := map[string]mfa.Enrollment{}
		for _, r := range list {
			there[r.ID] = r
			if t := a.thing(r.ID); t != nil && t.key != nil {
				if o := keys[t.key.ID]; o != nil && o != a {
					w.broke(claimAlone, "one key is of %s and of %s", a.name(), o.name())
				}
				keys[t.key.ID] = a
			}
		}
		for _, t := range a.things {
			r, is := there[t.id]
			switch {
			case t.fate == present && t.threats == 0 && !is:
				w.broke(nothingLost, "%s was acknowledged, and is not there", t.name())
			case t.fate == gone && is:
				w.broke(nothingLost, "the end of %s was acknowledged, and it is there", t.name())
			case is && t.label != "" && t.renames == 0 && r.Label != t.label:
				w.broke(nothingLost, "the new label of %s was acknowledged, and is not there", t.name())
			}
		}
		if overview.Generation < a.rose {
			w.broke(nothingLost, "generation %d of %s was told, and in the end it is %d", a.rose, a.name(), overview.Generation)
		}
		w.mu.Unlock()
	}
}

// comeBack has every owner sign in, a long time after all that happened.
func (w *world) comeBack() {
	today := time.Since(w.began).Truncate(24 * time.Hour)
	_ = nap(bg, time.Until(w.began.Add(today+45*24*time.Hour)))
	v := w.visit(planned{id: 9999, kind: "epilogue", limit: 1 << 30})
	v.d = drawFor(w.plan.seed, "epilogue")
	for _, a := range []*account{w.ada, w.bob, w.mal} {
		list, _ := w.fleet[0].Enrollments(bg, a.user.ID)
		w.mu.Lock()
		broken := w.breach != nil
		var with *thing
		for _, r := range list {
			if t := a.thing(r.ID); t != nil && t.app != nil && !r.Disabled {
				with = t
			}
		}
		w.mu.Unlock()
		if broken || with == nil {
			continue
		}
		p := v.signIn(a, "its owner", a.browsers[0], mfa.Password)
		if p == nil || p.flow.Status == mfa.StatusPassed {
			continue
		}
		if p.option(with) == "" && p.by("key") != "" {
			continue // the risk asked for the key
		}
		_, o, ok := v.prove(p, with, false)
		w.mu.Lock()
		if !ok || !o.ok() {
			w.broke(stillIn, "%s does not get in with %s: flow %s, %v", a.name(), with.name(), p.flow.Status, o.err)
		}
		w.mu.Unlock()
	}
}

// lookForSecrets reads all that was said.
func (w *world) lookForSecrets() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all strings.Builder
	for text := range w.said {
		fmt.Fprintln(&all, text)
	}
	for _, text := range w.story {
		fmt.Fprintln(&all, text)
	}
	text := all.String()
	for s := range w.secrets {
		if strings.Contains(text, s) {
			i := strings.Index(text, s)
			line := text[strings.LastIndexByte(text[:i], '\n')+1:]
			w.broke(canary, "a secret stands in what was said: %.40q", strings.ReplaceAll(line, s, "***"))
		}
	}
}
