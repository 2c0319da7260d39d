package ops

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// What bounds the memory of a report.
const (
	maxCombinations = 200
	maxListed       = 100 // of lists of users
	firstYear       = 2000
)

// What the engine makes by itself is nobody's own choice.
const (
	recovery = "recovery"
	bypass   = "bypass" // codes from support
)

// leftFrom are where the buckets of recovery codes begin.
var leftFrom = []int{0, 1, 3, 6, 10}

// A ReportUser is one user of a [Report]. In CSV the columns have the same names,
// lists are separated by blanks, times are RFC 3339 in UTC, and what a spreadsheet
// would take for a formula has an apostrophe before it.
type ReportUser struct {
	User              string    `json:"user"`
	Methods           []string  `json:"methods"`     // of their own, not disabled; each once, by name
	Implicit          []string  `json:"implicit"`    // methods that count without having been chosen
	Enrollments       int       `json:"enrollments"` // of their own
	Disabled          int       `json:"disabled"`    // of these
	AAL2              bool      `json:"aal2"`
	PhishingResistant bool      `json:"phishing_resistant"`
	RecoveryCodesLeft int       `json:"recovery_codes_left"`
	Devices           int       `json:"devices"`                    // browsers that are known
	FirstEnrolled     time.Time `json:"first_enrolled_at,omitzero"` // of what is there
	LastEnrolled      time.Time `json:"last_enrolled_at,omitzero"`
	LastUsed          time.Time `json:"last_used_at,omitzero"` // of anything that is there
	LastActivity      time.Time `json:"last_activity_at,omitzero"`
	FirstAsked        time.Time `json:"first_asked_at,omitzero"` // to enrol
	Skips             int       `json:"skips"`
	Unconfirmed       int       `json:"unconfirmed"`
	NoticesWaiting    int       `json:"notices_waiting"`
}

func own(e mfa.Enrollment) bool {
	return !e.Implicit && e.Method != recovery && e.Method != bypass
}

// userIn is what a report says of a user.
func userIn(v mfa.Overview, methods map[string]mfa.Method) ReportUser {
	u := ReportUser{User: v.User, Methods: []string{}, Implicit: []string{}, RecoveryCodesLeft: v.RecoveryCodesLeft, Devices: v.Devices,
		LastActivity: v.LastActivity, FirstAsked: v.FirstAsked, Skips: v.Skips, Unconfirmed: len(v.Pending), NoticesWaiting: v.Waiting}
	for _, e := range v.Enrollments {
		if e.LastUsed.After(u.LastUsed) {
			u.LastUsed = e.LastUsed
		}
		if e.Implicit {
			u.Implicit = append(u.Implicit, e.Method)
		}
		if !own(e) {
			continue
		}
		u.Enrollments++
		if u.FirstEnrolled.IsZero() || e.CreatedAt.Before(u.FirstEnrolled) {
			u.FirstEnrolled = e.CreatedAt
		}
		if e.CreatedAt.After(u.LastEnrolled) {
			u.LastEnrolled = e.CreatedAt
		}
		if e.Disabled {
			u.Disabled++
			continue
		}
		u.Methods = append(u.Methods, e.Method)
		m := methods[e.Method]
		u.AAL2 = u.AAL2 || m.Kind == mfa.Have
		u.PhishingResistant = u.PhishingResistant || m.PhishingResistant
	}
	u.Methods, u.Implicit = once(u.Methods), once(u.Implicit)
	return u
}

// once sorts a list, and leaves repetitions out.
func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// A sum is a report that is being added up.
type sum struct {
	r       Totals
	methods map[string]mfa.Method

	byMethod map[string]*MethodCount
	sets     map[string]*Combination
	left     []int
	months   map[int]*Month // by months since the first year
}

func newSum(at time.Time, methods map[string]mfa.Method) *sum {
	s := &sum{r: Totals{At: at}, methods: methods, byMethod: map[string]*MethodCount{}, sets: map[string]*Combination{},
		left: make([]int, len(leftFrom)), months: map[int]*Month{}}
	for name := range methods {
		s.method(name)
	}
	return s
}

func (s *sum) method(name string) *MethodCount {
	m := s.byMethod[name]
	if m == nil {
		m = &MethodCount{Method: name}
		s.byMethod[name] = m
	}
	return m
}

func (s *sum) failed(f Failure) {
	s.r.Failed++
	s.r.Failures = appendFailure(s.r.Failures, f)
}

// add counts a user.
func (s *sum) add(v mfa.Overview, u *ReportUser) {
	s.r.Users++
	s.r.ByNumber[min(len(u.Methods), maxMethods)]++
	s.combination(u.Methods)
	s.enrollments(v.Enrollments)
	if u.Enrollments > 0 {
		s.enrolled(u)
		s.month(u.FirstEnrolled).NewUsers++
	} else if !u.FirstAsked.IsZero() {
		s.r.Asked++
		s.r.AskedLongest = insert(s.r.AskedLongest, Asked{u.User, u.FirstAsked, u.Skips},
			func(a, b Asked) int { return a.Since.Compare(b.Since) })
	}
	for _, p := range v.Pending {
		s.r.Unconfirmed++
		s.r.OldestUnconfirmed = insert(s.r.OldestUnconfirmed, Unconfirmed{u.User, p.ID, p.Method, p.ExpiresAt},
			func(a, b Unconfirmed) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	}
	if u.NoticesWaiting > 0 {
		s.r.NoticesWaiting++
	}
}

// enrolled counts a user who has something of their own.
func (s *sum) enrolled(u *ReportUser) {
	s.r.Enrolled++
	if u.Disabled == u.Enrollments {
		s.r.AllDisabled++
	}
	if u.AAL2 {
		s.r.AAL2++
		if !slices.ContainsFunc(u.Methods, func(name string) bool {
			m := s.methods[name]
			return m.Kind == mfa.Have && !m.Restricted
		}) {
			s.r.RestrictedOnly++
		}
	}
	if u.PhishingResistant {
		s.r.PhishingResistant++
	}
	i := len(leftFrom) - 1
	for leftFrom[i] > u.RecoveryCodesLeft {
		i--
	}
	s.left[i]++
}

// enrollments counts a user's by method and by month.
func (s *sum) enrollments(list []mfa.Enrollment) {
	var had, implicit []string
	for _, e := range list {
		if e.Implicit && !slices.Contains(implicit, e.Method) {
			implicit = append(implicit, e.Method)
			s.method(e.Method).Implicit++
		}
		if !own(e) {
			continue
		}
		m := s.method(e.Method)
		if !slices.Contains(had, e.Method) {
			had = append(had, e.Method)
			m.Users++
		}
		if m.Enrollments++; e.Disabled {
			m.Disabled++
		}
		s.month(e.CreatedAt).Enrollments[e.Method]++
	}
}

func (s *sum) combination(methods []string) {
	key := strings.Join(methods, " ")
	c := s.sets[key]
	switch {
	case c != nil:
		c.Users++
	case len(s.sets) < maxCombinations:
		s.sets[key] = &Combination{Methods: slices.Clone(methods), Users: 1}
	default:
		s.r.MoreCombinations++
	}
}

func monthOf(t time.Time) int { return (t.UTC().Year()-firstYear)*12 + int(t.UTC().Month()) - 1 }

func (s *sum) month(t time.Time) *Month {
	i := max(0, min(monthOf(t), monthOf(s.r.At)))
	m := s.months[i]
	if m == nil {
		m = &Month{Month: time.Date(firstYear, time.January+time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format("2006-01"), Enrollments: map[string]int{}}
		s.months[i] = m
	}
	return m
}

// insert puts v into a sorted list that keeps its first hundred.
func insert[T any](list []T, v T, compare func(a, b T) int) []T {
	if len(list) == maxListed && compare(list[maxListed-1], v) <= 0 {
		return list
	}
	i, _ := slices.BinarySearchFunc(list, v, func(a, b T) int { return cmp.Or(compare(a, b), -1) }) // after its equals
	list = slices.Insert(list, i, v)
	return list[:min(len(list), maxListed)]
}

// totals are the totals so far. The sum does not change by it.
func (s *sum) totals() Totals {
	r := s.r
	r.Methods, r.Combinations, r.RecoveryCodes, r.Months = []MethodCount{}, []Combination{}, []CodesLeft{}, []Month{}
	r.AskedLongest, r.OldestUnconfirmed = append([]Asked{}, r.AskedLongest...), append([]Unconfirmed{}, r.OldestUnconfirmed...)
	for _, m := range s.byMethod {
		if m.Method != recovery && m.Method != bypass {
			r.Methods = append(r.Methods, *m)
		}
	}
	slices.SortFunc(r.Methods, func(a, b MethodCount) int { return strings.Compare(a.Method, b.Method) })
	for _, c := range s.sets {
		r.Combinations = append(r.Combinations, *c)
	}
	slices.SortFunc(r.Combinations, func(a, b Combination) int {
		return cmp.Or(cmp.Compare(b.Users, a.Users), slices.Compare(a.Methods, b.Methods))
	})
	for i, from := range leftFrom {
		c := CodesLeft{From: from, Users: s.left[i]}
		if i < len(leftFrom)-1 {
			c.To = leftFrom[i+1] - 1
		}
		r.RecoveryCodes = append(r.RecoveryCodes, c)
	}
	if len(s.months) == 0 {
		return r
	}
	first, users := monthOf(r.At), 0
	for i := range s.months {
		first = min(first, i)
	}
	for i := max(0, first); i <= max(0, monthOf(r.At)); i++ {
		m := Month{Enrollments: map[string]int{}, Month: time.Date(firstYear, time.January+time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")}
		if s.months[i] != nil {
			m = *s.months[i]
		}
		users += m.NewUsers
		m.Users = users
		r.Months = append(r.Months, m)
	}
	return r
}
