package otelmfa_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/otelmfa"
	"github.com/mfakit/mfa/store/memory"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// told is a span in a line: its name and attributes, and what it is a part of.
func told(spans []sdktrace.ReadOnlySpan) []string {
	names := map[string]string{}
	for _, s := range spans {
		names[s.SpanContext().SpanID().String()] = s.Name()
	}
	var out []string
	for _, s := range spans {
		var parts []string
		for _, a := range s.Attributes() {
			parts = append(parts, strings.TrimPrefix(string(a.Key), "mfa.")+"="+a.Value.String())
		}
		slices.Sort(parts)
		out = append(out, fmt.Sprintf("%s < %s %v", s.Name(), names[s.Parent().SpanID().String()], parts))
	}
	return out
}

func wantSpans(t *testing.T, b *bench, want ...string) {
	t.Helper()
	got := told(b.spans.Ended())
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("there is no span %q:\n%s", w, strings.Join(got, "\n"))
		}
	}
}

// A call of the engine is a span, what it takes are parts of it, and it says how many
// calls of the store that were: one Load and one Save for a verification.
func TestOperationsAreSpans(t *testing.T) {
	b := newBench(t, func(c *mfa.Config) { c.Risk = scored{mfa.Assessment{Level: mfa.RiskHigh}} })
	phone, _ := b.EnrollTOTP(t, ada)
	flow := must[mfa.Flow](t)(otelmfa.Operation(t.Context(), b.telemetry, "sign_in", func(ctx context.Context) (mfa.Flow, error) {
		return b.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	}))
	verify := func(a mfa.Answer) (mfa.Flow, error) {
		return otelmfa.Operation(t.Context(), b.telemetry, "verify", func(ctx context.Context) (mfa.Flow, error) {
			return b.Verify(ctx, flow.Token, a, mfa.Client{})
		})
	}
	if _, err := verify(mfa.Answer{Option: flow.Options[0].ID, Code: "000000"}); !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	if flow, err := verify(phone.Answer(flow)); err != nil || flow.Status != mfa.StatusPassed {
		t.Fatal(flow, err)
	}
	_, _ = otelmfa.Operation(t.Context(), b.telemetry, "made up", func(context.Context) (int, error) { return 0, mfa.ErrBusy })
	wantSpans(t, b,
		"mfa.sign_in <  [flow.purpose=sign_in flow.status=challenge operation=sign_in outcome=ok store.calls=2 store.conflicts=0]",
		"mfa.verify <  [operation=verify outcome=not_valid store.calls=2 store.conflicts=0]",
		"mfa.verify <  [flow.purpose=sign_in flow.status=passed operation=verify outcome=ok store.calls=2 store.conflicts=0]",
		"mfa.other <  [operation=other outcome=busy store.calls=0 store.conflicts=0]",
		"mfa.store.load < mfa.verify [outcome=ok store.keyspace=user store.operation=load]",
		"mfa.store.save < mfa.verify [outcome=ok store.keyspace=user store.operation=save]",
		"mfa.factor.verify < mfa.verify [method=totp outcome=not_valid]",
		"mfa.risk.score < mfa.sign_in [outcome=ok risk.level=high]",
	)
	for _, s := range b.spans.Ended() {
		if fault := s.Name() == "mfa.other"; (s.Status().Code == codes.Error) != fault {
			t.Errorf("%s has the status %v", s.Name(), s.Status())
		}
	}
	wantOnly(t, b.points(t), "mfa.operation.duration", map[string]int64{
		"flow.purpose=sign_in flow.status=challenge operation=sign_in outcome=ok": 1,
		"operation=verify outcome=not_valid":                                      1,
		"flow.purpose=sign_in flow.status=passed operation=verify outcome=ok":     1,
		"operation=other outcome=busy":                                            1,
	})
}

func TestRequestsAreSpans(t *testing.T) {
	b := measured(t)
	s := b.telemetry.Store(memory.New())
	h := b.telemetry.Handler("/mfa/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/mfa/flow":
			_, _ = w.Write([]byte("{}"))
		case "/mfa/flow/verify":
			_, _ = s.Load(r.Context(), "user/7")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusUnauthorized)
		case "/mfa/devices":
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		case "/mfa/stepup":
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	call := func(method, path string) {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil))
	}
	call("GET", "/mfa/flow")
	call("POST", "/mfa/flow/verify")
	call("DELETE", "/mfa/devices")
	call("POST", "/mfa/stepup")
	call("BREW", "/mfa/../etc/passwd")
	wantSpans(t, b,
		"GET /mfa/flow <  [http.request.method=GET http.response.status_code=200 http.route=/mfa/flow store.calls=0 store.conflicts=0]",
		"POST /mfa/flow/verify <  [http.request.method=POST http.response.status_code=401 http.route=/mfa/flow/verify store.calls=1 store.conflicts=0]",
		"mfa.store.load < POST /mfa/flow/verify [outcome=not_found store.keyspace=user store.operation=load]",
		"POST /mfa/stepup <  [http.request.method=POST http.response.status_code=500 http.route=/mfa/stepup store.calls=0 store.conflicts=0]",
		"other other <  [http.request.method=other http.response.status_code=503 http.route=other store.calls=0 store.conflicts=0]",
	)
	wantOnly(t, b.points(t), "mfa.http.request.duration", map[string]int64{
		"http.request.method=GET http.response.status_code=200 http.route=/mfa/flow":         1,
		"http.request.method=POST http.response.status_code=401 http.route=/mfa/flow/verify": 1,
		"http.request.method=DELETE http.response.status_code=200 http.route=/mfa/devices":   1,
		"http.request.method=POST http.response.status_code=500 http.route=/mfa/stepup":      1,
		"http.request.method=other http.response.status_code=503 http.route=other":           1,
	})
}

// Conflicts are counted where they cost something: in the request that had to try again.
func TestConflictsAreCountedInTheirRequest(t *testing.T) {
	b := newBench(t, func(c *mfa.Config) { c.Store = &contended{Store: c.Store, left: 2} })
	must[mfa.Flow](t)(otelmfa.Operation(t.Context(), b.telemetry, "sign_in", func(ctx context.Context) (mfa.Flow, error) {
		return b.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	}))
	wantSpans(t, b, "mfa.sign_in <  [flow.purpose=sign_in flow.status=passed operation=sign_in outcome=ok store.calls=6 store.conflicts=2]")
	wantPoints(t, b.points(t), "mfa.store.operation.duration", map[string]int64{"outcome=conflict store.keyspace=user store.operation=save": 2})
}

// contended is a store in which others were first, a few times.
type contended struct {
	mfa.Store
	left int
}

func (c *contended) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if c.left > 0 {
		c.left--
		return mfa.ErrConflict
	}
	return c.Store.Save(ctx, key, old, item)
}
