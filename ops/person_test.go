package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// What a person is given is all of theirs, and nothing that is worth stealing.
func TestExport_IsTheirsAndHasNoSecret(t *testing.T) {
	s := newSite(t)
	m := s.process(t, &mfatest.Recorder{})
	c := caller(t, m, user("7"))
	e, err := m.Enroll(t.Context(), c, mfa.Enroll{Method: "totp", Label: "My <phone>"})
	if err != nil {
		t.Fatal(err)
	}
	shown := e.Challenge.(*totp.Challenge)
	phone, err := mfatest.NewAuthenticator(shown.URI, s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Activate(t.Context(), c, e.ID, mfa.Answer{Code: phone.Code()})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := ops.Export(t.Context(), m.Engine, "7", &out); err != nil {
		t.Fatal(err)
	}
	var got mfa.Export
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.User != "7" || len(got.Enrollments) != 1 || got.Enrollments[0].Label != "My <phone>" || got.RecoveryCodesLeft != 10 || len(got.Activity) == 0 {
		t.Errorf("%s", out.String())
	}
	for _, secret := range append(a.RecoveryCodes, shown.Secret) {
		for _, form := range []string{secret, strings.ReplaceAll(secret, "-", ""), strings.ReplaceAll(secret, " ", "")} {
			if secret == "" || strings.Contains(strings.ToLower(out.String()), strings.ToLower(form)) {
				t.Errorf("%q is in\n%s", form, out.String())
			}
		}
	}
	if !strings.HasSuffix(out.String(), "}\n") {
		t.Errorf("%q", out.String())
	}
	full := errors.New("the disk is full")
	if err := ops.Export(t.Context(), m.Engine, "7", failing{full}); !errors.Is(err, full) {
		t.Error(err)
	}
	out.Reset()
	if err := ops.Export(t.Context(), m.Engine, "", &out); !errors.Is(err, mfa.ErrBadInput) || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
	if err := ops.Export(t.Context(), nil, "7", &out); err == nil {
		t.Error("without an engine")
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestErase_Many(t *testing.T) {
	s := quickSite(t)
	store := &hooked{Store: s.store.(*memory.Store)}
	s.store = store
	m := s.process(t, &mfatest.Recorder{})
	var list []string
	for i := range 20 {
		withKey(t, m, user(fmt.Sprint("u", i)))
		list = append(list, fmt.Sprint("u", i))
	}
	stays := withKey(t, m, user("stays"))
	// One cannot be erased, and one was never there.
	down := errors.New("down")
	store.onSave(func(key string) error {
		if key == "user/u3" {
			return down
		}
		return nil
	})
	list = append(list, "never/there", "")
	stats, err := ops.Erase(t.Context(), m.Engine, slices.Values(list), ops.Options{})
	if err != nil || stats.Users != 22 || stats.Failed != 2 {
		t.Fatalf("%+v, %v", stats, err)
	}
	for _, f := range stats.Failures {
		if f.User == "u3" && !errors.Is(f.Err, down) || f.User != "u3" && f.User != "" {
			t.Errorf("%+v", f)
		}
	}
	store.onSave(nil)
	if stats, err = ops.Erase(t.Context(), m.Engine, slices.Values(list[:20]), ops.Options{Parallel: 1}); err != nil || stats.Users != 20 || stats.Failed != 0 || stats.Last != "u19" {
		t.Fatalf("%+v, %v", stats, err)
	}
	// What is left is tombstones, and what is not theirs.
	n := 0
	for key := range dump(t, store) {
		if strings.HasPrefix(key, "claim/") || strings.HasPrefix(key, "bulk/") {
			if n++; n > 3 {
				t.Errorf("%s is left", key)
			}
		}
	}
	if err := byKey(t.Context(), m, stays); err != nil {
		t.Error(err)
	}
	r, err := ops.Report(t.Context(), store, m.Engine, ops.ReportOptions{Factors: factors(t, true)})
	if err != nil || r.Users != 1 || r.Erased != 20 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestErase_Stops(t *testing.T) {
	m := quickSite(t).process(t, &mfatest.Recorder{})
	endless := func(yield func(string) bool) {
		for i := 0; yield(fmt.Sprint(i)); i++ {
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	stats, err := ops.Erase(ctx, m.Engine, endless, ops.Options{Progress: func(s ops.Stats) {
		if s.Users == 10 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || stats.Users < 10 || stats.Users > 14 || stats.Failed != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	for name, f := range map[string]func() (ops.Stats, error){
		"no engine": func() (ops.Stats, error) {
			return ops.Erase(t.Context(), nil, slices.Values([]string{"1"}), ops.Options{})
		},
		"no users": func() (ops.Stats, error) { return ops.Erase(t.Context(), m.Engine, nil, ops.Options{}) },
		"after": func() (ops.Stats, error) {
			return ops.Erase(t.Context(), m.Engine, slices.Values([]string{"1"}), ops.Options{After: "0"})
		},
		"parallel": func() (ops.Stats, error) {
			return ops.Erase(t.Context(), m.Engine, slices.Values([]string{"1"}), ops.Options{Parallel: 1000})
		},
	} {
		if stats, err := f(); err == nil || stats.Users != 0 {
			t.Errorf("%s: %+v, %v", name, stats, err)
		}
	}
}
