package snippets

import (
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/totp"
)

func TestLasting(t *testing.T) {
	t.Chdir(t.TempDir())
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "app.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := lasting(t.Context(), db, []mfa.Factor{apps}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a ring: %v", err)
	}
	if err := makeRing(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time with what the first has left
		engine, err := lasting(t.Context(), db, []mfa.Factor{apps})
		if err != nil {
			t.Fatal(err)
		}
		if err := engine.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
