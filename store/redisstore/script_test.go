package redisstore

import (
	"testing"
	"time"
)

func TestDropAfter(t *testing.T) {
	for _, tt := range []struct {
		expires time.Time
		want    string
	}{
		{time.Time{}, ""},
		{time.UnixMilli(1_700_000_000_123), "1700000000123"},
		{time.Unix(0, 0), "0"},
		{time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), "0"},
		{time.Date(200_000, 1, 1, 0, 0, 0, 0, time.UTC), "253402214400000"},
	} {
		if got := dropAfter(tt.expires); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.expires, got, tt.want)
		}
	}
}
