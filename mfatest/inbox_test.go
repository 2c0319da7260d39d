package mfatest_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/sms"
)

func TestInboxKeepsWhatIsSent(t *testing.T) {
	ctx := t.Context()
	var b mfatest.Inbox
	if m, ok := b.Last("ada@example.com"); ok || m != (mfa.Message{}) || b.Code("ada@example.com") != "" || b.Link("ada@example.com") != "" || len(b.Messages()) != 0 {
		t.Errorf("there is something in an empty one: %v", &b)
	}
	sent := []mfa.Message{
		{ID: "1", Channel: mfa.ChannelEmail, To: "ada@example.com", Subject: "One", Text: "111111", HTML: "<p>111111"},
		{ID: "2", Channel: mfa.ChannelSMS, To: "+4791234567", Text: "222222 https://example.com/2", Report: "r"},
		{ID: "3", Channel: mfa.ChannelEmail, To: "ada@example.com", Text: "333333 https://example.com/3"},
		{ID: "3", Channel: mfa.ChannelEmail, To: "ada@example.com", Text: "333333 https://example.com/3"}, // again
		{ID: "4", Channel: mfa.ChannelEmail, To: "eve@example.com"},
	}
	for _, m := range sent {
		if ref, err := b.Send(ctx, m); err != nil || ref != m.ID {
			t.Fatalf("%q, %v", ref, err)
		}
	}
	got := b.Messages()
	if fmt.Sprint(got) != fmt.Sprint(sent) || got[1] != sent[1] {
		t.Errorf("%v", got)
	}
	got[0].Text = "changed"
	if b.Messages()[0] != sent[0] {
		t.Error("Messages is not a copy")
	}
	for to, want := range map[string]mfa.Message{"ada@example.com": sent[3], "Ada@Example.COM": sent[3], "+4791234567": sent[1], "eve@example.com": sent[4]} {
		if m, ok := b.Last(to); !ok || m != want {
			t.Errorf("%s: %v", to, m)
		}
	}
	for _, to := range []string{"", "ada", "ada@example.com ", "4791234567"} {
		if m, ok := b.Last(to); ok {
			t.Errorf("%q: %v", to, m)
		}
	}
	if b.Code("ada@example.com") != "333333" || b.Link("+4791234567") != "https://example.com/2" || b.Code("eve@example.com") != "" || b.Code("bob@example.com") != "" {
		t.Error("the code or the link is another message's")
	}
	if seen := fmt.Sprintf("%v %+v %#v %s %d", &b, &b, &b, &b, &b); strings.Count(seen, "mfatest.Inbox(5 messages)") != 5 || strings.Contains(seen, "333") {
		t.Error(seen)
	}
}

func TestInboxFails(t *testing.T) {
	ctx := t.Context()
	var b mfatest.Inbox
	down := &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
	b.Fail(down)
	for range 2 {
		if ref, err := b.Send(ctx, mfa.Message{ID: "1"}); !errors.Is(err, down) || ref != "" {
			t.Errorf("%q, %v", ref, err)
		}
	}
	if len(b.Messages()) != 0 {
		t.Error("it keeps what it did not take")
	}
	b.Fail(nil)
	if _, err := b.Send(ctx, mfa.Message{ID: "1"}); err != nil || len(b.Messages()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestInboxFindsTheCode(t *testing.T) {
	for text, want := range map[string]string{
		"":       "",
		"123456": "123456",
		"123456 is your Example code. It works for 5 minutes.\n\n@example.com #123456": "123456",
		"Your code is: 0123456789\n":                                        "0123456789",
		"Koden din er 123456.":                                              "123456",
		"Ihr Code (123456) gilt 5 Minuten":                                  "123456",
		"123456 (5 min)":                                                    "123456",
		"Code:123456":                                                       "123456",
		"*123456*, \"654321\"":                                              "123456",
		"您的验证码是123456,请勿泄露。":                                                "123456",
		"認証コードは123456です":                                                    "123456",
		"인증번호는 123456입니다":                                                   "123456",
		"Shop 24: 123456":                                                   "123456",
		"Shop24 123456":                                                     "123456",
		"Line 7\n123456":                                                    "123456",
		"12345 or 12345678901":                                              "", // too short, and too long
		"no code":                                                           "",
		"Call +4791234567. The code is 123456":                              "123456",
		"Call +47 91234567. The code is 123456":                             "123456",
		"Call 0800 123456, 0800-123456 or 0800/123456: 654321":              "654321",
		"Call (0800) 123456 or +49 (0)30 123456, then 654321":               "654321",
		"Call 01632\u00a0960123 or 030\u2011123456: 654321":                 "654321",
		"Call 123456 78, then 654321":                                       "654321",
		"tel:+4791234567 123456x":                                           "",
		"At 12:123456 or 123456:00 or 2026-11-21 13:00:00":                  "",
		"At 20261121T130000Z, 20261121T130000, 2026.112100":                 "",
		"1,234567 or 123456.78 or 192.0.2.7":                                "",
		"from 2001:db8::1234, Sat, 21 Nov 2026 13:00 CET":                   "",
		"as ada123456, user-123456, u_123456: code 654321":                  "654321",
		"as 123456@example.com, ada.123456@example.com: 654321":             "654321",
		"https://example.com/123456?x=1&code=234567#345678, or type 456789": "456789",
		"https://example.com/x-123456.\n654321":                             "654321",
		"12345 https://example.com 123456":                                  "123456",
	} {
		t.Run(text, func(t *testing.T) {
			var b mfatest.Inbox
			if _, err := b.Send(t.Context(), mfa.Message{To: "+4791234567", Text: text}); err != nil {
				t.Fatal(err)
			}
			if got := b.Code("+4791234567"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestInboxFindsTheLink(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		"example.com":       "",
		"ftp://example.com": "",
		"https://":          "",
		"Open https://example.com/mfa/link?option=e1&token=AB-_c= now": "https://example.com/mfa/link?option=e1&token=AB-_c=",
		"Open\nhttp://localhost:8080/\nor https://example.com":         "http://localhost:8080/",
		"(see https://example.com/a.)":                                 "https://example.com/a",
		"<https://example.com/a>":                                      "https://example.com/a",
		`"https://example.com/a"`:                                      "https://example.com/a",
		"https://example.com/a, and":                                   "https://example.com/a",
	} {
		t.Run(text, func(t *testing.T) {
			var b mfatest.Inbox
			if _, err := b.Send(t.Context(), mfa.Message{To: "ada@example.com", Text: text}); err != nil {
				t.Fatal(err)
			}
			if got := b.Link("ada@example.com"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestInboxReadsEveryFactor: what it finds is what the factors that send
// something mean, whatever else they say.
func TestInboxReadsEveryFactor(t *testing.T) {
	now := time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)
	user := mfa.User{ID: "7", Name: "+4791234567", Email: "ada@example.com", Phone: "+4791234567"}
	client := mfa.Client{Place: "12345678 Oslo 2", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"}
	for digits := 6; digits <= 10; digits++ {
		mails, err := emailcode.New(emailcode.Config{AppName: "Shop 24", Sender: new(mfatest.Inbox), Digits: digits, Link: "https://example.com/link"})
		if err != nil {
			t.Fatal(err)
		}
		texts, err := sms.New(sms.Config{AppName: "Shop 24", Sender: new(mfatest.Inbox), Digits: digits, Countries: []string{"NO"}, Origin: "https://example.com"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			factor mfa.Factor
			state  string
			to     string
			linked bool
		}{
			{mails, `{"address":"ada@example.com"}`, "ada@example.com", true},
			{texts, `{"number":"+4791234567"}`, "+4791234567", false},
		} {
			t.Run(fmt.Sprint(c.factor.Method().Name, digits), func(t *testing.T) {
				enrolled := []mfa.Enrolled{{ID: "e1", State: []byte(c.state)}}
				step, err := c.factor.Challenge(t.Context(), mfa.ChallengeRequest{User: user, Client: client, Purpose: mfa.ForAuthentication, Flow: "f", Enrollments: enrolled, Now: now})
				if err != nil {
					t.Fatal(err)
				}
				b := step.Delivery.Sender.(*mfatest.Inbox)
				if _, err := b.Send(t.Context(), step.Delivery.Message); err != nil {
					t.Fatal(err)
				}
				if _, err := c.factor.Verify(t.Context(), mfa.VerifyRequest{User: user, Purpose: mfa.ForAuthentication, Flow: "f", Enrollments: enrolled,
					Pending: step.Pending, Answer: mfa.Answer{Code: b.Code(c.to)}, Now: now}); err != nil {
					t.Errorf("%q is not the code: %v", b.Code(c.to), err)
				}
				if strings.HasPrefix(b.Link(c.to), "https://example.com/link?") != c.linked {
					t.Errorf("the link is %q", b.Link(c.to))
				}
			})
		}
	}
}

func TestInboxIsTheEnginesSender(t *testing.T) {
	ctx := t.Context()
	var b mfatest.Inbox
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: &b})
	if err != nil {
		t.Fatal(err)
	}
	notices, err := notify.New(notify.Config{AppName: "Example", Sender: &b, SettingsURL: "https://example.com/settings"})
	if err != nil {
		t.Fatal(err)
	}
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Factors = append(c.Factors, mails)
		c.Policy = &policy.Policy{Rules: policy.Rules{Implicit: []string{emailcode.Name}}}
		c.Observers = append(c.Observers, notices)
	})
	user := mfa.User{ID: "7", Email: "ada@example.com", EmailVerified: true}
	flow, err := m.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password})
	if err != nil || len(flow.Options) != 1 {
		t.Fatalf("%v, %v", flow, err)
	}
	b.Fail(&mfa.SendError{Reason: mfa.SendOptedOut})
	var failed *mfa.DeliveryError
	if _, err = m.Challenge(ctx, flow.Token, flow.Options[0].ID, mfa.Client{}); !errors.As(err, &failed) || failed.Reason != mfa.SendOptedOut {
		t.Fatalf("%v", err)
	}
	b.Fail(nil)
	m.Clock.Advance(5 * time.Minute)
	if _, err = m.Challenge(ctx, flow.Token, flow.Options[0].ID, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	flow, err = m.Verify(ctx, flow.Token, mfa.Answer{Option: flow.Options[0].ID, Code: b.Code(user.Email)}, mfa.Client{})
	if err != nil || flow.Status != mfa.StatusPassed {
		t.Fatalf("%s: %v", flow.Status, err)
	}

	// A notice is there once the engine is closed.
	if err := m.Reset(ctx, mfa.Reset{User: user, Actor: "support", Reason: "lost phone"}); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if b.Code(user.Email) != "" || !strings.HasPrefix(b.Link(user.Email), "https://example.com/settings") {
		t.Errorf("the last of %v is no notice", &b)
	}
}

func TestInboxTakesManyAtOnce(t *testing.T) {
	var b mfatest.Inbox
	const senders, each = 8, 50
	var all sync.WaitGroup
	for i := range senders {
		to := strconv.Itoa(i)
		all.Go(func() {
			for j := range each {
				code := strconv.Itoa(100000 + j)
				b.Fail(nil)
				if _, err := b.Send(t.Context(), mfa.Message{To: to, Text: code}); err != nil {
					t.Error(err)
				}
				if got := b.Code(to); got != code {
					t.Errorf("got %s, want %s", got, code)
				}
			}
		})
	}
	all.Wait()
	if n := len(b.Messages()); n != senders*each {
		t.Errorf("%d messages", n)
	}
}
