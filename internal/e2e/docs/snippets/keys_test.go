package snippets

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

func TestKeysAreKeptAndRotated(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := makeRing(); err != nil {
		t.Fatal(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	t.Setenv("MFA_KEYS", "mfa.keys")
	engine, err := start(t.Context(), store, []mfa.Factor{apps})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password}); err != nil {
		t.Fatal(err)
	}

	// Another ring is found out at the start.
	t.Setenv("MFA_KEYS", filepath.Join("other", "mfa.keys"))
	if _, err := start(t.Context(), store, []mfa.Factor{apps}); err == nil {
		t.Error("it starts without a ring")
	}
	other, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	wrong := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys = store, other })
	if err := wrong.Check(t.Context()); !errors.Is(err, mfa.ErrWrongKeys) {
		t.Errorf("another ring: %v", err)
	}
}

// The order of the page: at each step every instance, old or new, opens what the others
// have sealed.
func TestKeysStandBy(t *testing.T) {
	old, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	text, err := rotate(old)
	if err != nil {
		t.Fatal(err)
	}
	rotated, waiting := ring(t, text), ring(t, standby(text))
	opens := func(by, sealed *mfa.KeyRing) bool {
		t.Helper()
		value, err := sealed.Seal([]byte("x"), "p")
		if err != nil {
			t.Fatal(err)
		}
		_, err = by.Open(value, "p")
		return err == nil
	}
	if !opens(old, waiting) || !opens(waiting, old) {
		t.Error("step 2: old and standing by do not open each other's")
	}
	if !opens(waiting, rotated) || !opens(rotated, waiting) {
		t.Error("step 3: standing by and in front do not open each other's")
	}
	if opens(old, rotated) {
		t.Error("nothing was rotated")
	}

	// Rewrapped and retired, the new key alone opens everything.
	store := memory.New()
	before := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys = store, waiting })
	before.EnrollTOTP(t, ada)
	if err := before.Close(t.Context()); err != nil { // or it acknowledges its notice under the old key
		t.Fatal(err)
	}
	after := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys = store, rotated })
	if stats, err := ops.Rewrap(t.Context(), store, after.Engine, ops.RewrapOptions{}); err != nil || stats.Failed != 0 || stats.Written == 0 {
		t.Fatalf("%+v, %v", stats, err)
	}
	retired, err := rotated.Retire()
	if err != nil {
		t.Fatal(err)
	}
	last := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys = store, retired })
	if list, err := last.Enrollments(t.Context(), ada.ID); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
}

func ring(t *testing.T, text string) *mfa.KeyRing {
	t.Helper()
	r, err := mfa.ParseKeyRing([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// gcm stands for a keyset's primitive.
type gcm struct{ cipher.AEAD }

func (g gcm) Encrypt(plain, ad []byte) ([]byte, error)  { return g.Seal(nil, nil, plain, ad), nil }
func (g gcm) Decrypt(sealed, ad []byte) ([]byte, error) { return g.Open(nil, nil, sealed, ad) }

func newAEAD(t *testing.T) gcm {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm{sealer}
}

func TestKeysOfAKMS(t *testing.T) {
	index := make([]byte, 32)
	_, _ = rand.Read(index)
	ring, err := ringOf(newAEAD(t), index)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Rotate(); err == nil {
		t.Error("it rotates keys that are kept elsewhere")
	}
	engine := mfatest.NewEngine(t, func(c *mfa.Config) { c.Keys = ring })
	phone, _ := engine.EnrollTOTP(t, ada)
	flow, err := engine.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil {
		t.Fatal(err)
	}
	if flow, err = engine.Verify(t.Context(), flow.Token, phone.Answer(flow), mfa.Client{}); err != nil || flow.Status != mfa.StatusPassed {
		t.Errorf("%v, %v", flow.Status, err)
	}
}

// A service is a KMS that has one key.
type service struct{ mfa.AEAD }

func (s service) Encrypt(_ context.Context, text []byte) ([]byte, error) {
	return s.AEAD.Encrypt(text, nil)
}

func (s service) Decrypt(_ context.Context, text []byte) ([]byte, error) {
	return s.AEAD.Decrypt(text, nil)
}

func TestTheRingIsKeptByAKMS(t *testing.T) {
	t.Chdir(t.TempDir())
	ring, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	k := service{newAEAD(t)}
	if err := keepByKMS(t.Context(), k, ring); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("mfa.keys.sealed")
	if err != nil || bytes.Contains(file, []byte("mfa-keyring")) {
		t.Errorf("%v: it lies open", err)
	}
	got, err := openByKMS(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	want, err1 := ring.Export()
	have, err2 := got.Export()
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(want, have) {
		t.Errorf("another ring: %v", err)
	}
	if _, err := openByKMS(t.Context(), service{newAEAD(t)}); err == nil {
		t.Error("another KMS opens it")
	}
}
