package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

var errNotVouched = errors.New("webapp: the provider does not vouch for this person and their address")

// A provider is a service that says who somebody is, by OAuth or OpenID Connect. One
// that is real keeps to the same two methods, with golang.org/x/oauth2 for the codes
// and github.com/coreos/go-oidc for the ID token, whose audience and issuer count.
type provider interface {
	Name() string

	// URL is where the browser goes to say yes. The state comes back with it, and
	// challenge is PKCE's, by S256 (RFC 7636).
	URL(state, challenge string) string

	// Exchange turns the code that came back into an identity. errNotVouched.
	Exchange(ctx context.Context, code, verifier string) (identity, error)
}

// An identity is somebody, as a provider knows them.
type identity struct {
	Subject       string // never given to anybody else, as addresses are
	Email         string
	EmailVerified bool
}

// oauthStart sends the browser to the provider. The verifier of PKCE stays with the
// browser, so that the code and the state are worth nothing in any other: nobody
// signs another one in to an account of theirs (RFC 9700, section 4.7).
func (a *app) oauthStart(w http.ResponseWriter, r *http.Request) error {
	verifier := a.bind(w, toComeBack)
	state, err := a.links.issue(r.Context(), toComeBack, verifier, link{})
	if err != nil {
		return err
	}
	http.Redirect(w, r, a.provider.URL(state, challengeOf(verifier)), http.StatusSeeOther) //nolint:gosec // the provider's own
	return nil
}

// challengeOf is S256 (RFC 7636, section 4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// oauthCallback signs in whom the provider vouches for: by a first factor. Whether the
// provider has asked for a second is its affair, and not relied on.
func (a *app) oauthCallback(w http.ResponseWriter, r *http.Request) error {
	q, verifier := r.URL.Query(), a.bound(r, toComeBack)
	if _, err := a.links.take(r.Context(), toComeBack, verifier, q.Get("state")); err != nil {
		return err
	}
	if q.Get("code") == "" { // the person said no
		return errNotVouched
	}
	who, err := a.provider.Exchange(r.Context(), q.Get("code"), verifier)
	if err != nil {
		return err
	}
	acc, err := a.federated(r, who)
	if err != nil {
		return err
	}
	flow, err := a.signIn(r, acc, mfa.Federated)
	if err != nil {
		return err
	}
	return a.began(w, r, http.StatusOK, flow)
}

// federated is the account of an identity: the one that it signed in to before; else
// the one with its address, if the provider says that the address is verified; else a
// new one. Addresses are given to other people, so they count the first time alone.
func (a *app) federated(r *http.Request, who identity) (account, error) {
	acc, err := a.accounts.byIdentity(r.Context(), a.provider.Name(), who.Subject)
	if !errors.Is(err, errNoAccount) {
		return acc, err
	}
	email, err := normalEmail(who.Email)
	if err != nil || !who.EmailVerified {
		return account{}, errNotVouched
	}
	acc, err = a.accounts.byEmail(r.Context(), email)
	switch {
	case errors.Is(err, errNoAccount):
		acc, err = a.accounts.create(r.Context(), account{Email: email, EmailVerified: true, Created: a.clock.Now(), Attributes: a.speaking(r, nil)})
	case err == nil:
		acc, err = a.claim(r, acc)
	}
	if err != nil {
		return account{}, err
	}
	return acc, a.accounts.addIdentity(r.Context(), a.provider.Name(), who.Subject, acc)
}

// byIdentity finds the account that a provider's user signs in to. errNoAccount.
func (s accounts) byIdentity(ctx context.Context, provider, subject string) (account, error) {
	return scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+`
		FROM webapp_identities i JOIN webapp_accounts a ON a.id = i.account WHERE i.provider = ? AND i.subject = ?`, provider, subject))
}

func (s accounts) addIdentity(ctx context.Context, provider, subject string, a account) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO webapp_identities (provider, subject, account) VALUES (?, ?, ?) 
		ON CONFLICT (provider, subject) DO UPDATE SET account = webapp_identities.account`, provider, subject, a.ID) // who was first stays
	return err
}
