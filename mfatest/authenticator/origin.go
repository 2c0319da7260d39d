package authenticator

import (
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
)

// relyingParty is the RP ID of a ceremony: the one that is asked for, if the page
// may use it, and else the page's domain (W3C Level 3, 5.1.3 steps 7 and 8).
func (o Options) relyingParty(asked string) (string, error) {
	page, err := parseOrigin(o.Origin)
	if err != nil {
		return "", err
	}
	host := page.Hostname()
	switch {
	case asked == "":
		return host, nil
	case ownDomain(host, asked), o.related(asked):
		return asked, nil
	}
	return "", fmt.Errorf("%w: the page %s may not use the RP ID %.100q", ErrSecurity, o.Origin, asked)
}

// parseOrigin takes the origin of a page where browsers have WebAuthn: secure,
// and on a domain.
func parseOrigin(origin string) (*url.URL, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || u.Scheme+"://"+u.Host != origin || strings.ToLower(origin) != origin {
		return nil, fmt.Errorf("%w: %.100q is not the origin of a page", ErrSecurity, origin)
	}
	host := u.Hostname()
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, fmt.Errorf("%w: %s is not secure", ErrSecurity, origin)
	}
	if net.ParseIP(host) != nil {
		return nil, fmt.Errorf("%w: %s is an address, WebAuthn wants a domain", ErrSecurity, origin)
	}
	return u, nil
}

// ownDomain says whether an RP ID is a page's host or a domain above it. Which
// of those are open to anybody ("co.uk") is in a list that browsers have and this
// package has not: it knows of the top-level ones.
func ownDomain(host, id string) bool {
	return host == id || strings.Contains(id, ".") && strings.HasSuffix(host, "."+id)
}

// related asks the RP ID's host whether the page is a related origin: W3C Level
// 3, 5.11.1. Browsers read five labels of such a list and ignore the rest; this
// package reads all.
func (o Options) related(id string) bool {
	if o.WellKnown == nil {
		return false
	}
	target, err := url.Parse("https://" + id + "/.well-known/webauthn")
	if err != nil || target.Host != id {
		return false
	}
	answer := httptest.NewRecorder()
	o.WellKnown.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, target.String(), nil))
	kind, _, _ := mime.ParseMediaType(answer.Header().Get("Content-Type"))
	if answer.Code != http.StatusOK || kind != "application/json" {
		return false
	}
	var list struct{ Origins []string }
	if json.Unmarshal(answer.Body.Bytes(), &list) != nil {
		return false
	}
	return slices.Contains(list.Origins, o.Origin)
}
