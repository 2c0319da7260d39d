package webauthn

import "testing"

// A credential that cannot be found without a user name is refused where a passkey
// is the only way in.
func TestDiscoverableCredentialsAlone(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Discoverable = true })
	fresh := func(rk any) *testKey {
		k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05}
		if rk != nil {
			k.results = map[string]any{"credProps": map[string]any{"rk": rk}}
		}
		return k
	}
	_, err := fresh(false).register(t, f)
	wantRefused(t, err, "not_discoverable")
	for _, rk := range []any{true, nil} { // what says nothing was asked for one all the same
		if _, err := fresh(rk).register(t, f); err != nil {
			t.Errorf("%v: %v", rk, err)
		}
	}
	if _, err := fresh(false).register(t, newFactor(t, nil)); err != nil {
		t.Errorf("not configured: %v", err)
	}
}
