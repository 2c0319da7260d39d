package authenticator

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

// Options say what kind of authenticator it is, and on which page its browser
// is. The zero value of each is a plain security key with a PIN.
type Options struct {
	// Origin is the page's: "https://www.example.com", or "http://localhost:8080",
	// without a path. On a page that is neither https nor on localhost browsers
	// have no WebAuthn: each call is ErrSecurity.
	Origin string

	// TopOrigin, if not empty, is the page that holds this one in a frame. The
	// browser tells the server of it (crossOrigin and topOrigin).
	TopOrigin string

	// WellKnown answers for /.well-known/webauthn on the RP IDs' hosts, where the
	// browser asks whether Origin is a related one (W3C Level 3, 5.11). The host's
	// own handler serves. Nil: no domain has related origins.
	WellKnown http.Handler

	// Synced makes it a passkey provider, whose keys are on all of the person's
	// devices: backup flags set, sign counter always 0. It implies Platform.
	Synced bool

	// Platform makes it a part of the device (Touch ID, Windows Hello) instead of
	// a key that is plugged in. It verifies its user even where that is discouraged.
	Platform bool

	// NoUserVerification takes the PIN, finger or face away: it can only tell that
	// somebody touches it.
	NoUserVerification bool

	// NoPasskeys makes it a key without memory for accounts: it can be a second
	// factor, and not sign anybody in who has not given a name.
	NoPasskeys bool

	// AAGUID is the model. Zero: it does not tell.
	AAGUID [16]byte

	// Maker signs for the model where the server asks for an attestation. Nil:
	// there is none to give.
	Maker *Maker
}

// An Authenticator is a security key or passkey provider, and the browser
// between it and the server. It holds any number of credentials, of several
// users and relying parties. It is safe for use by any number of goroutines, and
// prints without its keys.
type Authenticator struct {
	options Options
	memory  *memory
}

// memory is what an authenticator has stored, whatever page it is used on.
type memory struct {
	mu          sync.Mutex
	credentials []*credential // oldest first
}

// New makes an authenticator without credentials.
func New(o Options) *Authenticator {
	o.Platform = o.Platform || o.Synced
	return &Authenticator{options: o, memory: new(memory)}
}

// At is the same authenticator in a browser that shows another page: what is
// created or changed through one is there in the other.
func (a *Authenticator) At(origin string) *Authenticator {
	o := a.options
	o.Origin = origin
	return &Authenticator{options: o, memory: a.memory}
}

// Clone copies the authenticator with its keys, as a thief would: from here on
// each counts for itself. A server that watches sign counters notices when both
// have been used.
func (a *Authenticator) Clone() *Authenticator {
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	copied := new(memory)
	for _, c := range a.memory.credentials {
		twin := *c
		key := *c.key // it caches what it parsed
		twin.key = &key
		copied.credentials = append(copied.credentials, &twin)
	}
	return &Authenticator{options: a.options, memory: copied}
}

// A Credential is one of an authenticator's, without its key.
type Credential struct {
	ID         []byte
	RPID       string // the relying party's domain
	UserHandle []byte // what the server called the user; kept by passkeys alone, else nil
	UserName   string // what the browser shows
	Passkey    bool   // it can be found without its ID, so that the user need not give a name
	Counter    uint32 // of the last use
	Eligible   bool   // the backup flags: it can be on several devices
	BackedUp   bool   // and is
}

// Credentials lists what is stored, oldest first.
func (a *Authenticator) Credentials() []Credential {
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	list := make([]Credential, 0, len(a.memory.credentials))
	for _, c := range a.memory.credentials {
		list = append(list, c.public())
	}
	return list
}

// SetCounter sets a credential's sign counter. The next use is one more; after
// 4294967295 comes 0. [ErrNoCredential] if there is no such credential.
func (a *Authenticator) SetCounter(id []byte, n uint32) error {
	return a.change(id, func(c *credential) { c.Counter = n })
}

// SetBackup sets a credential's backup flags for all later uses. Real ones never
// change the first and never set the second alone; servers are to notice.
// [ErrNoCredential] if there is no such credential.
func (a *Authenticator) SetBackup(id []byte, eligible, backedUp bool) error {
	return a.change(id, func(c *credential) { c.Eligible, c.BackedUp = eligible, backedUp })
}

// Forget removes a credential, as a person does in the settings of their phone
// or by resetting a key. [ErrNoCredential] if there is no such credential.
func (a *Authenticator) Forget(id []byte) error {
	m := a.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.credentials)
	m.credentials = slices.DeleteFunc(m.credentials, func(c *credential) bool { return bytes.Equal(c.ID, id) })
	if len(m.credentials) == n {
		return ErrNoCredential
	}
	return nil
}

func (a *Authenticator) change(id []byte, f func(*credential)) error {
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	for _, c := range a.memory.credentials {
		if bytes.Equal(c.ID, id) {
			f(c)
			return nil
		}
	}
	return ErrNoCredential
}

// Format prints the page and how much is stored, with any verb.
func (a *Authenticator) Format(w fmt.State, _ rune) {
	a.memory.mu.Lock()
	n := len(a.memory.credentials)
	a.memory.mu.Unlock()
	_, _ = io.WriteString(w, fmt.Sprintf("authenticator.Authenticator(%s: %d)", a.options.Origin, n))
}

// verifies says whether it is going to verify its user, and whether it can do
// what is asked.
func (o Options) verifies(requirement string) (uv bool, err error) {
	switch {
	case requirement == "required" && o.NoUserVerification:
		return false, fmt.Errorf("%w: user verification is required, and it has none", ErrNotAllowed)
	case requirement == "discouraged" && !o.Platform:
		return false, nil
	}
	return !o.NoUserVerification, nil
}

// attachment is how it is connected, in the words of the specification.
func (o Options) attachment() string {
	if o.Platform {
		return "platform"
	}
	return "cross-platform"
}

func (o Options) transports() []string {
	switch {
	case o.Synced:
		return []string{"hybrid", "internal"}
	case o.Platform:
		return []string{"internal"}
	}
	return []string{"nfc", "usb"}
}

func randomID() []byte {
	id := make([]byte, 32)
	rand.Read(id) // never fails
	return id
}
