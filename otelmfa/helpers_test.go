package otelmfa_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/otelmfa"
	"github.com/mfakit/mfa/sms"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// A bench is an engine that is measured, with what measures it.
type bench struct {
	*mfatest.Engine
	telemetry *otelmfa.Telemetry
	reader    *sdkmetric.ManualReader
	spans     *tracetest.SpanRecorder
	tracer    *sdktrace.TracerProvider
	inbox     *mfatest.Inbox
}

// measured makes a Telemetry with a reader of its own.
func measured(t *testing.T, apps ...string) *bench {
	t.Helper()
	b := &bench{reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder(), inbox: new(mfatest.Inbox)}
	b.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(b.spans))
	var err error
	b.telemetry, err = otelmfa.New(otelmfa.Config{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(b.reader)), TracerProvider: b.tracer, Apps: apps,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newBench makes an engine with authenticator apps, recovery codes, text messages and mails.
func newBench(t *testing.T, options ...func(*mfa.Config)) *bench {
	t.Helper()
	b := measured(t, "web")
	b.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		texts, err := sms.New(sms.Config{AppName: "Test", Countries: sms.Countries("NO", "US"), Sender: b.inbox})
		if err != nil {
			t.Fatal(err)
		}
		mails, err := emailcode.New(emailcode.Config{AppName: "Test", Sender: b.inbox})
		if err != nil {
			t.Fatal(err)
		}
		c.Factors = append(c.Factors, texts, mails)
		c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		for _, o := range options {
			o(c)
		}
		*c = b.telemetry.Instrument(*c)
	})
	return b
}

// close ends the engine, so that all events have been told.
func (b *bench) close(t *testing.T) {
	t.Helper()
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A point is one series of an instrument: its attributes in a line, and its value, which
// of a histogram is how often something was recorded.
type point struct {
	attributes string
	value      int64
	set        attribute.Set
	sum        float64 // of a histogram
}

// points are all series, by instrument.
func (b *bench) points(t *testing.T) map[string][]point {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := b.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string][]point{}
	add := func(name string, set attribute.Set, value int64, sum float64) {
		out[name] = append(out[name], point{line(set), value, set, sum})
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value, 0)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value, 0)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, int64(p.Count), p.Sum)
				}
			default:
				t.Fatalf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	return out
}

// line is a set of attributes as "app=web method=totp", without the common prefix.
func line(set attribute.Set) string {
	var parts []string
	for _, a := range set.ToSlice() {
		parts = append(parts, strings.TrimPrefix(string(a.Key), "mfa.")+"="+a.Value.String())
	}
	return strings.Join(parts, " ")
}

// wantPoints compares some of an instrument's series with what they should be.
func wantPoints(t *testing.T, all map[string][]point, name string, want map[string]int64) {
	t.Helper()
	for attributes, value := range want {
		i := slices.IndexFunc(all[name], func(p point) bool { return p.attributes == attributes })
		switch {
		case i < 0 && value != 0:
			t.Errorf("%s has no series %q: %s", name, attributes, shown(all[name]))
		case i >= 0 && all[name][i].value != value:
			t.Errorf("%s %q is %d, want %d", name, attributes, all[name][i].value, value)
		}
	}
}

// wantOnly also says that there are no others that counted anything.
func wantOnly(t *testing.T, all map[string][]point, name string, want map[string]int64) {
	t.Helper()
	wantPoints(t, all, name, want)
	counted := slices.DeleteFunc(slices.Clone(all[name]), func(p point) bool { return p.value == 0 })
	if len(counted) != len(want) {
		t.Errorf("%s has %d series, want %d: %s", name, len(counted), len(want), shown(counted))
	}
}

func shown(list []point) string {
	var out []string
	for _, p := range list {
		out = append(out, fmt.Sprintf("{%s} %d", p.attributes, p.value))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// must ends a test that could not do what it is not about.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// signIn begins a sign-in by password in the app "web".
func (b *bench) signIn(t *testing.T, u mfa.User) mfa.Flow {
	t.Helper()
	return must[mfa.Flow](t)(b.SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: mfa.Client{App: "web"}}))
}

// enrollPhone has somebody without a second factor set up text messages.
func (b *bench) enrollPhone(t *testing.T, u mfa.User, number string) {
	t.Helper()
	caller := mfa.Caller{User: u, Authentication: b.signIn(t, u).Authentication, Client: mfa.Client{App: "web"}}
	e := must[mfa.Enrolling](t)(b.Enroll(t.Context(), caller, mfa.Enroll{Method: sms.Name, Params: mfa.EnrollParams{Phone: number}}))
	must[mfa.Activated](t)(b.Activate(t.Context(), caller, e.ID, mfa.Answer{Code: b.inbox.Code(number)}))
}

// phoneOf is an authenticator app that was shown a URI.
func phoneOf(t *testing.T, uri string, now func() time.Time) *mfatest.Authenticator {
	t.Helper()
	return must[*mfatest.Authenticator](t)(mfatest.NewAuthenticator(uri, now))
}
