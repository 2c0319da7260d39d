package policy

import (
	"slices"
	"sync/atomic"

	"github.com/mfakit/mfa"
)

// Live is a policy that can be replaced while it runs. Each decision is by one
// policy, whole. It is made by [NewLive], and safe for use by any number of
// goroutines.
type Live struct {
	known   []string
	first   *Policy // has the functions, which no file has
	current atomic.Pointer[Policy]
}

var _ mfa.Policy = (*Live)(nil)

// NewLive begins with p, for an engine that has the known methods (the names of
// [mfa.Config].Factors). An error is that of [Policy.Validate]. The policy must not
// be changed from then on.
func NewLive(p *Policy, known []string) (*Live, error) {
	if err := p.Validate(known); err != nil {
		return nil, err
	}
	l := &Live{known: slices.Clone(known), first: p}
	l.current.Store(p)
	return l, nil
}

// Decide decides as the policy that is current does.
func (l *Live) Decide(s mfa.Subject) mfa.Decision { return l.current.Load().Decide(s) }

// Current is the policy that decides now. It must not be changed.
func (l *Live) Current() *Policy { return l.current.Load() }

// Replace has the policy in a file's text decide from now on. Flows that have
// begun go on as they were decided. If anything is wrong with it the error is an
// [*Error], and the policy that decides stays.
//
// A file has no functions: ExemptService is that of the policy that NewLive was
// given, and so is the Match of each cohort of the same name.
func (l *Live) Replace(data []byte) error {
	p, lines, err := parse(data)
	if err != nil {
		return err
	}
	p.ExemptService = l.first.ExemptService
	for i := range p.Cohorts {
		if c := l.first.cohort(p.Cohorts[i].Name); c != nil {
			p.Cohorts[i].Match = c.Match
		}
	}
	if err := lines.first(p.faults(l.known)); err != nil {
		return err
	}
	l.current.Store(p)
	return nil
}

// ReplaceFile is [Live.Replace] with the text of a file, for a signal such as
// SIGHUP. A file that cannot be read is an error too.
func (l *Live) ReplaceFile(name string) error {
	data, err := readFile(name)
	if err != nil {
		return err
	}
	return l.Replace(data)
}
