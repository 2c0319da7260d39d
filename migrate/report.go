package migrate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/mfakit/mfa"
)

// Outcomes of an item beside those of mfa.ImportOutcome.
const (
	OutcomeLeft   = "left"   // it was never offered: the source has it in a state that cannot come
	OutcomeFailed = "failed" // something went wrong with its user; another run tries again
)

// A Report is what a run has done. It holds no secret.
type Report struct {
	Records int `json:"records"` // that were looked at
	Skipped int `json:"skipped"` // that Config.After passed over
	Brought int `json:"brought"` // items that are enrollments now, or would be
	Known   int `json:"known"`   // items that an earlier run has brought
	Left    int `json:"left"`    // items and rows that did not come, for whatever reason but the next
	Failed  int `json:"failed"`  // items whose user something went wrong with: run it again

	// Tallies tell them apart, the most numerous first.
	Tallies []Tally `json:"tallies"`

	// Last is the user up to whom all is done; see Config.After.
	Last string `json:"last"`
}

// A Tally is how many items had one outcome for one reason. An item that came with a
// note counts under its outcome with the note as the reason.
type Tally struct {
	Source  string `json:"source"`
	Method  string `json:"method,omitempty"` // empty: a whole row, or a kind that is not known here
	Outcome string `json:"outcome"`          // of mfa.ImportOutcome, OutcomeLeft or OutcomeFailed
	Reason  string `json:"reason,omitempty"`
	Count   int    `json:"count"`
}

// entry is a line of the report: what became of one item.
type entry struct {
	Row        int      `json:"row,omitempty"`
	Source     string   `json:"source"`
	User       string   `json:"user,omitempty"`
	Item       string   `json:"item,omitempty"`
	Method     string   `json:"method,omitempty"`
	Outcome    string   `json:"outcome"`
	Reason     string   `json:"reason,omitempty"`
	Notes      []Reason `json:"notes,omitempty"`
	Enrollment string   `json:"enrollment,omitempty"`
}

// A book counts entries and writes them down.
type book struct {
	report Report
	counts map[Tally]int // by the other four
	lines  io.Writer
	err    error // of lines
}

func newBook(lines io.Writer) *book { return &book{counts: map[Tally]int{}, lines: lines} }

func (b *book) enter(rec Record, e entry) {
	e.Row, e.Source, e.User = rec.Row, shown(rec.Source), shown(rec.User)
	e.Item, e.Method, e.Reason, e.Enrollment = shown(e.Item), shown(e.Method), shown(e.Reason), shown(e.Enrollment)
	switch e.Outcome {
	case string(mfa.ImportBrought):
		b.report.Brought++
	case string(mfa.ImportKnown):
		b.report.Known++
	case OutcomeFailed:
		b.report.Failed++
	default:
		b.report.Left++
	}
	why := e.Reason
	if e.Outcome == string(mfa.ImportBrought) || e.Outcome == string(mfa.ImportRefused) {
		for _, n := range rec.Notes {
			if n.ID == e.Item {
				e.Notes = append(e.Notes, n.Reason)
				why = cmp.Or(why, string(n.Reason))
			}
		}
	}
	key := Tally{Source: e.Source, Method: e.Method, Outcome: e.Outcome, Reason: why}
	if _, ok := b.counts[key]; !ok && len(b.counts) >= maxTallies {
		key = Tally{Outcome: e.Outcome, Reason: string(ReasonOther)}
	}
	b.counts[key]++
	b.write(e)
}

func (b *book) write(e entry) {
	if b.lines == nil || b.err != nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = b.lines.Write(append(line, '\n'))
	}
	if err != nil {
		b.err = fmt.Errorf("a line of the report could not be written: %w", err)
	}
}

func (b *book) close() *Report {
	for t, n := range b.counts {
		t.Count = n
		b.report.Tallies = append(b.report.Tallies, t)
	}
	slices.SortFunc(b.report.Tallies, func(x, y Tally) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Source, y.Source), cmp.Compare(x.Method, y.Method),
			cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(x.Reason, y.Reason))
	})
	return &b.report
}
