package redisstore

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore/internal/record"
)

// What a Load makes of a server's answers. It may be repeated, and is, a few times.
func TestWhatLoadMakesOfAnswers(t *testing.T) {
	there := bulk(string(record.Encode(item)))
	fault := errors.New("neither")
	for _, tt := range []struct {
		name    string
		answers replay
		want    error
		times   int
	}{
		{"there", replay{there}, nil, 1},
		{"not there", replay{"$-1\r\n"}, mfa.ErrNotFound, 1},
		{"the answer is lost, then not", replay{"cut", there}, nil, 2},
		{"the answer is lost twice", replay{"cut", "cut", "$-1\r\n"}, mfa.ErrNotFound, 3},
		{"the answer is always lost", replay{"cut"}, fault, loadFaults},
		{"loading, then not", replay{"-LOADING Redis is loading\r\n", there}, nil, 2},
		{"never loaded", replay{"-LOADING Redis is loading\r\n"}, fault, tries},
		{"not allowed", replay{"-NOPERM no\r\n"}, fault, 1},
		{"another type", replay{"-WRONGTYPE Operation against a key\r\n"}, fault, 1},
		{"another format", replay{bulk("text")}, ErrFormat, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, map[string]replay{"get": tt.answers})
			s := f.open(Options{})
			got, err := s.Load(t.Context(), "user/a")
			switch {
			case tt.want == fault:
				if err == nil || errors.Is(err, mfa.ErrNotFound) || errors.Is(err, mfa.ErrConflict) || !strings.HasPrefix(err.Error(), "redisstore: load: ") {
					t.Errorf("Load: %v", err)
				}
			case !errors.Is(err, tt.want), err == nil && got.Version != item.Version:
				t.Errorf("Load: version %d, %v; want %v", got.Version, err, tt.want)
			}
			if n := strings.Count(f.commands(), "get"); n != tt.times {
				t.Errorf("%d GETs, want %d", n, tt.times)
			}
		})
	}
}
