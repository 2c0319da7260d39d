package authenticator_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

func TestCloneCountsForItself(t *testing.T) {
	s, u, key := newServer(t), newAccount("ada"), authenticator.New(authenticator.Options{Origin: page})
	_, err := s.register(t, u, key)
	must(t, err)
	stolen := key.Clone()
	for i, use := range []struct {
		key   *authenticator.Authenticator
		clone bool
	}{{key, false}, {key, false}, {stolen, true}, {key, false}} {
		got, err := s.signIn(t, u, use.key)
		must(t, err)
		if got.Authenticator.CloneWarning != use.clone {
			t.Errorf("use %d: clone %v, want %v", i, got.Authenticator.CloneWarning, use.clone)
		}
		u.credentials[0].Authenticator.SignCount = got.Authenticator.SignCount
	}
	must(t, stolen.Forget(u.credentials[0].ID))
	if len(key.Credentials()) != 1 {
		t.Error("what the clone forgets is gone from the original")
	}
}

func TestChangesOfACredential(t *testing.T) {
	s, u, key := newServer(t), newAccount("ada"), authenticator.New(authenticator.Options{Origin: page})
	_, err := s.register(t, u, key)
	must(t, err)
	id := u.credentials[0].ID

	must(t, key.SetCounter(id, math.MaxUint32-1))
	for _, want := range []uint32{math.MaxUint32, 0} {
		if got, err := s.signIn(t, u, key); err != nil || got.Authenticator.SignCount != want && !got.Authenticator.CloneWarning {
			t.Errorf("counter: %v, %v", got, err)
		}
		if got := key.Credentials()[0].Counter; got != want {
			t.Errorf("counter %d, want %d", got, want)
		}
	}

	// A server notices flags that cannot be: backed up, and not eligible; eligible
	// all of a sudden.
	must(t, key.SetBackup(id, false, true))
	if _, err := s.signIn(t, u, key); err == nil {
		t.Error("backed up without being eligible")
	}
	must(t, key.SetBackup(id, true, true))
	if _, err := s.signIn(t, u, key); err == nil {
		t.Error("eligibility changed")
	}
	must(t, key.SetBackup(id, false, false))
	if _, err := s.signIn(t, u, key); err != nil {
		t.Error(err)
	}

	must(t, key.Forget(id))
	if _, err := s.signIn(t, u, key); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("a forgotten one: %v", err)
	}
	for name, err := range map[string]error{
		"Forget": key.Forget(id), "SetCounter": key.SetCounter(id, 1), "SetBackup": key.SetBackup(id, true, true),
	} {
		if !errors.Is(err, authenticator.ErrNoCredential) {
			t.Errorf("%s of what is not there: %v", name, err)
		}
	}
}

func TestCredentialsAreCopies(t *testing.T) {
	key := authenticator.New(authenticator.Options{Origin: page, Synced: true})
	s, u := newServer(t), newAccount("ada")
	_, err := s.register(t, u, key)
	must(t, err)
	listed := key.Credentials()[0]
	listed.ID[0]++
	listed.UserHandle[0]++
	if who, err := s.passkey(t, key.Get, u); err != nil || who != "ada" {
		t.Errorf("%q, %v", who, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	const people, times = 4, 3
	s, key := newServer(t), authenticator.New(authenticator.Options{Origin: page})
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			u := newAccount(fmt.Sprint("user ", i))
			if _, err := s.register(t, u, key); err != nil {
				t.Error(err)
				return
			}
			for range times {
				if _, err := s.signIn(t, u, key.At(page)); err != nil {
					t.Error(err)
				}
				if _, err := s.signIn(t, u, key.Clone()); err != nil {
					t.Error(err)
				}
				_ = fmt.Sprint(key, key.Credentials())
			}
		})
	}
	all.Wait()
	for _, c := range key.Credentials() {
		if c.Counter != times {
			t.Errorf("%s: counter %d, want %d", c.UserName, c.Counter, times)
		}
	}
}

// Whoever has the clone does not wait for the owner.
func TestCloneIsUsedAtTheSameTime(t *testing.T) {
	s, u, key := newServer(t), newAccount("ada"), authenticator.New(authenticator.Options{Origin: page})
	_, err := s.register(t, u, key)
	must(t, err)
	var all sync.WaitGroup
	for _, k := range []*authenticator.Authenticator{key, key.Clone(), key.Clone()} {
		all.Go(func() {
			for range 5 {
				if _, err := s.signIn(t, u, k); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestPrintsWithoutItsKeys(t *testing.T) {
	key := authenticator.New(authenticator.Options{Origin: page})
	_, err := newServer(t).register(t, newAccount("ada"), key)
	must(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, key); got != "authenticator.Authenticator("+page+": 1)" {
			t.Errorf("%s: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, *key); strings.Contains(got, "Data") {
			t.Errorf("%s of a copy: %s", verb, got)
		}
	}
}
