package migrate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mfakit/mfa/migrate"
)

type row struct {
	A migrate.ID `json:"a"`
}

// read is what a reader's rows are, in order: values, and errors as !.
func read(r io.Reader) (got string, last error) {
	for v, err := range migrate.Read[row](r) {
		var unread *migrate.RowError
		switch {
		case err == nil:
			got += string(v.A) + " "
		case errors.As(err, &unread):
			got += fmt.Sprintf("!%d ", unread.Row)
		default:
			last = err
		}
	}
	return strings.TrimSpace(got), last
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		in, want string
		fails    bool
	}{
		"nothing":              {"", "", false},
		"blanks":               {" \n\t\r\n ", "", false},
		"lines":                {"{\"a\":1}\n{\"a\":\"2\"}\n", "1 2", false},
		"no end of line":       {"{\"a\":1}\n{\"a\":2}", "1 2", false},
		"ends of Windows":      {"{\"a\":1}\r\n\r\n{\"a\":2}\r\n", "1 2", false},
		"byte order mark":      {"\ufeff{\"a\":1}", "1", false},
		"other members":        {`{"a":1,"b":[{"a":2}]}`, "1", false},
		"line is no JSON":      {"{\"a\":1}\n{\"a\":\n{\"a\":3}\n", "1 !2 3", false},
		"line is no object":    {"{\"a\":1}\n7\n\"x\"\n{\"a\":4}", "1 !2 !3 4", false},
		"column of wrong type": {"{\"a\":1}\n{\"a\":{}}\n{\"a\":1.5}\n{\"a\":4}", "1 !2 !3 4", false},
		"two in a line":        {"{\"a\":1}{\"a\":2}\n{\"a\":3}", "!1 3", false},
		"array":                {`[{"a":1},{"a":2}]`, "1 2", false},
		"array over lines":     {"\n[\n {\"a\":1} ,\n{\"a\":2}\n]\n", "1 2", false},
		"empty array":          {"[]", "", false},
		"nested":               {`[{"a":1,"b":{"c":["]","}","\"}","\\"]}},{"a":2}]`, "1 2", false},
		"array, wrong type":    {`[{"a":{}},{"a":2}]`, "!1 2", false},
		"array, wrong JSON":    {`[{"a":x},{"a":2}]`, "!1 2", false},
		"array without end":    {`[{"a":1}`, "1", true},
		"array, cut object":    {`[{"a":1},{"a":`, "1", true},
		"array of numbers":     {`[1]`, "", true},
		"array, no comma":      {`[{"a":1}{"a":2}]`, "1", true},
		"array, comma first":   {`[,{"a":1}]`, "", true},
		"array, comma last":    {`[{"a":1},]`, "1", true},
		"array, two commas":    {`[{"a":1},,{"a":2}]`, "1", true},
		"after the array":      {`[{"a":1}] x`, "1", true},
		"two arrays":           {`[{"a":1}][{"a":2}]`, "1", true},
	} {
		t.Run(name, func(t *testing.T) {
			for way, r := range map[string]io.Reader{
				"at once": strings.NewReader(c.in), "bytes": iotest.OneByteReader(strings.NewReader(c.in)),
				"halves": iotest.HalfReader(strings.NewReader(c.in)),
			} {
				if got, err := read(r); got != c.want || (err != nil) != c.fails {
					t.Errorf("%s: got %q, %v; want %q", way, got, err, c.want)
				}
			}
		})
	}
}

func TestRead_RowsAreBounded(t *testing.T) {
	fits := `{"a":1,"b":"` + strings.Repeat("x", 1<<20-20) + `"}`
	over := `{"a":2,"b":"` + strings.Repeat("x", 1<<20) + `"}`
	for name, c := range map[string]struct {
		in, want string
		fails    bool
	}{
		"line":          {fits + "\n" + fits + "\n", "1 1", false},
		"longer line":   {fits + "\n" + over + "\n" + fits, "1", true},
		"member":        {"[" + fits + "," + fits + "]", "1 1", false},
		"longer member": {"[" + fits + "," + over + "," + fits + "]", "1", true},
		"no end at all": {"[" + `{"a":"` + strings.Repeat("x", 3<<20), "", true},
		"much between":  {"[" + fits + strings.Repeat(" ", 3<<20) + "," + fits + "]", "1 1", false},
	} {
		got, err := read(strings.NewReader(c.in))
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "xx") {
			t.Errorf("%s: the error quotes the row", name)
		}
	}
}

func TestRead_FailingReader(t *testing.T) {
	broken := errors.New("broken")
	got, err := read(io.MultiReader(strings.NewReader("{\"a\":1}\n"), iotest.ErrReader(broken)))
	if got != "1" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
	for v, err := range migrate.Read[row](strings.NewReader("{\"a\":1}\n{\"a\":2}")) {
		if err != nil || v.A != "1" {
			t.Error("what comes after a loop was left")
		}
		break
	}
}

// endless has one more row, always.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	e.read++
	return copy(b, "{\"a\":1}\n"), nil
}

// TestRead_IsAStream: rows come while there are more, and what was read is not kept.
func TestRead_IsAStream(t *testing.T) {
	e, n := &endless{}, 0
	for _, err := range migrate.Read[row](e) {
		if n++; err != nil || e.read > n+1 {
			t.Fatalf("row %d came after %d reads: %v", n, e.read, err)
		}
		if n == 100_000 {
			break
		}
	}
}

func TestConvert(t *testing.T) {
	rows := migrate.Read[migrate.AuthbossUser](strings.NewReader(`{"pid":"1","totp_secret_key":"` + secret + "\"}\n{\"pid\":\n{\"pid\":3}"))
	all := collect(t, migrate.Convert(rows, migrate.Authboss{Now: atNoon}.Record))
	if len(all) != 3 || all[0].Row != 1 || len(all[0].Items) != 1 || all[2].Row != 3 || all[2].User != "3" {
		t.Fatalf("%v", all)
	}
	want(t, all[1], "", "", "left   row_not_read")

	broken := errors.New("broken")
	failing := func(yield func(migrate.AuthbossUser, error) bool) {
		_ = yield(migrate.AuthbossUser{PID: "1"}, nil) && yield(migrate.AuthbossUser{}, broken) && yield(migrate.AuthbossUser{PID: "2"}, nil)
	}
	n := 0
	for r, err := range migrate.Convert(failing, migrate.Authboss{}.Record) {
		n++
		if n == 2 && (!errors.Is(err, broken) || r.User != "") || n > 2 {
			t.Errorf("record %d: %v", n, err)
		}
	}
}

func TestValues(t *testing.T) {
	type values struct {
		ID   migrate.ID   `json:"id"`
		Bool migrate.Bool `json:"bool"`
		Time migrate.Time `json:"time"`
	}
	for in, want := range map[string]string{
		`{"id":7,"bool":true,"time":"2025-03-01T10:00:00Z"}`:         "7 true 2025-03-01T10:00:00Z",
		`{"id":"a/7","bool":1,"time":"2025-03-01T10:00:00.5+02:00"}`: "a/7 true 2025-03-01T08:00:00Z",
		`{"id":-7,"bool":0,"time":"2025-03-01 10:00:00"}`:            "-7 false 2025-03-01T10:00:00Z",
		`{"id":null,"bool":null,"time":null}`:                        " false 0001-01-01T00:00:00Z",
		`{"time":""}`:                                                " false 0001-01-01T00:00:00Z",
		`{"time":"2025-03-01 10:00:00.123456+00"}`:                   " false 2025-03-01T10:00:00Z",
		`{"time":"2025-03-01T10:00:00.123456"}`:                      " false 2025-03-01T10:00:00Z",
		`{"id":1.5}`:                                                 "", `{"id":true}`: "", `{"id":[7]}`: "", `{"id":1e3}`: "", `{"id":99999999999999999999}`: "",
		`{"bool":"true"}`: "", `{"bool":2}`: "", `{"bool":"f"}`: "",
		`{"time":1}`: "", `{"time":"yesterday"}`: "", `{"time":"0001-01-01T00:00:00Z"}`: "", `{"time":"0000-00-00 00:00:00"}`: "",
	} {
		var v values
		err := json.Unmarshal([]byte(in), &v)
		got := fmt.Sprintf("%s %t %s", v.ID, v.Bool, v.Time.Format("2006-01-02T15:04:05Z"))
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}

// FuzzRead: whatever comes, objects of an array are those that encoding/json
// finds in it.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`[{"a":1},{"a":"]"}]`, "{\"a\":1}\n{}", "[", `[{"a":"\\"}]`, "\ufeff[]", `[{"a":"\u0022}"}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var all []json.RawMessage
		if json.Unmarshal(in, &all) != nil || len(all) == 0 {
			for range migrate.Read[row](bytes.NewReader(in)) { //nolint:revive // that it ends is all that is asked
			}
			return
		}
		n := 0
		for range migrate.Read[row](bytes.NewReader(in)) {
			n++
		}
		objects := 0
		for _, m := range all {
			if m[0] != '{' {
				objects++ // ends the rows, with an error
				break
			}
			objects++
		}
		if n != objects {
			t.Errorf("%d rows of %d", n, objects)
		}
	})
}
