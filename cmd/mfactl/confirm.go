package main

import (
	"crypto/subtle"
	"encoding/base32"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// confirmFor is how long a code of the first step is good for, at least; at most twice that.
const confirmFor = 10 * time.Minute

// confirmation is the code that the first step of a command prints and the second takes: of
// the act, of who does it to whom and why, and of how the account stands, so that what was
// looked at is what is done. It guards against slips, not against whoever has the ring.
func confirmation(ring *mfa.KeyRing, at time.Time, parts ...string) string {
	slot := strconv.FormatInt(at.Unix()/int64(confirmFor/time.Second), 10)
	sum := ring.Index(append([]string{"mfactl", "confirm", slot}, parts...)...)
	code := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
	return code[:4] + "-" + code[4:]
}

// confirmed says whether a code is that of the first step.
func confirmed(code string, ring *mfa.KeyRing, now time.Time, parts ...string) bool {
	for _, at := range []time.Time{now, now.Add(-confirmFor)} {
		if subtle.ConstantTimeCompare([]byte(code), []byte(confirmation(ring, at, parts...))) == 1 {
			return true
		}
	}
	return false
}
