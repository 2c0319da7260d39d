package otelmfa

import (
	"errors"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name of what measures, as backends show it.
const scope = "github.com/mfakit/mfa/otelmfa"

// Config says where measurements go. The zero value is fine.
type Config struct {
	MeterProvider  metric.MeterProvider // nil: the global one
	TracerProvider trace.TracerProvider // nil: the global one

	// Apps are the values of mfa.Client.App that are told apart, at most 64; the others
	// are "other". Empty: apps are not told apart.
	Apps []string
}

// A Telemetry measures one engine. [New] makes one; it is safe for use by any number
// of goroutines, and it is an [mfa.Observer].
type Telemetry struct {
	tracer  trace.Tracer
	m       instruments
	apps    words
	methods words
	channel map[string]string // by the method that sends on it

	// now is the engine's clock, for the age of notices; durations are of the
	// computer's own, whose readings do not jump.
	now func() time.Time

	answered *recent // the prefix of the number whose code was right, by enrollment
	seen     *recent // notices that were counted
}

const (
	maxApps   = 64
	maxRecent = 4096 // entries that are kept of each kind
)

// New makes the instruments. An error is the MeterProvider's, or that of too many apps.
func New(c Config) (*Telemetry, error) {
	if len(c.Apps) > maxApps {
		return nil, fmt.Errorf("otelmfa: Config.Apps has %d names, at most %d", len(c.Apps), maxApps)
	}
	if c.MeterProvider == nil {
		c.MeterProvider = otel.GetMeterProvider()
	}
	if c.TracerProvider == nil {
		c.TracerProvider = otel.GetTracerProvider()
	}
	t := &Telemetry{
		tracer: c.TracerProvider.Tracer(scope), apps: wordsOf(c.Apps...), methods: wordsOf(firstFactors...),
		channel: map[string]string{}, now: time.Now, answered: newRecent(maxRecent), seen: newRecent(maxRecent),
	}
	if err := t.m.make(c.MeterProvider.Meter(scope)); err != nil {
		return nil, fmt.Errorf("otelmfa: %w", err)
	}
	return t, nil
}

// firstFactors are the methods that are no factor of the host's: first factors, and
// codes from support.
var firstFactors = []string{
	string(mfa.Password), string(mfa.Federated), string(mfa.EmailLink), string(mfa.EmailReset), string(mfa.SMSReset),
	string(mfa.DirectorySync), string(mfa.ClientCredentials), "bypass",
}

// Instrument is the configuration of an engine that is measured: with t among its
// observers, and around its store, factors, scorer and other observers. What it is given
// stays as it is. It is called once, before the engine is made; an engine of a second
// configuration has a Telemetry of its own.
func (t *Telemetry) Instrument(c mfa.Config) mfa.Config {
	if c.Now != nil {
		t.now = c.Now
	}
	for _, f := range c.Factors {
		if f != nil { // else mfa.New says which
			m := f.Method()
			t.methods[m.Name] = true
			if m.Channel != "" {
				t.channel[m.Name] = channels.of(m.Channel)
			}
		}
	}
	if c.Store != nil {
		c.Store = t.Store(c.Store)
	}
	if c.Risk != nil {
		c.Risk = &scorer{Scorer: c.Risk, t: t}
	}
	factors := make([]mfa.Factor, 0, len(c.Factors))
	for _, f := range c.Factors {
		factors = append(factors, t.factor(f))
	}
	observers := make([]mfa.Observer, 0, len(c.Observers)+1)
	for _, o := range c.Observers {
		if o != mfa.Observer(t) {
			observers = append(observers, t.observer(o))
		}
	}
	c.Factors, c.Observers = factors, append(observers, t)
	t.zero(c.Factors)
	return c
}

// instruments are what is measured with.
type instruments struct {
	events, starts, outcomes, answers, assessments metric.Int64Counter

	sends, verifications, refusals metric.Int64Counter

	send, store, factor, score, observer, age, operation, request metric.Float64Histogram

	users, enrollments metric.Int64Gauge
}

// The boundaries of durations, in seconds: a store answers in a millisecond, a carrier in
// seconds, a mail server that is down is back after days.
var (
	quick = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	slow  = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	ages  = []float64{1, 10, 60, 300, 900, 3600, 7200, 6 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600}
)

func (m *instruments) make(meter metric.Meter) error {
	var errs []error
	counter := func(to *metric.Int64Counter, name, unit, about string) {
		var err error
		*to, err = meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
	}
	histogram := func(to *metric.Float64Histogram, name, about string, bounds []float64) {
		var err error
		*to, err = meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(about), metric.WithExplicitBucketBoundaries(bounds...))
		errs = append(errs, err)
	}
	gauge := func(to *metric.Int64Gauge, name, unit, about string) {
		var err error
		*to, err = meter.Int64Gauge(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
	}
	counter(&m.events, "mfa.events", "{event}", "Events of the engine.")
	counter(&m.starts, "mfa.flow.starts", "{flow}", "First factors that were right, and step-ups.")
	counter(&m.outcomes, "mfa.flow.outcomes", "{flow}", "Flows that passed or were denied.")
	counter(&m.answers, "mfa.factor.answers", "{answer}", "Answers, right and wrong.")
	counter(&m.assessments, "mfa.risk.assessments", "{sign_in}", "Sign-ins that were scored.")
	counter(&m.sends, "mfa.message.sends", "{message}", "Messages that were handed to a carrier.")
	counter(&m.verifications, "mfa.message.verifications", "{message}", "Messages whose code came back right.")
	counter(&m.refusals, "mfa.message.refusals", "{message}", "Messages that a budget did not let out.")
	histogram(&m.send, "mfa.message.send.duration", "Time that a carrier took to take a message.", slow)
	histogram(&m.store, "mfa.store.operation.duration", "Time of one call of the store.", quick)
	histogram(&m.factor, "mfa.factor.duration", "Time of one step of a factor.", quick)
	histogram(&m.score, "mfa.risk.score.duration", "Time of one score.", quick)
	histogram(&m.observer, "mfa.observer.duration", "Time of one event at one observer.", slow)
	histogram(&m.age, "mfa.notice.age", "Age of a security notice when it was offered to an observer.", ages)
	histogram(&m.operation, "mfa.operation.duration", "Time of one call of the engine.", quick)
	histogram(&m.request, "mfa.http.request.duration", "Time of one request.", quick)
	gauge(&m.users, "mfa.users", "{user}", "Users of the last report.")
	gauge(&m.enrollments, "mfa.enrollments", "{enrollment}", "Enrollments of the last report.")
	return errors.Join(errs...)
}
