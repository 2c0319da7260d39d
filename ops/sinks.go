package ops

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa/internal/cell"
)

// A sink is where a report goes.
type sink interface {
	begin() error
	user(u *ReportUser) error
	end(r *Totals) error
}

func sinks(o ReportOptions) []sink {
	var list []sink
	if o.Each != nil {
		list = append(list, callback(o.Each))
	}
	if o.CSV != nil {
		list = append(list, &sheet{w: csv.NewWriter(o.CSV)})
	}
	if o.JSON != nil {
		list = append(list, &document{w: bufio.NewWriter(o.JSON)})
	}
	return list
}

// A callback is a sink of the caller's.
type callback func(ReportUser) error

func (callback) begin() error               { return nil }
func (c callback) user(u *ReportUser) error { return c(*u) }
func (callback) end(*Totals) error          { return nil }

// A sheet is a table in CSV (RFC 4180, with LF).
type sheet struct{ w *csv.Writer }

var columns = []string{"user", "methods", "implicit", "enrollments", "disabled", "aal2", "phishing_resistant", "recovery_codes_left", "devices",
	"first_enrolled_at", "last_enrolled_at", "last_used_at", "last_activity_at", "first_asked_at", "skips", "unconfirmed", "notices_waiting"}

func (s *sheet) begin() error { return written("CSV", s.w.Write(columns)) }

func (s *sheet) user(u *ReportUser) error {
	row := []string{u.User, strings.Join(u.Methods, " "), strings.Join(u.Implicit, " "), strconv.Itoa(u.Enrollments), strconv.Itoa(u.Disabled),
		strconv.FormatBool(u.AAL2), strconv.FormatBool(u.PhishingResistant), strconv.Itoa(u.RecoveryCodesLeft), strconv.Itoa(u.Devices),
		stamp(u.FirstEnrolled), stamp(u.LastEnrolled), stamp(u.LastUsed), stamp(u.LastActivity), stamp(u.FirstAsked),
		strconv.Itoa(u.Skips), strconv.Itoa(u.Unconfirmed), strconv.Itoa(u.NoticesWaiting)}
	for i := range row {
		row[i] = cell.Text(row[i])
	}
	return written("CSV", s.w.Write(row))
}

func (s *sheet) end(*Totals) error {
	s.w.Flush()
	return written("CSV", s.w.Error())
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// A document is one JSON object, of which no more than a line is in memory.
type document struct {
	w     *bufio.Writer
	begun bool // there is a user before
}

func (d *document) begin() error { return d.print(`{"users":[`) }

func (d *document) user(u *ReportUser) error {
	data, err := json.Marshal(u)
	if err != nil {
		return written("JSON", err)
	}
	between := "\n"
	if d.begun {
		between = ",\n"
	}
	d.begun = true
	return d.print(between, string(data))
}

func (d *document) end(r *Totals) error {
	data, err := json.Marshal(r)
	if err != nil {
		return written("JSON", err)
	}
	if err := d.print("\n],\n", `"totals":`, string(data), "}\n"); err != nil {
		return err
	}
	return written("JSON", d.w.Flush())
}

func (d *document) print(parts ...string) error {
	for _, p := range parts {
		if _, err := io.WriteString(d.w, p); err != nil {
			return written("JSON", err)
		}
	}
	return nil
}

// written says which of a report's outputs did not take it.
func written(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ops: %s: %w", what, err)
}
