package policy

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/mfakit/mfa/internal/cell"
)

// WriteCSV writes a table of all counters: RFC 4180, UTF-8, with a header. There is
// one row for each time and group; the column group says "total", "phase" or
// "cohort", or "more_phases" or "more_cohorts" where Group.More is set. Times
// are RFC 3339 in the location of PreviewConfig.At. Names that a spreadsheet would
// take for a formula have an apostrophe before them.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	header := []string{"at", "group", "name", "users"}
	for _, o := range outcomes {
		header = append(header, o.column)
	}
	for _, o := range reasons {
		header = append(header, o.column)
	}
	if err := c.Write(header); err != nil {
		return err
	}
	for i := range r.Times {
		f := &r.Times[i]
		rows := [][]string{csvRow(f.At, "total", "", &f.Total)}
		rows = append(rows, csvGroups(f.At, "phase", "more_phases", f.Phases)...)
		rows = append(rows, csvGroups(f.At, "cohort", "more_cohorts", f.Cohorts)...)
		if err := c.WriteAll(rows); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func csvGroups(at time.Time, kind, more string, all []Group) [][]string {
	var rows [][]string
	for i := range all {
		k := kind
		if all[i].More {
			k = more
		}
		rows = append(rows, csvRow(at, k, all[i].Name, &all[i].Counts))
	}
	return rows
}

func csvRow(at time.Time, kind, name string, c *Counts) []string {
	row := []string{at.Format(time.RFC3339Nano), kind, cell.Text(name), strconv.Itoa(c.Users)}
	for _, o := range outcomes {
		row = append(row, strconv.Itoa(*o.of(c)))
	}
	for _, o := range reasons {
		row = append(row, strconv.Itoa(*o.of(c)))
	}
	return row
}
