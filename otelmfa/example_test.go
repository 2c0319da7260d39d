package otelmfa_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/otelmfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// A program measures its engine: here with a reader that is asked by hand, where others
// have an exporter.
func ExampleNew() {
	reader := sdkmetric.NewManualReader()
	telemetry, err := otelmfa.New(otelmfa.Config{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		Apps:          []string{"web", "mobile"},
	})
	if err != nil {
		log.Fatal(err)
	}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		log.Fatal(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		log.Fatal(err)
	}
	engine, err := mfa.New(telemetry.Instrument(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}}))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	_, err = otelmfa.Operation(ctx, telemetry, "sign_in", func(ctx context.Context) (mfa.Flow, error) {
		return engine.SignIn(ctx, mfa.SignIn{User: mfa.User{ID: "7"}, First: mfa.Password, Client: mfa.Client{App: "web"}})
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := engine.Close(ctx); err != nil { // what happened is told after the answer
		log.Fatal(err)
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if counts, is := m.Data.(metricdata.Sum[int64]); is && m.Name == "mfa.flow.outcomes" {
			for _, p := range counts.DataPoints {
				app, _ := p.Attributes.Value("mfa.app")
				outcome, _ := p.Attributes.Value("mfa.outcome")
				fmt.Println(m.Name, app.AsString(), outcome.AsString(), p.Value)
			}
		}
	}
	// Output: mfa.flow.outcomes web passed 1
}

// A whole service is measured: its engine, its API, and the mails of its notices.
func ExampleTelemetry_Instrument() {
	var (
		store   mfa.Store
		keys    *mfa.KeyRing
		factors []mfa.Factor
		mails   mfa.Sender
		host    mfahttp.Host
		mux     http.ServeMux
	)
	const help = "Write to support@example.com if you cannot sign in."

	telemetry, err := otelmfa.New(otelmfa.Config{Apps: []string{"web", "mobile"}})
	if err != nil {
		log.Fatal(err)
	}
	notices, err := notify.New(notify.Config{Sender: telemetry.Sender(mails), AppName: "Example", SupportText: help})
	if err != nil {
		log.Fatal(err)
	}
	engine, err := mfa.New(telemetry.Instrument(mfa.Config{Store: store, Keys: keys, Factors: factors, Observers: []mfa.Observer{notices}}))
	if err != nil {
		log.Fatal(err)
	}
	api, err := mfahttp.New(mfahttp.Config{Engine: engine, Host: host, App: "web", Origin: "https://app.example"})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/mfa/", telemetry.Handler("/mfa", api))
}
