package webauthn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// TestW08_LevelsOfUserVerification: who has to be verified is stored with the
// challenge, is told to the browser, and is enforced; where it is not needed,
// the proof is of one factor.
func TestW08_LevelsOfUserVerification(t *testing.T) {
	for _, c := range []struct {
		configured webauthn.UserVerification
		demanded   bool // by the flow
		asked      string
		needed     bool
	}{
		{webauthn.Preferred, false, "preferred", false},
		{webauthn.Discouraged, false, "discouraged", false},
		{webauthn.Required, false, "required", true},
		{webauthn.Preferred, true, "required", true},
		{webauthn.Discouraged, true, "required", true},
		{webauthn.Required, true, "required", true},
	} {
		t.Run(fmt.Sprint(c.configured, c.demanded), func(t *testing.T) {
			s := newSite(t, func(x *webauthn.Config) { x.UserVerification = c.configured })
			lax := newSite(t, func(x *webauthn.Config) { x.UserVerification = webauthn.Discouraged })
			k := s.register(es256, nil)
			lax.enrolled, lax.userState = s.enrolled, s.userState
			for _, f := range []byte{up, up | uv} {
				q, step := s.ask(func(r *mfa.ChallengeRequest) { r.UserVerification = c.demanded })
				if q.UserVerification != c.asked {
					t.Errorf("asked for %q, want %q", q.UserVerification, c.asked)
				}
				a := s.assertion(q, k)
				a.Auth.Flags = f
				a.JSON = func(m map[string]any) { m["userVerification"] = "discouraged" }
				for _, end := range []*site{s, lax} { // lax: another instance, or a later configuration
					v, err := end.verify(mfa.ForAuthentication, step.Pending, a.answer(t), nil)
					if c.needed && f&uv == 0 {
						wantNotValid(t, v, err)
						continue
					}
					if err != nil || v.UserVerified != (f&uv != 0) {
						t.Errorf("flags %b: %v, verified %v", f, err, v.UserVerified)
					}
				}
			}
		})
	}
}

func TestW08_A76_PasskeyAloneVerifiesItsUser(t *testing.T) {
	for _, configured := range []webauthn.UserVerification{webauthn.Preferred, webauthn.Discouraged, webauthn.Required} {
		s := newSite(t, func(c *webauthn.Config) { c.UserVerification = configured })
		k := s.register(es256, nil)
		if q, _ := s.discover(); q.UserVerification != "required" {
			t.Errorf("%q: asked for %q", configured, q.UserVerification)
		}
		if v, err := s.discovered(k, nil); err != nil || !v.UserVerified {
			t.Errorf("the control: %v, verified %v", err, v.UserVerified)
		}
		v, err := s.discovered(k, func(a *assertion) { a.Auth.Flags = up })
		wantNotValid(t, v, err)
		// Even where the challenge was made by something that asked for less.
		q, step := s.discover()
		pending := members(t, step.Pending)
		pending["userVerification"] = "discouraged"
		a := s.assertion(q, k)
		a.Auth.Flags = up
		v, err = s.verify(mfa.ForDiscovery, encode(t, pending), a.answer(t), nil)
		wantNotValid(t, v, err)
	}
}

func TestW09_W10_BackupFlags(t *testing.T) {
	for _, c := range []struct {
		before, now byte
		right       bool
	}{
		{0, 0, true}, {0, be, false}, {0, be | bs, false}, {0, bs, false},
		{be, be, true}, {be, be | bs, true}, {be, 0, false}, {be, bs, false},
		{be | bs, be, true}, {be | bs, be | bs, true}, {be | bs, 0, false},
	} {
		t.Run(fmt.Sprintf("%05b then %05b", c.before, c.now), func(t *testing.T) {
			s := newSite(t, nil)
			k := s.register(es256, func(r *registration) { r.Auth.Flags |= c.before })
			v, err := s.signIn(k, func(a *assertion) { a.Auth.Flags = up | uv | c.now })
			if !c.right {
				wantNotValid(t, v, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			amr := []string{map[bool]string{true: "swk", false: "hwk"}[c.now&be != 0], "user"} // RFC 8176: "user" is presence
			if !slices.Equal(v.AMR, amr) || v.DeviceBound {
				t.Errorf("amr %q, device bound %v", v.AMR, v.DeviceBound)
			}
			stored := members(t, v.State)["flags"].(map[string]any)
			if stored["backupState"] != (c.now&bs != 0) || stored["backupEligible"] != (c.now&be != 0) {
				t.Errorf("kept: %v", stored)
			}
		})
	}
}

// TestA79_RecordWithoutBackupFlags: one that was written before they were kept
// learns them, and is held to them from then on.
func TestA79_RecordWithoutBackupFlags(t *testing.T) {
	for name, forget := range map[string]func(map[string]any){
		"no flags":             func(m map[string]any) { delete(m, "flags") },
		"flags without backup": func(m map[string]any) { m["flags"] = map[string]any{"userPresent": true, "userVerified": true} },
	} {
		for _, f := range []byte{0, be, be | bs} {
			t.Run(fmt.Sprintf("%s, %05b", name, f), func(t *testing.T) {
				s := newSite(t, nil)
				k := s.register(es256, func(r *registration) { r.Auth.Flags |= f; r.Auth.Counter = 0 })
				k.counter = 0
				m := members(t, s.enrolled[0].State)
				forget(m)
				s.enrolled[0].State = encode(t, m)
				v, err := s.signIn(k, nil)
				if err != nil {
					t.Fatalf("locked out: %v", err)
				}
				stored := members(t, v.State)["flags"].(map[string]any)
				if stored["backupEligible"] != (f&be != 0) || stored["backupState"] != (f&bs != 0) {
					t.Errorf("kept: %v", stored)
				}
				s.keep(&k, v)
				v, err = s.signIn(k, func(a *assertion) { a.Auth.Flags = up | uv | (f&be ^ be) })
				wantNotValid(t, v, err)
			})
		}
	}
}

// TestW17_VerificationIsNotRaised: that a key once verified its user is not
// learnt from an assertion that nothing else backed.
func TestW17_VerificationIsNotRaised(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, func(r *registration) { r.Auth.Flags &^= uv })
	v, err := s.signIn(k, func(a *assertion) { a.Auth.Flags |= uv })
	if err != nil || !v.UserVerified {
		t.Fatalf("%v, verified %v", err, v.UserVerified)
	}
	if stored := members(t, v.State)["flags"].(map[string]any); stored["userVerified"] != false {
		t.Errorf("kept: %v", stored)
	}
}

func TestW16_Counters(t *testing.T) {
	const top = math.MaxUint32
	for _, c := range []struct {
		flags       byte
		stored, now uint32
		right       bool
	}{
		{0, 7, 8, true}, {0, 7, 7, false}, {0, 7, 6, false}, {0, 7, 0, false}, {0, 7, top, true},
		{0, 0, 0, true}, {0, 0, 1, true}, {0, 0, top, true},
		{0, top, top, false}, {0, top, 0, false}, {0, top, 1, false}, {0, 1 << 31, 1<<31 - 1, false}, {0, 1<<31 - 1, 1 << 31, true},
		{be, 7, 0, true}, {be, 0, 0, true}, {be, 7, 8, true}, {be, 7, 7, false}, {be | bs, 7, 0, true},
	} {
		t.Run(fmt.Sprintf("%05b %d then %d", c.flags, c.stored, c.now), func(t *testing.T) {
			for _, p := range []webauthn.CounterPolicy{webauthn.CounterRefuse, webauthn.CounterAlarm} {
				s := newSite(t, func(x *webauthn.Config) { x.Counter = p })
				k := s.register(es256, func(r *registration) { r.Auth.Flags |= c.flags; r.Auth.Counter = c.stored })
				v, err := s.signIn(k, func(a *assertion) { a.Auth.Counter = c.now })
				var n *mfa.NotValidError
				switch {
				case c.right:
					if err != nil || v.Alarm != "" {
						t.Fatalf("%q: %v, alarm %q", p, err, v.Alarm)
					}
					count := fmt.Sprint(members(t, v.State)["authenticator"].(map[string]any)["signCount"])
					if c.now != 0 && count != fmt.Sprint(c.now) {
						t.Errorf("%q: %s is kept", p, count)
					}
				case p == webauthn.CounterAlarm:
					if err != nil || v.Alarm != mfa.EventCloneSuspected || v.EnrollmentID == "" {
						t.Errorf("%q: %v, %+v", p, err, v)
					}
				default:
					if !errors.As(err, &n) || !errors.Is(err, mfa.ErrNotValid) || n.Alarm != mfa.EventCloneSuspected {
						t.Errorf("%q: error %#v, want a NotValidError with an alarm", p, err)
					}
					wantNothing(t, v)
				}
			}
		})
	}
}

// TestW16_NoAlarmWithoutASignature: who has no key cannot raise the alarm.
func TestW16_NoAlarmWithoutASignature(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	v, err := s.signIn(k, func(a *assertion) { a.Auth.Counter, a.Key = 1, newKey(t, es256) })
	wantNotValid(t, v, err)
}

func TestA77_AssertionReplayed(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	for name, begin := range map[string]func() (request, mfa.Step){
		"second factor": func() (request, mfa.Step) { return s.ask(nil) },
		"passkey":       s.discover,
	} {
		t.Run(name, func(t *testing.T) {
			purpose := map[string]mfa.Purpose{"second factor": mfa.ForAuthentication, "passkey": mfa.ForDiscovery}[name]
			q, step := begin()
			a := s.assertion(q, k)
			a.Auth.Counter = k.counter + 1
			answer := a.answer(t)
			v, err := s.verify(purpose, step.Pending, answer, nil)
			if err != nil {
				t.Fatalf("the control is refused: %v", err)
			}
			_, next := begin()
			again, err := s.verify(purpose, next.Pending, answer, nil)
			wantNotValid(t, again, err)
			s.keep(&k, v)
			k.counter++
			if _, err := s.verify(purpose, step.Pending, answer, nil); !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("error %v: the counter was not kept", err)
			}
		})
	}
}

// TestA28_CeremoniesDoNotMix: the answer, and the challenge, of one are no use
// to another.
func TestA28_CeremoniesDoNotMix(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	c, enrolling := s.begin()
	q, asking := s.ask(nil)
	r, a := s.registration(c, newKey(t, es256)), s.assertion(q, k)
	t.Run("a registration to sign in", func(t *testing.T) {
		v, err := s.verify(mfa.ForAuthentication, asking.Pending, r.answer(t), nil)
		wantNotValid(t, v, err)
	})
	t.Run("an assertion to enrol", func(t *testing.T) {
		v, err := s.finish(enrolling.Pending, a.answer(t))
		wantNotValid(t, v, err)
	})
	t.Run("a second factor's challenge for a passkey", func(t *testing.T) {
		v, err := s.verify(mfa.ForDiscovery, asking.Pending, a.answer(t), nil)
		if err == nil {
			t.Error("accepted")
		}
		wantNothing(t, v)
	})
}

func TestW22_A78_NoCredentialsToStrangers(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	_, step := s.discover()
	o := members(t, encode(t, step.Challenge))["publicKey"].(map[string]any)
	if list, there := o["allowCredentials"]; there && len(list.([]any)) != 0 {
		t.Errorf("credentials %v", list)
	}
	for _, told := range [][]byte{k.id, k.handle} {
		if bytes.Contains(encode(t, step.Challenge), []byte(b64(told))) {
			t.Error("it tells of a user's key")
		}
	}
}

func TestW25_RequestOptions(t *testing.T) {
	s := newSite(t, nil)
	first, second := s.register(es256, nil), s.register(eddsa, nil)
	_, step := s.ask(nil)
	if method := step.Challenge.Method(); method != webauthn.Name {
		t.Errorf("method %q", method)
	}
	whole := members(t, encode(t, step.Challenge))
	o, ok := whole["publicKey"].(map[string]any)
	if !ok || len(whole) != 1 {
		t.Fatalf("%v", whole)
	}
	onlyMembers(t, o, "challenge", "timeout", "rpId", "allowCredentials", "userVerification", "hints", "extensions")
	if o["rpId"] != rpID {
		t.Errorf("rpId %v", o["rpId"])
	}
	var ids []string
	for _, x := range o["allowCredentials"].([]any) {
		d := x.(map[string]any)
		onlyMembers(t, d, "id", "type", "transports")
		if d["type"] != "public-key" || fmt.Sprint(d["transports"]) != "[nfc usb]" {
			t.Errorf("%v", d)
		}
		ids = append(ids, d["id"].(string))
	}
	if want := []string{b64(first.id), b64(second.id)}; !slices.Equal(ids, want) {
		t.Errorf("%q, want %q", ids, want)
	}
	if strings.ContainsAny(fmt.Sprint(o["challenge"]), "+/=") {
		t.Errorf("challenge %v", o["challenge"])
	}
}

func TestW24_UnsolicitedClientExtensionsOfAssertions(t *testing.T) {
	for name, edit := range map[string]func(map[string]any){
		"unknown": func(m map[string]any) { m["clientExtensionResults"] = map[string]any{"exampleExt": []any{1}} },
		"known": func(m map[string]any) {
			m["clientExtensionResults"] = map[string]any{"appid": true, "prf": map[string]any{"results": map[string]any{"first": "AAAA"}}}
		},
		"none at all": func(m map[string]any) { delete(m, "clientExtensionResults") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			k := s.register(es256, nil)
			if _, err := s.signIn(k, func(a *assertion) { a.JSON = edit }); err != nil {
				t.Error(err)
			}
			// An appid that was not agreed does not widen what the key signs for.
			v, err := s.signIn(k, func(a *assertion) { a.JSON, a.Auth.RPID = edit, origin })
			wantNotValid(t, v, err)
		})
	}
}

// empties are answers that are none.
var empties = map[string]mfa.Answer{
	"nothing":          {},
	"a code":           {Code: "123456"},
	"an empty list":    {Credential: []byte{}},
	"an empty object":  {Credential: []byte(`{}`)},
	"null":             {Credential: []byte(`null`)},
	"true":             {Credential: []byte(`true`)},
	"a number":         {Credential: []byte(`0`)},
	"a string":         {Credential: []byte(`""`)},
	"a list":           {Credential: []byte(`[]`)},
	"the method":       {Credential: []byte(`{"method":"webauthn"}`)},
	"a type":           {Credential: []byte(`{"type":"public-key"}`)},
	"an id":            {Credential: []byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key"}`)},
	"null for members": {Credential: []byte(`{"id":null,"rawId":null,"type":null,"response":null}`)},
	"an empty response": {Credential: []byte(
		`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{},"clientExtensionResults":{}}`)},
	"empty members": {Credential: []byte(`{"id":"","rawId":"","type":"public-key","response":` +
		`{"clientDataJSON":"","authenticatorData":"","signature":"","userHandle":"","attestationObject":""}}`)},
	"garbage for members": {Credential: []byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":` +
		`{"clientDataJSON":"AAAA","authenticatorData":"AAAA","signature":"AAAA","userHandle":"AAAA","attestationObject":"AAAA"}}`)},
	"not base64url": {Credential: []byte(`{"id":"A+/=","rawId":"A+/=","type":"public-key","response":` +
		`{"clientDataJSON":"%","authenticatorData":"%","signature":"%","attestationObject":"%"}}`)},
	"not JSON": {Credential: []byte("\x00\xff garbage")},
}

func wantEmptyRefused(t testing.TB, a mfa.Answer, v mfa.Verified, err error) {
	t.Helper()
	switch {
	case len(a.Credential) == 0 && a.Code != "":
		if !errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("error %v, want ErrBadInput", err)
		}
	case len(a.Credential) == 0 || bytes.Contains(a.Credential, []byte("garbage")) && a.Credential[0] == 0:
		if !errors.Is(err, mfa.ErrBadInput) && !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("error %v", err)
		}
	default:
		wantNotValid(t, v, err)
	}
	wantNothing(t, v)
}

func TestA46_A48_A66_SignInWithoutAnAnswer(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	_, asking := s.ask(nil)
	_, discovering := s.discover()
	for name, answer := range empties {
		t.Run(name, func(t *testing.T) {
			for purpose, pending := range map[mfa.Purpose][]byte{mfa.ForAuthentication: asking.Pending, mfa.ForDiscovery: discovering.Pending} {
				v, err := s.verify(purpose, pending, nil, func(r *mfa.VerifyRequest) { r.Answer = answer })
				wantEmptyRefused(t, answer, v, err)
			}
			claims, err := s.Find(discovering.Pending, answer)
			wantEmptyRefused(t, answer, mfa.Verified{Claims: claims}, err)
		})
	}
	t.Run("no challenge", func(t *testing.T) {
		q := request{RPID: rpID}
		for _, pending := range [][]byte{nil, {}, []byte("{}"), []byte("null"), []byte(`{"challenge":""}`)} {
			answer := s.assertion(q, k).answer(t)
			if v, err := s.verify(mfa.ForAuthentication, pending, answer, nil); err == nil {
				t.Errorf("pending %q: %+v", pending, v)
			}
			if claims, err := s.Find(pending, mfa.Answer{Credential: answer}); err == nil {
				t.Errorf("pending %q: %q", pending, claims)
			}
		}
	})
	t.Run("nobody's key", func(t *testing.T) {
		_, err := s.Verify(context.Background(), mfa.VerifyRequest{
			Purpose: mfa.ForAuthentication, Pending: asking.Pending, Now: noon,
			Answer: mfa.Answer{Credential: s.assertion(request{RPID: rpID}, k).answer(t)},
		})
		if !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("error %v", err)
		}
	})
}
