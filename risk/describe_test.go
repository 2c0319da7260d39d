package risk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

func TestDescribe(t *testing.T) {
	s := scorer(t)
	h := full()
	said, err := s.Describe(h.bytes())
	if err != nil {
		t.Fatal(err)
	}
	list := said.([]Familiar)
	if len(list) != maxEntries {
		t.Fatalf("%d entries", len(list))
	}
	f, signIns := list[0], 0
	for _, f := range list {
		signIns += len(f.SignIns)
	}
	if f.Country != "NO" || f.Provider != 1<<31 || *f.Near != (Near{-90, 180, 65535}) || f.Browser != browsers[2] || f.System != systems[2] ||
		f.Device != classes[1] || !f.Known || fmt.Sprint(f.Lists) != "[hosting]" || signIns != maxMarks {
		t.Errorf("%+v, %d sign-ins", f, signIns)
	}
	data, err := json.Marshal(said)
	if err != nil || !strings.Contains(string(data), `"country":"NO"`) {
		t.Errorf("%s, %v", data, err)
	}
	if said, err := s.Describe(nil); err != nil || len(said.([]Familiar)) != 0 {
		t.Errorf("nothing: %v, %v", said, err)
	}
	if _, err := s.Describe([]byte{1}); !errors.Is(err, ErrHistory) {
		t.Error(err)
	}
	if _, err := s.Describe([]byte{historyVersion + 1}); !errors.Is(err, mfa.ErrNewerVersion) {
		t.Error(err)
	}
	if Trusted != 1<<(len(kindNames)-1) {
		t.Error("a kind has no name")
	}
}

var _ interface{ Describe([]byte) (any, error) } = (*Scorer)(nil) // what mfa.Engine.Export looks for
