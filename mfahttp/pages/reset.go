package pages

import (
	"net/http"

	"github.com/mfakit/mfa"
)

// resetPending says whether a delayed reset waits, as far as the history tells, which
// has the newest first.
func resetPending(history []mfa.Activity) bool {
	for _, h := range history {
		switch h.Type {
		case mfa.EventResetRequested:
			return true
		case mfa.EventResetCanceled, mfa.EventReset:
			return false
		}
	}
	return false
}

// resetPage is where the owner of an account cancels a reset that somebody else has
// asked for, with something that was set up before that.
func (v *visit) resetPage(mfa.Caller) error {
	return v.render(http.StatusOK, "keep", view{Title: v.text("page.reset.title")})
}

func (v *visit) cancelReset() error {
	c, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	if err := v.engine.CancelReset(v.r.Context(), c); err != nil {
		return v.unproved(err, v.path("/settings/reset"))
	}
	return v.redirect(v.path("/settings?said=kept"))
}
