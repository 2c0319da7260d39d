package otelmfa

import (
	"context"
	"errors"
	"sync"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The attributes. All values are of closed sets; see words.
const (
	keyOutcome   = attribute.Key("mfa.outcome")
	keyMethod    = attribute.Key("mfa.method")
	keyReason    = attribute.Key("mfa.reason")
	keyApp       = attribute.Key("mfa.app")
	keyType      = attribute.Key("mfa.event.type")
	keyBy        = attribute.Key("mfa.by")
	keyLevel     = attribute.Key("mfa.risk.level")
	keyShadow    = attribute.Key("mfa.risk.shadow")
	keyChannel   = attribute.Key("mfa.channel")
	keyPrefix    = attribute.Key("mfa.prefix")
	keyBudget    = attribute.Key("mfa.budget")
	keyStoreOp   = attribute.Key("mfa.store.operation")
	keyKeyspace  = attribute.Key("mfa.store.keyspace")
	keyStep      = attribute.Key("mfa.factor.step")
	keyObserver  = attribute.Key("mfa.observer")
	keyOperation = attribute.Key("mfa.operation")
	keyPurpose   = attribute.Key("mfa.flow.purpose")
	keyStatus    = attribute.Key("mfa.flow.status")
	keyUserState = attribute.Key("mfa.user.state")
	keyEnrState  = attribute.Key("mfa.enrollment.state")
	keyCalls     = attribute.Key("mfa.store.calls")
	keyConflicts = attribute.Key("mfa.store.conflicts")

	// Those of OpenTelemetry's own conventions.
	keyHTTPMethod = attribute.Key("http.request.method")
	keyRoute      = attribute.Key("http.route")
	keyHTTPStatus = attribute.Key("http.response.status_code")
)

// with is the attributes of one measurement; those without a value are left out.
func with(list ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(told(list)...))
}

func told(list []attribute.KeyValue) []attribute.KeyValue {
	kept := make([]attribute.KeyValue, 0, len(list))
	for _, a := range list {
		if a.Value.Type() != attribute.STRING || a.Value.AsString() != "" {
			kept = append(kept, a)
		}
	}
	return kept
}

// words are all the values that an attribute may have.
type words map[string]bool

func wordsOf[S ~string](list ...S) words {
	out := words{}
	for _, w := range list {
		out[string(w)] = true
	}
	return out
}

// other is what a value is called that is not among the words. Whoever chose it could
// have put anything there, and a new one each time.
const other = "other"

// of is a value as it is told. What is empty stays so, and is left out.
func (w words) of(value string) string {
	if value == "" || w[value] {
		return value
	}
	return other
}

// app is a client's app, if apps are told apart.
func (t *Telemetry) app(name string) attribute.KeyValue {
	if len(t.apps) == 0 {
		return keyApp.String("")
	}
	return keyApp.String(t.apps.of(name))
}

var (
	reasons = wordsOf(mfa.ReasonRollback, mfa.ReasonNoMethod, mfa.ReasonDisabled, mfa.ReasonRisk, mfa.ReasonService,
		"put_off", "remembered") // why nothing more was asked of a flow that passed
	levels   = wordsOf(mfa.RiskLow, mfa.RiskElevated, mfa.RiskUnknown, mfa.RiskHigh, mfa.RiskSevere)
	channels = wordsOf(mfa.ChannelSMS, mfa.ChannelEmail)
	budgets  = wordsOf(mfa.BudgetDestination, mfa.BudgetNetwork, "prefix", "system")
	failings = wordsOf(mfa.SendBadDestination, mfa.SendOptedOut, mfa.SendThrottled, mfa.SendUnauthorized, mfa.SendRefused,
		mfa.SendUnreachable, mfa.SendTimeout, mfa.SendBadAnswer)
	purposes = wordsOf(mfa.SigningIn, mfa.SteppingUp)
	statuses = wordsOf(mfa.StatusChallenge, mfa.StatusEnroll, mfa.StatusPassed, mfa.StatusDenied)
)

// ok is the outcome of what went well.
const ok = "ok"

// outcomes are what errors are called. An error is of the first kind that it is.
var outcomes = []struct {
	err   error
	name  string
	fault bool // the service's, rather than an answer to whoever asked
}{
	{context.Canceled, "canceled", false}, // whoever asked has gone away
	{context.DeadlineExceeded, "timeout", true},
	{mfa.ErrNotValid, "not_valid", false},
	{mfa.ErrLocked, "locked", false},
	{mfa.ErrRequirement, "requirement", false},
	{mfa.ErrNoFlow, "no_flow", false},
	{mfa.ErrFlowExpired, "flow_expired", false},
	{mfa.ErrBadInput, "bad_input", false},
	{mfa.ErrTooSoon, "too_soon", false},
	{mfa.ErrSendLimit, "send_limit", false},
	{mfa.ErrDelivery, "delivery", true},
	{mfa.ErrRefused, "refused", false},
	{mfa.ErrNoOption, "no_option", false},
	{mfa.ErrNoEnrollment, "no_enrollment", false},
	{mfa.ErrNoDevice, "no_device", false},
	{mfa.ErrNoActivity, "no_activity", false},
	{mfa.ErrEnrollmentExpired, "enrollment_expired", false},
	{mfa.ErrEnrollmentRequired, "enrollment_required", false},
	{mfa.ErrMethodNotAllowed, "method_not_allowed", false},
	{mfa.ErrTooMany, "too_many", false},
	{mfa.ErrCaller, "caller", false},
	{mfa.ErrSupport, "support", false},
	{mfa.ErrNotDurable, "not_durable", true},
	{mfa.ErrBusy, "busy", true},
	{mfa.ErrSealed, "sealed", true},
	{mfa.ErrNewerVersion, "newer_version", true},
	{mfa.ErrWrongKeys, "wrong_keys", true},
	{mfa.ErrTooLarge, "too_large", true},
	{mfa.ErrClosed, "closed", false},
	{mfa.ErrStore, "store", true},
	{mfa.ErrNotFound, "not_found", false},
	{mfa.ErrConflict, "conflict", false},
}

// outcomeOf is an error's kind, and whether it is a fault of the service.
func outcomeOf(err error) (name string, fault bool) {
	if err == nil {
		return ok, false
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.name, o.fault
		}
	}
	return "error", true
}

// recent remembers so many names at most, each with a value, and forgets the oldest.
type recent struct {
	mu     sync.Mutex
	values map[string]string
	order  []string // a ring
	next   int
}

func newRecent(size int) *recent {
	return &recent{values: map[string]string{}, order: make([]string, size)}
}

// put remembers a value, and says whether the name is new.
func (r *recent) put(name, value string) (fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.values[name]; known {
		r.values[name] = value
		return false
	}
	delete(r.values, r.order[r.next])
	r.order[r.next], r.values[name] = name, value
	r.next = (r.next + 1) % len(r.order)
	return true
}

// get is the value of a name that is remembered.
func (r *recent) get(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values[name]
}
