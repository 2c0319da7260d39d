package policy_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// foresight is an engine that says what it is told to.
type foresight func(u mfa.User, at time.Time) (mfa.Outlook, error)

func (f foresight) Foresee(ctx context.Context, u mfa.User, _ mfa.Client, _ mfa.Policy, at ...time.Time) ([]mfa.Outlook, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]mfa.Outlook, 0, len(at))
	for _, t := range at {
		o, err := f(u, t)
		if err != nil {
			return nil, err
		}
		o.At = t
		out = append(out, o)
	}
	return out, nil
}

// people are n users, "0" to "n-1".
func people(n int) iter.Seq2[mfa.User, error] {
	return func(yield func(mfa.User, error) bool) {
		for i := range n {
			if !yield(mfa.User{ID: fmt.Sprint(i)}, nil) {
				return
			}
		}
	}
}

func theseUsers(users ...mfa.User) iter.Seq2[mfa.User, error] {
	return func(yield func(mfa.User, error) bool) {
		for _, u := range users {
			if !yield(u, nil) {
				return
			}
		}
	}
}

func letIn(mfa.User, time.Time) (mfa.Outlook, error) { return in("all", mfa.StatusPassed), nil }

func in(phase string, s mfa.Status) mfa.Outlook {
	return mfa.Outlook{Status: s, Decision: mfa.Decision{Phase: phase}}
}

func enrol(phase string, skip bool, reachable ...string) mfa.Outlook {
	o := in(phase, mfa.StatusEnroll)
	o.Enroll, o.MaySkip, o.Reachable = true, skip, reachable
	return o
}

func denied(phase, reason string) mfa.Outlook {
	o := in(phase, mfa.StatusDenied)
	o.Reason = reason
	return o
}

var (
	march = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	april = march.AddDate(0, 1, 0)
	may   = march.AddDate(0, 2, 0)
)

func preview(t *testing.T, c policy.PreviewConfig) *policy.Report {
	t.Helper()
	r, err := policy.Preview(t.Context(), withDefaults(c))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func withDefaults(c policy.PreviewConfig) policy.PreviewConfig {
	if c.Engine == nil {
		c.Engine = foresight(letIn)
	}
	if c.Policy == nil {
		c.Policy = &policy.Policy{}
	}
	if c.Users == nil {
		c.Users = people(1)
	}
	if c.At == nil {
		c.At = []time.Time{march}
	}
	return c
}

// TestEachUserIsCountedOnce goes over everything that a sign-in may meet.
func TestEachUserIsCountedOnce(t *testing.T) {
	asked := in("p", mfa.StatusChallenge)
	another := asked // has something, and needs one more
	another.Enroll, another.Reachable = true, []string{"totp"}
	unreachable := asked
	unreachable.Enroll = true
	for name, c := range map[string]struct {
		kind mfa.UserKind
		is   mfa.Outlook
		want policy.Counts
	}{
		"let in":                            {mfa.Person, in("p", mfa.StatusPassed), policy.Counts{Passed: 1}},
		"asked":                             {mfa.Person, asked, policy.Counts{Asked: 1}},
		"must enrol":                        {mfa.Person, enrol("p", false, "totp"), policy.Counts{MustEnroll: 1}},
		"must enrol after a challenge":      {mfa.Person, another, policy.Counts{MustEnroll: 1}},
		"may put it off":                    {mfa.Person, enrol("p", true, "totp"), policy.Counts{MayPutOff: 1}},
		"may put off what is out of reach":  {mfa.Person, enrol("p", true), policy.Counts{MayPutOff: 1}},
		"nothing reachable":                 {mfa.Person, enrol("p", false), policy.Counts{LockedOut: 1, Unreachable: 1}},
		"nothing reachable after challenge": {mfa.Person, unreachable, policy.Counts{LockedOut: 1, Unreachable: 1}},
		"enrol by status alone":             {mfa.Person, in("p", mfa.StatusEnroll), policy.Counts{LockedOut: 1, Unreachable: 1}},
		"disabled":                          {mfa.Person, denied("p", mfa.ReasonDisabled), policy.Counts{LockedOut: 1, Disabled: 1}},
		"no method":                         {mfa.Person, denied("p", mfa.ReasonNoMethod), policy.Counts{LockedOut: 1, NoMethod: 1}},
		"another reason":                    {mfa.Person, denied("p", "rollback"), policy.Counts{LockedOut: 1, Other: 1}},
		"no reason":                         {mfa.Person, denied("p", ""), policy.Counts{LockedOut: 1, Other: 1}},
		"service let in":                    {mfa.Service, in("p", mfa.StatusPassed), policy.Counts{Exempt: 1}},
		"service denied":                    {mfa.Service, denied("p", "service"), policy.Counts{DeniedServices: 1}},
		"service asked":                     {mfa.Service, asked, policy.Counts{DeniedServices: 1}},
		"service to enrol":                  {mfa.Service, enrol("p", true, "totp"), policy.Counts{DeniedServices: 1}},
		"of no known status":                {mfa.Person, in("p", "odd"), policy.Counts{Failed: 1}},
		"of no status":                      {mfa.Service, in("p", ""), policy.Counts{Failed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			r := preview(t, policy.PreviewConfig{
				Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { return c.is, nil }),
				Users:  theseUsers(mfa.User{ID: "u", Kind: c.kind}),
			})
			c.want.Users = 1
			if got := r.Times[0].Total; got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			sums(t, r)
		})
	}
}

// sums checks that each user of a report is in exactly one counter.
func sums(t *testing.T, r *policy.Report) {
	t.Helper()
	for _, f := range r.Times {
		if f.Total.Users != r.Users {
			t.Errorf("%v: %d users of %d", f.At, f.Total.Users, r.Users)
		}
		inPhases := 0
		all := append(slices.Concat(f.Phases, f.Cohorts), policy.Group{Counts: f.Total})
		for _, g := range all {
			c := g.Counts
			if n := c.Passed + c.Exempt + c.Asked + c.MayPutOff + c.MustEnroll + c.DeniedServices + c.LockedOut + c.Failed; n != c.Users {
				t.Errorf("%v %q: %d of %d users are counted: %+v", f.At, g.Name, n, c.Users, c)
			}
			if n := c.Unreachable + c.Disabled + c.NoMethod + c.Other; n != c.LockedOut {
				t.Errorf("%v %q: reasons for %d of %d who are locked out", f.At, g.Name, n, c.LockedOut)
			}
		}
		for _, g := range f.Phases {
			inPhases += g.Users
		}
		if inPhases != r.Users-f.Total.Failed {
			t.Errorf("%v: %d users are in phases, of %d, %d failed", f.At, inPhases, r.Users, f.Total.Failed)
		}
	}
}

func TestCountsByTimePhaseAndCohort(t *testing.T) {
	// The first ten are in a pilot; in April all must enrol, but nobody beyond the
	// ninetieth can; in May these are let off.
	foresee := func(u mfa.User, at time.Time) (mfa.Outlook, error) {
		n := numberOf(u)
		switch {
		case n < 10:
			return in("pilot", mfa.StatusChallenge), nil
		case at.Equal(march):
			return in("before", mfa.StatusPassed), nil
		case n < 90:
			return enrol("all", false, "totp"), nil
		case at.Equal(april):
			return enrol("all", false), nil
		default:
			return enrol("all", true), nil
		}
	}
	r := preview(t, policy.PreviewConfig{
		Title:  "Spring",
		Engine: foresight(foresee),
		Users:  people(100),
		At:     []time.Time{may, march, april, march}, // out of order, and twice
		Groups: func(u mfa.User) []string {
			if numberOf(u)%2 == 0 {
				return []string{"even", "z", "even"} // twice is once
			}
			return []string{"z"}
		},
		Sample:   3,
		Parallel: 7,
	})
	sums(t, r)
	if r.Title != "Spring" || r.Users != 100 || len(r.Times) != 3 || len(r.Failures) != 0 {
		t.Fatalf("%+v", r)
	}
	group := func(name string, c policy.Counts) policy.Group { return policy.Group{Name: name, Counts: c} }
	want := []policy.Forecast{
		{
			At:      march,
			Total:   policy.Counts{Users: 100, Passed: 90, Asked: 10},
			Phases:  []policy.Group{group("before", policy.Counts{Users: 90, Passed: 90}), group("pilot", policy.Counts{Users: 10, Asked: 10})},
			Cohorts: []policy.Group{group("even", policy.Counts{Users: 50, Passed: 45, Asked: 5}), group("z", policy.Counts{Users: 100, Passed: 90, Asked: 10})},
		},
		{
			At:    april,
			Total: policy.Counts{Users: 100, Asked: 10, MustEnroll: 80, LockedOut: 10, Unreachable: 10},
			Phases: []policy.Group{
				group("all", policy.Counts{Users: 90, MustEnroll: 80, LockedOut: 10, Unreachable: 10}),
				group("pilot", policy.Counts{Users: 10, Asked: 10}),
			},
			Cohorts: []policy.Group{
				group("even", policy.Counts{Users: 50, Asked: 5, MustEnroll: 40, LockedOut: 5, Unreachable: 5}),
				group("z", policy.Counts{Users: 100, Asked: 10, MustEnroll: 80, LockedOut: 10, Unreachable: 10}),
			},
		},
		{
			At:      may,
			Total:   policy.Counts{Users: 100, Asked: 10, MustEnroll: 80, MayPutOff: 10},
			Phases:  []policy.Group{group("all", policy.Counts{Users: 90, MustEnroll: 80, MayPutOff: 10}), group("pilot", policy.Counts{Users: 10, Asked: 10})},
			Cohorts: []policy.Group{group("even", policy.Counts{Users: 50, Asked: 5, MustEnroll: 40, MayPutOff: 5}), group("z", policy.Counts{Users: 100, Asked: 10, MustEnroll: 80, MayPutOff: 10})},
		},
	}
	for i := range want {
		got := r.Times[i]
		sample := got.LockedOut
		got.LockedOut = nil
		if !reflect.DeepEqual(got, want[i]) {
			t.Errorf("got  %+v\nwant %+v", got, want[i])
		}
		if n := len(sample); n != min(3, got.Total.LockedOut) {
			t.Errorf("%v: %d in the sample", got.At, n)
		}
		for _, s := range sample {
			if numberOf(mfa.User{ID: s.User}) < 90 || s.Phase != "all" || s.Reason != policy.ReasonUnreachable {
				t.Errorf("%+v is in the sample", s)
			}
		}
	}
}

func numberOf(u mfa.User) int {
	n := 0
	_, _ = fmt.Sscan(u.ID, &n)
	return n
}

func TestFailuresAreCountedAndTheRestGoesOn(t *testing.T) {
	unread, unseen := errors.New("row unreadable"), errors.New("value does not open")
	users := func(yield func(mfa.User, error) bool) {
		_ = yield(mfa.User{ID: "1"}, nil) && yield(mfa.User{}, unread) && yield(mfa.User{ID: "2"}, unread) &&
			yield(mfa.User{ID: "3"}, nil) && yield(mfa.User{ID: "4"}, nil)
	}
	r := preview(t, policy.PreviewConfig{
		Engine: foresight(func(u mfa.User, at time.Time) (mfa.Outlook, error) {
			if u.ID == "3" {
				return mfa.Outlook{}, unseen
			}
			return letIn(u, at)
		}),
		Users:  users,
		At:     []time.Time{march, april},
		Groups: func(mfa.User) []string { return []string{"c"} },
	})
	sums(t, r)
	for _, f := range r.Times {
		if f.Total != (policy.Counts{Users: 5, Passed: 2, Failed: 3}) {
			t.Errorf("%+v", f.Total)
		}
		// Nothing is known of the cohorts of users who could not be read.
		if len(f.Cohorts) != 1 || f.Cohorts[0].Counts != (policy.Counts{Users: 3, Passed: 2, Failed: 1}) {
			t.Errorf("%+v", f.Cohorts)
		}
	}
	got := map[string]error{}
	for _, f := range r.Failures {
		got[f.User] = f.Err
	}
	if want := map[string]error{"": unread, "2": unread, "3": unseen}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}

	few := preview(t, policy.PreviewConfig{Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { return mfa.Outlook{}, unseen }), Users: people(50), Sample: 4})
	if few.Times[0].Total.Failed != 50 || len(few.Failures) != 4 {
		t.Errorf("%d failed, %d in the sample", few.Times[0].Total.Failed, len(few.Failures))
	}
}

// short is an engine that leaves times out.
type short struct{}

func (short) Foresee(context.Context, mfa.User, mfa.Client, mfa.Policy, ...time.Time) ([]mfa.Outlook, error) {
	return []mfa.Outlook{in("p", mfa.StatusPassed)}, nil
}

func TestTooFewOutlooksAreAFailure(t *testing.T) {
	r := preview(t, policy.PreviewConfig{Engine: short{}, Users: people(3), At: []time.Time{march, april}})
	sums(t, r)
	if r.Times[0].Total.Failed != 3 || r.Times[1].Total.Failed != 3 {
		t.Errorf("%+v", r.Times)
	}
}

func TestPreviewConfigIsChecked(t *testing.T) {
	times := make([]time.Time, 401)
	for i := range times {
		times[i] = march.Add(time.Duration(i) * time.Hour)
	}
	whole := withDefaults(policy.PreviewConfig{})
	for name, change := range map[string]func(*policy.PreviewConfig){
		"Engine is nil":   func(c *policy.PreviewConfig) { c.Engine = nil },
		"Policy is nil":   func(c *policy.PreviewConfig) { c.Policy = nil },
		"Users is nil":    func(c *policy.PreviewConfig) { c.Users = nil },
		"Parallel is -1":  func(c *policy.PreviewConfig) { c.Parallel = -1 },
		"Parallel is 257": func(c *policy.PreviewConfig) { c.Parallel = 257 },
		"Sample is 1001":  func(c *policy.PreviewConfig) { c.Sample = 1001 },
		"zero time":       func(c *policy.PreviewConfig) { c.At = []time.Time{march, {}} },
		"has 401 times":   func(c *policy.PreviewConfig) { c.At = times },
	} {
		c := whole
		change(&c)
		if _, err := policy.Preview(t.Context(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}

	before := time.Now()
	c := whole
	c.At = []time.Time{}
	r := preview(t, c)
	if at := r.Times[0].At; len(r.Times) != 1 || at.Before(before) || at.After(time.Now()) {
		t.Errorf("looked at %v", r.Times)
	}
	given := []time.Time{april, march}
	c.At = given
	if preview(t, c); !given[0].Equal(april) {
		t.Error("the host's times were put in order")
	}
}

// recording is an engine that keeps what it is asked.
type recording struct {
	client mfa.Client
	policy mfa.Policy
	at     []time.Time
}

func (r *recording) Foresee(_ context.Context, _ mfa.User, c mfa.Client, p mfa.Policy, at ...time.Time) ([]mfa.Outlook, error) {
	r.client, r.policy, r.at = c, p, at
	return []mfa.Outlook{in("p", mfa.StatusPassed), in("p", mfa.StatusPassed)}, nil
}

func TestEngineIsAskedForWhatWasGiven(t *testing.T) {
	engine, tried := new(recording), &policy.Policy{}
	preview(t, policy.PreviewConfig{Engine: engine, Policy: tried, Client: mfa.Client{App: "shop"}, At: []time.Time{april, march}})
	if engine.client.App != "shop" || engine.policy != tried || !slices.Equal(engine.at, []time.Time{march, april}) {
		t.Errorf("%+v", engine)
	}
}
