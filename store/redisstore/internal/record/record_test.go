package record

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	for _, want := range []mfa.Item{
		{Version: 1},
		{Version: math.MinInt64, Value: []byte{0, 1, 255}},
		{Version: math.MaxInt64, Value: []byte("x"), Expires: time.Unix(0, 0)},
		{Version: -1, Expires: time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC)},
		{Version: 1<<53 + 1, Expires: time.Date(9999, 12, 31, 0, 0, 0, 1000, time.FixedZone("", 3600))},
	} {
		got, err := Decode(string(Encode(want)))
		if err != nil || got.Version != want.Version || !bytes.Equal(got.Value, want.Value) || !got.Expires.Equal(want.Expires) || got.Expires.IsZero() != want.Expires.IsZero() {
			t.Errorf("%+v came back as %+v, %v", want, got, err)
		}
	}
}

// The format stands in databases, and does not change by accident.
func TestRecordFormat(t *testing.T) {
	got := string(Encode(mfa.Item{Version: 0x0102030405060708, Value: []byte("v"), Expires: time.UnixMicro(0x0a0b)}))
	if want := "\x01\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00\x00\x0a\x0bv"; got != want {
		t.Errorf("a record is %q, want %q", got, want)
	}
	got = string(Encode(mfa.Item{Version: -2}))
	if want := "\x01\xff\xff\xff\xff\xff\xff\xff\xfe\x80\x00\x00\x00\x00\x00\x00\x00"; got != want {
		t.Errorf("a record without expiry is %q, want %q", got, want)
	}
}

func TestRecordsOfOthersAreRefused(t *testing.T) {
	good := string(Encode(mfa.Item{Version: 1}))
	for _, record := range []string{"", "\x02" + good[1:], "\x00" + good[1:], good[:headerSize-1], "text"} {
		if _, err := Decode(record); !errors.Is(err, ErrFormat) || record != "" && strings.Contains(err.Error(), record) {
			t.Errorf("%q: %v", record, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(string(Encode(mfa.Item{Version: 1, Value: []byte("v"), Expires: time.Unix(1, 0)})))
	f.Add("")
	f.Fuzz(func(t *testing.T, record string) {
		item, err := Decode(record)
		if err != nil {
			return
		}
		if again := string(Encode(item)); again != record && !strings.HasPrefix(record[9:], again[9:17]) {
			// A time beyond what Go's can say is all that does not come back.
			if y := item.Expires.Year(); y > -290_000 && y < 290_000 {
				t.Errorf("%q came back as %q", record, again)
			}
		}
	})
}
