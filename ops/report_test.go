package ops

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// kind is a factor that only says what it is.
type kind struct {
	mfa.Factor
	method mfa.Method
}

func (k kind) Method() mfa.Method { return k.method }

func kinds() []mfa.Factor {
	return []mfa.Factor{
		kind{method: mfa.Method{Name: "totp", Kind: mfa.Have}}, kind{method: mfa.Method{Name: "key", Kind: mfa.Have, PhishingResistant: true}},
		kind{method: mfa.Method{Name: "sms", Kind: mfa.Have, Restricted: true}}, kind{method: mfa.Method{Name: "email"}},
		kind{method: mfa.Method{Name: recovery, Recovery: true}},
	}
}

var today = time.Date(2026, time.March, 15, 12, 0, 0, 0, time.UTC)

func enrolled(method string, created time.Time, edits ...func(*mfa.Enrollment)) mfa.Enrollment {
	e := mfa.Enrollment{ID: "id", Method: method, Label: "=label", Hint: "+47 ••• ••67", CreatedAt: created}
	for _, edit := range edits {
		edit(&e)
	}
	return e
}

func disabled(e *mfa.Enrollment) { e.Disabled = true }
func implicit(e *mfa.Enrollment) { e.Implicit = true }
func used(t time.Time) func(*mfa.Enrollment) {
	return func(e *mfa.Enrollment) { e.LastUsed = t }
}

// of makes a report on users, as an engine would tell of them.
func of(t *testing.T, list map[string]mfa.Overview, o ReportOptions) (Totals, error) {
	t.Helper()
	store := memory.New()
	for id := range list {
		put(t, store, userKey(id))
	}
	if o.Factors == nil {
		o.Factors = kinds()
	}
	o.Now = func() time.Time { return today }
	return report(t.Context(), store, func(_ context.Context, user string) (mfa.Overview, error) {
		v, ok := list[user]
		if v.User = user; !ok || v.Generation == math.MaxUint64 {
			return v, errors.New("does not open")
		}
		return v, nil
	}, o)
}

func someUsers() map[string]mfa.Overview {
	jan, feb := time.Date(2026, time.January, 31, 23, 59, 0, 0, time.UTC), time.Date(2026, time.February, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
	return map[string]mfa.Overview{
		"ada": {Enrollments: []mfa.Enrollment{enrolled("totp", jan, used(feb)), enrolled("key", feb), enrolled("key", today, disabled), enrolled(recovery, jan)},
			RecoveryCodesLeft: 10, Devices: 2, LastActivity: feb},
		"bob":  {Enrollments: []mfa.Enrollment{enrolled("sms", feb), enrolled("email", jan, implicit)}, RecoveryCodesLeft: 2, Waiting: 3},
		"cleo": {Enrollments: []mfa.Enrollment{enrolled("totp", jan, disabled)}},
		"dan": {Enrollments: []mfa.Enrollment{enrolled("email", jan, implicit), enrolled("bypass", jan)}, FirstAsked: jan, Skips: 2,
			Pending: []mfa.PendingEnrollment{{ID: "p1", Method: "totp", ExpiresAt: today}, {ID: "p2", Method: "sms", ExpiresAt: jan}}},
		"eve":  {Enrollments: []mfa.Enrollment{enrolled("email", feb)}, FirstAsked: jan},
		"fay":  {},
		"gone": {Erased: true},
		"bad":  {Generation: math.MaxUint64},
	}
}

func TestReport_Totals(t *testing.T) {
	r, err := of(t, someUsers(), ReportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	jan := time.Date(2026, time.January, 31, 23, 59, 0, 0, time.UTC)
	if len(r.Failures) != 1 || r.Failures[0].User != "bad" || r.Failures[0].Err == nil {
		t.Errorf("%v", r.Failures)
	}
	r.Failures = nil
	want := Totals{At: today, Users: 6, Erased: 1, Failed: 1, Enrolled: 4, AllDisabled: 1, AAL2: 2, PhishingResistant: 1, RestrictedOnly: 1,
		Methods:       []MethodCount{{"email", 1, 1, 0, 2}, {"key", 1, 2, 1, 0}, {"sms", 1, 1, 0, 0}, {"totp", 2, 2, 1, 0}},
		ByNumber:      [maxMethods + 1]int{3, 2, 1},
		Combinations:  []Combination{{[]string{}, 3}, {[]string{"email"}, 1}, {[]string{"key", "totp"}, 1}, {[]string{"sms"}, 1}},
		RecoveryCodes: []CodesLeft{{0, 0, 2}, {1, 2, 1}, {3, 5, 0}, {6, 9, 0}, {10, 0, 1}},
		Months: []Month{{"2026-01", map[string]int{"totp": 2}, 2, 2}, {"2026-02", map[string]int{"key": 1, "sms": 1, "email": 1}, 2, 4},
			{"2026-03", map[string]int{"key": 1}, 0, 4}},
		Asked: 1, AskedLongest: []Asked{{"dan", jan, 2}},
		Unconfirmed: 2, OldestUnconfirmed: []Unconfirmed{{"dan", "p2", "sms", jan}, {"dan", "p1", "totp", today}},
		NoticesWaiting: 1}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

// Lists, sets and months stay within their bounds, whatever is stored.
func TestReport_IsBounded(t *testing.T) {
	list := map[string]mfa.Overview{}
	for i := range 3 * maxCombinations {
		v := mfa.Overview{Enrollments: []mfa.Enrollment{enrolled(fmt.Sprint("m", i), time.Date(i*10, 1, 1, 0, 0, 0, 0, time.UTC))},
			Pending: []mfa.PendingEnrollment{{ID: "p", ExpiresAt: today.Add(time.Duration(i*7919%600) * time.Second)}}}
		if i%2 == 0 {
			v = mfa.Overview{FirstAsked: today.Add(-time.Duration(i*7919%600) * time.Hour)}
		}
		list[fmt.Sprint(i)] = v
	}
	r, err := of(t, list, ReportOptions{})
	if err != nil || len(r.Combinations) != maxCombinations || r.MoreCombinations != 101 || len(r.AskedLongest) != maxListed || len(r.OldestUnconfirmed) != maxListed ||
		len(r.Months) != 26*12+3 || r.Months[0].Month != "2000-01" || r.Months[len(r.Months)-1].Users != 300 || r.Asked != 300 || r.Unconfirmed != 300 {
		t.Fatalf("%d combinations, %d more, %d asked longest, %d oldest, %d months, %v",
			len(r.Combinations), r.MoreCombinations, len(r.AskedLongest), len(r.OldestUnconfirmed), len(r.Months), err)
	}
	var since []time.Time
	for i := range list {
		since = append(since, list[i].FirstAsked)
	}
	since = slices.DeleteFunc(since, time.Time.IsZero)
	slices.SortFunc(since, time.Time.Compare)
	for i, a := range r.AskedLongest {
		if !a.Since.Equal(since[i]) {
			t.Fatalf("%d-th of those asked: %v, want %v", i, a.Since, since[i])
		}
	}
	for i := 1; i < maxListed; i++ {
		if r.OldestUnconfirmed[i].ExpiresAt.Before(r.OldestUnconfirmed[i-1].ExpiresAt) {
			t.Fatal("what waits is not in its order")
		}
	}
}

func TestReport_Lines(t *testing.T) {
	var sheet, document bytes.Buffer
	var each []ReportUser
	var progress []int
	r, err := of(t, someUsers(), ReportOptions{CSV: &sheet, JSON: &document, Parallel: 16, Progress: func(n int) { progress = append(progress, n) },
		Each: func(u ReportUser) error {
			each = append(each, u)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(progress, []int{1, 2, 3, 4, 5, 6, 7, 8}) {
		t.Errorf("progress %v", progress)
	}
	want := `user,methods,implicit,enrollments,disabled,aal2,phishing_resistant,recovery_codes_left,devices,first_enrolled_at,last_enrolled_at,last_used_at,last_activity_at,first_asked_at,skips,unconfirmed,notices_waiting
ada,key totp,,3,1,true,true,10,2,2026-01-31T23:59:00Z,2026-03-15T12:00:00Z,2026-02-01T00:00:00Z,2026-02-01T00:00:00Z,,0,0,0
bob,sms,email,1,0,true,false,2,0,2026-02-01T00:00:00Z,2026-02-01T00:00:00Z,,,,0,0,3
cleo,,,1,1,false,false,0,0,2026-01-31T23:59:00Z,2026-01-31T23:59:00Z,,,,0,0,0
dan,,email,0,0,false,false,0,0,,,,,2026-01-31T23:59:00Z,2,2,0
eve,email,,1,0,false,false,0,0,2026-02-01T00:00:00Z,2026-02-01T00:00:00Z,,,2026-01-31T23:59:00Z,0,0,0
fay,,,0,0,false,false,0,0,,,,,,0,0,0
`
	if sheet.String() != want {
		t.Errorf("got\n%s", sheet.String())
	}
	var got struct {
		Users  []ReportUser
		Totals Totals
	}
	if err := json.Unmarshal(document.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, document.String())
	}
	same := func(a, b any) bool {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return bytes.Equal(x, y)
	}
	got.Totals.Failures = r.Failures // an error does not come back from its words
	if !same(got.Users, each) || !same(got.Totals, r) || len(each) != 6 {
		t.Errorf("got\n%s", document.String())
	}
	for _, all := range []string{sheet.String(), document.String()} {
		for _, private := range []string{"+47", "label", "gone"} {
			if strings.Contains(all, private) {
				t.Errorf("%q is in\n%s", private, all)
			}
		}
	}
	if !strings.Contains(document.String(), `"failures":[{"user":"bad","error":"does not open"}]`) {
		t.Errorf("got\n%s", document.String())
	}
	// Nobody at all.
	sheet.Reset()
	document.Reset()
	if r, err = of(t, nil, ReportOptions{CSV: &sheet, JSON: &document}); err != nil || r.Users != 0 || strings.Count(sheet.String(), "\n") != 1 || !json.Valid(document.Bytes()) {
		t.Errorf("%v, %+v, %q, %q", err, r, sheet.String(), document.String())
	}
}

// Whoever may choose an identifier runs nothing at whoever opens the sheet (OWASP, CSV
// injection), and breaks neither form.
func TestReport_HostileIdentifiers(t *testing.T) {
	hostile := []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "|x", "%x", "＝1", "＋1", "－1", "＠1", `=HYPERLINK("http://x","y")`}
	harmless := []string{`a","b`, `"`, "a\nb", "a,b", "a=b", "'x", "ä", "<script>", "\u2028", " x", "]}", "\u202e"}
	list := map[string]mfa.Overview{}
	for _, id := range slices.Concat(hostile, harmless) {
		list[id] = mfa.Overview{}
	}
	var sheet, document bytes.Buffer
	if _, err := of(t, list, ReportOptions{CSV: &sheet, JSON: &document}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&sheet).ReadAll()
	if err != nil || len(rows) != len(list)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	var cells []string
	for _, row := range rows[1:] {
		cells = append(cells, row[0])
	}
	for _, id := range hostile {
		if !slices.Contains(cells, "'"+id) {
			t.Errorf("%q is not guarded", id)
		}
	}
	for _, id := range harmless {
		if !slices.Contains(cells, id) {
			t.Errorf("%q is not as it was", id)
		}
	}
	var got struct{ Users []ReportUser }
	if err := json.Unmarshal(document.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, u := range got.Users {
		if _, ok := list[u.User]; !ok {
			t.Errorf("%q is nobody", u.User)
		}
	}
}

// full takes some bytes, and no more.
type full struct{ left int }

var errFull = errors.New("the disk is full")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestReport_Errors(t *testing.T) {
	list := map[string]mfa.Overview{}
	for i := range 1000 {
		list[fmt.Sprint(i)] = mfa.Overview{}
	}
	var sheet, document bytes.Buffer
	if _, err := of(t, list, ReportOptions{CSV: &sheet, JSON: &document}); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		o    ReportOptions
		want error
	}{
		"CSV":            {ReportOptions{CSV: &full{5000}}, errFull},
		"CSV, at once":   {ReportOptions{CSV: &full{}}, errFull},
		"JSON":           {ReportOptions{JSON: &full{5000}}, errFull},
		"JSON, at once":  {ReportOptions{JSON: &full{}}, errFull},
		"CSV, at last":   {ReportOptions{CSV: &full{sheet.Len() - 1}}, errFull},
		"JSON, at last":  {ReportOptions{JSON: &full{document.Len() - 1}}, errFull},
		"Each":           {ReportOptions{Each: func(ReportUser) error { return enough }}, enough},
		"parallel":       {ReportOptions{Parallel: -1}, nil},
		"a factor's nil": {ReportOptions{Factors: []mfa.Factor{nil}}, nil},
		"no factors":     {ReportOptions{Factors: []mfa.Factor{}}, nil},
	} {
		if _, err := of(t, list, c.o); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	store := memory.New()
	put(t, store, "user/1")
	none := func(context.Context, string) (mfa.Overview, error) { return mfa.Overview{}, nil }
	document.Reset()
	for name, s := range map[string]mfa.Store{"no Scanner": plainStore{store}, "no store": nil} {
		if _, err := report(t.Context(), s, none, ReportOptions{Factors: kinds(), JSON: &document}); err == nil || document.Len() > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Report(t.Context(), store, nil, ReportOptions{Factors: kinds()}); err == nil {
		t.Error("without an engine")
	}
	// What was stopped cannot be taken for a whole one, and says how far it came.
	r, err := report(t.Context(), brokenScan{filled(t)}, none, ReportOptions{Factors: kinds(), JSON: &document})
	if !errors.Is(err, errScan) || r.Users != 3 || json.Valid(document.Bytes()) {
		t.Errorf("%d users, %v, %q", r.Users, err, document.String())
	}
}
