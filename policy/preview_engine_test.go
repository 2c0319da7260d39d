package policy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	recoverycodes "github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/store/memory"
)

// unsent fails the test, or the example, that sends anything.
type unsent struct{}

func (unsent) Send(context.Context, mfa.Message) (string, error) { panic("a preview sent a message") }

func texts() (mfa.Factor, error) {
	return sms.New(sms.Config{AppName: "Example", Countries: []string{"NO"}, Sender: unsent{}})
}

// TestPreviewOfAnEngine runs a rollout over an engine and a store: what the
// report says is what sign-ins under that policy then meet.
func TestPreviewOfAnEngine(t *testing.T) {
	byText, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	engine := mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = append(c.Factors, byText) })
	p, err := policy.Parse([]byte(`{
		"time_zone": "UTC", "mode": "offer", "accept_restricted": true,
		"phases": [
			{"name": "pilot", "cohorts": ["staff"], "from": "2026-02-01", "mode": "required", "grace": {"until": "2026-03-01"}},
			{"name": "all", "from": "2026-04-01", "mode": "required", "methods": ["sms"]}
		],
		"cohorts": [{"name": "staff", "email_domains": ["example.com"]}],
		"services": {"networks": ["10.0.0.0/8"]}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	staff := func(id string) mfa.User {
		return mfa.User{ID: id, Name: id, Email: id + "@example.com", EmailVerified: true}
	}
	ada, bob := staff("ada"), staff("bob")
	cleo := mfa.User{ID: "cleo", Name: "cleo", Phone: "+4741234567"}
	dan := mfa.User{ID: "dan", Name: "dan", Phone: "+442071838750"} // a country that is not served
	robot := mfa.User{ID: "robot", Name: "robot", Kind: mfa.Service}
	engine.EnrollTOTP(t, ada)
	if err := engine.Redeliver(t.Context(), ada.ID); err != nil { // what is told of late is written late
		t.Fatal(err)
	}
	before := stored(t, engine)

	r := preview(t, policy.PreviewConfig{
		Engine: engine, Policy: p, Users: theseUsers(ada, bob, cleo, dan, robot, mfa.User{}),
		At: p.Times(engine.Clock.Now()), Groups: p.CohortsOf,
	})
	sums(t, r)
	if after := stored(t, engine); !slices.EqualFunc(before, after, bytes.Equal) {
		t.Error("a preview changed the store")
	}
	if len(r.Failures) != 1 || r.Failures[0].Err == nil {
		t.Errorf("the user without an ID: %v", r.Failures)
	}
	// One service account, which comes from nowhere, and one user without an ID.
	want := []string{
		"2026-01-01 passed 3 asked 1 denied_services 1 failed 1",
		"2026-02-01 passed 2 asked 1 may_put_off 1 denied_services 1 failed 1",
		"2026-03-01 passed 2 asked 1 must_enroll 1 denied_services 1 failed 1",
		"2026-04-01 asked 1 must_enroll 1 denied_services 1 locked_out 2 failed 1",
	}
	var got []string
	for i, row := range readCSV(t, r) {
		if i > 0 && row[1] == "total" {
			got = append(got, inBrief(readCSV(t, r)[0], row))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, f := range r.Times {
		if len(f.Cohorts) != 1 || f.Cohorts[0].Name != "staff" || f.Cohorts[0].Users != 2 {
			t.Errorf("%v: %+v", f.At, f.Cohorts)
		}
	}

	// Bob has no number, and Dan's is refused. Ada's app does not count any more, but her
	// recovery codes do.
	var out []string
	for _, l := range r.Times[3].LockedOut {
		out = append(out, l.User)
	}
	slices.Sort(out)
	if !slices.Equal(out, []string{"bob", "dan"}) {
		t.Errorf("locked out: %v", out)
	}
}

// inBrief is a row of the table: the day, and the outcomes that are there.
func inBrief(header, row []string) string {
	said := row[0][:len(time.DateOnly)]
	for i := 4; i < 12; i++ {
		if row[i] != "0" {
			said += " " + header[i] + " " + row[i]
		}
	}
	return said
}

// stored is all that an engine keeps of users.
func stored(t *testing.T, engine *mfatest.Engine) [][]byte {
	t.Helper()
	var values [][]byte
	err := engine.Store.(mfa.Scanner).Scan(t.Context(), "", "", func(key string, i mfa.Item) error {
		values = append(values, []byte(key), i.Value)
		return nil
	})
	if err != nil || len(values) == 0 {
		t.Fatalf("%d values, %v", len(values), err)
	}
	return values
}

func TestTimesOfAPolicy(t *testing.T) {
	date := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }
	now := date(time.June, 1)
	const days = 24 * time.Hour
	phase := func(from time.Time, g policy.Grace) policy.Policy {
		return policy.Policy{Phases: []policy.Phase{{Name: "p", From: from, Rules: policy.Rules{Grace: g}}}}
	}
	inherits := phase(date(time.July, 1), policy.Grace{})
	inherits.Grace = policy.Grace{For: 2 * days}
	two := phase(date(time.July, 1), policy.Grace{Until: date(time.July, 9)})
	two.Phases = append(two.Phases, policy.Phase{Name: "q", From: date(time.June, 20), Rules: policy.Rules{Grace: policy.Grace{Until: date(time.July, 9)}}})
	for name, c := range map[string]struct {
		policy policy.Policy
		want   []time.Time
	}{
		"nothing":                 {policy.Policy{}, nil},
		"a phase to come":         {phase(date(time.July, 1), policy.Grace{}), []time.Time{date(time.July, 1)}},
		"a phase that has begun":  {phase(date(time.May, 1), policy.Grace{}), nil},
		"a phase that begins now": {phase(now, policy.Grace{}), nil},
		"grace by date":           {phase(time.Time{}, policy.Grace{Until: date(time.June, 9)}), []time.Time{date(time.June, 9)}},
		"grace that is over":      {phase(time.Time{}, policy.Grace{Until: date(time.May, 9)}), nil},
		"the base's grace":        {policy.Policy{Rules: policy.Rules{Grace: policy.Grace{Until: date(time.June, 9), For: 5 * days}}}, []time.Time{date(time.June, 6), date(time.June, 9)}},
		"a length from a phase":   {phase(date(time.July, 1), policy.Grace{For: 7 * days}), []time.Time{date(time.July, 1), date(time.July, 8)}},
		"a length from a past one": {phase(date(time.May, 30), policy.Grace{For: 7 * days}),
			[]time.Time{date(time.June, 6), date(time.June, 8)}},
		"the base's length in a phase": {inherits, []time.Time{date(time.June, 3), date(time.July, 1), date(time.July, 3)}},
		"out of order, twice":          {two, []time.Time{date(time.June, 20), date(time.July, 1), date(time.July, 9)}},
	} {
		if got, want := c.policy.Times(now), append([]time.Time{now}, c.want...); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}

	there := policy.Policy{TimeZone: "Europe/Oslo"}
	if got := there.Times(now)[0].Format(time.RFC3339); got != "2026-06-01T02:00:00+02:00" {
		t.Errorf("in Oslo it is %s", got)
	}
}

func TestCohortsOfAUser(t *testing.T) {
	p := policy.Policy{Cohorts: []policy.Cohort{
		{Name: "z", Users: map[string]bool{"ada": true}},
		{Name: "nobody"},
		{Name: "a", Match: func(u mfa.User) bool { return u.ID != "bob" }},
	}}
	for id, want := range map[string][]string{"ada": {"z", "a"}, "bob": nil, "cleo": {"a"}} {
		if got := p.CohortsOf(mfa.User{ID: id}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// An operator's file is tried out before it is in force: with the engine that
// serves people, over the rows of the host's database.
func ExamplePreview() {
	engine, err := exampleEngine()
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := policy.Parse([]byte(`{
		"time_zone": "Europe/Oslo", "mode": "offer", "methods": ["sms"], "accept_restricted": true,
		"phases": [{"name": "everybody", "from": "2026-04-01", "mode": "required", "grace": {"until": "2026-05-01"}}],
		"support": "https://example.com/help"
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var rows iter.Seq2[mfa.User, error] = theseUsers(
		mfa.User{ID: "ada", Phone: "+4741234567"},
		mfa.User{ID: "bob"}, // no number on file
	)

	r, err := policy.Preview(context.Background(), policy.PreviewConfig{
		Title:  "Text messages for everybody",
		Engine: engine,
		Policy: p,
		Users:  rows,
		At:     p.Times(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)),
		Groups: p.CohortsOf,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range r.Times {
		c := f.Total
		fmt.Printf("%s: %d not asked, %d may put it off, %d must enrol, %d locked out %v\n",
			f.At.Format(time.DateOnly), c.Passed, c.MayPutOff, c.MustEnroll, c.LockedOut, f.LockedOut)
	}
	_ = r.WriteHTML(io.Discard) // a page for people; r.Chart is its chart alone
	_ = r.WriteCSV(io.Discard)  // a table for their programs

	// Output:
	// 2026-03-01: 2 not asked, 0 may put it off, 0 must enrol, 0 locked out []
	// 2026-04-01: 0 not asked, 2 may put it off, 0 must enrol, 0 locked out []
	// 2026-05-01: 0 not asked, 0 may put it off, 1 must enrol, 1 locked out [{bob everybody unreachable}]
}

// exampleEngine has text messages to Norway, and recovery codes.
func exampleEngine() (*mfa.Engine, error) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		return nil, err
	}
	byText, err := texts()
	if err != nil {
		return nil, err
	}
	codes, err := recoverycodes.New(recoverycodes.Config{})
	if err != nil {
		return nil, err
	}
	return mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{byText, codes}, AcceptRestricted: true})
}
