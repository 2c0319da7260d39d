package webauthn_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// A registrationRule is a rule of registrations alone.
type registrationRule struct {
	name   string
	alg    int64 // of the key; zero: ES256
	config func(*webauthn.Config)
	right  func(*registration) // of the control too
	wrong  func(*registration)
}

func holdRegistrations(t *testing.T, rules []registrationRule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for name, how := range map[string]attest{"none": attestNone, "packed": attestSelf} {
				t.Run(name, func(t *testing.T) {
					run := func(edits ...func(*registration)) (mfa.Verified, error) {
						s := newSite(t, r.config)
						c, step := s.begin()
						answer := s.registration(c, newKey(t, cmp.Or(r.alg, es256)))
						answer.Attest = how
						for _, edit := range edits {
							if edit != nil {
								edit(&answer)
							}
						}
						return s.finish(step.Pending, answer.answer(t))
					}
					if _, err := run(r.right); err != nil {
						t.Fatalf("the control is refused: %v", err)
					}
					if r.wrong != nil {
						v, err := run(r.right, r.wrong)
						wantNotValid(t, v, err)
					}
				})
			}
		})
	}
}

func TestW01_Challenges(t *testing.T) {
	s := newSite(t, nil)
	s.register(es256, nil)
	next := map[string]func() (string, int64, mfa.Step){
		"registration":  func() (string, int64, mfa.Step) { c, step := s.begin(); return c.Challenge, c.Timeout, step },
		"second factor": func() (string, int64, mfa.Step) { q, step := s.ask(nil); return q.Challenge, q.Timeout, step },
		"passkey":       func() (string, int64, mfa.Step) { q, step := s.discover(); return q.Challenge, q.Timeout, step },
	}
	for name, next := range next {
		t.Run(name, func(t *testing.T) {
			seen := map[string]bool{}
			for range 50 {
				challenge, timeout, step := next()
				if n := len(unb64(t, challenge)); n != 32 {
					t.Fatalf("a challenge of %d bytes", n)
				}
				seen[challenge] = true
				if want := noon.Add(5 * time.Minute); !step.Expires.Equal(want) || timeout != 300_000 {
					t.Fatalf("it expires at %v and after %d ms, want %v", step.Expires, timeout, want)
				}
			}
			if len(seen) != 50 {
				t.Errorf("%d of 50 challenges are different", len(seen))
			}
			cryptotest.SetGlobalRandom(t, 1)
			first, _, _ := next()
			cryptotest.SetGlobalRandom(t, 1)
			if again, _, _ := next(); again != first {
				t.Error("challenges do not come from crypto/rand alone")
			}
		})
	}
}

func TestW11_A74_AlgorithmsThatWereOffered(t *testing.T) {
	only := func(algs ...int64) func(*webauthn.Config) {
		return func(c *webauthn.Config) { c.Algorithms = algs }
	}
	swap := func(alg int64) func(*registration) {
		return func(r *registration) { r.Key = newKey(t, alg); r.Auth.Public = r.Key.cose(t) }
	}
	var rules []registrationRule
	for _, alg := range []int64{es256, eddsa, es384, es512, rs256} {
		rules = append(rules, registrationRule{name: fmt.Sprint("offered by default", alg), alg: alg})
		if alg != es256 {
			rules = append(rules,
				registrationRule{name: fmt.Sprint("not offered", alg), config: only(es256), wrong: swap(alg)},
				registrationRule{name: fmt.Sprint("offered alone", alg), alg: alg, config: only(alg), wrong: swap(es256)})
		}
	}
	holdRegistrations(t, rules)
	t.Run("what is offered", func(t *testing.T) {
		c, _ := newSite(t, only(rs256, es256)).begin()
		if p := c.PubKeyCredParams; len(p) != 2 || p[0].Alg != rs256 || p[1].Alg != es256 || p[0].Type != "public-key" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("what was offered counts, not what would be now", func(t *testing.T) {
		narrow, wide := newSite(t, only(es256)), newSite(t, nil)
		c, step := narrow.begin()
		v, err := wide.finish(step.Pending, narrow.registration(c, newKey(t, eddsa)).answer(t))
		wantNotValid(t, v, err)
	})
}

func TestW13_CredentialIDs(t *testing.T) {
	length := func(n int) func(*registration) {
		return func(r *registration) { r.Auth.CredentialID = bytes.Repeat([]byte{0x5a}, n) }
	}
	member := func(name string, value any) func(*registration) {
		return func(r *registration) { r.JSON = func(m map[string]any) { m[name] = value } }
	}
	other := b64([]byte("another credential"))
	holdRegistrations(t, []registrationRule{
		{name: "none", right: length(1), wrong: length(0)},
		{name: "long", right: length(1023), wrong: length(1024)},
		{name: "very long", wrong: length(8000)},
		{name: "a length that is not there", wrong: func(r *registration) {
			r.Auth.Edit = func(b []byte) []byte { b[53], b[54] = 0xff, 0xff; return b }
		}},
		{name: "another id", wrong: member("id", other)},
		{name: "another rawId", wrong: member("rawId", other)},
		{name: "another of both", wrong: func(r *registration) {
			r.JSON = func(m map[string]any) { m["id"], m["rawId"] = other, other }
		}},
		{name: "no id", wrong: member("id", "")},
		{name: "an id that is null", wrong: member("id", nil)},
		{name: "a type that is not a public key", wrong: member("type", "password")},
		{name: "no type", wrong: member("type", "")},
	})
}

// TestW13_SameKeyAgain: the browser is told to leave out what is enrolled, and
// one that does not care is refused.
func TestW13_SameKeyAgain(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	c, step := s.begin()
	if x := c.ExcludeCredentials; len(x) != 1 || x[0].ID != b64(k.id) || x[0].Type != "public-key" || !slices.Equal(x[0].Transports, []string{"nfc", "usb"}) {
		t.Errorf("excluded: %+v", x)
	}
	r := s.registration(c, k.privateKey)
	answer := r.answer(t)
	if _, err := s.finish(step.Pending, answer); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	r.Auth.CredentialID = k.id
	v, err := s.finish(step.Pending, r.answer(t))
	if err == nil {
		t.Error("a credential is enrolled twice")
	}
	wantNothing(t, v)
}

// TestW13_W10_WhatARegistrationLeaves: the claims that make a credential unique
// over all users, and the record.
func TestW13_W10_WhatARegistrationLeaves(t *testing.T) {
	for _, c := range []struct {
		flags byte
		amr   []string
	}{
		{up, []string{"hwk", "user"}}, {up | uv, []string{"hwk", "user"}}, // RFC 8176: "user" is presence
		{up | be, []string{"swk", "user"}}, {up | uv | be | bs, []string{"swk", "user"}},
	} {
		t.Run(fmt.Sprintf("%08b", c.flags), func(t *testing.T) {
			s := newSite(t, nil)
			o, step := s.begin()
			r := s.registration(o, newKey(t, es256))
			r.Auth.Flags = c.flags | at
			v, err := s.finish(step.Pending, r.answer(t))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"credential:" + b64(r.Auth.CredentialID), "user:" + o.User.ID}
			slices.Sort(v.Claims)
			if !slices.Equal(v.Claims, want) {
				t.Errorf("claims %q, want %q", v.Claims, want)
			}
			if v.Scope != rpID || v.EnrollmentID != "" || !slices.Equal(v.AMR, c.amr) || v.UserVerified != (c.flags&uv != 0) || v.DeviceBound {
				t.Errorf("scope %q, enrollment %q, amr %q, verified %v, device bound %v", v.Scope, v.EnrollmentID, v.AMR, v.UserVerified, v.DeviceBound)
			}
			var u struct{ UserHandle string }
			if err := json.Unmarshal(bytes.Replace(v.UserState, []byte("user_handle"), []byte("UserHandle"), 1), &u); err != nil || u.UserHandle != o.User.ID {
				t.Errorf("user state %s, want the handle %s", v.UserState, o.User.ID)
			}
			record := members(t, v.State)
			stored := record["flags"].(map[string]any)
			if stored["backupEligible"] != (c.flags&be != 0) || stored["backupState"] != (c.flags&bs != 0) || record["rpId"] != rpID || record["userHandle"] != o.User.ID {
				t.Errorf("state %s", v.State)
			}
			if object := b64(r.Auth.bytes()); bytes.Contains(v.State, []byte(object)) || len(v.Attachment) == 0 {
				t.Error("the attestation is not kept apart")
			}
		})
	}
}

// TestW08_A76_RequirementOfARegistrationIsStored: it is the one that the
// registration began with, whatever is configured or said by then.
func TestW08_A76_RequirementOfARegistrationIsStored(t *testing.T) {
	strict := newSite(t, func(c *webauthn.Config) { c.UserVerification = webauthn.Required })
	lax := newSite(t, func(c *webauthn.Config) { c.UserVerification = webauthn.Discouraged })
	c, step := strict.begin()
	if c.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("asked for %q", c.AuthenticatorSelection.UserVerification)
	}
	r := strict.registration(c, newKey(t, es256))
	r.Auth.Flags = up | at
	r.JSON = func(m map[string]any) {
		m["userVerification"], m["clientExtensionResults"] = "discouraged", map[string]any{"uvm": [][]int{{2, 4, 2}}}
	}
	v, err := lax.finish(step.Pending, r.answer(t))
	wantNotValid(t, v, err)
	r.Auth.Flags = up | uv | at
	if _, err := lax.finish(step.Pending, r.answer(t)); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
}

// TestA28_ClientCannotBringItsOwnKey: what the browser repeats beside the
// attestation object (its convenience for scripts) is not what is stored.
func TestA28_ClientCannotBringItsOwnKey(t *testing.T) {
	s := newSite(t, nil)
	c, step := s.begin()
	own, evil := newKey(t, es256), newKey(t, es256)
	r := s.registration(c, own)
	lie := r.Auth
	lie.Public, lie.Counter = evil.cose(t), 99
	r.JSON = func(m map[string]any) {
		response := m["response"].(map[string]any)
		response["publicKey"], response["publicKeyAlgorithm"] = b64(evil.cose(t)), rs256
		response["authenticatorData"] = b64(lie.bytes())
	}
	v, err := s.finish(step.Pending, r.answer(t))
	if err != nil {
		wantNotValid(t, v, err)
		return
	}
	record := members(t, v.State)
	if record["publicKey"] == nil || bytes.Contains(v.State, encode(t, []byte(evil.cose(t)))) || !bytes.Contains(v.State, encode(t, []byte(own.cose(t)))) {
		t.Errorf("state %s", v.State)
	}
}

func TestW21_UserHandles(t *testing.T) {
	s := newSite(t, nil)
	seen := map[string]bool{}
	for range 20 {
		c, _ := s.begin()
		handle := unb64(t, c.User.ID)
		if len(handle) < 16 || len(handle) > 64 {
			t.Fatalf("a handle of %d bytes", len(handle))
		}
		for _, personal := range []string{s.user.ID, s.user.Name, "ada", rpID} {
			sum := sha256.Sum256([]byte(personal))
			if bytes.Contains(handle, []byte(personal)) || bytes.Contains(handle, sum[:16]) {
				t.Errorf("the handle is made of %q", personal)
			}
		}
		seen[c.User.ID] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d of 20 handles of one user are different, so they are not random", len(seen))
	}
	k := s.register(es256, nil)
	if c, _ := s.begin(); c.User.ID != b64(k.handle) {
		t.Error("a user's second key has another handle")
	}
	other := newSite(t, nil)
	if c, _ := other.begin(); c.User.ID == b64(k.handle) {
		t.Error("two users have one handle")
	}
}

func TestW25_CreationOptions(t *testing.T) {
	s := newSite(t, nil)
	s.register(es256, nil)
	_, step := s.begin()
	if method := step.Challenge.Method(); method != webauthn.Name {
		t.Errorf("method %q", method)
	}
	whole := members(t, encode(t, step.Challenge))
	o, ok := whole["publicKey"].(map[string]any)
	if !ok || len(whole) != 1 {
		t.Fatalf("%v", whole)
	}
	onlyMembers(t, o, "rp", "user", "challenge", "pubKeyCredParams", "timeout", "excludeCredentials", "authenticatorSelection", "hints", "attestation", "attestationFormats", "extensions")
	user, rp := o["user"].(map[string]any), o["rp"].(map[string]any)
	onlyMembers(t, rp, "id", "name")
	onlyMembers(t, user, "id", "name", "displayName")
	unb64(t, user["id"].(string))
	if user["name"] != "ada@example.com" || user["displayName"] == nil || rp["name"] != "Example" || rp["id"] != rpID {
		t.Errorf("%v of %v", user, rp)
	}
	for _, x := range o["excludeCredentials"].([]any) {
		onlyMembers(t, x.(map[string]any), "id", "type", "transports")
		unb64(t, x.(map[string]any)["id"].(string))
	}
	if a, _ := o["attestation"].(string); a != "" && a != "none" {
		t.Errorf("attestation %q is asked for", a)
	}
}

// onlyMembers checks that an object has no member of another name: a browser
// would ignore it.
func onlyMembers(t testing.TB, m map[string]any, names ...string) {
	t.Helper()
	for name := range m {
		if !slices.Contains(names, name) {
			t.Errorf("member %q", name)
		}
	}
}

func TestW24_UnsolicitedClientExtensionsOfRegistrations(t *testing.T) {
	with := func(results map[string]any) func(*registration) {
		return func(r *registration) { r.JSON = func(m map[string]any) { m["clientExtensionResults"] = results } }
	}
	holdRegistrations(t, []registrationRule{
		{name: "unknown", right: with(map[string]any{"exampleExt": []any{1, "x"}})},
		{name: "known", right: with(map[string]any{"appidExclude": true, "credProps": map[string]any{"rk": true}, "largeBlob": map[string]any{"supported": true}})},
		{name: "none at all", right: func(r *registration) { r.JSON = func(m map[string]any) { delete(m, "clientExtensionResults") } }},
	})
}

// TestA77_RegistrationReplayed: an answer serves the challenge that it answers.
func TestA77_RegistrationReplayed(t *testing.T) {
	s := newSite(t, nil)
	c, step := s.begin()
	answer := s.registration(c, newKey(t, es256)).answer(t)
	if _, err := s.finish(step.Pending, answer); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	_, next := s.begin()
	v, err := s.finish(next.Pending, answer)
	wantNotValid(t, v, err)
}

func TestA46_A48_A66_RegistrationWithoutAnAnswer(t *testing.T) {
	s := newSite(t, nil)
	_, step := s.begin()
	for name, answer := range empties {
		t.Run(name, func(t *testing.T) {
			v, err := s.Verify(context.Background(), mfa.VerifyRequest{
				User: s.user, Purpose: mfa.ForEnrollment, ID: "new", Pending: step.Pending, Answer: answer, Now: s.now,
			})
			wantEmptyRefused(t, answer, v, err)
		})
	}
}
