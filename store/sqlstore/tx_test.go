package sqlstore

import (
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// A context that a program has put no transaction into must not lead outside of one.
func TestNoTransaction(t *testing.T) {
	s := over(t, &scripted{result: driver.RowsAffected(1)})
	ctx := WithTx(t.Context(), nil)
	_, loadErr := s.Load(ctx, "user/a")
	for name, err := range map[string]error{
		"Load":   loadErr,
		"Save":   s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}),
		"Delete": s.Delete(ctx, "user/a", 1),
	} {
		if !errors.Is(err, errTxNil) || !strings.HasPrefix(err.Error(), "sqlstore: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
