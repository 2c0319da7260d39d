package seal

import (
	"bytes"
	"errors"
	"testing"
)

// TestSeal_InPlaceIsEncrypt: what is sealed in place opens like all else, whether there
// was room behind it or not, and what stands before it is left alone.
func TestSeal_InPlaceIsEncrypt(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	associated := []byte("user/1")
	for _, size := range []int{0, 1, 5000} {
		for _, room := range []int{0, Suffix - 1, Suffix, 100} {
			plain := bytes.Repeat([]byte("x"), size)
			out := make([]byte, 0, 3+Prefix+size+room)
			out = append(append(append(out, "abc"...), make([]byte, Prefix)...), plain...)
			sealed := r.Seal(out, 3, associated)
			if string(sealed[:3]) != "abc" || len(sealed) != 3+Prefix+size+Suffix {
				t.Fatalf("%d bytes, room for %d: %d sealed", size, room, len(sealed))
			}
			if size > 100 && bytes.Contains(sealed, plain[:100]) {
				t.Errorf("room for %d: the plaintext is still there", room)
			}
			got, err := r.Decrypt(sealed[3:], associated)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes, room for %d: %v", size, room, err)
			}
			if _, err := r.Decrypt(sealed[3:], []byte("user/2")); !errors.Is(err, ErrOpen) {
				t.Errorf("under other associated data: %v", err)
			}
		}
	}
}

// TestSeal_NoncesDiffer: a nonce that comes twice would give both plaintexts away.
func TestSeal_NoncesDiffer(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	buffer := make([]byte, Prefix, Prefix+Suffix)
	for range 1000 { // in the same memory each time
		sealed := r.Seal(buffer, 0, nil)
		seen[string(sealed[idSize:Prefix])] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d nonces for 1000 values", len(seen))
	}
}
