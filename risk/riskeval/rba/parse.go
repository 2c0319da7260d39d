package rba

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Kind says what is wrong with a row.
type Kind string

// The kinds of bad row.
const (
	BadQuotes  Kind = "quotes"  // a quotation mark where none may stand, or one that is never closed
	BadLength  Kind = "length"  // longer than a row may be
	BadFields  Kind = "fields"  // more or fewer fields than the header has
	BadTime    Kind = "time"    // no timestamp that could be read
	BadUser    Kind = "user"    // no user
	BadAddress Kind = "address" // no IP address
	BadNumber  Kind = "number"  // an ASN, index or round-trip time that is no number
	BadFlag    Kind = "flag"    // neither true nor false
)

// parseRow fills row from fields; at says where each column stands (-1: nowhere).
// An empty Kind: it is good.
func parseRow(row *Row, fields []string, at *[columns]int) Kind {
	get := func(c int) string {
		if i := at[c]; i >= 0 {
			return fields[i]
		}
		return ""
	}
	*row = Row{
		User: get(ColUser), Country: known(get(ColCountry)), Region: known(get(ColRegion)), City: known(get(ColCity)),
		UserAgent: get(ColUserAgent), Browser: get(ColBrowser), OS: get(ColOS), Device: get(ColDevice),
	}
	var ok bool
	if row.Time, ok = parseTime(get(ColTime)); !ok {
		return BadTime
	}
	if row.User == "" {
		return BadUser
	}
	ip, err := netip.ParseAddr(get(ColIP))
	if err != nil {
		return BadAddress
	}
	row.IP = ip.Unmap().WithZone("")
	if !parseNumbers(row, get(ColIndex), get(ColRTT), get(ColASN)) {
		return BadNumber
	}
	for _, f := range []struct {
		into *bool
		col  int
	}{{&row.Successful, ColSuccessful}, {&row.AttackIP, ColAttackIP}, {&row.Takeover, ColTakeover}} {
		if *f.into, ok = parseFlag(get(f.col), at[f.col] < 0); !ok {
			return BadFlag
		}
	}
	return ""
}

// known is a place's name, or nothing where the data set has a dash.
func known(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

func parseNumbers(row *Row, index, rtt, asn string) bool {
	if index != "" {
		n, err := strconv.ParseInt(index, 10, 64)
		if err != nil {
			return false
		}
		row.Index = n
	}
	if rtt != "" {
		ms, err := strconv.ParseFloat(rtt, 64) // tables that know no missing integer write 123.0
		if err != nil || !(ms >= 0 && ms <= 1e9) {
			return false
		}
		row.RTT = time.Duration(ms) * time.Millisecond
	}
	if asn = strings.TrimSuffix(asn, ".0"); asn != "" && asn != "-" {
		n, err := strconv.ParseUint(strings.TrimPrefix(asn, "AS"), 10, 32)
		if err != nil {
			return false
		}
		row.ASN = uint32(n)
	}
	return true
}

func parseFlag(s string, absent bool) (value, ok bool) {
	switch s {
	case "True", "true", "TRUE", "1":
		return true, true
	case "False", "false", "FALSE", "0":
		return false, true
	}
	return false, absent
}

// parseTime reads "2020-02-03 12:43:30.772" and RFC 3339. Without an offset it is UTC.
func parseTime(s string) (time.Time, bool) {
	if t, ok := parsePlain(s); ok {
		return t, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Millisecond), true
		}
	}
	return time.Time{}, false
}

// parsePlain is the data set's own form, by hand: it stands in every row.
func parsePlain(s string) (time.Time, bool) {
	const form = "0000-00-00 00:00:00"
	if len(s) < len(form) || len(s) > len(form)+10 {
		return time.Time{}, false
	}
	for i := range form {
		digit := s[i] >= '0' && s[i] <= '9'
		if form[i] == '0' && !digit || form[i] != '0' && s[i] != form[i] && !(form[i] == ' ' && s[i] == 'T') {
			return time.Time{}, false
		}
	}
	n := func(from, to int) (v int) {
		for _, c := range s[from:to] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	ms := 0
	if rest := s[len(form):]; rest != "" {
		if rest[0] != '.' || len(rest) == 1 {
			return time.Time{}, false
		}
		scale := 100
		for _, c := range rest[1:] {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			ms += int(c-'0') * scale
			scale /= 10
		}
	}
	year, month, day, hour, minute, second := n(0, 4), n(5, 7), n(8, 10), n(11, 13), n(14, 16), n(17, 19)
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, ms*int(time.Millisecond), time.UTC)
	return t, t.Day() == day // the 31st of a shorter month runs over
}
