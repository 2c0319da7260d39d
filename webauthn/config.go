package webauthn

import (
	"crypto/x509"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
)

// Config says where ceremonies happen and which credentials are accepted. RP
// alone is enough. [New] copies it.
type Config struct {
	// RP is the relying party for clients whose App is not in Apps. Required.
	RP RelyingParty

	// Apps are the relying parties of several brands, by mfa.Client.App; nil: RP
	// serves all. A credential is good for one RP ID alone: someone who uses two
	// brands registers with both, unless they share one ID by related origins. Someone
	// whose only keys are another brand's gets in there by another method or a recovery
	// code, and is denied without one: offer them one.
	Apps map[string]RelyingParty

	// UserVerification of a second factor. A sign-in by a passkey alone always
	// requires it, and so does a flow that gets no further without.
	UserVerification UserVerification

	// Discoverable refuses credentials that cannot be found without a user name, as
	// a key makes that has no room left. Set it, and UserVerification to Required,
	// where a passkey is the only way in: with any other credential its owner could
	// never sign in again.
	Discoverable bool

	// Counter says what becomes of an assertion whose sign counter went back.
	Counter CounterPolicy

	// Attestation says what a registration has to prove of its authenticator;
	// zero: nothing, and browsers are asked for nothing.
	Attestation Attestation

	// Deny are models that cannot be registered. Without a trusted attestation a
	// model is what the authenticator says of itself.
	Deny []AAGUID

	// Allow are the models that alone can be registered; nil: all. It needs
	// Attestation.Demand, since else anything could say that it is one of them. A U2F key
	// has no model: the zero AAGUID stands for all of them.
	Allow []AAGUID

	// Algorithms that are asked for, as COSE numbers, in order of preference;
	// nil: ES256 (-7), EdDSA (-8), ES384 (-35), ES512 (-36), RS256 (-257), which
	// all authenticators of today are within.
	Algorithms []int64
}

// A RelyingParty is a place where credentials are registered and used (WebAuthn
// Level 3 §4).
type RelyingParty struct {
	// ID is a domain, "example.com": credentials work there and in all domains
	// below. It cannot be changed later, as every credential is bound to it.
	// "localhost" is for development.
	ID string

	// Name is what authenticators show; empty: ID.
	Name string

	// Origins are where ceremonies may happen, exactly as browsers write them:
	// "https://www.example.com", without a path or a slash at the end, and with
	// a port where it is not 443. Required. Plain http is accepted on localhost alone.
	// The origin of an Android app is "android:apk-key-hash:…".
	//
	// An https origin outside ID is a related origin (§5.11): browsers ask
	// https://ID/.well-known/webauthn about it, which is what [WellKnown]
	// serves, and need not accept more than five registrable names.
	Origins []string

	// TopOrigins are pages that may embed a ceremony in a frame of another
	// origin, written as Origins are; none: such ceremonies are refused. With any, a
	// browser too old to name the embedding page is taken at its word that there is one.
	TopOrigins []string
}

// An Attestation policy says whose authenticators are trusted. Setting any of its fields
// makes browsers ask for an attestation, for which some ask their user first.
type Attestation struct {
	Roots    *x509.CertPool // manufacturers' roots to trust; nil: none
	Metadata *Metadata      // the FIDO Alliance's list of authenticators; nil: none

	// Demand refuses a registration whose attestation does not lead to Roots or
	// Metadata. Passkeys that are synced between devices have no attestation.
	Demand bool
}

// UserVerification says whether an authenticator has to check who uses it, by a
// PIN or a fingerprint. A proof with it is two factors by itself.
type UserVerification string

// The requirements. Preferred, the zero value, takes it where it is to be had.
const (
	Preferred   UserVerification = ""
	Required    UserVerification = "required"
	Discouraged UserVerification = "discouraged"
)

// A CounterPolicy says what becomes of an assertion whose sign counter is not
// above the last one (WebAuthn Level 3 §6.1.1): there may be a copy of the key.
// A credential that can be backed up and whose counter is 0 always passes.
type CounterPolicy string

// The policies. CounterRefuse, the zero value, refuses the answer and raises
// mfa.EventCloneSuspected; CounterAlarm accepts it and raises the same.
const (
	CounterRefuse CounterPolicy = ""
	CounterAlarm  CounterPolicy = "alarm"
)

// New returns the factor, or an error that names the field that is wrong.
func New(c Config) (*Factor, error) {
	f := &Factor{discoverable: c.Discoverable, counter: c.Counter, attestation: c.Attestation, deny: slices.Clone(c.Deny), allow: slices.Clone(c.Allow)}
	var err error
	if f.rp, err = c.RP.checked("RP"); err != nil {
		return nil, err
	}
	f.apps = make(map[string]*RelyingParty, len(c.Apps))
	for _, app := range slices.Sorted(maps.Keys(c.Apps)) {
		rp := c.Apps[app]
		if f.apps[app], err = rp.checked(fmt.Sprintf("Apps[%q]", app)); err != nil {
			return nil, err
		}
	}
	switch c.UserVerification {
	case Preferred:
		f.uv = protocol.VerificationPreferred
	case Required, Discouraged:
		f.uv = protocol.UserVerificationRequirement(c.UserVerification)
	default:
		return nil, fmt.Errorf("webauthn: UserVerification is %q, which is none of its values", c.UserVerification)
	}
	if c.Counter != CounterRefuse && c.Counter != CounterAlarm {
		return nil, fmt.Errorf("webauthn: Counter is %q, which is none of its values", c.Counter)
	}
	if a := c.Attestation; a.Demand && a.Roots == nil && a.Metadata == nil {
		return nil, fmt.Errorf("webauthn: Attestation.Demand needs Roots or Metadata; without any, every registration would be refused")
	}
	if len(c.Allow) > 0 && !c.Attestation.Demand {
		return nil, fmt.Errorf("webauthn: Allow needs Attestation.Demand; without it, anything can say that it is an allowed model")
	}
	if err := f.setAlgorithms(c.Algorithms); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Factor) setAlgorithms(list []int64) error {
	if list == nil {
		list = defaultAlgorithms
	}
	if len(list) == 0 {
		return fmt.Errorf("webauthn: Algorithms is empty; leave it nil for the usual ones")
	}
	for i, a := range list {
		if !slices.Contains(algorithms, a) || slices.Contains(list[:i], a) {
			return fmt.Errorf("webauthn: Algorithms has %d, which is not supported or is there twice", a)
		}
		f.params = append(f.params, protocol.CredentialParameter{
			Type: protocol.PublicKeyCredentialType, Algorithm: algorithmID(a),
		})
	}
	return nil
}

// checked returns a copy of rp, with what was left out.
func (rp RelyingParty) checked(field string) (*RelyingParty, error) {
	if !isDomain(rp.ID) {
		return nil, fmt.Errorf("webauthn: %s.ID is %q, and must be a domain in lower case, such as example.com", field, rp.ID)
	}
	if rp.Name == "" {
		rp.Name = rp.ID
	}
	if len(rp.Name) > maxNameBytes || !utf8.ValidString(rp.Name) || strings.ContainsFunc(rp.Name, unicode.IsControl) {
		return nil, fmt.Errorf("webauthn: %s.Name must be at most %d bytes of UTF-8 without control characters", field, maxNameBytes)
	}
	if len(rp.Origins) == 0 {
		return nil, fmt.Errorf("webauthn: %s.Origins is empty; it lists where ceremonies may happen, such as https://%s", field, rp.ID)
	}
	for _, o := range rp.Origins {
		if strings.HasPrefix(o, androidOrigin) && len(o) > len(androidOrigin) && len(o) <= maxOriginBytes {
			continue
		}
		host, err := webOrigin(o)
		if err != nil {
			return nil, fmt.Errorf("webauthn: %s.Origins has %q: %w", field, o, err)
		}
		if !below(host, rp.ID) && !strings.HasPrefix(o, "https://") {
			return nil, fmt.Errorf("webauthn: %s.Origins has %q, which is not below %s and not https", field, o, rp.ID)
		}
	}
	if n := rp.labels(); n > maxLabels {
		return nil, fmt.Errorf("webauthn: %s.Origins has %d names, and browsers need not look at more than %d (WebAuthn Level 3 §5.11)", field, n, maxLabels)
	}
	for _, o := range rp.TopOrigins {
		if _, err := webOrigin(o); err != nil {
			return nil, fmt.Errorf("webauthn: %s.TopOrigins has %q: %w", field, o, err)
		}
	}
	rp.Origins, rp.TopOrigins = slices.Clone(rp.Origins), slices.Clone(rp.TopOrigins)
	return &rp, nil
}

const androidOrigin = "android:apk-key-hash:"

// webOrigin checks that o is an origin as browsers serialize it, since any other
// spelling would never match, and returns its host.
func webOrigin(o string) (host string, err error) {
	u, err := url.Parse(o)
	if err != nil || len(o) > maxOriginBytes {
		return "", fmt.Errorf("it is not an origin")
	}
	host = u.Hostname()
	if !isDomain(host) {
		return "", fmt.Errorf("its host must be a domain in lower case")
	}
	usual := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	switch {
	case usual == "":
		return "", fmt.Errorf("it must begin with https:// (or http:// on localhost)")
	case u.Scheme == "http" && !below(host, "localhost"):
		return "", fmt.Errorf("browsers do this on https alone, except on localhost")
	case u.Port() == usual || u.Scheme+"://"+u.Host != o || strings.HasSuffix(u.Host, ":"):
		return "", fmt.Errorf("write it as browsers do: scheme, host, and a port only where it is not the usual one")
	}
	return host, nil
}

// isDomain says whether s is a domain name in ASCII and lower case, or localhost.
// An IP address is none (§5.1.2).
func isDomain(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

func below(host, domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }

// labels counts the names that a browser counts among related origins: the label
// before the public suffix, so that example.com and example.co.uk are one (§5.11.1).
// It knows no list of suffixes but the usual ones in two parts; the check is
// there to notice a long list, not to be exact.
func (rp *RelyingParty) labels() int {
	var seen []string
	for _, o := range rp.Origins {
		if host, err := webOrigin(o); err == nil {
			if l := registered(host); !slices.Contains(seen, l) {
				seen = append(seen, l)
			}
		}
	}
	return len(seen)
}

// registered is the label of a host that somebody registered.
func registered(host string) string {
	parts := strings.Split(host, ".")
	i := max(len(parts)-2, 0)
	if i > 0 && len(parts[i+1]) == 2 && slices.Contains([]string{"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"}, parts[i]) {
		i--
	}
	return parts[i]
}
