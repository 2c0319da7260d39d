package ops

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/mfakit/mfa"
)

// ReportOptions say how [Report] is done. Factors are needed.
type ReportOptions struct {
	// Factors are the engine's (mfa.Config.Factors). They say what each method proves.
	Factors []mfa.Factor

	// CSV gets one line for each user, with a header: see [ReportUser]. Nil: nothing.
	CSV io.Writer

	// JSON gets an object: "users", an array of a [ReportUser] for each, one on a line;
	// then "totals", the [Totals]. One that was stopped has no end, so that
	// nobody takes it for a whole one. Nil: nothing.
	JSON io.Writer

	// Each is given each user, in the order of the walk, by one goroutine at a time. An error
	// ends the report. Nil: nobody is told.
	Each func(ReportUser) error

	// Parallel is how many users are worked on at a time, 1 to 256; 0: 4.
	Parallel int

	// Progress is told how many users are done, by one goroutine at a time. Nil: nobody is.
	Progress func(users int)

	// Now is the report's time. Nil: time.Now.
	Now func() time.Time
}

// Totals are what a [Report] counts. Of users it knows those that the store has: who
// has never signed in since there is an engine is not among them. It holds no
// secret, no label, and no address or number, not even a masked one.
type Totals struct {
	At     time.Time `json:"at"`
	Users  int       `json:"users"`  // that were counted
	Erased int       `json:"erased"` // tombstones, which are not
	Failed int       `json:"failed"` // that could not be read, and are not
	// Failures are the first 100 of them.
	Failures []Failure `json:"failures,omitempty"`

	// Enrolled have something of their own choice: not recovery codes, and not an
	// address that counts because the host has verified it.
	Enrolled          int `json:"enrolled"`
	AllDisabled       int `json:"all_disabled"`       // of these: all of it is disabled, after too many failures
	AAL2              int `json:"aal2"`               // of these: with a password they reach AAL2 (NIST SP 800-63B-4)
	PhishingResistant int `json:"phishing_resistant"` // of these: by something that resists phishing
	RestrictedOnly    int `json:"restricted_only"`    // of these: they reach AAL2 by restricted methods alone (text messages)

	Methods []MethodCount `json:"methods"` // by name

	// ByNumber is how many users have how many methods of their own that are not
	// disabled: ByNumber[0] none, and so on; the last, that many or more.
	ByNumber [maxMethods + 1]int `json:"by_number_of_methods"`

	// Combinations are sets of such methods, the commonest first; MoreCombinations is
	// how many users have one that is not among the first 200 to be met.
	Combinations     []Combination `json:"combinations"`
	MoreCombinations int           `json:"more_combinations,omitempty"`

	// RecoveryCodes is how many codes those who are enrolled have left.
	RecoveryCodes []CodesLeft `json:"recovery_codes"`

	// Months is the adoption: of what there is today, when it came. What was removed
	// since is not in it. From the first month to that of the report, none left out; what
	// is dated before the year 2000, or after the report, counts at that end.
	Months []Month `json:"months"`

	// Asked were asked to enrol and have nothing of their own. AskedLongest are those 100
	// who were asked first.
	Asked        int     `json:"asked_and_not_enrolled"`
	AskedLongest []Asked `json:"asked_longest"`

	// Unconfirmed are enrollments that wait for their confirmation. The oldest 100 come
	// first.
	Unconfirmed       int           `json:"unconfirmed"`
	OldestUnconfirmed []Unconfirmed `json:"oldest_unconfirmed"`

	// NoticesWaiting is how many users have security notices that nobody has taken
	// yet. If it stays, an observer fails, or [Redeliver] does not run.
	NoticesWaiting int `json:"notices_waiting"`
}

// maxMethods is the last of Totals.ByNumber.
const maxMethods = 6

// A MethodCount is one method in [Totals].
type MethodCount struct {
	Method      string `json:"method"`
	Users       int    `json:"users"`       // who have it, disabled or not
	Enrollments int    `json:"enrollments"` // of theirs
	Disabled    int    `json:"disabled"`    // of these
	Implicit    int    `json:"implicit"`    // users for whom an address counts that they have not chosen
}

// A Combination is how many users have exactly these methods.
type Combination struct {
	Methods []string `json:"methods"` // by name; none: nothing that is theirs and not disabled
	Users   int      `json:"users"`
}

// CodesLeft is how many users have From to To recovery codes left.
type CodesLeft struct {
	From  int `json:"from"`
	To    int `json:"to,omitempty"` // 0 after a From of 1 or more: no end
	Users int `json:"users"`
}

// A Month is one of a report's, in UTC.
type Month struct {
	Month       string         `json:"month"` // "2026-01"
	Enrollments map[string]int `json:"enrollments"`
	NewUsers    int            `json:"new_users"` // whose first one came in it
	Users       int            `json:"users"`     // who had one by its end
}

// Asked is a user who was asked to enrol and has not.
type Asked struct {
	User  string    `json:"user"`
	Since time.Time `json:"since"`
	Skips int       `json:"skips"` // how often they put it off
}

// Unconfirmed is an enrolment that was begun.
type Unconfirmed struct {
	User      string    `json:"user"`
	ID        string    `json:"id"`
	Method    string    `json:"method"`
	ExpiresAt time.Time `json:"expires_at"`
}

// MarshalJSON writes the user and the error's words.
func (f Failure) MarshalJSON() ([]byte, error) {
	words := ""
	if f.Err != nil {
		words = f.Err.Error()
	}
	return json.Marshal(struct {
		User  string `json:"user"`
		Error string `json:"error"`
	}{f.User, words})
}

// Report says who has which methods: it reads all users and counts, and writes nothing to the store. Users go
// to Each, CSV and JSON as they are read, in the order of their keys, so that a report on
// millions needs no more memory than one on hundreds. A user who cannot be read
// is counted and does not stop it. The error says why it did not come to its end:
// as of [Redeliver], or a writer's. The Totals are then of those who were reached.
func Report(ctx context.Context, store mfa.Store, engine *mfa.Engine, o ReportOptions) (Totals, error) {
	if engine == nil {
		return Totals{}, errNoEngine
	}
	return report(ctx, store, engine.Overview, o)
}

func report(ctx context.Context, store mfa.Store, overview func(context.Context, string) (mfa.Overview, error), o ReportOptions) (Totals, error) {
	methods, err := describe(o.Factors)
	if err != nil {
		return Totals{}, err
	}
	source, err := scanned(store, users, "")
	if err != nil {
		return Totals{}, err
	}
	at := time.Now
	if o.Now != nil {
		at = o.Now
	}
	sum := newSum(at().UTC(), methods)
	out := sinks(o)
	for _, s := range out {
		if err := s.begin(); err != nil {
			return sum.totals(), err
		}
	}
	n := 0
	c := course[mfa.Overview]{source: source, parallel: o.Parallel,
		do: func(ctx context.Context, key string, _ mfa.Item) (mfa.Overview, error) {
			user, err := userOf(key)
			if err != nil {
				return mfa.Overview{}, err
			}
			return overview(ctx, user)
		},
		settle: func(key string, v mfa.Overview, err error) error {
			if n++; o.Progress != nil {
				o.Progress(n)
			}
			switch {
			case err != nil:
				sum.failed(Failure{nameOf(key), err})
				return nil
			case v.Erased:
				sum.r.Erased++ // who is erased has no line: that they were here is theirs
				return nil
			}
			u := userIn(v, methods)
			sum.add(v, &u)
			for _, s := range out {
				if err := s.user(&u); err != nil {
					return err
				}
			}
			return nil
		},
	}
	if err := c.run(ctx); err != nil {
		return sum.totals(), err
	}
	r := sum.totals()
	for _, s := range out {
		if err := s.end(&r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// describe is what each method proves.
func describe(factors []mfa.Factor) (map[string]mfa.Method, error) {
	methods := map[string]mfa.Method{}
	for _, f := range factors {
		if f == nil {
			return nil, errors.New("ops: one of ReportOptions.Factors is nil")
		}
		m := f.Method()
		methods[m.Name] = m
	}
	if len(methods) == 0 {
		return nil, errors.New("ops: ReportOptions.Factors is empty: they say what each method proves")
	}
	return methods, nil
}
