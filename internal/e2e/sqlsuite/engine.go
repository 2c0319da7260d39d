package sqlsuite

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/totp"
)

// engineTakesPart is what WithTx is for: a user and what is imported for them.
func engineTakesPart(t *testing.T, h host) {
	keys, err := mfa.NewKeyRing()
	step(t, err)
	app, err := totp.New(totp.Config{Issuer: "Test"})
	step(t, err)
	engine, err := mfa.New(mfa.Config{Store: open(t, h.db, h.o), Keys: keys, Factors: []mfa.Factor{app}, Logger: slog.New(slog.DiscardHandler)})
	step(t, err)
	defer engine.Close(context.WithoutCancel(t.Context()))

	user := mfa.User{ID: "ada", Name: "ada"}
	bring := func() (end func() error, back func() error) {
		ctx, tx := h.begin(t)
		h.register(t, tx, user.ID)
		got, err := engine.Import(ctx, mfa.Import{User: user, Source: "old", Items: []mfa.ImportItem{
			{ID: "1", Method: "totp", State: []byte(`{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}`)},
		}})
		if err != nil || len(got) != 1 || got[0].Outcome != mfa.ImportBrought {
			t.Fatalf("Import: %+v, %v", got, err)
		}
		return tx.Commit, tx.Rollback
	}
	enrolled := func(want int) {
		t.Helper()
		list, err := engine.Enrollments(t.Context(), user.ID)
		if err != nil || len(list) != want {
			t.Errorf("%d enrollments, %v; want %d", len(list), err, want)
		}
		h.wantAccounts(t, int64(want))
	}
	_, back := bring()
	enrolled(0) // nobody outside sees it yet
	step(t, back())
	enrolled(0)
	end, _ := bring() // what was taken back is not remembered as brought
	step(t, end())
	enrolled(1)

	// After an error, the engine's own further tries must not lead outside.
	ctx, tx := h.begin(t)
	h.register(t, tx, "bob")
	step(t, tx.Rollback())
	_, err = engine.Import(ctx, mfa.Import{User: mfa.User{ID: "bob"}, Source: "old", Items: []mfa.ImportItem{
		{ID: "1", Method: "totp", State: []byte(`{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}`)},
	}})
	if !errors.Is(err, mfa.ErrStore) {
		t.Errorf("Import after the end: %v, want ErrStore", err)
	}
	if list, err := engine.Enrollments(t.Context(), "bob"); err != nil || len(list) != 0 {
		t.Errorf("after the end: %d enrollments, %v", len(list), err)
	}
	enrolled(1)
}
