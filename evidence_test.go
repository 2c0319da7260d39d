package mfa_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ago(p mfa.Proof, d time.Duration) mfa.Proof {
	p.Time = noon.Add(-d)
	return p
}

var (
	pwd  = mfa.Proof{Method: "password", First: true, Kind: mfa.Know, AMR: []string{"pwd"}, Time: noon}
	link = mfa.Proof{Method: "email_link", First: true, AMR: []string{"email"}, Time: noon}
	otp  = mfa.Proof{Method: "totp", Enrollment: "1", Kind: mfa.Have, AMR: []string{"otp"}, Time: noon}
	sms  = mfa.Proof{Method: "sms", Enrollment: "2", Kind: mfa.Have, AMR: []string{"sms"}, Restricted: true, Time: noon}
	mail = mfa.Proof{Method: "email", Enrollment: "3", AMR: []string{"email"}, Time: noon}
	key  = mfa.Proof{Method: "key", Enrollment: "4", Kind: mfa.Have, AMR: []string{"hwk"}, PhishingResistant: true, Time: noon}
	pass = mfa.Proof{Method: "key", Enrollment: "4", Kind: mfa.Have, AMR: []string{"hwk", "user"}, PhishingResistant: true, UserVerified: true, Time: noon}
)

// every set of proofs has its level; mail adds none (O-09), the telephone
// network is named (O-06).
func TestC24_A43_AAL(t *testing.T) {
	for _, tc := range []struct {
		proofs     []mfa.Proof
		aal        mfa.AAL
		amr        string
		resists    bool
		restricted bool
	}{
		{nil, 0, "[]", false, false},
		{[]mfa.Proof{pwd}, 1, "[pwd]", false, false},
		{[]mfa.Proof{link}, 1, "[email]", false, false},
		{[]mfa.Proof{otp}, 1, "[otp]", false, false},
		{[]mfa.Proof{mail}, 1, "[email]", false, false},
		{[]mfa.Proof{key}, 1, "[hwk]", true, false},
		{[]mfa.Proof{pass}, 2, "[hwk user mfa]", true, false},
		{[]mfa.Proof{pwd, otp}, 2, "[pwd otp mfa]", false, false},
		{[]mfa.Proof{pwd, sms}, 2, "[pwd sms mfa]", false, true},
		{[]mfa.Proof{pwd, key}, 2, "[pwd hwk mfa]", true, false},
		{[]mfa.Proof{pwd, mail}, 1, "[pwd email]", false, false},
		{[]mfa.Proof{link, mail}, 1, "[email]", false, false},
		{[]mfa.Proof{link, otp}, 1, "[email otp]", false, false},
		{[]mfa.Proof{otp, key}, 1, "[otp hwk]", true, false}, // two of a kind
		{[]mfa.Proof{link, pass}, 2, "[email hwk user mfa]", true, false},
	} {
		a := mfa.Authentication{User: "u", Proofs: tc.proofs}
		if a.AAL() != tc.aal || fmt.Sprint(a.AMR()) != tc.amr || a.PhishingResistant() != tc.resists || a.Restricted() != tc.restricted {
			t.Errorf("%v: AAL%d %v, %t, %t", tc, a.AAL(), a.AMR(), a.PhishingResistant(), a.Restricted())
		}
	}
}

// C-24, C-25, A-47: what satisfies what, and when.
func TestC24_C25_A47_Requirements(t *testing.T) {
	all := []string{mfa.MissingPassword, mfa.MissingSecondFactor, mfa.MissingAAL, mfa.MissingMethod, mfa.MissingPhishingResistant}
	p, s, l, m, r := all[0], all[1], all[2], all[3], all[4]
	const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour
	list := func(p ...mfa.Proof) []mfa.Proof { return p }
	for i, tc := range []struct {
		require mfa.Requirement
		proofs  []mfa.Proof
		want    []string
	}{
		{mfa.Requirement{}, list(pwd), nil},
		{mfa.Requirement{}, list(link), nil},
		{mfa.Requirement{}, list(otp), nil},
		{mfa.Requirement{SecondFactor: true}, list(pwd), []string{s}},
		{mfa.Requirement{SecondFactor: true}, list(pwd, mail), nil},
		{mfa.Requirement{SecondFactor: true}, list(pwd, otp), nil},
		{mfa.Requirement{AAL: 2}, list(pwd, mail), []string{l}},
		{mfa.Requirement{AAL: 2}, list(link, otp), []string{l}},
		{mfa.Requirement{AAL: 2}, list(pwd, otp), nil},
		{mfa.Requirement{AAL: 2}, list(pass), nil},
		{mfa.Requirement{AAL: 3}, list(pwd, pass), []string{l}},
		{mfa.Requirement{Password: true}, list(otp), []string{p}},
		{mfa.Requirement{Methods: []string{"key"}}, list(pwd, otp), []string{m}},
		{mfa.Requirement{Methods: []string{"key", "totp"}}, list(pwd, otp), nil},
		{mfa.Requirement{PhishingResistant: true}, list(pwd, otp), []string{r}},
		{mfa.Requirement{PhishingResistant: true}, list(pwd, key), nil},
		{mfa.Requirement{MaxAge: day}, list(ago(pwd, day+1)), []string{p}},
		{mfa.Requirement{MaxAge: day}, list(ago(pwd, day)), nil},
		{mfa.Requirement{MaxAge: minute}, list(ago(pwd, hour), otp), nil},
		{mfa.Requirement{SecondFactor: true, MaxAge: minute}, list(pwd, ago(otp, hour)), []string{s}},
		{mfa.Requirement{SecondFactor: true, MaxAge: minute}, list(ago(pwd, hour), otp), nil},
		{mfa.Requirement{AAL: 2, MaxAge: minute}, list(pwd, ago(otp, hour)), []string{s}},
		{mfa.Requirement{AAL: 2, MaxAge: minute}, list(ago(pwd, hour), ago(otp, hour)), []string{s}},
		{mfa.Requirement{AAL: 2, MaxAge: minute}, list(ago(pwd, hour), otp), nil},
		{mfa.Requirement{Password: true, MaxAge: minute}, list(ago(pwd, hour), otp), []string{p}},
		{mfa.Requirement{Methods: []string{"totp"}, MaxAge: minute}, list(pwd, ago(otp, hour)), []string{m}},
		{mfa.Requirement{Methods: []string{"totp"}, MaxAge: minute}, list(ago(pwd, hour), ago(otp, hour)), []string{m}},
		{mfa.Requirement{PhishingResistant: true, MaxAge: minute}, list(pwd, ago(key, hour)), []string{r}},
		{mfa.Requirement{PhishingResistant: true, MaxAge: minute}, list(ago(pwd, hour), ago(key, hour)), []string{r}},
		// From the future, as after a clock that went back: within the tolerance only.
		{mfa.Requirement{MaxAge: minute}, list(ago(pwd, -minute)), nil},
		{mfa.Requirement{MaxAge: minute}, list(ago(pwd, -hour)), []string{p}},
	} {
		w := newWorld(t)
		w.clock.Set(noon)
		u := person("u")
		var proofs []mfa.Proof
		for _, p := range tc.proofs {
			if p.Enrollment != "" { // it has to be there
				w.clock.Set(noon)
				p.Enrollment = standing(w, u)
			}
			proofs = append(proofs, p)
		}
		w.clock.Set(noon)
		a := mfa.Authentication{User: "u", Proofs: proofs}
		if v, err := w.store.Load(bg, "user/u"); err == nil && v.Version != 0 {
			a.Generation = w.signIn(u, mfa.Client{}).Generation
		}
		err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: "u"}, Authentication: a}, tc.require)
		if tc.want == nil {
			if err != nil {
				t.Errorf("%d: %+v: %v", i, tc.require, err)
			}
			continue
		}
		re := new(*mfa.RequirementError)
		if !asError(err, re) || !slices.Equal((*re).Missing, tc.want) {
			t.Errorf("%d: %+v: %v, want %v", i, tc.require, err, tc.want)
		}
	}
}

// standing is the ID of an enrollment of u's; it makes one where there is none.
func standing(w *world, u mfa.User) string {
	if list, _ := w.Enrollments(bg, u.ID); len(list) > 0 {
		return list[0].ID
	}
	return w.withApp(u).id
}

func TestRequirementAnd(t *testing.T) {
	r := mfa.Requirement{AAL: 2, Methods: []string{"a", "b"}, MaxAge: time.Hour}
	got := r.And(mfa.Requirement{Password: true, SecondFactor: true, PhishingResistant: true, AAL: 1, Methods: []string{"b", "c"}, MaxAge: time.Minute})
	if !got.Password || !got.SecondFactor || !got.PhishingResistant || got.AAL != 2 || got.MaxAge != time.Minute || !slices.Equal(got.Methods, []string{"b"}) {
		t.Errorf("%+v", got)
	}
	if got := r.And(mfa.Requirement{}); got.MaxAge != time.Hour || len(got.Methods) != 2 {
		t.Errorf("%+v", got)
	}
	if got := (mfa.Requirement{}).And(r); got.MaxAge != time.Hour || len(got.Methods) != 2 {
		t.Errorf("%+v", got)
	}
	none := r.And(mfa.Requirement{Methods: []string{"z"}})
	w := newWorld(t)
	u := person("u")
	misses(t, w.Satisfies(bg, mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}, none), mfa.MissingMethod)
}

// Evidence that cannot be this user's, or of now, is worth nothing.
func TestEvidenceThatIsVoid(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	client := mfa.Client{App: "web"}
	good := w.enter(u, a, client).Authentication
	if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: "u"}, Authentication: good}, mfa.Requirement{AAL: 2}); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(a *mfa.Authentication){
		"zero":            func(a *mfa.Authentication) { *a = mfa.Authentication{} },
		"no proofs":       func(a *mfa.Authentication) { a.Proofs = nil },
		"another user":    func(a *mfa.Authentication) { a.User = "v" },
		"the future":      func(a *mfa.Authentication) { a.Generation += 9 },
		"too many proofs": func(a *mfa.Authentication) { a.Proofs = make([]mfa.Proof, 17) },
		"proofs by nothing": func(a *mfa.Authentication) {
			a.Proofs = []mfa.Proof{{Method: "totp", Kind: mfa.Have, Time: w.clock.Now()}}
		},
		"what was never there": func(a *mfa.Authentication) {
			a.Proofs = []mfa.Proof{{Method: "totp", Enrollment: "x", Kind: mfa.Have, Time: w.clock.Now()}}
		},
	} {
		b := good
		b.Proofs = slices.Clone(good.Proofs)
		edit(&b)
		if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: "u"}, Authentication: b}, mfa.Requirement{}); err == nil {
			t.Errorf("%s: satisfied", name)
		}
	}
	c := mfa.Caller{User: u, Authentication: good, Client: mfa.Client{App: "admin"}}
	misses(t, second(w.Remove(bg, c, a.id)), mfa.MissingSignIn)
	c.Client.App = "web"
	if _, err := w.Remove(bg, c, a.id); err != nil {
		t.Error(err)
	}
	if got := w.Reauthenticated(mfa.Authentication{}, mfa.Password); got.User != "" || got.Proofs != nil {
		t.Errorf("%+v", got)
	}
	if got := w.Reauthenticated(good, "psychic"); len(got.Proofs) != len(good.Proofs) {
		t.Errorf("%+v", got)
	}
}
