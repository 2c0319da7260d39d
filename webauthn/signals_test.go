package webauthn

import (
	"testing"

	"github.com/mfakit/mfa"
)

func TestW23_Signals(t *testing.T) {
	f := newFactor(t, func(c *Config) {
		c.Apps = map[string]RelyingParty{"shop": {ID: "shop.test", Origins: []string{"https://shop.test"}}}
	})
	k := newKey(t, f)
	elsewhere := fullState(t)
	elsewhere.RPID = "shop.test"
	elsewhere.Credential.ID = []byte("of the shop")
	both := []mfa.Enrolled{{ID: "key", State: k.state}, {ID: "shop", State: toJSON(t, elsewhere)}}
	accepted := func(rpID, ids string) string {
		return `{"allAcceptedCredentialIds":[` + ids + `],"rpId":"` + rpID + `","userId":"` + b64(k.handle) + `"}`
	}
	for _, c := range []struct {
		name, app string
		list      []mfa.Enrolled
		user      []byte
		want      string
	}{
		{"one of two", "", both, k.user, accepted("example.com", `"`+b64(k.id)+`"`)},
		{"the other", "shop", both, k.user, accepted("shop.test", `"`+b64(elsewhere.Credential.ID)+`"`)},
		{"all removed", "", nil, k.user, accepted("example.com", "")},
		{"never had one", "", nil, nil, "null"},
	} {
		got, err := f.Signals(mfa.SignalsRequest{Client: mfa.Client{App: c.app}, Enrollments: c.list, UserState: c.user})
		if err != nil {
			t.Fatal(err)
		}
		if string(toJSON(t, got)) != c.want {
			t.Errorf("%s: %s, want %s", c.name, toJSON(t, got), c.want)
		}
	}
}
