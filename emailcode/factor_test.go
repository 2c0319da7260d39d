package emailcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestO09_MethodRaisesNothing(t *testing.T) {
	want := mfa.Method{Name: "email", Label: "E-mail", Kind: mfa.Neither, Channel: mfa.ChannelEmail, Guessable: true}
	if got := newFactor(t).Method(); got != want {
		t.Errorf("%+v", got)
	}
}

func TestConfigThatIsRefused(t *testing.T) {
	link := func(s string) func(*Config) { return func(c *Config) { c.Link = s } }
	for name, tc := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no name":             {func(c *Config) { c.AppName = "" }, "Config.AppName"},
		"long name":           {func(c *Config) { c.AppName = strings.Repeat("x", 65) }, "Config.AppName"},
		"name of two lines":   {func(c *Config) { c.AppName = "Ex\r\nBcc: eve@example.net" }, "Config.AppName"},
		"right to left":       {func(c *Config) { c.AppName = "Ex\u202eelpma" }, "Config.AppName"},
		"no sender":           {func(c *Config) { c.Sender = nil }, "Config.Sender"},
		"few digits":          {func(c *Config) { c.Digits = 5 }, "Config.Digits"},
		"lives long":          {func(c *Config) { c.Lifetime = 10*time.Minute + 1 }, "Config.Lifetime"},
		"link without host":   {link("/mfa/link"), "Config.Link"},
		"link by http":        {link("http://example.com/l"), "Config.Link"},
		"link to localhost.x": {link("http://localhost.example/l"), "Config.Link"},
		"link with query":     {link("https://example.com/l?x=1"), "Config.Link"},
		"link with ?":         {link("https://example.com/l?"), "Config.Link"},
		"link with fragment":  {link("https://example.com/l#x"), "Config.Link"},
		"link with user":      {link("https://u:p@example.com/l"), "Config.Link"},
		"link by script":      {link("javascript://example.com/%0aalert(1)"), "Config.Link"},
		"link with newline":   {link("https://example.com/\nl"), "Config.Link"},
		"link with a port":    {link("https://:443/l"), "Config.Link"},
		"anywhere, no link":   {anywhere, "Config.InsecureLinkAnywhere"},
		"half a rate":         {func(c *Config) { c.Limits.Address = Rate{Day: 1} }, "Config.Limits"},
		"day below hour":      {func(c *Config) { c.Limits.System = Rate{10, 9} }, "Config.Limits"},
	} {
		f, err := New(config(tc.change))
		if f != nil || err == nil || !strings.HasPrefix(err.Error(), "emailcode: ") || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []string{"https://example.com", "https://example.com:8443/a/b", "http://localhost:8080/l", "http://127.0.0.1/l", "http://[::1]:80/l"} {
		if _, err := New(config(link(s))); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestO05_BudgetsOfAMail(t *testing.T) {
	want := []mfa.Budget{{Name: mfa.BudgetDestination, Key: address1, Hour: 10, Day: 30, Reserve: 30}, {Name: mfa.BudgetNetwork, Hour: 100, Day: 500, Reserve: 30}}
	step := asked(t, newFactor(t))
	if !reflect.DeepEqual(step.Delivery.Budgets, want) || !step.Delivery.Known {
		t.Errorf("%+v", step.Delivery.Budgets)
	}
	f := newFactor(t, func(c *Config) { c.Limits = Limits{Rate{1, 2}, Rate{3, 4}, Rate{5, 6}} })
	step, err := enroll(f, address2)
	want = []mfa.Budget{{Name: mfa.BudgetDestination, Key: address2, Hour: 1, Day: 2}, {Name: mfa.BudgetNetwork, Hour: 3, Day: 4, Reserve: 30},
		{Name: "system", Hour: 5, Day: 6, Leased: true, Reserve: 30, Warn: 80}}
	if err != nil || !reflect.DeepEqual(step.Delivery.Budgets, want) || step.Delivery.Known {
		t.Errorf("%+v, %v", step.Delivery.Budgets, err)
	}
}

func TestEnrolmentIsConfirmedByACode(t *testing.T) {
	f := newFactor(t, withLink)
	for params, want := range map[string]string{address2: address2, "": address1} {
		step, err := enroll(f, params)
		if err != nil || step.Done != nil || step.Delivery.Message.To != want || step.Hint != mask(want) || !step.Expires.Equal(noon.Add(5*time.Minute)) {
			t.Fatalf("%v", err)
		}
		r := mfa.VerifyRequest{User: ada, Purpose: mfa.ForEnrollment, Flow: "e1", ID: "e1", Pending: step.Pending,
			Answer: mfa.Answer{Code: codeIn(t, step.Delivery.Message)}, Now: noon}
		v, err := f.Verify(bg, r)
		if err != nil || string(v.State) != `{"address":"`+want+`"}` || v.Address != want || v.EnrollmentID != "" || fmt.Sprint(v.AMR) != "[email]" {
			t.Errorf("%+v, %v", v, err)
		}
		r.Enrollments = enrolled(strings.ToUpper(want)) // it was confirmed in another window meanwhile
		if _, err := f.Verify(bg, r); reason(err) != ReasonEnrolled {
			t.Errorf("%v", err)
		}
	}
	if _, err := f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e", Existing: enrolled("Ada@Example.com"), Now: noon}); reason(err) != ReasonEnrolled {
		t.Errorf("%v", err)
	}
}

// TestImplicitEnrolmentIsOfVerifiedAddresses, and gives way to the user's own.
func TestImplicitEnrolmentIsOfVerifiedAddresses(t *testing.T) {
	f := newFactor(t)
	implicit := func(u mfa.User) (mfa.Step, error) {
		return f.Enroll(bg, mfa.EnrollRequest{User: u, Params: mfa.EnrollParams{Email: address2}, Implicit: true, Now: noon})
	}
	step, err := implicit(ada)
	if err != nil || step.Delivery != nil || step.Hint != mask1 || string(step.Done.State) != `{"address":"`+address1+`","implicit":true}` {
		t.Fatalf("%v", err)
	}
	for name, u := range map[string]mfa.User{
		"not verified": {ID: "7", Email: address1}, "none": {ID: "7", EmailVerified: true}, "no address": {ID: "7", Email: "x", EmailVerified: true},
		"two": {ID: "7", Email: address1 + "," + address2, EmailVerified: true},
	} {
		if step, err := implicit(u); !errors.Is(err, mfa.ErrBadInput) || step.Done != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	counts := []mfa.Enrolled{{ID: "i", State: step.Done.State}}
	if _, err := f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e", Existing: counts, Now: noon}); err != nil {
		t.Errorf("an address that merely counts keeps its user from enrolling it: %v", err)
	}
	r := challenge(address1)
	r.Enrollments = counts
	asks, err := f.Challenge(bg, r)
	if err != nil {
		t.Fatal(err)
	}
	a := answer(asks, codeIn(t, asks.Delivery.Message))
	a.Enrollments = counts
	if v, err := f.Verify(bg, a); err != nil || !bytes.Equal(v.State, step.Done.State) || v.EnrollmentID != "i" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestA67_ImportIsTyped: an import is the documented JSON and nothing like it.
func TestA67_ImportIsTyped(t *testing.T) {
	f := newFactor(t)
	load := func(state string, existing ...mfa.Enrolled) (mfa.Step, error) {
		return f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e", Params: mfa.EnrollParams{Import: []byte(state)}, Existing: existing, Now: noon})
	}
	step, err := load(`{"address":"` + address2 + `","implicit":true}`)
	if err != nil || step.Delivery != nil || string(step.Done.State) != `{"address":"`+address2+`"}` || step.Done.Address != address2 || step.Done.AMR != nil {
		t.Errorf("%v", err)
	}
	if _, err := load(`{"address":"`+address2+`"}`, enrolled(address2)...); reason(err) != ReasonEnrolled {
		t.Errorf("%v", err)
	}
	for _, state := range []string{"", "null", "true", "[]", `"` + address2 + `"`, `{"address":true}`, `{"address":["` + address2 + `"]}`, `{"address":""}`, "{}", `{"address":"` + address2,
		`{"address":"` + address2 + `","confirmed":false}`, `{"address":"` + address2 + `"}{}`, `{"address":"` + address2 + `"} x`, `{"address":"` + address2 + `"` + strings.Repeat(" ", maxImport) + "}"} {
		if step, err := load(state); !errors.Is(err, mfa.ErrBadInput) || step.Done != nil || strings.Contains(err.Error(), "lovelace") {
			t.Errorf("%s: %v", state, err)
		}
	}
	if _, err := load(`{"address":"` + address1 + "," + address2 + `"}`); reason(err) != ReasonInvalid {
		t.Errorf("%v", err)
	}
}

func TestO03_ANewCodeReplacesTheOld(t *testing.T) {
	f := newFactor(t, withLink, func(c *Config) { c.Digits = 10 })
	first := asked(t, f)
	r := challenge(address1)
	r.Previous = first.Pending
	second, err := f.Challenge(bg, r)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[*mfa.Step]bool{&first: false, &second: true} {
		_, q := linkIn(t, step.Delivery.Message)
		for _, a := range []string{codeIn(t, step.Delivery.Message), q.Get("token")} {
			if verifies(f, second, a) != want {
				t.Errorf("%s: want %t", a, want)
			}
		}
	}
	enrolling, err := enroll(f, address2)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Challenge(bg, mfa.ChallengeRequest{User: ada, Purpose: mfa.ForEnrollment, Flow: "e1", Previous: enrolling.Pending, Now: noon})
	if err != nil || again.Delivery.Message.To != address2 || again.Delivery.Known {
		t.Fatalf("%v", err)
	}
	for _, previous := range []string{"", "{}", "x"} {
		if step, err := f.Challenge(bg, mfa.ChallengeRequest{User: ada, Purpose: mfa.ForEnrollment, Flow: "e1", Previous: []byte(previous), Now: noon}); err == nil || step.Delivery != nil {
			t.Errorf("%q: %v", previous, err)
		}
	}
}

// TestLinkAnswersAsTheCodeDoes, in the browser that asked; in another only where
// the host says so.
func TestLinkAnswersAsTheCodeDoes(t *testing.T) {
	f := newFactor(t, withLink)
	step := asked(t, f)
	link, q := linkIn(t, step.Delivery.Message)
	if !strings.HasPrefix(link, "https://example.com/mfa/link?") || q.Get("option") != "e1" || q.Has("flow") || len(q) != 2 {
		t.Errorf("%s", link)
	}
	if !verifies(f, step, q.Get("token")) || !verifies(f, step, codeIn(t, step.Delivery.Message)) {
		t.Error("link or code do not answer")
	}
	everywhere := newFactor(t, withLink, anywhere)
	step = asked(t, everywhere)
	if _, q = linkIn(t, step.Delivery.Message); q.Get("flow") != "flow-token" || !verifies(everywhere, step, q.Get("token")) || verifies(everywhere, step, "flow-token") {
		t.Errorf("%v", q)
	}
	r := challenge(address1)
	down := errors.New("no")
	r.Elsewhere = func() (string, error) { return "", down }
	if _, err := everywhere.Challenge(bg, r); !errors.Is(err, down) {
		t.Errorf("%v", err)
	}
	r.Elsewhere = nil
	step, err := everywhere.Challenge(bg, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, q = linkIn(t, step.Delivery.Message); q.Has("flow") {
		t.Errorf("%v", q)
	}
	if bare := asked(t, newFactor(t)); linkForm.MatchString(bare.Delivery.Message.Text) || bytes.Contains(bare.Pending, []byte(`"link"`)) {
		t.Error("a link that nobody wants")
	}
}

// TestA38_CodesServeOnePurpose: what is sent for one thing answers nothing else.
func TestA38_CodesServeOnePurpose(t *testing.T) {
	f := newFactor(t, withLink)
	step := asked(t, f)
	_, q := linkIn(t, step.Delivery.Message)
	for _, code := range []string{codeIn(t, step.Delivery.Message), q.Get("token")} {
		for name, change := range map[string]func(*mfa.VerifyRequest){
			"another flow":        func(r *mfa.VerifyRequest) { r.Flow = "f2" },
			"to enrol":            func(r *mfa.VerifyRequest) { r.Purpose = mfa.ForEnrollment },
			"for another address": func(r *mfa.VerifyRequest) { r.Enrollments = enrolled(address2) },
			"nothing was asked":   func(r *mfa.VerifyRequest) { r.Pending = nil },
			"after it expired":    func(r *mfa.VerifyRequest) { r.Now = noon.Add(5 * time.Minute) },
		} {
			r := answer(step, code)
			change(&r)
			if v, err := f.Verify(bg, r); !errors.Is(err, mfa.ErrNotValid) || v.State != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	r := answer(step, q.Get("token"))
	for _, list := range [][]mfa.Enrolled{nil, append(enrolled(address1), enrolled(address2)...), {{ID: "e", State: []byte("{")}}} {
		r.Enrollments = list
		if _, err := f.Verify(bg, r); err == nil || errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%d addresses: %v", len(list), err)
		}
	}
}

// TestC17_A66_A68_AnswersOfOddForm: package onetime has all the spellings; here
// is what they become.
func TestC17_A66_A68_AnswersOfOddForm(t *testing.T) {
	for _, resend := range []bool{false, true} {
		f := newFactor(t, withLink, func(c *Config) { c.ResendWrong = resend })
		step := asked(t, f)
		code := codeIn(t, step.Delivery.Message)
		for _, odd := range []string{"", " ", code + "\n", code[:5], code + "1", "0x1234", "true", "１２３４５６", "-12345", address1, strings.Repeat("1", 1<<20)} {
			if _, err := f.Verify(bg, answer(step, odd)); !errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrNotValid) || len(err.Error()) > 100 {
				t.Errorf("%.20q: %v", odd, err)
			}
		}
		for _, no := range []string{wrong(code), strings.Repeat("A", 22)} {
			_, err := f.Verify(bg, answer(step, no))
			if nv := (*mfa.NotValidError)(nil); !errors.As(err, &nv) || nv.Resend != resend {
				t.Errorf("%v", err)
			}
		}
		if !verifies(f, step, code[:3]+" "+code[3:]) {
			t.Error("spaces count")
		}
	}
}

func TestA36_StoredStateIsNotTheCode(t *testing.T) {
	f := newFactor(t, withLink, func(c *Config) { c.Digits = 10 })
	step := asked(t, f)
	_, q := linkIn(t, step.Delivery.Message)
	for _, secret := range []string{codeIn(t, step.Delivery.Message), q.Get("token"), address1} {
		if bytes.Contains(step.Pending, []byte(secret)) {
			t.Fatalf("%s", step.Pending)
		}
	}
	var kept map[string]any
	if err := json.Unmarshal(step.Pending, &kept); err != nil || len(kept) != 4 {
		t.Fatalf("%v, %v", kept, err)
	}
	for _, v := range []any{string(step.Pending), kept["hash"], kept["link"], kept["key"]} {
		if verifies(f, step, fmt.Sprint(v)) {
			t.Errorf("%v is taken", v)
		}
	}
}

// TestA89_C20_NoCodeOrAddressIsPrinted: values and errors, in every way to print them.
func TestA89_C20_NoCodeOrAddressIsPrinted(t *testing.T) {
	f := newFactor(t, withLink)
	step := asked(t, f)
	code := codeIn(t, step.Delivery.Message)
	_, q := linkIn(t, step.Delivery.Message)
	_, notValid := f.Verify(bg, answer(step, wrong(code)))
	_, malformed := f.Verify(bg, answer(step, code+code))
	_, refusal := enroll(f, address1+","+address2)
	for name, v := range map[string]any{
		"State": State{Address: address1}, "*State": &State{Address: address1}, "[]State": []State{{Address: address1}},
		"Data": Data{Code: code, Link: q.Get("token")}, "Challenge": step.Challenge, "Step": step, "Message": step.Delivery.Message,
		"not valid": notValid, "malformed": malformed, "refused": refusal,
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v, slog.Group("g", slog.Any("v", v)))
		for _, secret := range []string{code, fmt.Sprintf("%x", code), address1, fmt.Sprintf("%x", address1), q.Get("token")} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s: %s is in\n%.500s", name, secret, out.String())
			}
		}
	}
	shown, err := json.Marshal([]any{step.Challenge, step.Hint})
	if err != nil || string(shown) != `[{"destination":"`+mask1+`","digits":6},"`+mask1+`"]` {
		t.Errorf("%s, %v", shown, err)
	}
}
