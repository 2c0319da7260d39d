package mfahttp

import (
	"time"

	"github.com/mfakit/mfa"
)

// flowJSON is a flow as clients see it.
type flowJSON struct {
	Status      mfa.Status      `json:"status"`
	Purpose     mfa.FlowPurpose `json:"purpose"`
	Options     []optionJSON    `json:"options"`
	Methods     []string        `json:"methods"`
	Remember    rememberJSON    `json:"remember"`
	Skip        *skipJSON       `json:"skip,omitempty"` // left out: nothing can be put off
	Nudge       bool            `json:"nudge,omitempty"`
	Binding     *bindingJSON    `json:"binding,omitempty"`
	Reset       *resetJSON      `json:"reset,omitempty"`
	Support     string          `json:"support,omitempty"`
	Risk        *riskJSON       `json:"risk,omitempty"`
	Expires     time.Time       `json:"expires_at,omitzero"`
	Reason      string          `json:"reason,omitempty"`
	Approved    bool            `json:"approved,omitempty"`
	Token       string          `json:"token,omitempty"`        // native clients only
	DeviceToken string          `json:"device_token,omitempty"` // native clients only
}

type optionJSON struct {
	ID          string    `json:"id"`
	Method      string    `json:"method"`
	Label       string    `json:"label"`
	Hint        string    `json:"hint"`
	LockedUntil time.Time `json:"locked_until,omitzero"`

	Sent     bool              `json:"sent,omitempty"`
	Delivery mfa.DeliveryState `json:"delivery,omitempty"`
}

// rememberJSON says for how long this browser may be remembered; 0: not at all.
type rememberJSON struct {
	Days int `json:"days"`
}

// skipJSON says that an enrolment can be put off now, and how often and until when.
type skipJSON struct {
	Left  int       `json:"left,omitempty"` // this time included; left out: it is not counted
	Until time.Time `json:"until,omitzero"`
}

// bindingJSON is what is being approved.
type bindingJSON struct {
	Action string `json:"action"`
	Text   string `json:"text"`
}

// resetJSON is a delayed reset that can be asked for, or was.
type resetJSON struct {
	Wait    int64     `json:"wait_seconds"`
	Ready   time.Time `json:"ready_at,omitzero"`
	Expires time.Time `json:"expires_at,omitzero"`
}

// riskJSON is how a sign-in looks, for whoever is signing in.
type riskJSON struct {
	Level   mfa.RiskLevel `json:"level"`
	Reasons []reasonJSON  `json:"reasons"`
}

type reasonJSON struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// toRiskJSON says why more is asked, in what was seen, which whoever is signing in
// knows anyway. That may be a stranger with the password, who must not learn
// where the owner usually is: so neither what is usual, nor what speaks for them,
// which would confirm a guess, nor a score by which to try what comes closer. Nil:
// nobody has scored it, or the score decides nothing.
func toRiskJSON(a mfa.Assessment) *riskJSON {
	if a.Level == "" || a.Shadow {
		return nil
	}
	out := &riskJSON{Level: a.Level, Reasons: []reasonJSON{}}
	if !a.Asks() {
		return out
	}
	for _, r := range a.Reasons {
		if r.Weight >= 0 {
			out.Reasons = append(out.Reasons, reasonJSON{r.Code, r.Text})
		}
	}
	return out
}

func toFlowJSON(f mfa.Flow, inBody bool) flowJSON {
	out := flowJSON{
		Status: f.Status, Purpose: f.Purpose, Reason: f.Reason, Approved: f.Approved, Expires: f.Expires.UTC(),
		Options: []optionJSON{}, Methods: append([]string{}, f.Methods...),
		Remember: rememberJSON{wholeDays(f.Remember)}, Nudge: f.Nudge, Support: f.Support, Risk: toRiskJSON(f.Risk),
	}
	for _, o := range f.Options {
		out.Options = append(out.Options, optionJSON{o.ID, o.Method, o.Label, o.Hint, o.LockedUntil.UTC(), o.Sent, o.Delivery})
	}
	if f.Grace.Skip {
		out.Skip = &skipJSON{f.Grace.Left, f.Grace.Until.UTC()}
	}
	if f.Action != nil {
		out.Binding = &bindingJSON{f.Action.ID, f.Action.Text}
	}
	if r := f.Reset; r != nil {
		out.Reset = &resetJSON{int64(r.Wait / time.Second), r.Ready.UTC(), r.Expires.UTC()}
	}
	if inBody {
		out.DeviceToken = f.DeviceToken
		if f.Status != mfa.StatusPassed {
			out.Token = f.Token
		}
	}
	return out
}

// wholeDays never promises more than there is, but for what is less than a day: 0
// would say that there is nothing.
func wholeDays(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	return max(1, int(d/(24*time.Hour)))
}
