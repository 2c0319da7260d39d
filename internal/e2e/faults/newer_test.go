package faults_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/redisstore"
)

// In a rolling upgrade the instances of the newer version write values that those of
// the older one do not know. Those refuse, saying so, and change nothing; once the
// newer version has written what the older one knows, they go on.
func TestNewerVersionBesideAnOlderOne(t *testing.T) {
	t.Parallel()
	prefix := rand.Text()
	for name, open := range map[string]func(testing.TB) mfa.Store{
		"PostgreSQL": opener("pgx", testserver.PostgresDatabase(t), onPostgres),
		"Redis": func(t testing.TB) mfa.Store {
			return openRedis(t, &redis.UniversalOptions{Addrs: []string{testserver.RedisServer(t)}}, redisstore.Options{InsecureAsync: true, Prefix: prefix})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, open)
			store := open(t)
			older := s.engine(s.open(t), s.clock.Now)
			u, phone := s.member("u")
			other, otherPhone := s.member("other")
			got, err := s.verify(older, s.flow(older, u), phone.Code())
			if err != nil {
				t.Fatal(err)
			}
			session := mfa.Caller{User: u, Authentication: got.Authentication}
			flow := s.flow(older, u)
			s.clock.Advance(phone.Period)

			newer(t, store, 1)
			before := contents(t, store)
			for what, err := range s.everything(older, session, flow, phone) {
				if !errors.Is(err, mfa.ErrNewerVersion) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if err := older.Close(ctx); err != nil && !errors.Is(err, mfa.ErrNewerVersion) {
				t.Error(err)
			}
			for key, item := range contents(t, store) {
				if b := before[key]; b.Version != item.Version || !bytes.Equal(b.Value, item.Value) {
					t.Errorf("%s was changed", key)
				}
			}

			newer(t, store, -1)
			for id, p := range map[string]*mfatest.Authenticator{u.ID: phone, other.ID: otherPhone} {
				f := s.flow(s.engines[0], mfa.User{ID: id, Name: "ada@example.com"})
				if got, err := s.verify(s.engines[0], f, p.Code()); err != nil || got.Status != mfa.StatusPassed {
					t.Errorf("%s, after the downgrade: %s, %v", id, got.Status, err)
				}
			}
		})
	}
}

// newer writes all values as another version would: their first byte is the form's.
func newer(t *testing.T, store mfa.Store, by int) {
	t.Helper()
	for key, item := range contents(t, store) {
		next := item
		next.Version++
		next.Value = bytes.Clone(item.Value)
		next.Value[0] = byte(int(item.Value[0]) + by)
		if err := store.Save(ctx, key, item.Version, next); err != nil {
			t.Fatal(err)
		}
	}
}

func contents(t *testing.T, store mfa.Store) map[string]mfa.Item {
	t.Helper()
	all := map[string]mfa.Item{}
	err := store.(mfa.Scanner).Scan(ctx, "", "", func(key string, item mfa.Item) error {
		all[key] = item
		return nil
	})
	if err != nil || len(all) < 2 {
		t.Fatalf("%d items, %v", len(all), err)
	}
	return all
}

// everything is what an engine can be asked of a user, each with its error.
func (s *site) everything(e *mfa.Engine, session mfa.Caller, flow mfa.Flow, phone *mfatest.Authenticator) map[string]error {
	u := session.User
	return map[string]error{
		"sign in":      second(e.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})),
		"look":         second(e.Flow(ctx, flow.Token)),
		"right code":   second(s.verify(e, flow, phone.Code())),
		"wrong code":   second(s.verify(e, flow, wrongFor(phone, s.clock.Now()))),
		"step up":      second(e.StepUp(ctx, mfa.StepUp{User: u, Authentication: session.Authentication, Require: mfa.Requirement{AAL: mfa.AAL2}})),
		"satisfies":    e.Satisfies(ctx, session, mfa.Requirement{SecondFactor: true}),
		"enroll":       second(e.Enroll(ctx, session, mfa.Enroll{Method: "totp"})),
		"remove":       second(e.Remove(ctx, session, "x")),
		"remove all":   second(e.RemoveAll(ctx, session)),
		"rename":       second(e.Rename(ctx, session, "x", "y")),
		"codes":        second(e.RecoveryCodes(ctx, session)),
		"list":         second(e.Enrollments(ctx, u.ID)),
		"activity":     second(e.Activity(ctx, u.ID)),
		"devices":      second(e.Devices(ctx, session)),
		"new password": second(e.PasswordChanged(ctx, session)),
		"sign out":     e.SignOutEverywhere(ctx, u, mfa.Client{}),
		"reset":        e.Reset(ctx, mfa.Reset{User: u, Actor: "support"}),
		"erase":        e.Erase(ctx, u.ID),
		"redeliver":    e.Redeliver(ctx, u.ID),
		"rewrap":       s.rewrap(e, u),
	}
}

func (s *site) rewrap(e *mfa.Engine, u mfa.User) error {
	key := "user/" + u.ID
	item, err := s.open(s.t).Load(context.Background(), key)
	if err != nil {
		return err
	}
	return second(e.Rewrap(ctx, key, item))
}

func second[T any](_ T, err error) error { return err }
