package openapi

import (
	"context"
	"errors"

	"github.com/mfakit/mfa"
)

// An oracle is a scorer that says what it is told to.
type oracle struct {
	says mfa.Assessment
	err  error
}

func (o *oracle) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return o.says, nil, o.err
}
func (*oracle) Learn(history, _ []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }
func (*oracle) Unlearn(history []byte, _ string) ([]byte, []byte, error)  { return history, nil, nil }
func (*oracle) Count([]byte)                                              {}

// severe denies what is of severe risk.
type severe struct{}

func (severe) Decide(mfa.Subject) mfa.Decision { return mfa.Decision{DenySevere: true} }

// risks signs in at every level, and disputes it.
func (w *walker) risks() {
	o := &oracle{}
	w = w.on(newSite(w.t, func(c *mfa.Config) { c.Risk, c.Policy = o, severe{} }))
	reasons := []mfa.RiskReason{
		{Code: "new_country", Text: "first time from Romania", Usual: "you usually sign in from Norway", Weight: 3},
		{Code: "new_device", Text: "a browser that was not seen before", Weight: 2}, {Code: "a"}, {Code: "b"}, {Code: "c"}, {Code: "d"},
		{Code: "usual_time", Text: "at an hour at which you often sign in", Weight: -1},
	}
	for _, level := range []mfa.RiskLevel{mfa.RiskLow, mfa.RiskElevated, mfa.RiskHigh, mfa.RiskSevere} {
		o.says = mfa.Assessment{Level: level, Score: 5, Reasons: reasons, Place: "Cluj, Romania"}
		flow := w.login("traveller")
		risk, _ := flow.json["risk"].(map[string]any)
		reasons, ok := risk["reasons"].([]any)
		if said := len(reasons) > 0; !ok || risk["level"] != string(level) || said == (level == mfa.RiskLow) || (flow.json["reason"] == "risk") != (level == mfa.RiskSevere) {
			w.t.Errorf("%s: %v", level, flow.json)
		}
	}
	w.send(200, "GET", "/mfa/flow", "")
	o.says.Level, o.says.Shadow = mfa.RiskHigh, true
	if flow := w.login("traveller"); flow.json["risk"] != nil {
		w.t.Errorf("%v", flow.json)
	}
	o.says, o.err = mfa.Assessment{}, errors.New("no data")
	if flow := w.login("traveller"); flow.json["risk"] == nil {
		w.t.Errorf("%v", flow.json)
	}
	var id string
	levels := map[any]bool{}
	for _, e := range w.send(200, "GET", "/mfa/activity", "").json["activity"].([]any) {
		e := e.(map[string]any)
		if risk, ok := e["risk"].(map[string]any); ok {
			levels[risk["level"]] = true
		}
		if e["type"] == string(mfa.EventFlowPassed) {
			id = e["id"].(string)
		}
	}
	if len(levels) != 5 {
		w.t.Errorf("levels in the history: %v", levels)
	}
	w.send(204, "POST", "/mfa/activity/"+id+"/dispute", `{}`)
	w.send(401, "GET", "/mfa/activity", "")
	w.login("traveller")
	w.send(404, "POST", "/mfa/activity/x/dispute", "")
	for _, e := range w.send(200, "GET", "/mfa/activity", "").json["activity"].([]any) {
		if e := e.(map[string]any); e["id"] == id && e["verdict"] != string(mfa.NotMe) {
			w.t.Errorf("%v", e)
		}
	}
}
