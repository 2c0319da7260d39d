package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

// A scripted sender does as it is told and notes its name.
type scripted struct {
	name  string
	err   error
	tried *[]string
	do    func(context.Context)
}

func (s scripted) Send(ctx context.Context, m mfa.Message) (string, error) {
	*s.tried = append(*s.tried, s.name)
	if m != message && m.To == number {
		return "", errors.New("the message was changed")
	}
	if s.do != nil {
		s.do(ctx)
	}
	return s.name, s.err
}

func failure(reason string) *mfa.SendError {
	e := &mfa.SendError{Reason: reason}
	switch reason {
	case mfa.SendThrottled, mfa.SendUnreachable, mfa.SendTimeout, mfa.SendBadAnswer:
		e.Retry, e.Elsewhere = true, true
	case mfa.SendUnauthorized, mfa.SendRefused:
		e.Elsewhere = true
	}
	return e
}

func newFallback(t *testing.T, c gateway.FallbackConfig) *gateway.Fallback {
	t.Helper()
	f, err := gateway.NewFallback(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFallbackRoutes(t *testing.T) {
	var tried []string
	by := func(name string) []mfa.Sender { return []mfa.Sender{scripted{name: name, tried: &tried}} }
	f := newFallback(t, gateway.FallbackConfig{
		Routes:  map[string][]mfa.Sender{"+1": by("nanp"), "+1242": by("bahamas"), "+49": by("germany"), "+4915": by("mobile"), "+7": by("seven")},
		Default: by("rest"),
	})
	for to, want := range map[string]string{
		"+12125550100": "nanp", "+12425550100": "bahamas", "+4930123456": "germany", "+4915112345678": "mobile",
		"+447700900000": "rest", "+79161234567": "seven", "+4412345678": "rest",
	} {
		m := message
		m.To = to
		if got, err := send(t, f, m); err != nil || got != want {
			t.Errorf("%s goes to %q, %v; want %s", to, got, err, want)
		}
	}
	none := newFallback(t, gateway.FallbackConfig{Routes: map[string][]mfa.Sender{"+1": by("nanp")}})
	_, err := send(t, none, message)
	wantError(t, err, mfa.SendRefused, false, false)
}

// TestFallbackGoesOn only where another sender can mend it and the message is
// not out.
func TestFallbackGoesOn(t *testing.T) {
	for _, reason := range []string{mfa.SendBadDestination, mfa.SendOptedOut, mfa.SendThrottled, mfa.SendUnauthorized,
		mfa.SendRefused, mfa.SendUnreachable, mfa.SendTimeout, mfa.SendBadAnswer, "unknown error", "bare timeout"} {
		for _, after := range []bool{false, true} {
			var tried []string
			var err error = failure(reason)
			want := err.(*mfa.SendError).Elsewhere
			switch reason {
			case mfa.SendTimeout, mfa.SendBadAnswer:
				want = after
			case "unknown error":
				err, want = errors.New("x"), after
			case "bare timeout":
				err, want = context.DeadlineExceeded, after
			}
			f := newFallback(t, gateway.FallbackConfig{AfterTimeout: after, Default: []mfa.Sender{
				scripted{name: "first", err: err, tried: &tried}, scripted{name: "second", tried: &tried},
			}})
			ref, got := send(t, f, message)
			if want != (got == nil) || want != (ref == "second") || want != slices.Contains(tried, "second") {
				t.Errorf("after %s (AfterTimeout %t): tried %v, got %v", reason, after, tried, got)
			}
			var e *mfa.SendError
			if got != nil && !errors.As(got, &e) {
				t.Errorf("after %s: the error is %T", reason, got)
			}
		}
	}
}

// TestFallbackTellsTheTruth of several failures.
func TestFallbackTellsTheTruth(t *testing.T) {
	late := failure(mfa.SendThrottled)
	late.After = time.Minute
	soon := failure(mfa.SendThrottled)
	soon.After = time.Second
	for _, test := range []struct {
		first, second *mfa.SendError
		reason        string
		retry         bool
		after         time.Duration
	}{
		{failure(mfa.SendUnauthorized), failure(mfa.SendRefused), mfa.SendRefused, false, 0},
		{failure(mfa.SendUnreachable), failure(mfa.SendBadDestination), mfa.SendBadDestination, true, 0},
		{late, failure(mfa.SendUnauthorized), mfa.SendUnauthorized, true, time.Minute},
		{late, soon, mfa.SendThrottled, true, time.Second},
		{failure(mfa.SendTimeout), failure(mfa.SendUnreachable), mfa.SendTimeout, true, 0}, // it may be out
		{failure(mfa.SendUnreachable), failure(mfa.SendBadAnswer), mfa.SendBadAnswer, true, 0},
	} {
		var tried []string
		f := newFallback(t, gateway.FallbackConfig{AfterTimeout: true, Default: []mfa.Sender{
			scripted{name: "first", err: test.first, tried: &tried}, scripted{name: "second", err: test.second, tried: &tried},
		}})
		_, err := send(t, f, message)
		var e *mfa.SendError
		if !errors.As(err, &e) || e.Reason != test.reason || e.Retry != test.retry || e.After != test.after {
			t.Errorf("%s and %s give %+v", test.first.Reason, test.second.Reason, e)
		}
		if !errors.Is(err, test.first) || !errors.Is(err, test.second) || len(tried) != 2 {
			t.Errorf("%s and %s: one is lost", test.first.Reason, test.second.Reason)
		}
	}
}

// TestFallbackKeepsToTheContext: no sender is tried once it is over, and with
// AfterTimeout each has its share.
func TestFallbackKeepsToTheContext(t *testing.T) {
	var tried []string
	ctx, cancel := context.WithCancel(context.Background())
	f := newFallback(t, gateway.FallbackConfig{Default: []mfa.Sender{
		scripted{name: "first", err: failure(mfa.SendUnreachable), tried: &tried, do: func(context.Context) { cancel() }},
		scripted{name: "second", tried: &tried},
	}})
	if _, err := f.Send(ctx, message); err == nil || len(tried) != 1 {
		t.Errorf("tried %v, got %v", tried, err)
	}

	for _, after := range []bool{false, true} {
		var ends []time.Time
		tried = nil
		note := func(ctx context.Context) { end, _ := ctx.Deadline(); ends = append(ends, end) }
		ctx, cancel = context.WithTimeout(context.Background(), time.Hour)
		whole, _ := ctx.Deadline()
		f = newFallback(t, gateway.FallbackConfig{AfterTimeout: after, Default: []mfa.Sender{
			scripted{name: "first", err: failure(mfa.SendUnreachable), tried: &tried, do: note},
			scripted{name: "second", err: failure(mfa.SendUnreachable), tried: &tried, do: note},
			scripted{name: "third", tried: &tried, do: note},
		}})
		_, err := f.Send(ctx, message)
		cancel()
		if err != nil || len(ends) != 3 || !ends[2].Equal(whole) {
			t.Fatalf("the ends are %v of %v, %v", ends, whole, err)
		}
		// A share of the hour that is left is 20 minutes, then half an hour.
		for i, left := range []time.Duration{40 * time.Minute, 30 * time.Minute} {
			if early := whole.Sub(ends[i]); after != (early > left-10*time.Minute) || !after && early != 0 {
				t.Errorf("AfterTimeout %t: sender %d ends %v before the whole", after, i, early)
			}
		}
	}
}

// TestFallbackOverRealSenders: the first carrier does not listen, or hangs.
func TestFallbackOverRealSenders(t *testing.T) {
	done := make(chan struct{})
	hangs := newCarrier(t, func(http.ResponseWriter, *http.Request) { <-done })
	t.Cleanup(func() { close(done) })
	closed := newCarrier(t, says(201, ""))
	closed.Close()
	second := newCarrier(t, says(201, twilioCreated))
	for name, test := range map[string]struct {
		base  string
		after bool
		want  string
	}{
		"not there":            {closed.URL, false, ""},
		"hangs":                {hangs.URL, false, mfa.SendTimeout},
		"hangs, twice is fine": {hangs.URL, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFallback(t, gateway.FallbackConfig{AfterTimeout: test.after, Default: []mfa.Sender{
				newKannel(t, test.base, func(c *gateway.KannelConfig) { c.Timeout = shortTimeout }),
				newTwilio(t, second.URL, nil),
			}})
			if test.want == "" {
				wantSent(t, f, message, messageSID)
				return
			}
			_, err := send(t, f, message)
			advised(t, err, test.want)
		})
	}
	if n := len(second.got()); n != 2 {
		t.Errorf("the second carrier got %d messages, want 2", n)
	}
}

func TestO12_FallbackRefusesToo(t *testing.T) {
	var tried []string
	f := newFallback(t, gateway.FallbackConfig{Default: []mfa.Sender{scripted{tried: &tried}}})
	m := message
	m.To = number + "\r\n"
	_, err := send(t, f, m)
	wantError(t, err, mfa.SendBadDestination, false, false)
	if len(tried) != 0 {
		t.Error("a sender was tried")
	}
}

func TestFallbackConfig(t *testing.T) {
	s := []mfa.Sender{show("x")}
	for want, c := range map[string]gateway.FallbackConfig{
		"no senders": {},
		`"49"`:       {Routes: map[string][]mfa.Sender{"49": s}},
		`"+"`:        {Routes: map[string][]mfa.Sender{"+": s}},
		`"+0"`:       {Routes: map[string][]mfa.Sender{"+0": s}},
		`"+4x"`:      {Routes: map[string][]mfa.Sender{"+4x": s}},
		`"DE"`:       {Routes: map[string][]mfa.Sender{"DE": s}},
		`"+1"`:       {Routes: map[string][]mfa.Sender{"+1": {}}},
		`"+2"`:       {Routes: map[string][]mfa.Sender{"+2": {nil}}},
		"nil sender": {Default: []mfa.Sender{nil}},
	} {
		if _, err := gateway.NewFallback(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, fmt.Sprint(err))
		}
	}
}
