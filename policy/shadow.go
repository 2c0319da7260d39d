package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// Shadow is an [mfa.Policy] that decides as Live does, and reports where
// Candidate would have decided otherwise: to see what a new policy would do
// before it does it. The zero value asks whoever has enrolled, as an engine
// without a policy does.
type Shadow struct {
	// Live decides. Nil: [mfa.AskEnrolled].
	Live mfa.Policy

	// Candidate is asked beside it. What it says has no effect, and neither has a
	// panic. Nil: nothing is compared.
	Candidate mfa.Policy

	// Report is told of each difference, during the sign-in: it should only count or
	// pass on. It may be called from several goroutines at once, and again for one
	// sign-in when processes race for a user. A panic has no effect. Nil: nothing is
	// compared.
	Report func(Difference)
}

var _ mfa.Policy = (*Shadow)(nil)

// A Difference is a decision on which two policies do not agree.
type Difference struct {
	User, App       string // mfa.User.ID, mfa.Client.App
	Time            time.Time
	Live, Candidate mfa.Decision // the names of the phases may differ alone, which is no difference

	// What says, in words and part by part, what the candidate decided instead:
	// "require: a second proof instead of nothing". Never empty.
	What []string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %q %q: %s", d.Time.UTC().Format(time.RFC3339), d.User, d.App, strings.Join(d.What, "; "))
}

// Decide decides as Live does.
func (s *Shadow) Decide(subject mfa.Subject) mfa.Decision {
	live := s.live(subject)
	if s.Candidate != nil && s.Report != nil {
		s.compare(subject, live)
	}
	return live
}

func (s *Shadow) live(subject mfa.Subject) mfa.Decision {
	if s.Live == nil {
		return mfa.AskEnrolled(subject)
	}
	return s.Live.Decide(subject)
}

func (s *Shadow) compare(subject mfa.Subject, live mfa.Decision) {
	defer func() { _ = recover() }() // of Report
	candidate, what := s.candidate(subject)
	if what == nil {
		what = differences(live, candidate)
	}
	if len(what) == 0 {
		return
	}
	// Report may keep what it is told: the engine has the other one.
	s.Report(Difference{
		User: subject.User.ID, App: subject.Client.App, Time: subject.Now,
		Live: cloned(live), Candidate: candidate, What: what,
	})
}

// candidate asks the candidate. A panic's value could hold anything about the
// user; its type has to do.
func (s *Shadow) candidate(subject mfa.Subject) (d mfa.Decision, panicked []string) {
	defer func() {
		if v := recover(); v != nil {
			d, panicked = mfa.Decision{}, []string{fmt.Sprintf("the candidate panicked (%T)", v)}
		}
	}()
	return s.Candidate.Decide(subject), nil
}

// cloned is d with lists of its own.
func cloned(d mfa.Decision) mfa.Decision {
	for _, list := range []*[]string{
		&d.Methods, &d.Suggested, &d.Forbidden, &d.Implicit, &d.NotFirst,
		&d.Require.Methods, &d.Change.Methods, &d.FirstEnrollment.Methods,
	} {
		*list = slices.Clone(*list)
	}
	d.Prerequisites = copied(d.Prerequisites)
	return d
}
