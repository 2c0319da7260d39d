package otelmfa_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/otelmfa"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"go.opentelemetry.io/otel/attribute"
)

// vocabulary is all that an attribute may say beside numbers and truth values: the test
// has its own list, so that a word more is a decision.
var vocabulary = strings.Fields(`
	ok other started passed denied right wrong taken refused error not_valid locked requirement bad_input store conflict not_found busy
	throttled canceled user support delay sms email totp recovery password web high sms_reset
	user claim limit spent meta load save delete scan enroll challenge verify sign_in step_up activate reset prefix +47
	*mfatest.Recorder enrollment.added enrollment.renamed enrollment.removed recovery.generated recovery.used flow.started flow.passed flow.denied
	challenge.sent challenge.unsent factor.verified factor.failed factor.locked account.failures account.reset account.rollback device.new send.limit
	enrollment.disabled device.reused send.stopped send.budget network.failures system.failures
	rollback GET POST PATCH /mfa/flow/verify /mfa/enrollments/{id} /mfa/enrollments/{id}/activate other`)

// Whatever strangers, users and support write, and whatever is secret, no metric and no
// span has it.
func TestC20_NothingThatIsSomebodysIsTold(t *testing.T) {
	const phone = "+4791234567"
	user := mfa.User{ID: "canary-user", Name: "canary-name", Email: "canary@example.com", EmailVerified: true, Phone: phone,
		Attributes: map[string]string{"canary-attribute": "canary-value"}}
	client := mfa.Client{App: "canary-app", IP: netip.MustParseAddr("198.51.100.77"), UserAgent: "canary-agent", Place: "canary-place"}
	b := newBench(t, func(c *mfa.Config) {
		c.Risk = scored{mfa.Assessment{Level: mfa.RiskHigh, Place: "canary-place",
			Reasons: []mfa.RiskReason{{Code: "canary-code", Text: "canary-text", Usual: "canary-usual"}}}}
	})
	secrets := []string{"canary", "91234567", "198.51.100", "hunter2"}
	keep := func(s ...string) { secrets = append(secrets, s...) }

	caller := mfa.Caller{User: user, Client: client}
	in := func() mfa.Flow {
		flow := must[mfa.Flow](t)(otelmfa.Operation(t.Context(), b.telemetry, "sign_in", func(ctx context.Context) (mfa.Flow, error) {
			return b.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password, Client: client})
		}))
		keep(flow.Token)
		if flow.DeviceToken != "" {
			keep(flow.DeviceToken)
		}
		return flow
	}
	caller.Authentication = in().Authentication
	set := func(method string, code func(mfa.Enrolling) string) string {
		e := must[mfa.Enrolling](t)(b.Enroll(t.Context(), caller, mfa.Enroll{Method: method, Label: "canary-label", Params: mfa.EnrollParams{Phone: phone}}))
		answer := code(e)
		keep(answer, e.ID)
		done := must[mfa.Activated](t)(b.Activate(t.Context(), caller, e.ID, mfa.Answer{Code: answer}))
		caller.Authentication = done.Authentication
		keep(done.RecoveryCodes...)
		return e.ID
	}
	first := set(sms.Name, func(mfa.Enrolling) string { return b.inbox.Code(phone) })
	flow := in()
	for _, o := range flow.Options {
		if o.ID == first {
			must[mfa.Asked](t)(b.Challenge(t.Context(), flow.Token, o.ID, client))
		}
	}
	if _, err := b.Verify(t.Context(), flow.Token, mfa.Answer{Option: first, Code: "hunter2"}, client); !errors.Is(err, mfa.ErrBadInput) {
		t.Fatal(err)
	}
	keep(b.inbox.Code(phone))
	flow = must[mfa.Flow](t)(b.Verify(t.Context(), flow.Token, mfa.Answer{Option: first, Code: b.inbox.Code(phone)}, client))
	caller.Authentication = flow.Authentication
	app := set(totp.Name, func(e mfa.Enrolling) string {
		c := e.Challenge.(*totp.Challenge)
		keep(c.Secret)
		return phoneOf(t, c.URI, b.Clock.Now).Code()
	})
	must[mfa.Enrollment](t)(b.Rename(t.Context(), caller, app, "canary-renamed"))
	flow = in()
	for range 6 {
		_, _ = b.Verify(t.Context(), flow.Token, mfa.Answer{Option: app, Code: "000000"}, client)
	}
	b.Clock.Advance(time.Hour)
	b.inbox.Fail(&mfa.SendError{Reason: "canary-reason", Err: errors.New("to " + phone)})
	flow = in()
	_, _ = b.Challenge(t.Context(), flow.Token, first, client)
	_ = b.Reset(t.Context(), mfa.Reset{User: user, Actor: "canary-actor", Reason: "canary-ticket", Client: client})
	must[mfa.Flow](t)(b.SignIn(t.Context(), mfa.SignIn{User: user, First: mfa.Password, Client: client, MinGeneration: 1 << 40}))

	// What others make up.
	b.telemetry.Observe(t.Context(), mfa.Event{ID: "canary-id", Type: "canary.type", User: user.ID, Method: "canary-method", App: client.App, Reason: "canary"})
	b.telemetry.Observe(t.Context(), mfa.Event{Type: mfa.EventFlowPassed, Reason: "canary", Method: "canary"})
	b.telemetry.Observe(t.Context(), mfa.Event{Type: mfa.EventFlowDenied, Reason: "canary", Risk: &mfa.Assessment{Level: "canary"}})
	b.telemetry.Observe(t.Context(), mfa.Event{Type: mfa.EventSendLimit, Reason: "prefix", Label: phone})
	_, _ = b.Store.Load(t.Context(), "canary/"+user.ID)
	_ = b.telemetry.Store(failing{b.Store, errors.New("key user/canary-user")}).Save(t.Context(), "user/canary-user", 0, mfa.Item{})
	_, _ = otelmfa.Operation(t.Context(), b.telemetry, "canary", func(context.Context) (mfa.Flow, error) { return mfa.Flow{}, errors.New("canary") })
	h := b.telemetry.Handler("/mfa", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	for _, path := range []string{"/mfa/enrollments/" + app, "/mfa/enrollments/canary/activate?canary=1", "/canary"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "PATCH", path, strings.NewReader("canary")))
	}
	b.close(t)

	known := map[string]bool{}
	for _, w := range vocabulary {
		known[w] = true
	}
	said := map[string]bool{}
	look := func(where string, list []attribute.KeyValue) {
		for _, a := range list {
			said[string(a.Key)+"="+a.Value.String()] = true
			if a.Value.Type() == attribute.STRING && !known[a.Value.AsString()] {
				t.Errorf("%s: %s is %q, which is no word of the vocabulary", where, a.Key, a.Value.AsString())
			}
		}
	}
	for name, list := range b.points(t) {
		for _, p := range list {
			look(name, p.set.ToSlice())
		}
	}
	spans := b.spans.Ended()
	for _, s := range spans {
		look(s.Name(), s.Attributes())
		said[s.Name()], said[s.Status().Description] = true, true
		if len(s.Events()) > 0 {
			t.Errorf("%s has events, in which errors would be told in their words", s.Name())
		}
	}
	if len(spans) < 50 || len(said) < 50 {
		t.Fatalf("%d spans and %d values are too few to tell", len(spans), len(said))
	}
	for s := range said {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(s, secret) {
				t.Errorf("%q has %q in it", s, secret)
			}
		}
	}
}

// Any number of people at a time.
func TestParallelUse(t *testing.T) {
	b := newBench(t)
	var people sync.WaitGroup
	for i := range 8 {
		people.Go(func() {
			for range 10 {
				_, _ = otelmfa.Operation(context.Background(), b.telemetry, "sign_in", func(ctx context.Context) (mfa.Flow, error) {
					return b.SignIn(ctx, mfa.SignIn{User: mfa.User{ID: string(rune('a' + i))}, First: mfa.Password, Client: mfa.Client{App: "web"}})
				})
			}
		})
	}
	people.Wait()
	b.close(t)
	wantOnly(t, b.points(t), "mfa.flow.outcomes", map[string]int64{"app=web method=password outcome=passed": 80})
}
