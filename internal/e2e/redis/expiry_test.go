package redis_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

func newItemThatExpires(version int64) mfa.Item {
	return mfa.Item{Version: version, Expires: time.Now().Add(time.Hour)}
}

// The server drops an item a day after its time, and never sooner than a day from
// now by its own clock, however wrong the caller's is.
func TestTimeToLive(t *testing.T) {
	client := dial(t, testserver.RedisServer(t))
	o := redisstore.Options{Prefix: newPrefix(), InsecureAsync: true}
	s := open(t, client, o)
	const day, never, untold = 24 * time.Hour, -1, 0
	now := time.Now()
	version := int64(0)
	for _, tt := range []struct {
		name    string
		expires time.Time
		want    time.Duration // of the time to live, within a few minutes
	}{
		{"a user", time.Time{}, never},
		{"in an hour", now.Add(time.Hour), time.Hour + day},
		{"now", now, day},
		{"by a clock five minutes slow", now.Add(10*time.Minute - 5*time.Minute), 5*time.Minute + day},
		{"by a clock months slow", now.Add(10*time.Minute - 100*day), day},
		{"long ago", time.Unix(0, 0), day},
		{"a user again", time.Time{}, never},
		{"before computers", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), day},
		{"by a clock months fast", now.Add(100 * day), 101 * day},
		{"in two centuries", now.Add(200 * 365 * day), (200*365 + 1) * day},
		{"in another age, which this client cannot tell", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), untold},
		{"a user, after all", time.Time{}, never},
	} {
		if err := s.Save(t.Context(), "user/a", version, mfa.Item{Version: version + 1, Expires: tt.expires}); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		version++
		left, err := client.PTTL(t.Context(), o.Prefix+"{user/a}").Result()
		right := left == never
		if tt.want != never {
			right = left != never && (tt.want == untold || (left-tt.want).Abs() < 10*time.Minute)
		}
		if err != nil || !right {
			t.Errorf("%s: it has %v to live, %v; want %v", tt.name, left, err, tt.want)
		}
	}
	wantVersion(t, s, "user/a", version)
}
