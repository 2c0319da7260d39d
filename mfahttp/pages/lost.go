package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa/mfahttp"
)

// lostPage says what there is for somebody who has the password and nothing else.
func (v *visit) lostPage() error { return v.renderLost("") }

// A lost is a delayed reset that can be asked for, or was.
type lost struct {
	Wait    time.Duration // how long it takes
	Ready   time.Time     // of the one that was asked for; zero: none was
	Expires time.Time
	Now     bool // it is ready
	Back    string
}

func (v *visit) renderLost(problem string) error {
	flow, err := v.engine.Flow(v.r.Context(), v.api.FlowToken(v.r))
	if err != nil {
		return err
	}
	side, back := v.asideOf(flow, v.back()), v.returning("/continue", v.back())
	if flow.Reset == nil {
		return v.render(http.StatusForbidden, "message", view{Title: v.text("page.lost.none.title"), Aside: side, Public: true,
			Data: message{Text: v.text("page.lost.none"), URL: back, Link: v.text("page.back")}})
	}
	side.Lost, side.Skip = false, ""
	o, status := flow.Reset, http.StatusOK
	if problem != "" {
		status = http.StatusTooManyRequests
	}
	return v.render(status, "lost", view{Title: v.text("page.lost.title"), Aside: side, Problem: problem, Public: true, Data: lost{
		Wait: o.Wait, Ready: o.Ready, Expires: o.Expires, Now: !o.Ready.IsZero() && !o.Ready.After(v.config.Now()), Back: back,
	}})
}

// askReset asks for a delayed reset, and keeps the ticket in this browser. Asked again
// once it is ready, the mail with the link goes out again.
func (v *visit) askReset() error {
	_, err := v.api.RequestReset(v.w, v.r)
	if p := (*mfahttp.Problem)(nil); errors.As(err, &p) {
		switch p.Code {
		case "too_soon":
			return v.renderLost(v.text("page.lost.canceled", "span", p.Retry))
		case "reset_not_granted":
			return v.renderLost("")
		}
	}
	if err != nil {
		return err
	}
	return v.redirect(v.path("/lost") + "?said=asked")
}
