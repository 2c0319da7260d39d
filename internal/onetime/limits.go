package onetime

import (
	"fmt"
	"time"
)

// Bounds on what a factor may be configured to.
const (
	// MinDigits are the least that NIST SP 800-63B-4 section 3.1.3.2 lets a code
	// have, and the most are what people will type.
	MinDigits, MaxDigits, DefaultDigits = 6, 10, 6

	// MaxLifetime is the most that NIST SP 800-63B-4 section 3.1.3.2 allows. Below
	// the least a message may take longer than its code lives.
	MinLifetime, MaxLifetime, DefaultLifetime = time.Minute, 10 * time.Minute, 5 * time.Minute
)

// Settings are how codes are made. The zero value asks for the defaults.
type Settings struct {
	Digits   int
	Lifetime time.Duration
}

// Complete fills in the defaults, or says what is out of bounds. Prefix comes
// before the field's name, as "sms: Config.".
func (s Settings) Complete(prefix string) (Settings, error) {
	if s.Digits == 0 {
		s.Digits = DefaultDigits
	}
	if s.Lifetime == 0 {
		s.Lifetime = DefaultLifetime
	}
	if s.Digits < MinDigits || s.Digits > MaxDigits {
		return s, fmt.Errorf("%sDigits is %d, want %d to %d", prefix, s.Digits, MinDigits, MaxDigits)
	}
	if s.Lifetime < MinLifetime || s.Lifetime > MaxLifetime {
		return s, fmt.Errorf("%sLifetime is %v, want %v to %v (NIST SP 800-63B-4 section 3.1.3.2)", prefix, s.Lifetime, MinLifetime, MaxLifetime)
	}
	return s, nil
}

// Minutes is how long a code lives, as people are told: never more than it does.
func (s Settings) Minutes() int { return int(s.Lifetime / time.Minute) }
