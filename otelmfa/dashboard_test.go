package otelmfa

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// recorded has every instrument record something with all of its attributes. It returns
// the labels of each metric as Prometheus has it (OpenTelemetry, "Prometheus and
// OpenMetrics Compatibility": dots become underscores, the unit and _total are appended),
// and the names as they are.
func recorded(t *testing.T) (metrics map[string]map[string]bool, names []string) {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	telemetry, err := New(Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), Apps: []string{"web"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	c := telemetry.Instrument(mfa.Config{Store: memory.New(), Factors: []mfa.Factor{asking{}}, Risk: certain{}, Observers: []mfa.Observer{quiet{}}})
	risk := &mfa.Assessment{Level: mfa.RiskHigh}
	telemetry.answered.put("1", "sms +47")
	for _, e := range []mfa.Event{
		{Type: mfa.EventFlowStarted, Risk: risk},
		{Type: mfa.EventFlowPassed, Method: "asking", Reason: "remembered", Risk: risk},
		{Type: mfa.EventFailed, Method: "asking"},
		{Type: mfa.EventVerified, Enrollment: "1"},
		{Type: mfa.EventSendLimit, Reason: "prefix", Label: "+47 912"},
		{Type: mfa.EventReset, Notice: true, ID: "1", User: "7", Method: "asking"},
	} {
		e.App = "web"
		for _, o := range c.Observers {
			_ = o.Observe(ctx, e)
		}
	}
	step, _ := c.Factors[0].Challenge(ctx, mfa.ChallengeRequest{})
	_, _ = step.Delivery.Sender.Send(ctx, step.Delivery.Message)
	_, _ = c.Store.Load(ctx, "user/7")
	_, _, _ = c.Risk.Score(ctx, mfa.Attempt{}, nil)
	_, _ = Operation(ctx, telemetry, "verify", func(context.Context) (mfa.Flow, error) {
		return mfa.Flow{Purpose: mfa.SigningIn, Status: mfa.StatusPassed}, nil
	})
	telemetry.Handler("/mfa", http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/mfa/flow", nil))
	telemetry.Report(ctx, ops.Totals{Methods: []ops.MethodCount{{Method: "asking"}}})

	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		t.Fatal(err)
	}
	metrics = map[string]map[string]bool{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		names = append(names, m.Name)
		name, labels := strings.ReplaceAll(m.Name, ".", "_"), map[string]bool{}
		add := func(set attribute.Set) {
			for _, a := range set.ToSlice() {
				labels[strings.ReplaceAll(string(a.Key), ".", "_")] = true
			}
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				add(p.Attributes)
			}
			metrics[name+"_total"] = labels
		case metricdata.Gauge[int64]:
			for _, p := range data.DataPoints {
				add(p.Attributes)
			}
			metrics[name] = labels
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				add(p.Attributes)
			}
			bucket := maps.Clone(labels)
			bucket["le"] = true
			metrics[name+"_seconds_bucket"], metrics[name+"_seconds_sum"], metrics[name+"_seconds_count"] = bucket, labels, labels
		default:
			t.Fatalf("%s is a %T", m.Name, m.Data)
		}
	}
	return metrics, names
}

// asking is a factor that sends.
type asking struct{ mfa.Factor }

func (asking) Method() mfa.Method {
	return mfa.Method{Name: "asking", Channel: mfa.ChannelSMS, PhishingResistant: true}
}

func (asking) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{Delivery: &mfa.Delivery{Sender: sending{}, Message: mfa.Message{Channel: mfa.ChannelSMS, To: "+4791234567"}}}, nil
}

type sending struct{}

func (sending) Send(context.Context, mfa.Message) (string, error) { return "", nil }

type certain struct{ mfa.Scorer }

func (certain) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return mfa.Assessment{Level: mfa.RiskLow}, nil, nil
}

type quiet struct{}

func (quiet) Observe(context.Context, mfa.Event) error { return nil }

// What a query may match its labels with; labels that are not here take anything.
var matched = map[string]words{
	"mfa_event_type":      events,
	"mfa_channel":         channels,
	"mfa_outcome":         wordsOf("ok", "passed", "denied", "right", "wrong", "started", "taken", "refused", "conflict", "error", "timeout", "not_durable"),
	"mfa_store_operation": wordsOf("load", "save", "scan"),
	"mfa_user_state":      wordsOf("notices_waiting"),
}

var (
	grouping  = regexp.MustCompile(`\b(?:by|without|on|ignoring) ?\(([^)]*)\)`)
	ranges    = regexp.MustCompile(`\[[^]]*\]|\boffset \w+`)
	selectors = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)(?:\{([^}]*)\})?`)
	matchers  = regexp.MustCompile(`^(\w+)(=|!=|=~|!~)"([^"]*)"$`)
	functions = wordsOf("sum", "max", "rate", "increase", "histogram_quantile", "and", "unless", "label_values")
)

// wrong is what a query asks for that there is not.
func wrong(query string, metrics map[string]map[string]bool) (list []string) {
	own := map[string]bool{"job": true} // which Prometheus adds
	var by []string
	for _, m := range grouping.FindAllStringSubmatch(query, -1) {
		by = append(by, strings.Split(m[1], ", ")...)
	}
	query = ranges.ReplaceAllString(grouping.ReplaceAllString(query, " "), " ")
	for _, m := range selectors.FindAllStringSubmatch(query, -1) {
		name, labels := m[1], metrics[m[1]]
		if functions[name] {
			continue
		}
		if labels == nil {
			list = append(list, "there is no metric "+name)
			continue
		}
		maps.Copy(own, labels)
		for _, matcher := range strings.Split(m[2], ",") {
			if matcher == "" {
				continue
			}
			part := matchers.FindStringSubmatch(matcher)
			if part == nil {
				list = append(list, "cannot read "+matcher)
				continue
			}
			if !labels[part[1]] && part[1] != "job" {
				list = append(list, name+" has no label "+part[1])
			}
			for _, value := range strings.Split(part[3], "|") {
				if w := matched[part[1]]; w != nil && !w[value] {
					list = append(list, part[1]+" is never "+value)
				}
			}
		}
	}
	for _, label := range by {
		if !own[label] {
			list = append(list, "there is no label "+label+" to group by")
		}
	}
	return list
}

func TestQueriesThatAskForWhatIsNotThereAreFound(t *testing.T) {
	metrics, _ := recorded(t)
	good := `sum by (le, mfa_outcome) (rate(mfa_store_operation_duration_seconds_bucket{job=~"$job",mfa_store_operation=~"load|save"}[$__rate_interval])) > 0.5`
	if list := wrong(good, metrics); list != nil {
		t.Errorf("%s: %q", good, list)
	}
	for query, want := range map[string]string{
		`sum(rate(mfa_flow_outcome_total[5m]))`:                         "there is no metric mfa_flow_outcome_total",
		`sum(rate(flows[5m]))`:                                          "there is no metric flows",
		`mfa_events_total{mfa_channel="sms"}`:                           "mfa_events_total has no label mfa_channel",
		`mfa_events_total{mfa_event_type="factor.lock"}`:                "mfa_event_type is never factor.lock",
		`mfa_message_sends_total{mfa_channel=~"sms|mail"}`:              "mfa_channel is never mail",
		`sum by (mfa_prefixes) (mfa_message_sends_total)`:               "there is no label mfa_prefixes to group by",
		`sum by (le) (rate(mfa_message_send_duration_seconds_sum[5m]))`: "there is no label le to group by",
		`mfa_events_total{mfa_event_type}`:                              "cannot read mfa_event_type",
	} {
		if list := wrong(query, metrics); !slices.Contains(list, want) {
			t.Errorf("%s: %q, want %q", query, list, want)
		}
	}
}

func TestDashboardAsksForWhatIsThere(t *testing.T) {
	metrics, _ := recorded(t)
	var board struct {
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(file(t, "grafana.json"), &board); err != nil {
		t.Fatal(err)
	}
	queries, ids, used := 0, map[int]bool{}, ""
	for _, v := range board.Templating.List {
		if v.Definition != "" {
			if list := wrong(strings.ReplaceAll(v.Definition, ", job", ""), metrics); list != nil {
				t.Errorf("$%s: %q", v.Name, list)
			}
		}
	}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d, %q, is not whole", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			queries++
			used += q.Expr
			if list := wrong(q.Expr, metrics); list != nil {
				t.Errorf("%s: %s: %q", p.Title, q.Expr, list)
			}
		}
	}
	if queries < 30 {
		t.Errorf("only %d queries were found", queries)
	}
	for name := range metrics {
		if family, isSum := strings.CutSuffix(name, "_sum"); !isSum && !strings.Contains(used, strings.TrimSuffix(strings.TrimSuffix(family, "_bucket"), "_count")) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// What the documents say there is, is there, and all of it is in them.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	metrics, names := recorded(t)
	operate, manual := string(file(t, "../docs/operate.md")), string(file(t, "doc.go"))
	for _, name := range names {
		if !strings.Contains(operate, "`"+name+"`") {
			t.Errorf("docs/operate.md does not name %s", name)
		}
		if !strings.Contains(manual, name+" ") {
			t.Errorf("the package's comment does not name %s", name)
		}
	}
	prometheus := regexp.MustCompile("`(mfa_[a-z_]+)(?:\\{[^`]*)?`").FindAllStringSubmatch(operate, -1)
	for _, m := range prometheus {
		if metrics[m[1]] == nil && metrics[m[1]+"_count"] == nil {
			t.Errorf("docs/operate.md names %s, which there is not", m[1])
		}
	}
	rules := regexp.MustCompile(`(?m)^ +expr: (.+)$`).FindAllStringSubmatch(operate, -1)
	if len(rules) < 10 || len(prometheus) < len(names) {
		t.Fatalf("%d rules and %d names were found", len(rules), len(prometheus))
	}
	for _, m := range rules {
		if list := wrong(m[1], metrics); list != nil {
			t.Errorf("%s: %q", m[1], list)
		}
	}
}

// An alert on what has never been counted has a series to compare with.
func TestWhatAlertsCountBeginsAtZero(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	telemetry, err := New(Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	if err != nil {
		t.Fatal(err)
	}
	telemetry.Instrument(mfa.Config{Factors: []mfa.Factor{asking{}}})
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	begun := map[string]bool{}
	for _, p := range all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Sum[int64]).DataPoints {
		if kind, _ := p.Attributes.Value(keyType); p.Value == 0 {
			begun[kind.AsString()] = true
		}
	}
	for _, m := range regexp.MustCompile(`expr: .*mfa_event_type=~?"([^"]+)"`).FindAllStringSubmatch(string(file(t, "../docs/operate.md")), -1) {
		for kind := range strings.SplitSeq(m[1], "|") {
			if !begun[kind] {
				t.Errorf("%s does not begin at 0", kind)
			}
		}
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
