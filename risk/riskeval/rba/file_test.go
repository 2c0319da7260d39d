package rba

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func compress(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t *testing.T, name string, content []byte) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFileIsReadCompressedOrNot(t *testing.T) {
	text := header + "\n" + strings.Repeat(line(nil)+"\n", 1000)
	for name, content := range map[string][]byte{"plain.csv": []byte(text), "compressed.csv.gz": compress(t, text), "misnamed.csv": compress(t, text)} {
		f := open(t, name, content)
		n := 0
		for f.Read(new(Row)) == nil {
			n++
		}
		if n != 1000 || f.Share() != 1 {
			t.Errorf("%s: %d rows, share %v", name, n, f.Share())
		}
	}
}

// A download that broke off must not pass for a short file.
func TestFileThatWasCutIsAnError(t *testing.T) {
	var text strings.Builder
	text.WriteString(header + "\n")
	for i := range 20000 {
		text.WriteString(line(map[int]string{ColIndex: strings.Repeat("1", 1+i%9), ColUser: time.Unix(int64(i)*7919, 0).UTC().String()}) + "\n")
	}
	whole := compress(t, text.String())
	f := open(t, "cut.csv.gz", whole[:len(whole)/2])
	var err error
	n := 0
	for err == nil {
		if err = f.Read(new(Row)); err == nil {
			n++
		}
	}
	if !errors.Is(err, ErrTruncated) || errors.Is(err, io.EOF) || n == 0 {
		t.Errorf("after %d rows: %v", n, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(empty); err == nil || !strings.Contains(err.Error(), "no header") {
		t.Error(err)
	}
}

func TestWriterWritesWhatReaderReads(t *testing.T) {
	rows := []Row{
		{
			Index: 3, Time: time.Date(2020, 12, 31, 23, 59, 59, 999e6, time.UTC), User: "u", RTT: 5 * time.Millisecond,
			IP: netip.MustParseAddr("2001:db8::1"), Country: "NO", ASN: 4294967295, UserAgent: "a,b \"c\"\r\nd", Browser: "B 1", OS: "O 2",
			Device: "mobile", Successful: true, AttackIP: true, Takeover: true,
		},
		{Time: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), User: "-1", IP: netip.MustParseAddr("10.0.0.1"), Region: "R", City: "C"},
	}
	var b bytes.Buffer
	w := NewWriter(&b)
	for i := range rows {
		if err := w.Write(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(b.String(), "\n"); first != header {
		t.Errorf("header %q", first)
	}
	got, r, err := read(t, &b)
	if err != nil || len(got) != 2 || got[0] != rows[0] || got[1] != rows[1] {
		t.Errorf("%v %v\ngot  %+v\nwant %+v", err, r.Bad(), got, rows)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriterKeepsItsError(t *testing.T) {
	w := NewWriter(full{})
	_ = w.Write(&Row{})
	if err := w.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}
