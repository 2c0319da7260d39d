package policy_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// keeping is an engine that keeps the context it was asked under.
type keeping struct{ ctx chan context.Context }

func (k keeping) Foresee(ctx context.Context, _ mfa.User, _ mfa.Client, _ mfa.Policy, at ...time.Time) ([]mfa.Outlook, error) {
	k.ctx <- ctx
	return make([]mfa.Outlook, len(at)), nil
}

// TestC18_PreviewsAreBounded: as much as may be asked for is taken, and what the preview began
// ends with it.
func TestC18_PreviewsAreBounded(t *testing.T) {
	var at []time.Time
	for i := range 400 {
		at = append(at, march.Add(time.Duration(i)*time.Hour))
	}
	r := preview(t, policy.PreviewConfig{Parallel: 256, Sample: 1000, At: at})
	if len(r.Times) != 400 {
		t.Errorf("%d times", len(r.Times))
	}
	k := keeping{make(chan context.Context, 1)}
	preview(t, policy.PreviewConfig{Engine: k})
	if ctx := <-k.ctx; ctx.Err() == nil {
		t.Error("the preview goes on after it has ended")
	}
}

// TestPanicsOfManyReachTheCaller: two that panic at the same moment do not wait for each other.
func TestPanicsOfManyReachTheCaller(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "boom") {
			t.Errorf("recovered %s", got)
		}
	}()
	_, err := policy.Preview(t.Context(), withDefaults(policy.PreviewConfig{Users: people(2), Parallel: 2,
		Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { both.Done(); both.Wait(); panic("boom") })}))
	t.Error("came back with", err)
}

// TestOutcomesOfOddOutlooks: who does not enrol puts nothing off, whatever else is said.
func TestOutcomesOfOddOutlooks(t *testing.T) {
	o := in("p", mfa.StatusChallenge)
	o.MaySkip = true
	r := preview(t, policy.PreviewConfig{Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { return o, nil })})
	if r.Times[0].Total.Asked != 1 {
		t.Errorf("%+v", r.Times[0].Total)
	}
}

// TestNamesOfGroupsAreReadable: cut where a character begins, on one line, whatever they were.
func TestNamesOfGroupsAreReadable(t *testing.T) {
	for given, want := range map[string]string{
		strings.Repeat("\x80", 200):       "",
		"a" + strings.Repeat("\x80", 200): "",
		strings.Repeat("x", 128):          strings.Repeat("x", 128),
		strings.Repeat("x", 129):          strings.Repeat("x", 128),
		strings.Repeat("x", 127) + "é":    strings.Repeat("x", 127),
		"a\u2028b\u2029c\nd":              "a\ufffdb\ufffdc\ufffdd",
	} {
		r := preview(t, policy.PreviewConfig{
			Groups: func(mfa.User) []string { return []string{given} },
			Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { return in(given, mfa.StatusPassed), nil }),
		})
		if got := r.Times[0].Cohorts[0].Name; got != want {
			t.Errorf("%q is shown as %q", given, got)
		}
		if got := r.Times[0].Phases[0].Name; got != want {
			t.Errorf("phase %q is shown as %q", given, got)
		}
	}
}

// TestADifferenceHasBothDecisions, whole.
func TestADifferenceHasBothDecisions(t *testing.T) {
	var got policy.Difference
	candidate := base(policy.Rules{Nudge: 3})
	s := &policy.Shadow{Candidate: &candidate, Report: func(d policy.Difference) { got = d }}
	who := mfa.Subject{User: ada, Now: noon}
	live := s.Decide(who)
	if !reflect.DeepEqual(got.Live, live) || !reflect.DeepEqual(got.Candidate, candidate.Decide(who)) {
		t.Errorf("%+v", got)
	}
}

// TestParseKnowsNoMethods: what the methods leave is asked where they are known.
func TestParseKnowsNoMethods(t *testing.T) {
	for _, file := range []string{`{"forbidden":["totp"]}`, `{"phases":[{"name":"p","forbidden":["totp"]}]}`, `{"cohorts":[{"name":"c"}]}`} {
		if _, err := policy.Parse([]byte(file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := policy.ParseFor([]byte(file), []string{"totp"}); err == nil {
			t.Errorf("%s is taken", file)
		}
	}
}
