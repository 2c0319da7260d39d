package mfahttp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// A Reporter reads what a carrier says of a message after it took it, and checks
// that it is the carrier who says so. The senders of package sms/gateway are
// Reporters. It may be used by any number of goroutines.
type Reporter interface {
	// Report reads a request, whose body ends with an error after 64 KiB. An error
	// refuses the request. It is logged, so it must hold nothing of the request.
	Report(*http.Request) (mfa.Report, error)
}

var (
	errReportRefused = &Problem{Status: http.StatusForbidden, Code: "report_refused"}
	errNoBrowser     = &Problem{Status: http.StatusForbidden, Code: errCrossOrigin.Code, Detail: "this call is not for browsers"}
)

func checkReports(reports map[string]Reporter) error {
	for name, reporter := range reports {
		if name == "" || name == "." || name == ".." || url.PathEscape(name) != name {
			return fmt.Errorf("mfahttp: Config.Reports: %q is not a plain segment of a path", name)
		}
		if reporter == nil {
			return fmt.Errorf("mfahttp: Config.Reports: %q is nil", name)
		}
	}
	return nil
}

// delivery takes a delivery report. Carriers send neither Origin nor cookies; what
// shows that a report is genuine is their signature, so what a browser sends is
// none. Why one is refused is the operator's to know: a forger would learn from it.
func (h *Handler) delivery(c *call) error {
	if len(c.r.Header.Values("Origin")) > 0 || len(c.r.Header.Values("Sec-Fetch-Site")) > 0 {
		return errNoBrowser
	}
	reporter, ok := h.reports[c.id]
	if !ok {
		return errNotFound
	}
	ctx := c.r.Context()
	r := c.r.WithContext(ctx) // a copy, as its body is ours to bound
	r.Body = http.MaxBytesReader(c.w, r.Body, maxBody)
	report, err := reporter.Report(r)
	if err != nil {
		h.log.WarnContext(ctx, "mfahttp: delivery report refused", "sender", c.id, "error", err)
		return errReportRefused
	}
	if report.State == mfa.DeliveryUnknown {
		return noContent(c.w) // genuine, and nothing to note
	}
	err = h.engine.Reported(ctx, report)
	if errors.Is(err, mfa.ErrNoFlow) || errors.Is(err, mfa.ErrBadInput) {
		h.log.WarnContext(ctx, "mfahttp: delivery report refused", "sender", c.id, "error", err)
		return errReportRefused
	}
	if err != nil {
		return err
	}
	return noContent(c.w)
}
