package redis_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// What was acknowledged is there when the replica takes over, a moment later.
func TestAcknowledgedIsReplicated(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	var items []mfa.Item
	for i := range 50 {
		items = append(items, newItem("first"))
		create(t, p.store, "user/"+string(rune('a'+i)), items[i])
	}
	gone := newItem("gone")
	create(t, p.store, "user/gone", gone)
	if err := p.store.Delete(t.Context(), "user/gone", gone.Version); err != nil {
		t.Fatal(err)
	}
	after := p.promote(t)
	for i, item := range items {
		wantVersion(t, after, "user/"+string(rune('a'+i)), item.Version)
	}
	wantVersion(t, after, "user/gone", 0)
}

// wantNotDurable checks that an error says so, and says why.
func wantNotDurable(t testing.TB, operation string, err error, says string) {
	t.Helper()
	if !errors.Is(err, mfa.ErrNotDurable) || errors.Is(err, mfa.ErrConflict) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v, want ErrNotDurable with %q", operation, err, says)
	}
}

func TestWithoutReplicasNothingIsDurable(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	ctx := t.Context()
	create(t, p.store, "user/a", mfa.Item{Version: 1})
	s := p.loseReplica(t)
	const says = "written, but 0 of 1 replicas had it within 100ms"

	wantNotDurable(t, "Save", s.Save(ctx, "user/a", 1, mfa.Item{Version: 2}), says)
	wantVersion(t, s, "user/a", 2) // written it is
	if err := s.Save(ctx, "user/a", 1, mfa.Item{Version: 3}); !errors.Is(err, mfa.ErrConflict) {
		t.Errorf("Save over a stale version: %v: a conflict is one, replicas or not", err)
	}
	// The same Save once more, as by a proxy that repeats it: not a conflict, and no more durable.
	wantNotDurable(t, "Save, repeated", s.Save(ctx, "user/a", 1, mfa.Item{Version: 2}), says)
	wantNotDurable(t, "Save of a new key", s.Save(ctx, "user/b", 0, mfa.Item{Version: 1}), says)
	wantNotDurable(t, "Save of a new key, repeated", s.Save(ctx, "user/b", 0, mfa.Item{Version: 1}), says)
	wantNotDurable(t, "Delete", s.Delete(ctx, "user/b", 1), says)
	wantNotDurable(t, "Delete, repeated", s.Delete(ctx, "user/b", 1), says)
	wantVersion(t, s, "user/b", 0)

	p.replica.Restart()
	testserver.Until(t, "the replica to follow", func() bool {
		return strings.Contains(p.master.CLI("INFO", "replication"), "state=online")
	})
	// A repeat is written anew, so that it is known to be replicated.
	for operation, err := range map[string]error{
		"Save, repeated":   p.store.Save(ctx, "user/a", 1, mfa.Item{Version: 2}),
		"Delete, repeated": p.store.Delete(ctx, "user/b", 1),
	} {
		if err != nil {
			t.Errorf("%s, with the replica back: %v", operation, err)
		}
	}
	after := p.promote(t)
	wantVersion(t, after, "user/a", 2)
	wantVersion(t, after, "user/b", 0)
}

// Who is told that a write is durable stands on all that was written before,
// by whomever: replicas apply writes in their order.
func TestADurableWriteMakesEarlierOnesDurable(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	careless := open(t, dial(t, p.master.Addr()), redisstore.Options{InsecureAsync: true})
	const writes = 300
	for i := range int64(writes) {
		if err := careless.Save(t.Context(), "user/a", i, mfa.Item{Version: i + 1}); err != nil {
			t.Fatal(err)
		}
	}
	create(t, p.store, "user/b", mfa.Item{Version: 1})
	after := p.promote(t)
	wantVersion(t, after, "user/a", writes)
	wantVersion(t, after, "user/b", 1)
}

// The person whose right code was written and not replicated is told to try
// again, is not in, and was never in when the write is lost.
func TestNotDurableSignsNobodyIn(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	w := newSite(t, p.store)
	f := w.begin(t)
	code := w.phone.Code()
	w = w.on(t, p.cutOff(t))

	got, err := w.answer(t, f, code)
	if !errors.Is(err, mfa.ErrBusy) || !errors.Is(err, mfa.ErrNotDurable) || got.Status != "" || got.Authentication.User != "" {
		t.Errorf("the right code: %+v, %v", got, err)
	}
	if _, err := w.answer(t, f, code); !errors.Is(err, mfa.ErrFlowExpired) {
		t.Errorf("the same again: %v, want ErrFlowExpired", err)
	}
	if got, err := w.Flow(t.Context(), f.Token); !errors.Is(err, mfa.ErrFlowExpired) || got.Authentication.User != "" {
		t.Errorf("the flow: %+v, %v", got, err)
	}
	got, err = w.SignIn(t.Context(), mfa.SignIn{User: mfa.User{ID: "8"}, First: mfa.Password})
	if !errors.Is(err, mfa.ErrBusy) || got.Authentication.User != "" {
		t.Errorf("a user who would pass at once: %+v, %v", got, err)
	}
	// The master is lost, and with it the write. Nobody had been told of it, and the
	// code is good for one sign-in, as it was.
	p.master.Kill()
	after := w.on(t, open(t, dial(t, p.replica.Addr()), redisstore.Options{InsecureAsync: true}))
	if got, err := after.answer(t, f, code); err != nil || got.Status != mfa.StatusPassed {
		t.Errorf("after the failover: %s, %v", got.Status, err)
	}
	if _, err := after.answer(t, after.begin(t), code); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("and once more: %v, want ErrNotValid", err)
	}
}

// An answer that is lost on its way back is not resolved by reading where
// replicas count, and is where they do not.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for _, tt := range []struct {
		name  string
		async bool
	}{{"with WAIT", false}, {"without WAIT", true}} {
		t.Run(tt.name, func(t *testing.T) {
			wire := testserver.NewWire(t, p.master.Addr())
			s := open(t, dial(t, wire.Addr()), redisstore.Options{Prefix: newPrefix(), InsecureAsync: tt.async})
			create(t, s, "user/a", mfa.Item{Version: 1})
			lose := func() {
				wire.LoseAnswer(func(request []byte) bool { return strings.Contains(strings.ToLower(string(request)), "evalsha") })
			}
			lose()
			err := s.Save(t.Context(), "user/a", 1, mfa.Item{Version: 2})
			if tt.async {
				if err == nil || errors.Is(err, mfa.ErrNotDurable) || errors.Is(err, mfa.ErrConflict) {
					t.Errorf("Save: %v, want an unknown outcome", err)
				}
			} else {
				wantNotDurable(t, "Save", err, "the answer was lost; it may have been written")
			}
			wantVersion(t, s, "user/a", 2)

			w := newSite(t, s)
			f := w.begin(t)
			code := w.phone.Code()
			lose()
			got, err := w.answer(t, f, code)
			if tt.async && (err != nil || got.Status != mfa.StatusPassed) || !tt.async && (!errors.Is(err, mfa.ErrBusy) || got.Authentication.User != "") {
				t.Errorf("the right code: %s, %v", got.Status, err)
			}
			if n := wire.Lost(); n != 2 {
				t.Errorf("%d answers were lost, want 2", n)
			}
			if _, err := w.answer(t, w.begin(t), code); !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("the code once more: %v, want ErrNotValid", err)
			}
		})
	}
}

// A server that turns writes away by itself has written nothing, and says so.
func TestServersOwnLimits(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	create(t, p.store, "user/a", mfa.Item{Version: 1})
	for _, tt := range []struct{ setting, value, says string }{
		{"maxmemory", "1", "OOM"},
		{"min-replicas-to-write", "2", "NOREPLICAS"},
	} {
		t.Run(tt.setting, func(t *testing.T) {
			configure(t, p.master, tt.setting, tt.value)
			for operation, err := range map[string]error{
				"Save":            p.store.Save(t.Context(), "user/a", 1, mfa.Item{Version: 2}),
				"Save of another": p.store.Save(t.Context(), "user/b", 0, mfa.Item{Version: 2}),
			} {
				if err == nil || errors.Is(err, mfa.ErrNotDurable) || errors.Is(err, mfa.ErrConflict) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%s: %v, want %s", operation, err, tt.says)
				}
			}
			wantVersion(t, p.store, "user/a", 1)
			wantVersion(t, p.store, "user/b", 0)
		})
	}
	if err := p.store.Save(t.Context(), "user/a", 1, mfa.Item{Version: 2}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
