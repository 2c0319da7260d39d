package sim

import (
	"fmt"
	"strings"
)

// tell is the story of a run, for people.
func (r result) tell() string {
	var b strings.Builder
	s := r.plan.set
	fmt.Fprintf(&b, "seed %d: %d instances, %s weather", r.plan.seed, s.instances, s.weather.name)
	if s.dishonest {
		b.WriteString(", a store that returns what is stale")
	}
	if s.recovery == realCodes {
		b.WriteString(", real recovery codes")
	}
	fmt.Fprintf(&b, "; %v\n", s.rules)
	for _, line := range r.story {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	if r.breach != nil {
		fmt.Fprintf(&b, "broken: %s: %s\n", r.breach.invariant, r.breach.what)
	}
	return b.String()
}
