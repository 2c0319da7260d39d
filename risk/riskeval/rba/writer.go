package rba

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"
)

// A Writer writes rows, with the header before the first. It is for one goroutine.
type Writer struct {
	w    *bufio.Writer
	line []byte
	err  error
}

// NewWriter writes the header. Its errors come out of Write and Flush.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{w: bufio.NewWriterSize(w, 1<<20)}
	for i, name := range Columns {
		out.text(i, name)
	}
	out.end()
	return out
}

// Write writes a row, as [Reader] reads it.
func (w *Writer) Write(r *Row) error {
	w.field(ColIndex)
	w.line = strconv.AppendInt(w.line, r.Index, 10)
	w.field(ColTime)
	w.line = r.Time.UTC().AppendFormat(w.line, "2006-01-02 15:04:05.000")
	w.text(ColUser, r.User)
	w.field(ColRTT)
	if r.RTT > 0 {
		w.line = strconv.AppendInt(w.line, int64(r.RTT/time.Millisecond), 10)
	}
	w.field(ColIP)
	w.line = r.IP.AppendTo(w.line)
	w.text(ColCountry, dash(r.Country))
	w.text(ColRegion, dash(r.Region))
	w.text(ColCity, dash(r.City))
	w.field(ColASN)
	if r.ASN != 0 {
		w.line = strconv.AppendUint(w.line, uint64(r.ASN), 10)
	}
	w.text(ColUserAgent, r.UserAgent)
	w.text(ColBrowser, r.Browser)
	w.text(ColOS, r.OS)
	w.text(ColDevice, r.Device)
	w.text(ColSuccessful, flag(r.Successful))
	w.text(ColAttackIP, flag(r.AttackIP))
	w.text(ColTakeover, flag(r.Takeover))
	w.end()
	return w.err
}

// Flush writes what is still held back.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

func (w *Writer) field(column int) {
	if column > 0 {
		w.line = append(w.line, ',')
	}
}

func (w *Writer) text(column int, s string) {
	w.field(column)
	if !strings.ContainsAny(s, ",\"\r\n") {
		w.line = append(w.line, s...)
		return
	}
	w.line = append(w.line, '"')
	for i := range len(s) {
		if s[i] == '"' {
			w.line = append(w.line, '"')
		}
		w.line = append(w.line, s[i])
	}
	w.line = append(w.line, '"')
}

func (w *Writer) end() {
	w.line = append(w.line, '\n')
	if w.err == nil {
		_, w.err = w.w.Write(w.line)
	}
	w.line = w.line[:0]
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func flag(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
