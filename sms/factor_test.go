package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestO06_MethodIsRestricted(t *testing.T) {
	want := mfa.Method{Name: "sms", Label: "Text message", Kind: mfa.Have, Channel: mfa.ChannelSMS, Restricted: true, Guessable: true}
	if got := newFactor(t).Method(); got != want {
		t.Errorf("%+v", got)
	}
}

func TestConfigThatIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no name":            {func(c *Config) { c.AppName = "" }, "Config.AppName"},
		"long name":          {func(c *Config) { c.AppName = strings.Repeat("x", 31) }, "Config.AppName"},
		"name with a mark":   {func(c *Config) { c.AppName = "Ex @ample" }, "Config.AppName"},
		"name with a hash":   {func(c *Config) { c.AppName = "Ex#1" }, "Config.AppName"},
		"name of two lines":  {func(c *Config) { c.AppName = "Ex\n@evil.example #1" }, "Config.AppName"},
		"name with CR":       {func(c *Config) { c.AppName = "Ex\r" }, "Config.AppName"},
		"right to left":      {func(c *Config) { c.AppName = "Ex\u202eelpma" }, "Config.AppName"},
		"zero width":         {func(c *Config) { c.AppName = "Ex\u200bample" }, "Config.AppName"},
		"name not UTF-8":     {func(c *Config) { c.AppName = "Ex\xff" }, "Config.AppName"},
		"no countries":       {func(c *Config) { c.Countries = nil }, "Config.Countries"},
		"unknown country":    {func(c *Config) { c.Countries = []string{"NO", "Mars"} }, "Config.Countries"},
		"no sender":          {func(c *Config) { c.Sender = nil }, "Config.Sender"},
		"unknown region":     {func(c *Config) { c.Region = "ZZ" }, "Config.Region"},
		"few digits":         {func(c *Config) { c.Digits = 5 }, "Config.Digits"},
		"many digits":        {func(c *Config) { c.Digits = 11 }, "Config.Digits"},
		"lives long":         {func(c *Config) { c.Lifetime = 10*time.Minute + time.Second }, "Config.Lifetime"},
		"lives short":        {func(c *Config) { c.Lifetime = time.Second }, "Config.Lifetime"},
		"half a rate":        {func(c *Config) { c.Limits.Number = Rate{Hour: 1} }, "Config.Limits"},
		"day below hour":     {func(c *Config) { c.Limits.System = Rate{10, 9} }, "Config.Limits"},
		"below nothing":      {func(c *Config) { c.Limits.Prefix = Rate{-1, 9} }, "Config.Limits"},
		"reserve of all":     {func(c *Config) { c.Limits.Reserve = 91 }, "Config.Limits"},
		"reserve below none": {func(c *Config) { c.Limits.Reserve = -1 }, "Config.Limits"},
		"breaker of few":     {func(c *Config) { c.Limits.BreakerMin = 9 }, "Config.Limits"},
		"breaker above all":  {func(c *Config) { c.Limits.BreakerShare = 101 }, "Config.Limits"},
	} {
		f, err := New(config(tc.change))
		if f != nil || err == nil || !strings.HasPrefix(err.Error(), "sms: ") || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestO05_BudgetsOfAMessage: every message falls under all of them, and what a
// key is about does not depend on how a number is written.
func TestO05_BudgetsOfAMessage(t *testing.T) {
	want := []mfa.Budget{
		{Name: mfa.BudgetDestination, Key: number1, Hour: 5, Day: 10, Reserve: 30},
		{Name: mfa.BudgetNetwork, Hour: 30, Day: 100, Reserve: 30},
		{Name: "prefix", Key: "+47 912", Label: "+47 912", Hour: 200, Day: 1000, Reserve: 30, Leased: true, MinSent: 40, MinVerified: 25},
		{Name: "system", Hour: 1000, Day: 5000, Reserve: 30, Leased: true, Warn: 80},
	}
	f := newFactor(t, func(c *Config) { c.Region = "NO" })
	for _, text := range []string{number1, "91234567", "+47 91 23 45 67", "0047 912 34 567"} {
		step, err := enroll(f, text)
		if err != nil || !reflect.DeepEqual(step.Delivery.Budgets, want) || step.Delivery.Known {
			t.Errorf("%s: %+v, %v", text, step.Delivery, err)
		}
	}
	step := asked(t, f)
	if !reflect.DeepEqual(step.Delivery.Budgets, want) || !step.Delivery.Known {
		t.Errorf("%+v", step.Delivery)
	}
	own := newFactor(t, func(c *Config) {
		c.Limits = Limits{Number: Rate{1, 2}, Network: Rate{3, 4}, Prefix: Rate{5, 6}, System: Rate{7, 8}, Reserve: 10, BreakerMin: 20, BreakerShare: 50}
	})
	step = asked(t, own)
	want = []mfa.Budget{
		{Name: mfa.BudgetDestination, Key: number1, Hour: 1, Day: 2},
		{Name: mfa.BudgetNetwork, Hour: 3, Day: 4, Reserve: 10},
		{Name: "prefix", Key: "+47 912", Label: "+47 912", Hour: 5, Day: 6, Reserve: 10, Leased: true, MinSent: 20, MinVerified: 50},
		{Name: "system", Hour: 7, Day: 8, Reserve: 10, Leased: true, Warn: 80},
	}
	if !reflect.DeepEqual(step.Delivery.Budgets, want) {
		t.Error(step.Delivery.Budgets)
	}
}

func TestO12_NothingOutsideShowsTheNumber(t *testing.T) {
	f := newFactor(t)
	for name, step := range map[string]func() (mfa.Step, error){
		"enrolment": func() (mfa.Step, error) { return enroll(f, number1) },
		"sign-in":   func() (mfa.Step, error) { return f.Challenge(bg, challenge(number1)) },
		"import": func() (mfa.Step, error) {
			return f.Enroll(bg, mfa.EnrollRequest{User: ada, Params: mfa.EnrollParams{Import: []byte(`{"number":"` + number1 + `"}`)}, Now: noon})
		},
	} {
		s, err := step()
		if err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal([]any{s.Challenge, s.Hint})
		if err != nil || s.Hint != mask1 || strings.Contains(string(shown), "912345") {
			t.Errorf("%s: %s, %v", name, shown, err)
		}
		if s.Delivery != nil && s.Delivery.Message.To != number1 {
			t.Errorf("%s: to %q", name, s.Delivery.Message.To)
		}
	}
	got, err := json.Marshal(asked(t, f).Challenge)
	if err != nil || string(got) != `{"destination":"`+mask1+`","digits":6}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestEnrolmentIsConfirmedByACode(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Region = "NO" })
	for name, p := range map[string]mfa.EnrollParams{"given": {Phone: "412 34 599"}, "on file": {}} {
		step, err := f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e9", Params: p, Now: noon})
		if err != nil || step.Done != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := map[string]string{"given": number2, "on file": number1}[name]
		m := step.Delivery.Message
		if m.To != want || m.Channel != mfa.ChannelSMS || m.Subject != "" || m.HTML != "" || step.Delivery.Sender != f.config.Sender {
			t.Errorf("%s: %+v", name, m)
		}
		if !step.Expires.Equal(noon.Add(5 * time.Minute)) {
			t.Errorf("%s: expires %v", name, step.Expires)
		}
		r := mfa.VerifyRequest{User: ada, Purpose: mfa.ForEnrollment, Flow: "e9", ID: "e9", Pending: step.Pending, Answer: mfa.Answer{Code: codeIn(t, m)}, Now: noon}
		v, err := f.Verify(bg, r)
		if err != nil || string(v.State) != `{"number":"`+want+`"}` || v.EnrollmentID != "" || fmt.Sprint(v.AMR) != "[sms]" || v.UserVerified {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
		r.Enrollments = enrolled(want) // it was confirmed in another window meanwhile
		if _, err := f.Verify(bg, r); reason(err) != ReasonEnrolled {
			t.Errorf("%s, twice: %v", name, err)
		}
		r.Enrollments, r.Answer.Code = nil, wrong(r.Answer.Code)
		if _, err := f.Verify(bg, r); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("%s, wrong: %v", name, err)
		}
	}
	if _, err := f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e", Existing: enrolled(number1), Now: noon}); reason(err) != ReasonEnrolled {
		t.Errorf("%v", err)
	}
	if _, err := f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e", Implicit: true, Now: noon}); !errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("implicit: %v", err)
	}
}

// TestA67_ImportIsTyped: an import is the documented JSON and nothing like it.
func TestA67_ImportIsTyped(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Countries = Countries("NO") })
	load := func(state string, existing ...mfa.Enrolled) (mfa.Step, error) {
		return f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e", Params: mfa.EnrollParams{Import: []byte(state), Phone: number2}, Existing: existing, Now: noon})
	}
	step, err := load(`{"number":"+47 912 34 567"}`)
	if err != nil || step.Delivery != nil || string(step.Done.State) != `{"number":"`+number1+`"}` || step.Done.Hint != mask1 || step.Done.AMR != nil {
		t.Errorf("%v", err)
	}
	if _, err := load(`{"number":"`+number1+`"}`, enrolled(number1)...); reason(err) != ReasonEnrolled {
		t.Errorf("%v", err)
	}
	for _, state := range []string{"", "x", "null", "true", "[]", `"+4791234567"`, `{"number":true}`, `{"number":4791234567}`, `{"number":["` + number1 + `"]}`, `{"number":null}`, `{"number":""}`, `{}`, `{"number":"` + number1,
		`{"number":"` + number1 + `","confirmed":false}`, `{"number":"` + number1 + `"}{}`, `{"number":"` + number1 + `"} x`, `{"number":"` + number1 + `"` + strings.Repeat(" ", maxImport) + "}"} {
		if step, err := load(state); !errors.Is(err, mfa.ErrBadInput) || step.Done != nil || strings.Contains(err.Error(), "91234567") {
			t.Errorf("%s: %v", state, err)
		}
	}
	for number, want := range map[string]string{"+4721234567": ReasonFixed, "+12015550123": ReasonCountry, number1 + `\r\nx`: ReasonInvalid} {
		if _, err := load(`{"number":"` + number + `"}`); reason(err) != want {
			t.Errorf("%s: %v", number, err)
		}
	}
}

func TestO03_ANewCodeReplacesTheOld(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Digits = 10 })
	first := asked(t, f)
	r := challenge(number1)
	r.Previous = first.Pending
	second, err := f.Challenge(bg, r)
	if err != nil {
		t.Fatal(err)
	}
	if verifies(f, second, codeOf(first)) || !verifies(f, second, codeOf(second)) {
		t.Error("the old code works, or the new one does not")
	}
	// In an enrolment the number comes along.
	first, err = enroll(f, number2)
	if err != nil {
		t.Fatal(err)
	}
	second, err = f.Challenge(bg, mfa.ChallengeRequest{User: ada, Purpose: mfa.ForEnrollment, Flow: "e1", Previous: first.Pending, Now: noon})
	if err != nil || second.Delivery.Message.To != number2 || second.Delivery.Known {
		t.Fatalf("%v", err)
	}
	for step, want := range map[*mfa.Step]bool{&first: false, &second: true} {
		v, err := f.Verify(bg, mfa.VerifyRequest{Purpose: mfa.ForEnrollment, Flow: "e1", ID: "e1", Pending: second.Pending, Answer: mfa.Answer{Code: codeOf(*step)}, Now: noon})
		if (err == nil) != want || want && string(v.State) != `{"number":"`+number2+`"}` {
			t.Errorf("%t: %v", want, err)
		}
	}
	for _, previous := range []string{"", "{}", "x"} {
		step, err := f.Challenge(bg, mfa.ChallengeRequest{User: ada, Purpose: mfa.ForEnrollment, Flow: "e1", Previous: []byte(previous), Now: noon})
		if err == nil || step.Delivery != nil {
			t.Errorf("%q: %v", previous, err)
		}
	}
}

// TestA38_CodesServeOnePurpose: a code for one thing answers nothing else.
func TestA38_CodesServeOnePurpose(t *testing.T) {
	f := newFactor(t)
	step := asked(t, f)
	code := codeOf(step)
	for name, change := range map[string]func(*mfa.VerifyRequest){
		"another flow":        func(r *mfa.VerifyRequest) { r.Flow = "f2" },
		"to enrol":            func(r *mfa.VerifyRequest) { r.Purpose = mfa.ForEnrollment },
		"to be found":         func(r *mfa.VerifyRequest) { r.Purpose = mfa.ForDiscovery },
		"for another number":  func(r *mfa.VerifyRequest) { r.Enrollments = enrolled(number2) },
		"of another's flow":   func(r *mfa.VerifyRequest) { r.Flow, r.Enrollments = "f2", enrolled(number2) },
		"nothing was asked":   func(r *mfa.VerifyRequest) { r.Pending = nil },
		"after it expired":    func(r *mfa.VerifyRequest) { r.Now = noon.Add(5 * time.Minute) },
		"long after":          func(r *mfa.VerifyRequest) { r.Now = noon.Add(24 * time.Hour) },
		"a credential's form": func(r *mfa.VerifyRequest) { r.Answer = mfa.Answer{Credential: []byte(code), Code: wrong(code)} },
	} {
		r := answer(step, code)
		change(&r)
		if v, err := f.Verify(bg, r); !errors.Is(err, mfa.ErrNotValid) || v.State != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := answer(step, code)
	r.Now = noon.Add(5*time.Minute - time.Second)
	v, err := f.Verify(bg, r)
	if err != nil || v.EnrollmentID != "e1" || !bytes.Equal(v.State, r.Enrollments[0].State) {
		t.Errorf("%+v, %v", v, err)
	}
	enrolling, err := enroll(f, number1)
	if err != nil {
		t.Fatal(err)
	}
	r = answer(enrolling, codeOf(enrolling))
	if _, err := f.Verify(bg, r); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("an enrolment's code signs in: %v", err)
	}
	r.Flow = "e1"
	if _, err := f.Verify(bg, r); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("an enrolment's code signs in: %v", err)
	}
	r = answer(step, code)
	for _, list := range [][]mfa.Enrolled{nil, append(enrolled(number1), enrolled(number2)...), {{ID: "e", State: []byte("{")}}} {
		r.Enrollments = list
		if _, err := f.Verify(bg, r); err == nil || errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%d numbers: %v", len(list), err)
		}
	}
}

// TestC17_A66_A68_AnswersOfOddForm: package onetime has all the spellings; here
// is what they become.
func TestC17_A66_A68_AnswersOfOddForm(t *testing.T) {
	for _, resend := range []bool{false, true} {
		f := newFactor(t, func(c *Config) { c.ResendWrong = resend })
		step := asked(t, f)
		code := codeOf(step)
		for _, odd := range []string{"", " ", code + "\n", code[:5], code + "1", "0x1234", "true", "１２３４５６", "-12345", "1e5", "12345\x00", strings.Repeat("1", 1<<20)} {
			_, err := f.Verify(bg, answer(step, odd))
			if !errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrNotValid) || len(err.Error()) > 100 {
				t.Errorf("%.20q: %v", odd, err)
			}
		}
		_, err := f.Verify(bg, answer(step, wrong(code)))
		nv := (*mfa.NotValidError)(nil)
		if !errors.As(err, &nv) || nv.Resend != resend || nv.Hint != "" || nv.Alarm != "" {
			t.Errorf("%+v", nv)
		}
		if !verifies(f, step, code[:3]+" "+code[3:]+" ") {
			t.Error("spaces count")
		}
	}
}

func TestA36_StoredStateIsNotTheCode(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Digits = 10 })
	step := asked(t, f)
	if bytes.Contains(step.Pending, []byte(codeOf(step))) || bytes.Contains(step.Pending, []byte(number1)) {
		t.Fatalf("%s", step.Pending)
	}
	var kept map[string]any
	if err := json.Unmarshal(step.Pending, &kept); err != nil || len(kept) != 3 {
		t.Fatalf("%v, %v", kept, err)
	}
	for _, v := range append([]any{string(step.Pending)}, kept["hash"], kept["key"], kept["expires"]) {
		if verifies(f, step, fmt.Sprint(v)) {
			t.Errorf("%v is taken", v)
		}
	}
}

// TestO07_HookDecidesBeforeEachMessage: what it does not allow is not sent.
func TestO07_HookDecidesBeforeEachMessage(t *testing.T) {
	var asked []Destination
	var says error
	f := newFactor(t, func(c *Config) {
		c.Before = func(_ context.Context, d Destination) error {
			asked = append(asked, d)
			return says
		}
	})
	client := mfa.Client{App: "web", IP: netip.MustParseAddr("192.0.2.1")}
	r := challenge(number1)
	r.Client = client
	step, err := f.Challenge(bg, r)
	if err != nil || len(asked) != 0 {
		t.Fatalf("asked %d times while the state is being made, %v", len(asked), err)
	}
	refusal := &mfa.RefusedError{Reason: "sim_swapped", Detail: "Your SIM card is new."}
	down := errors.New("the carrier does not answer")
	for _, tc := range []struct {
		says   error
		reason string
	}{{nil, ""}, {refusal, "sim_swapped"}, {fmt.Errorf("hook: %w", refusal), "sim_swapped"}, {down, ReasonUnchecked}, {context.DeadlineExceeded, ReasonUnchecked}} {
		says = tc.says
		err := step.Delivery.Before(bg)
		if (err == nil) != (tc.says == nil) || reason(err) != tc.reason || tc.says != nil && (!errors.Is(err, mfa.ErrRefused) || !errors.Is(err, tc.says)) {
			t.Errorf("%v: %v", tc.says, err)
		}
	}
	want := Destination{User: ada, Client: client, Number: number1, Country: "NO", Known: true}
	if len(asked) != 5 || !reflect.DeepEqual(asked[0], want) {
		t.Errorf("%d questions, %+v", len(asked), asked)
	}
	step, err = enroll(f, "+1 201 555 0123")
	if err != nil {
		t.Fatal(err)
	}
	_ = step.Delivery.Before(bg)
	if last := asked[len(asked)-1]; last.Known || last.Country != "US" || last.Number != "+12015550123" {
		t.Errorf("%+v", last)
	}
	if step, err := enroll(newFactor(t), number1); err != nil || step.Delivery.Before != nil {
		t.Errorf("a hook that nobody set, %v", err)
	}
}

// TestCountryThatWasTakenOffTheList: who has a number there is told, and nothing is sent.
func TestCountryThatWasTakenOffTheList(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Countries = Countries("SE") })
	step, err := f.Challenge(bg, challenge(number1))
	if reason(err) != ReasonCountry || !strings.Contains(detail(err), "Norway") || step.Delivery != nil {
		t.Errorf("%v", err)
	}
}

// TestA89_C20_NoCodeOrNumberIsPrinted: values and errors, in every way to print them.
func TestA89_C20_NoCodeOrNumberIsPrinted(t *testing.T) {
	f := newFactor(t)
	step := asked(t, f)
	code := codeOf(step)
	_, notValid := f.Verify(bg, answer(step, wrong(code)))
	_, malformed := f.Verify(bg, answer(step, code+code))
	_, refusal := enroll(f, "+47 21 23 45 67")
	values := map[string]any{
		"State": State{number1}, "*State": &State{number1}, "[]State": []State{{number1}},
		"Destination": Destination{User: ada, Number: number1}, "*Destination": &Destination{User: ada, Number: number1},
		"Challenge": step.Challenge, "Step": step, "Message": step.Delivery.Message,
		"not valid": notValid, "malformed": malformed, "refused": refusal,
	}
	for name, v := range values {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v, slog.Group("g", slog.Any("v", v)))
		for _, secret := range []string{code, fmt.Sprintf("%x", code), "912345", fmt.Sprintf("%x", number1[3:]), "2123456"} {
			if strings.Contains(strings.ReplaceAll(out.String(), " ", ""), secret) {
				t.Errorf("%s: %s is in\n%.500s", name, secret, out.String())
			}
		}
	}
	if got := fmt.Sprintf("%x", struct{ s string }{number1}); !strings.Contains(got, fmt.Sprintf("%x", number1[3:])) {
		t.Error("this test would not see a leak")
	}
}
