package rba

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var header = strings.Join(Columns[:], ",")

// line is a good row, whose fields may be changed.
func line(change map[int]string) string {
	fields := []string{
		"7", "2020-02-03 12:43:30.772", "-42", "1123", "81.167.144.58", "NO", "Vestland", "Urangsvag", "29695",
		`"Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko)"`, "Chrome 69.0", "Linux", "desktop", "True", "False", "False",
	}
	for i, s := range change {
		fields[i] = s
	}
	return strings.Join(fields, ",")
}

func read(t *testing.T, src io.Reader) ([]Row, *Reader, error) {
	t.Helper()
	r, err := NewReader(src)
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for {
		var row Row
		if err := r.Read(&row); err == io.EOF {
			return rows, r, nil
		} else if err != nil {
			return rows, r, err
		}
		rows = append(rows, row)
	}
}

func TestReaderReadsARow(t *testing.T) {
	rows, r, err := read(t, strings.NewReader(header+"\n"+line(nil)+"\n"))
	want := Row{
		Index: 7, Time: time.Date(2020, 2, 3, 12, 43, 30, 772e6, time.UTC), User: "-42", RTT: 1123 * time.Millisecond,
		IP: netip.MustParseAddr("81.167.144.58"), Country: "NO", Region: "Vestland", City: "Urangsvag", ASN: 29695,
		UserAgent: "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko)",
		Browser:   "Chrome 69.0", OS: "Linux", Device: "desktop", Successful: true,
	}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, rows, want)
	}
	if r.Rows() != 1 || len(r.Bad()) != 0 || len(r.Missing()) != 0 {
		t.Error(r.Rows(), r.Bad(), r.Missing())
	}
}

func TestReaderTakesWhatIsWrittenInOtherWays(t *testing.T) {
	at := time.Date(2020, 2, 3, 12, 43, 30, 0, time.UTC)
	for name, c := range map[string]struct {
		change map[int]string
		want   func(Row) bool
	}{
		"no fraction":             {map[int]string{ColTime: "2020-02-03 12:43:30"}, func(r Row) bool { return r.Time.Equal(at) }},
		"RFC 3339":                {map[int]string{ColTime: "2020-02-03T13:43:30+01:00"}, func(r Row) bool { return r.Time.Equal(at) && r.Time.Location() == time.UTC }},
		"microseconds":            {map[int]string{ColTime: "2020-02-03 12:43:30.772913"}, func(r Row) bool { return r.Time.Equal(at.Add(772 * time.Millisecond)) }},
		"a dash for a place":      {map[int]string{ColCountry: "-", ColRegion: "-", ColCity: "-"}, func(r Row) bool { return r.Country+r.Region+r.City == "" }},
		"IPv4-mapped":             {map[int]string{ColIP: "::ffff:1.2.3.4"}, func(r Row) bool { return r.IP == netip.MustParseAddr("1.2.3.4") }},
		"IPv6":                    {map[int]string{ColIP: "2001:db8::1"}, func(r Row) bool { return r.IP.Is6() }},
		"an ASN as some write it": {map[int]string{ColASN: "AS29695"}, func(r Row) bool { return r.ASN == 29695 }},
		"an ASN as a float":       {map[int]string{ColASN: "29695.0"}, func(r Row) bool { return r.ASN == 29695 }},
		"no ASN":                  {map[int]string{ColASN: ""}, func(r Row) bool { return r.ASN == 0 }},
		"no round trip":           {map[int]string{ColRTT: ""}, func(r Row) bool { return r.RTT == 0 }},
		"a user by name":          {map[int]string{ColUser: "ann@example.com"}, func(r Row) bool { return r.User == "ann@example.com" }},
		"flags in numbers":        {map[int]string{ColSuccessful: "0", ColTakeover: "1"}, func(r Row) bool { return !r.Successful && r.Takeover }},
		"doubled quotes":          {map[int]string{ColUserAgent: `"a ""quoted"", word"`}, func(r Row) bool { return r.UserAgent == `a "quoted", word` }},
		"quotes inside a field":   {map[int]string{ColCity: `L"Aquila"`}, func(r Row) bool { return r.City == `L"Aquila"` }},
		"a line end in quotes":    {map[int]string{ColUserAgent: "\"two\nlines\""}, func(r Row) bool { return r.UserAgent == "two\nlines" }},
	} {
		t.Run(name, func(t *testing.T) {
			rows, r, err := read(t, strings.NewReader(header+"\n"+line(c.change)+"\n"))
			if err != nil || len(rows) != 1 || !c.want(rows[0]) {
				t.Errorf("%v, %v, got %+v", err, r.Bad(), rows)
			}
		})
	}
}

func TestReaderCountsWhatIsBadByKind(t *testing.T) {
	for kind, change := range map[Kind]map[int]string{
		BadTime:    {ColTime: "2020-02-30 12:00:00"},
		BadUser:    {ColUser: ""},
		BadAddress: {ColIP: "81.167.144"},
		BadNumber:  {ColASN: "many"},
		BadFlag:    {ColSuccessful: "perhaps"},
		BadFields:  {ColDevice: "desktop,extra"},
		BadQuotes:  {ColUserAgent: `"never closed`},
		BadLength:  {ColUserAgent: strings.Repeat("x", 2*maxRecord)},
	} {
		t.Run(string(kind), func(t *testing.T) {
			rows, r, err := read(t, strings.NewReader(header+"\n"+line(nil)+"\n"+line(change)+"\n"+line(nil)+"\n"))
			if err != nil || len(rows) != 2 {
				t.Fatalf("%v, %d rows", err, len(rows))
			}
			if want := map[Kind]int64{kind: 1}; !maps.Equal(r.Bad(), want) || r.Rows() != 3 {
				t.Errorf("bad %v of %d, want %v of 3", r.Bad(), r.Rows(), want)
			}
		})
	}
	for name, change := range map[string]map[int]string{
		"an index":       {ColIndex: "x"},
		"a round trip":   {ColRTT: "-1"},
		"no success":     {ColSuccessful: ""},
		"a month of 13":  {ColTime: "2020-13-01 00:00:00"},
		"letters":        {ColTime: "2020-02-03 12:43:3x"},
		"an empty point": {ColTime: "2020-02-03 12:43:30."},
		"after a quote":  {ColUserAgent: `"a"b`},
	} {
		t.Run(name, func(t *testing.T) {
			if rows, r, _ := read(t, strings.NewReader(header+"\n"+line(change)+"\n")); len(rows) != 0 || len(r.Bad()) != 1 {
				t.Errorf("%d rows, bad %v", len(rows), r.Bad())
			}
		})
	}
}

// An unclosed quotation mark must cost its own row, however many come after it.
func TestReaderLosesOneRowToAStrayQuote(t *testing.T) {
	var text strings.Builder
	text.WriteString(header + "\n")
	stray := 0
	for i := range 5000 {
		change := map[int]string{ColIndex: fmt.Sprint(i)}
		if i%500 == 250 {
			change[ColUserAgent] = `"never closed`
			stray++
		}
		text.WriteString(line(change) + "\n")
	}
	rows, r, err := read(t, strings.NewReader(text.String()))
	if err != nil || len(rows) != 5000-stray || r.Bad()[BadQuotes] != int64(stray) {
		t.Errorf("%v: %d rows, bad %v, want %d and %d", err, len(rows), r.Bad(), 5000-stray, stray)
	}
}

func TestReaderGivesUpWhereTooMuchIsBad(t *testing.T) {
	text := func(bad, good int) string {
		return header + "\n" + strings.Repeat(line(map[int]string{ColTime: "?"})+"\n", bad) + strings.Repeat(line(nil)+"\n", good)
	}
	if _, _, err := read(t, strings.NewReader(text(101, 1))); !errors.Is(err, ErrTooManyBad) {
		t.Errorf("101 of 102: %v", err)
	}
	if _, _, err := read(t, strings.NewReader(text(100, 1))); err != nil {
		t.Errorf("100 are never too many: %v", err)
	}
	r, err := NewReader(strings.NewReader(header + "\n" + strings.Repeat(strings.Repeat(line(nil)+"\n", 99)+line(map[int]string{ColTime: "?"})+"\n", 300)))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = r.Read(new(Row))
	}
	if err != io.EOF || r.Bad()[BadTime] != 300 {
		t.Errorf("one in a hundred: %v, %v", err, r.Bad())
	}
}

func TestReaderTakesHeadersAsTheyCome(t *testing.T) {
	rows, r, err := read(t, strings.NewReader("\ufeffLogin Successful,user id, IP Address ,Country,ASN,User Agent String,Login Timestamp,Shoe Size\r\n"+
		"True,9,1.2.3.4,NO,5,agent,2020-02-03 12:43:30.772,43\r\n\r\nFalse,9,1.2.3.4,NO,5,agent,2020-02-03 12:43:31.772,43"))
	if err != nil || len(rows) != 2 {
		t.Fatal(err, len(rows), r.Bad())
	}
	if rows[0].User != "9" || rows[0].ASN != 5 || rows[0].UserAgent != "agent" || !rows[0].Successful || rows[1].Successful {
		t.Errorf("got %+v", rows)
	}
	if got := strings.Join(r.Missing(), "|"); got != "index|Round-Trip Time [ms]|Region|City|Browser Name and Version|OS Name and Version|Device Type|Is Attack IP|Is Account Takeover" {
		t.Errorf("missing %s", got)
	}
}

func TestReaderRefusesAFileWithoutWhatItNeeds(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":          "",
		"line ends":        "\n\n\n",
		"no user":          strings.ReplaceAll(header, "User ID", "Person") + "\n" + line(nil),
		"no outcome":       strings.ReplaceAll(header, "Login Successful", "OK"),
		"an endless line":  strings.Repeat("x", 10*maxRecord),
		"an endless quote": `"` + strings.Repeat("x\n", 10*maxRecord),
	} {
		if _, err := NewReader(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What comes in pieces, or with an error at its end, is read like the whole.
func TestReaderReadsPieces(t *testing.T) {
	text := header + "\n" + strings.Repeat(line(nil)+"\n", 3000)
	for name, src := range map[string]io.Reader{
		"bytes":            iotest.OneByteReader(strings.NewReader(text)),
		"halves":           iotest.HalfReader(strings.NewReader(text)),
		"data with an end": iotest.DataErrReader(strings.NewReader(text)),
	} {
		if rows, r, err := read(t, src); err != nil || len(rows) != 3000 || len(r.Bad()) != 0 {
			t.Errorf("%s: %v, %d rows, bad %v", name, err, len(rows), r.Bad())
		}
	}
	broken := errors.New("the disk is gone")
	rows, _, err := read(t, io.MultiReader(strings.NewReader(header+"\n"+line(nil)+"\n"+line(nil)[:40]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || len(rows) != 1 {
		t.Errorf("broken off: %v, %d rows", err, len(rows))
	}
}

func TestFamily(t *testing.T) {
	for in, want := range map[string]string{
		"Chrome Mobile 85.0.4183": "Chrome Mobile", "Mac OS X 10.14.6": "Mac OS X", "Windows Vista": "Windows Vista",
		"Firefox": "Firefox", "": "", " 1": " 1", "iOS 13.4": "iOS", "trailing ": "trailing ",
	} {
		if got := Family(in); got != want {
			t.Errorf("Family(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(header + "\n" + line(nil) + "\n")
	f.Add(header + "\r\n" + line(map[int]string{ColUserAgent: "\"a\n\"\"b\"\"\""}) + "\r\n" + line(nil))
	f.Add("\ufeff" + header + "\n\"\n\"\"\n" + line(nil) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := NewReader(strings.NewReader(text))
		if err != nil {
			return
		}
		n := int64(0)
		for {
			var row Row
			if err := r.Read(&row); err != nil {
				break
			}
			if n++; row.User == "" || !row.IP.IsValid() {
				t.Fatalf("a row without what it must have: %+v", row)
			}
		}
		bad := int64(0)
		for _, k := range r.Bad() {
			bad += k
		}
		if n+bad != r.Rows() {
			t.Errorf("%d good and %d bad of %d", n, bad, r.Rows())
		}
	})
}
