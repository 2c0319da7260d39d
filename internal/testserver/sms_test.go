package testserver

import (
	"slices"
	"testing"
)

const heading = "2026-11-22 03:28:05 [27258] [0] DEBUG: Got message 1: <"

// What fakesmsc tells of messages is read back as what was sent.
func TestParseFake(t *testing.T) {
	cases := []struct {
		name, told string
		want       []SMS
	}{
		{"nothing", "2026-11-22 03:28:04 [27258] [0] INFO: fakesmsc starting\n", nil},
		{"a text of one line", heading + "Example +4712345678 text hello <wörld>>\n", []SMS{{From: "Example", To: "+4712345678", Text: "hello <wörld>"}}},
		{"a text of several lines", heading + "a 1 text x>\n" + heading + ">\n" + heading + "@host #1>\n", []SMS{{From: "a", To: "1", Text: "x\n\n@host #1"}}},
		{"a line that is still written", heading + "a 1 text x>\n" + heading + "@ho", []SMS{{From: "a", To: "1", Text: "x"}}},
		{"UCS-2", heading + "a 1 ucs-2 %04%3F%00+%D8%3D%DD%11>\n", []SMS{{From: "a", To: "1", UCS2: true, Text: "п 🔑"}}},
		{"parts", heading + "a 1 udh %05%00%03%03%02%01 data x+y>\n" + heading + "a 1 udh %05%00%03%03%02%02 data %7A>\n",
			[]SMS{{From: "a", To: "1", Part: true, Text: "x y"}, {From: "a", To: "1", Part: true, Text: "z"}}},
		{"a forged message within a text", heading + "a 1 text x>\n" + heading + "b 2 text y>\n", []SMS{{From: "a", To: "1", Text: "x"}, {From: "b", To: "2", Text: "y"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := parseFake(t, c.told); !slices.Equal(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
