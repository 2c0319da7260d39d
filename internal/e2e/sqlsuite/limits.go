package sqlsuite

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// Limits checks the largest that the contract allows, and what is beyond.
func Limits(t *testing.T, d Database) {
	s := d.Store(t)
	longest := strings.Repeat("ä", 512) // 1024 bytes
	for i, size := range []int{0, 1, 4096, 8000, 8192, 1 << 16, 1 << 20} {
		value := make([]byte, size)
		rand.Read(value)
		if err := s.Save(t.Context(), longest, int64(i), mfa.Item{Value: value, Version: int64(i + 1)}); err != nil {
			t.Fatalf("a value of %d bytes: %v", size, err)
		}
		item, err := s.Load(t.Context(), longest)
		if err != nil || item.Version != int64(i+1) || !bytes.Equal(item.Value, value) {
			t.Errorf("a value of %d bytes: %d bytes of version %d came back, %v", size, len(item.Value), item.Version, err)
		}
	}

	// A key that was cut off would be another's.
	tooLong := longest + "a"
	wantFault(t, "Save of a key that is too long", s.Save(t.Context(), tooLong, 0, mfa.Item{Version: 1}), "1025 bytes")
	wantFault(t, "Save of a key that is too long", s.Save(t.Context(), tooLong, 7, mfa.Item{Version: 8}), "1025 bytes")
	if _, err := s.Load(t.Context(), tooLong); !errors.Is(err, mfa.ErrNotFound) {
		t.Errorf("Load of a key that is too long: %v", err)
	}
	if err := s.Delete(t.Context(), tooLong, 7); err != nil {
		t.Errorf("Delete of a key that is too long: %v", err)
	}
	wantFault(t, "Save of a value that is too long", s.Save(t.Context(), longest, 7, mfa.Item{Value: make([]byte, 1<<20+1), Version: 8}), "1048577 bytes")
	wantVersion(t, s, longest, 7)
}
