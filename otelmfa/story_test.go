package otelmfa_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/otelmfa"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace/noop"
)

var ada = mfa.User{ID: "7", Name: "ada@example.com", Email: "ada@example.com", EmailVerified: true}

func TestSignInsAreCounted(t *testing.T) {
	b := newBench(t)
	phone, codes := b.EnrollTOTP(t, ada)
	verify := func(flow mfa.Flow, a mfa.Answer) error {
		_, err := b.Verify(t.Context(), flow.Token, a, mfa.Client{App: "web"})
		return err
	}
	flow := b.signIn(t, ada)
	option := flow.Options[0].ID
	if err := verify(flow, mfa.Answer{Option: option, Code: "000000"}); !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	if err := verify(flow, phone.Answer(flow)); err != nil {
		t.Fatal(err)
	}
	flow = b.signIn(t, ada)
	if err := verify(flow, mfa.Answer{Option: flow.Options[1].ID, Code: codes[0]}); err != nil {
		t.Fatal(err)
	}
	denied := must[mfa.Flow](t)(b.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password, MinGeneration: 1000, Client: mfa.Client{App: "nobody told of this one"}}))
	if denied.Status != mfa.StatusDenied {
		t.Fatal(denied.Status)
	}
	b.close(t)
	all := b.points(t)
	wantOnly(t, all, "mfa.flow.starts", map[string]int64{"": 1, "app=web": 2, "app=other": 1}) // the first by EnrollTOTP, of no app
	wantOnly(t, all, "mfa.flow.outcomes", map[string]int64{
		"method=password outcome=passed":           1,
		"app=web method=totp outcome=passed":       1,
		"app=web method=recovery outcome=passed":   1,
		"app=other outcome=denied reason=rollback": 1,
	})
	wantOnly(t, all, "mfa.factor.answers", map[string]int64{
		"app=web method=totp outcome=wrong": 1, "app=web method=totp outcome=right": 1, "app=web method=recovery outcome=right": 1,
	})
	wantPoints(t, all, "mfa.events", map[string]int64{
		"by=user event.type=enrollment.added method=totp":  1,
		"by=user event.type=recovery.used method=recovery": 1,
		"by=user event.type=flow.started":                  4,
		"by=user event.type=account.rollback":              1,
	})
}

func TestLockoutsResetsAndDisabledFactorsAreCounted(t *testing.T) {
	b := newBench(t)
	b.EnrollTOTP(t, ada)
	for range 50 { // after as many in a row it has to be bound again
		flow := b.signIn(t, ada)
		_, err := b.Verify(t.Context(), flow.Token, mfa.Answer{Option: flow.Options[0].ID, Code: "000000"}, mfa.Client{})
		if !errors.Is(err, mfa.ErrNotValid) {
			t.Fatal(err)
		}
		b.Clock.Advance(25 * time.Hour)
	}
	if err := b.Reset(t.Context(), mfa.Reset{User: ada, Actor: "carol", Reason: "ticket 8812"}); err != nil {
		t.Fatal(err)
	}
	b.close(t)
	all := b.points(t)
	wantPoints(t, all, "mfa.events", map[string]int64{
		"by=user event.type=factor.locked method=totp":       45, // from the fifth on
		"by=user event.type=enrollment.disabled method=totp": 1,
		"by=support event.type=account.reset":                1,
	})
}

func TestMessagesAreCountedByPrefix(t *testing.T) {
	b := newBench(t, func(c *mfa.Config) {
		c.Policy = decide(func(s mfa.Subject) mfa.Decision {
			return mfa.Decision{Require: mfa.Requirement{SecondFactor: s.Enrolled()}, Implicit: []string{emailcode.Name}}
		})
	})
	grace := mfa.User{ID: "8", Name: "grace@example.com", Email: "grace@example.com", EmailVerified: true}
	b.enrollPhone(t, ada, "+4791234567")
	b.enrollPhone(t, grace, "+12125550123")
	b.Clock.Advance(time.Hour)
	ask := func(u mfa.User, method string) (mfa.Flow, string, error) {
		flow := b.signIn(t, u)
		for _, o := range flow.Options {
			if o.Method == method {
				_, err := b.Challenge(t.Context(), flow.Token, o.ID, mfa.Client{})
				return flow, o.ID, err
			}
		}
		t.Fatalf("%s is no option: %+v", method, flow.Options)
		return flow, "", nil
	}
	answer := func(flow mfa.Flow, option, code string) error {
		_, err := b.Verify(t.Context(), flow.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{})
		return err
	}
	flow, option, err := ask(ada, sms.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer(flow, option, "000000"); !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	if err := answer(flow, option, b.inbox.Code("+4791234567")); err != nil {
		t.Fatal(err)
	}
	if flow, option, err = ask(grace, emailcode.Name); err != nil {
		t.Fatal(err)
	}
	if err := answer(flow, option, b.inbox.Code(grace.Email)); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Hour)
	b.inbox.Fail(&mfa.SendError{Reason: mfa.SendThrottled, Retry: true})
	if _, _, err = ask(grace, sms.Name); !errors.Is(err, mfa.ErrDelivery) {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Hour)
	b.inbox.Fail(&mfa.SendError{Reason: "the carrier's own words"})
	if _, _, err = ask(grace, sms.Name); !errors.Is(err, mfa.ErrDelivery) {
		t.Fatal(err)
	}
	b.close(t)
	all := b.points(t)
	wantOnly(t, all, "mfa.message.sends", map[string]int64{
		"channel=sms outcome=ok prefix=+47":       2,
		"channel=sms outcome=ok prefix=+1":        1,
		"channel=sms outcome=throttled prefix=+1": 1,
		"channel=sms outcome=other prefix=+1":     1,
		"channel=email outcome=ok":                1,
	})
	wantOnly(t, all, "mfa.message.verifications", map[string]int64{"channel=sms prefix=+47": 2, "channel=sms prefix=+1": 1, "channel=email": 1})
	wantPoints(t, all, "mfa.message.send.duration", map[string]int64{"channel=sms outcome=ok": 3, "channel=email outcome=ok": 1})
}

// Two codes may be right before the first is told of: both have come back.
func TestCodesAreCountedHoweverLateTheyAreTold(t *testing.T) {
	b := newBench(t)
	b.enrollPhone(t, ada, "+4791234567")
	list, err := b.Enrollments(t.Context(), ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.close(t) // that one code is told of
	right := mfa.Event{Type: mfa.EventVerified, User: ada.ID, Method: sms.Name, Enrollment: list[0].ID}
	for range 2 {
		if err := b.telemetry.Observe(t.Context(), right); err != nil {
			t.Fatal(err)
		}
	}
	// An address that counts by itself has changed: no code was asked for.
	changed := mfa.Event{ID: "n", Type: mfa.EventReplaced, Notice: true, User: ada.ID, Method: sms.Name, Enrollment: list[0].ID, Replaced: list[0].ID}
	if err := b.telemetry.Observe(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, b.points(t), "mfa.message.verifications", map[string]int64{"channel=sms prefix=+47": 3})
}

// A budget of messages that is used up is told with the country that it was for.
func TestRefusedMessagesAreCounted(t *testing.T) {
	b := newBench(t)
	b.telemetry.Observe(t.Context(), mfa.Event{ID: "1", Type: mfa.EventSendLimit, Reason: "prefix", Label: "+47 912"})
	b.telemetry.Observe(t.Context(), mfa.Event{ID: "2", Type: mfa.EventSendLimit, Reason: mfa.BudgetNetwork})
	b.telemetry.Observe(t.Context(), mfa.Event{ID: "3", Type: mfa.EventSendLimit, Reason: "made up", Label: "for +4791234567"})
	wantOnly(t, b.points(t), "mfa.message.refusals", map[string]int64{"budget=prefix prefix=+47": 1, "budget=network": 1, "budget=other": 1})
}

// Notices come again, with the same ID; what is about no user says so.
func TestANoticeThatComesAgainIsCountedOnce(t *testing.T) {
	b := newBench(t)
	e := mfa.Event{ID: "1", Type: mfa.EventReset, Notice: true, User: "7", Reason: "delayed_reset"}
	for range 3 {
		b.telemetry.Observe(t.Context(), e)
	}
	b.telemetry.Observe(t.Context(), mfa.Event{ID: "2", Type: mfa.EventSystemFailures})
	wantOnly(t, b.points(t), "mfa.events", map[string]int64{"by=delay event.type=account.reset": 1, "event.type=system.failures": 1})
}

func TestRiskIsCountedByLevel(t *testing.T) {
	b := newBench(t, func(c *mfa.Config) { c.Risk = scored{mfa.Assessment{Level: mfa.RiskHigh, Shadow: true}} })
	phone, _ := b.EnrollTOTP(t, ada)
	flow := b.signIn(t, ada)
	must[mfa.Flow](t)(b.Verify(t.Context(), flow.Token, phone.Answer(flow), mfa.Client{}))
	b.close(t)
	all := b.points(t)
	wantOnly(t, all, "mfa.risk.assessments", map[string]int64{
		"outcome=started risk.level=high risk.shadow=true": 2, "outcome=passed risk.level=high risk.shadow=true": 2,
	})
	wantOnly(t, all, "mfa.risk.score.duration", map[string]int64{"outcome=ok": 2})
}

// A failing observer is told by its type, and how long the notice has waited.
func TestNoticesThatNobodyTakesAreTold(t *testing.T) {
	b := newBench(t)
	b.Events.Fail(3) // as often as a process offers a notice
	b.EnrollTOTP(t, ada)
	b.close(t)
	all := b.points(t)
	const recorder = "*mfatest.Recorder"
	var refused, taken int64
	for _, p := range all["mfa.notice.age"] {
		switch p.attributes {
		case "observer=" + recorder + " outcome=refused":
			refused = p.value
		case "observer=" + recorder + " outcome=taken":
			taken = p.value
		}
	}
	if refused == 0 || taken == 0 {
		t.Errorf("refused %d, taken %d: %s", refused, taken, shown(all["mfa.notice.age"]))
	}
	wantPoints(t, all, "mfa.observer.duration", map[string]int64{"observer=" + recorder + " outcome=error": 3})

	b = newBench(t)
	o := observing(t, b)
	if err := o.Observe(t.Context(), mfa.Event{ID: "1", Notice: true, Time: b.Clock.Now().Add(-2 * time.Hour)}); err == nil {
		t.Fatal("it should refuse")
	}
	_ = o.Observe(t.Context(), mfa.Event{ID: "2", Time: b.Clock.Now()}) // no notice, and so nobody waits
	for _, p := range b.points(t)["mfa.notice.age"] {
		if p.value != 1 || p.sum != 7200 {
			t.Errorf("%s: %d of %g s in all", p.attributes, p.value, p.sum)
		}
	}
}

// observing is an observer as an engine of b would have it, that refuses once.
func observing(t *testing.T, b *bench) mfa.Observer {
	t.Helper()
	b.Events.Fail(1)
	return b.telemetry.Instrument(mfa.Config{Observers: []mfa.Observer{b.Events}, Now: b.Clock.Now}).Observers[0]
}

func TestUsersOfAReportAreTold(t *testing.T) {
	b := newBench(t)
	b.EnrollTOTP(t, ada)
	apps := must[*totp.Factor](t)(totp.New(totp.Config{Issuer: "Test"}))
	report := must[ops.Totals](t)(ops.Report(t.Context(), b.Store, b.Engine.Engine, ops.ReportOptions{Factors: []mfa.Factor{apps}}))
	b.telemetry.Report(t.Context(), report)
	all := b.points(t)
	wantPoints(t, all, "mfa.users", map[string]int64{"user.state=known": 1, "user.state=enrolled": 1, "user.state=aal2": 1, "user.state=phishing_resistant": 0})
	wantPoints(t, all, "mfa.enrollments", map[string]int64{"enrollment.state=usable method=totp": 1, "enrollment.state=disabled method=totp": 0})
	wantPoints(t, all, "mfa.store.operation.duration", map[string]int64{"outcome=ok store.keyspace=user store.operation=scan": 1})
}

// Without providers the global ones count, and without those nothing does.
func TestNilProvidersAreTheGlobalOnes(t *testing.T) {
	meters, tracers := otel.GetMeterProvider(), otel.GetTracerProvider()
	defer otel.SetMeterProvider(meters)
	defer otel.SetTracerProvider(tracers)
	reader := sdkmetric.NewManualReader()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	otel.SetTracerProvider(noop.NewTracerProvider())
	telemetry := must[*otelmfa.Telemetry](t)(otelmfa.New(otelmfa.Config{}))
	telemetry.Observe(t.Context(), mfa.Event{Type: mfa.EventFlowStarted, App: "web"})
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil || len(all.ScopeMetrics) != 1 {
		t.Errorf("%d scopes, %v", len(all.ScopeMetrics), err)
	}
}

// decide is a policy that is a function.
type decide func(mfa.Subject) mfa.Decision

func (d decide) Decide(s mfa.Subject) mfa.Decision { return d(s) }

// scored is a scorer that always says the same.
type scored struct{ said mfa.Assessment }

func (s scored) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return s.said, []byte("seen"), nil
}
func (scored) Learn(h, _ []byte, _ string) (learned, delta []byte, err error) { return h, nil, nil }
func (scored) Unlearn(h []byte, _ string) (left, delta []byte, err error)     { return h, nil, nil }
func (scored) Count([]byte)                                                   {}
