package codec

import (
	"bytes"
	"errors"
	"testing"
)

func TestEnvelope_SectionsComeBack(t *testing.T) {
	for _, size := range []int{0, 1, 23, 24, 255, 256, 65535, 65536, 70000} {
		long := bytes.Repeat([]byte{'x'}, size)
		encoded, err := Marshal(long)
		if err != nil {
			t.Fatal(err)
		}
		parts := [][]byte{{1, 2}, nil, encoded}
		data := Encode(1, parts)
		in := AppendSection(AppendStart([]byte("before"), 1, 3), []byte{1}, []byte{2})
		if in, err = AppendEncoded(AppendSection(in), long); err != nil || string(in) != "before"+string(data) {
			t.Errorf("%d bytes: not the same piece by piece, %v", size, err)
		}
		got, err := Decode(data, 1, 4)
		if err != nil || len(got) != 4 || got[3] != nil {
			t.Fatalf("%d bytes: %d sections, %v", size, len(got), err)
		}
		for i, part := range parts {
			if !bytes.Equal(got[i], part) {
				t.Errorf("%d bytes: section %d is %d bytes", size, i, len(got[i]))
			}
		}
		if _, err := Decode(data, 1, 2); !errors.Is(err, ErrNewer) {
			t.Errorf("more sections than known: %v", err)
		}
		if _, err := Decode(data[:len(data)-1], 1, 3); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut: %v", err)
		}
		if _, err := Decode(append(data, 0), 1, 3); !errors.Is(err, ErrMalformed) {
			t.Errorf("more than a value: %v", err)
		}
	}
	if _, err := Decode(Encode(2, nil), 1, 3); !errors.Is(err, ErrNewer) {
		t.Errorf("a later version: %v", err)
	}
}
