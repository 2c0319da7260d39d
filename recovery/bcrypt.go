package recovery

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/mfakit/mfa"
)

// maxBcryptWork bounds what a guess at a set of bcrypt hashes costs, in rounds of the
// key schedule: sixteen hashes at cost 10, which is what most libraries make, or
// four at cost 12. It is about a second of one processor.
const maxBcryptWork = 16 << 10

// bcryptForm is the hash with its cost and salt, as all implementations write it:
// 2a and 2b are the same for codes without NULs, and 2y is PHP's name for 2b.
var bcryptForm = regexp.MustCompile(`^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$`)

// checkBcrypt bounds what a state that was read may cost.
func checkBcrypt(hashes []string) error {
	work := 0
	for _, h := range hashes {
		if !bcryptForm.MatchString(h) {
			return errors.New("a hash is not one of bcrypt")
		}
		cost, err := bcrypt.Cost([]byte(h))
		if err != nil || cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
			return errors.New("a hash has a cost that bcrypt does not have")
		}
		if work += 1 << min(cost, 20); work > maxBcryptWork {
			return fmt.Errorf("the hashes would cost too much at every guess: more than %d of cost 10", maxBcryptWork>>10)
		}
	}
	return nil
}

// tryOnce returns which of the bcrypt hashes c is of, or -1, once per request. Each
// has a salt of its own, so that none is known to be wrong before it was computed;
// they run one after the other and take one place under the engine's bound. The
// name holds the hashes, and no code: see digestOnce.
func (s State) tryOnce(ctx context.Context, slow mfa.SlowFunc, c code) (int, error) {
	sum := sha256.Sum256([]byte(strings.Join(s.Bcrypt, ",")))
	found, err := once(ctx, slow, "bcrypt:"+base64.RawStdEncoding.EncodeToString(sum[:]), func() ([]byte, error) {
		for i, h := range s.Bcrypt {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			switch err := bcrypt.CompareHashAndPassword([]byte(h), []byte(c)); {
			case err == nil:
				return []byte{byte(i)}, nil
			case !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
				return nil, errors.New("recovery: a bcrypt hash cannot be compared with")
			}
		}
		return nil, nil
	})
	if err != nil || len(found) == 0 {
		return -1, err
	}
	return int(found[0]), nil
}
