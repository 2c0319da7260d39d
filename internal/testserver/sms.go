package testserver

import (
	"encoding/binary"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

// An SMS is a message as the fake message centre got it.
type SMS struct {
	From, To string
	UCS2     bool   // it came in UCS-2, rather than in the GSM 7-bit alphabet
	Part     bool   // it is a part of a longer text
	Text     string // of a part, as octets of the alphabet
}

var (
	// got is a line that the bearerbox passed on, as fakesmsc tells it. The text
	// of a message may have several lines; those that follow the first have no head.
	got  = regexp.MustCompile(`^\S+ \S+ \[\d+\] \[\d+\] DEBUG: Got message \d+: <(.*)>$`)
	head = regexp.MustCompile(`^(\S+) (\S+) (udh \S+ )?(text|data|ucs-2)(?: (.*))?$`)
)

// parseFake reads what fakesmsc has told.
func parseFake(t testing.TB, told string) []SMS {
	t.Helper()
	var list []SMS
	for _, line := range lines(told) {
		g := got.FindStringSubmatch(line)
		if g == nil {
			continue
		}
		h := head.FindStringSubmatch(g[1])
		if h == nil {
			if len(list) == 0 {
				t.Fatalf("fakesmsc told %q before any message", line)
			}
			list[len(list)-1].Text += "\n" + g[1]
			continue
		}
		m := SMS{From: h[1], To: h[2], UCS2: h[4] == "ucs-2", Part: h[3] != "", Text: h[5]}
		if h[4] != "text" {
			octets, err := url.QueryUnescape(h[5])
			if err != nil {
				t.Fatalf("fakesmsc told %q: %v", line, err)
			}
			if m.Text = octets; m.UCS2 {
				m.Text = decodeUCS2(octets)
			}
		}
		list = append(list, m)
	}
	return list
}

func decodeUCS2(octets string) string {
	units := make([]uint16, len(octets)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16([]byte(octets[2*i:]))
	}
	return strings.ToValidUTF8(string(utf16.Decode(units)), "\uFFFD")
}
