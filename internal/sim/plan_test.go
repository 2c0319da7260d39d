package sim

import (
	"fmt"
	"time"
)

// A plan is all that is decided before a run: who comes when and wants what, and
// what goes wrong. What comes of it is the engine's doing.
type plan struct {
	seed      uint64
	set       setting
	settled   []string // who has something enrolled from the beginning, or could
	visits    []planned
	incidents []incident
	muted     map[string]bool // faults that are left out, by name; for shrinking
}

// A planned visit.
type planned struct {
	id    int
	at    time.Duration
	kind  visitKind
	limit int // calls after which it ends; for shrinking
}

// A setting is what the deployment is like.
type setting struct {
	instances int
	weather   weather
	dishonest bool // the store returns what is stale, now and then
	rules     rules
	recovery  recoveryKind
}

// A weather says how often a call of the store goes wrong, of a thousand.
type weather struct {
	name               string
	conflict, fail     int
	lost, lostConflict int
	notDurable, late   int
	hang, load, send   int
	leaves             int // requests whose client goes away
}

var weathers = []weight[weather]{
	{3, weather{name: "calm"}},
	{4, weather{name: "breeze", conflict: 20, fail: 10, lost: 10, lostConflict: 5, notDurable: 5, late: 5, hang: 1, load: 10, send: 20, leaves: 5}},
	{3, weather{name: "storm", conflict: 80, fail: 50, lost: 60, lostConflict: 40, notDurable: 20, late: 20, hang: 3, load: 40, send: 60, leaves: 20}},
}

// rules are what the policy says; see Decide.
type rules struct {
	required   bool // everybody needs a second factor; else whoever has enrolled is asked
	adaptive   bool // a browser that is known is not asked
	remember   bool
	skips      int  // how often an enrolment can be put off
	firstEmail bool // the first enrolment asks for a code to the address on file
	implicit   bool // that address counts as enrolled
	wait       time.Duration
}

func (r rules) String() string {
	s := "whoever has enrolled is asked"
	if r.required {
		s = "a second factor is required"
	}
	for _, o := range []struct {
		on   bool
		text string
	}{
		{r.adaptive, "known browsers are not asked"}, {r.remember, "browsers can be remembered"}, {r.skips > 0, fmt.Sprintf("enrolling can be put off %d times", r.skips)},
		{r.firstEmail, "the first enrolment needs a mailed code"}, {r.implicit, "the address on file counts"}, {r.wait > 0, fmt.Sprintf("delayed reset after %v", r.wait)},
	} {
		if o.on {
			s += ", " + o.text
		}
	}
	return s
}

// What the recovery factor is in a run.
type recoveryKind int

const (
	quickCodes recoveryKind = iota // without the slow digest
	realCodes                      // Argon2id, which would take most of the time if each run had it
)

// realEvery is how many seeds share one with the real recovery codes.
const realEvery = 500

// An incident happens to the deployment at some time.
type incident struct {
	id     int
	at     time.Duration
	kind   incidentKind
	on     int // the instance
	amount time.Duration
}

type incidentKind string

const (
	crash    incidentKind = "crash"             // the process dies; another takes its place at once
	restart  incidentKind = "restart"           // it ends cleanly, and another takes its place
	clockSet incidentKind = "clock"             // its clock is set, by as much
	deaf     incidentKind = "observers are out" // for as long
	sendsOut incidentKind = "carriers are out"  // for as long
)

// maxSkew is how far an instance's clock is off: such that any two are within what
// the engine tolerates.
const maxSkew = 40 * time.Second

// planFor draws a run.
func planFor(seed uint64) *plan {
	d := drawFor(seed, "plan")
	p := &plan{seed: seed, settled: []string{"ada", "bob", "mal"}, muted: map[string]bool{}}
	p.set = setting{instances: 1 + d.n(4), weather: weighted(d, weathers), dishonest: d.odds(200)}
	p.set.rules = rules{required: d.odds(500), adaptive: d.odds(250), remember: d.odds(500), firstEmail: d.odds(250), implicit: d.odds(150)}
	if d.odds(300) {
		p.set.rules.skips = 1 + d.n(3)
	}
	if d.odds(400) {
		p.set.rules.wait = time.Duration(1+d.n(3)) * 24 * time.Hour
	}
	if seed%realEvery == realEvery-1 {
		p.set.recovery = realCodes
	}
	at := time.Hour
	n := 6 + d.n(7)
	for i := range n {
		at += weighted(d, gaps)(d)
		p.visits = append(p.visits, planned{id: i + 1, at: at, kind: weighted(d, kinds), limit: 1 << 30})
	}
	end := at + time.Hour
	if p.set.weather.name == "calm" && d.odds(500) {
		return p
	}
	for i := range d.n(5) {
		in := incident{id: i + 1, on: d.n(p.set.instances)}
		in.at = d.between(time.Hour, end)
		if d.odds(800) { // near a visit, where it matters
			in.at = p.visits[d.n(n)].at + d.between(0, 40*time.Millisecond)
		}
		in.kind = weighted(d, []weight[incidentKind]{{4, crash}, {1, restart}, {2, clockSet}, {2, deaf}, {1, sendsOut}})
		switch in.kind {
		case clockSet:
			in.amount = d.between(-maxSkew, maxSkew)
		case deaf, sendsOut:
			in.amount = d.between(time.Second, 2*time.Hour)
		}
		p.incidents = append(p.incidents, in)
	}
	return p
}

// gaps are the times between visits: races, double clicks, a cup of tea, a week.
var gaps = []weight[func(draw) time.Duration]{
	{30, func(d draw) time.Duration { return d.between(0, 8*time.Millisecond) }},
	{10, func(d draw) time.Duration { return d.between(time.Second, 40*time.Second) }},
	{20, func(d draw) time.Duration { return d.between(time.Minute, 5*time.Minute) }},
	{10, func(d draw) time.Duration { return d.between(9*time.Minute, 13*time.Minute) }},
	{15, func(d draw) time.Duration { return d.between(50*time.Minute, 3*time.Hour) }},
	{14, func(d draw) time.Duration { return d.between(20*time.Hour, 4*24*time.Hour) }},
	{1, func(d draw) time.Duration { return d.between(29*24*time.Hour, 33*24*time.Hour) }},
}
