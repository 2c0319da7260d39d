package webauthn_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"sync"
	"testing"
)

// The COSE algorithms that the software authenticator can use (IANA, COSE Algorithms).
const (
	es256 = -7
	eddsa = -8
	es384 = -35
	es512 = -36
	rs256 = -257
)

// An item is encoded CBOR. It is written by hand, so that what no encoder would
// produce can be produced too.
type item []byte

// Major types of RFC 8949 §3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
)

// head is the beginning of an item in its shortest form.
func head(major byte, n uint64) item {
	major <<= 5
	switch {
	case n < 24:
		return item{major | byte(n)}
	case n < 1<<8:
		return item{major | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(item{major | 25}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(item{major | 26}, uint32(n))
	}
	return head64(major>>5, n)
}

// head64 is the beginning of an item in its longest form.
func head64(major byte, n uint64) item {
	return binary.BigEndian.AppendUint64(item{major<<5 | 27}, n)
}

func cborInt(n int64) item {
	if n < 0 {
		return head(majorNegative, uint64(-1-n))
	}
	return head(majorUint, uint64(n))
}

func cborBytes(b []byte) item      { return append(head(majorBytes, uint64(len(b))), b...) }
func cborText(s string) item       { return append(head(majorText, uint64(len(s))), s...) }
func cborArray(of ...item) item    { return append(head(majorArray, uint64(len(of))), join(of)...) }
func cborMap(pairs ...item) item   { return append(head(majorMap, uint64(len(pairs)/2)), join(pairs)...) }
func join(items []item) (all item) { return slices.Concat(items...) }

// nested is a list in a list, n times.
func nested(n int) item { return append(bytes.Repeat(item{0x81}, n), 0x80) }

// A privateKey is a key pair of an authenticator, or of who attests it.
type privateKey struct {
	alg int64
	crypto.Signer
}

// oneRSA is made once: finding primes is slow.
var oneRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func curve(alg int64) (c elliptic.Curve, cose int64) {
	switch alg {
	case es384:
		return elliptic.P384(), 2
	case es512:
		return elliptic.P521(), 3
	}
	return elliptic.P256(), 1
}

func newKey(t testing.TB, alg int64) privateKey {
	t.Helper()
	var s crypto.Signer
	var err error
	switch alg {
	case rs256:
		s, err = oneRSA()
	case eddsa:
		_, s, err = ed25519.GenerateKey(rand.Reader)
	default:
		c, _ := curve(alg)
		s, err = ecdsa.GenerateKey(c, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return privateKey{alg, s}
}

// fixedKey is the same key in every process, which the workers of a fuzz target
// need: the ceremonies that one process brings as seeds have to be right in
// another.
func fixedKey(t testing.TB, alg int64, name string) privateKey {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	if alg == eddsa {
		return privateKey{alg, ed25519.NewKeyFromSeed(seed[:])}
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return privateKey{es256, k}
}

// cose is the public key as a COSE_Key (RFC 9053 §7.1, RFC 8230 §4).
func (k privateKey) cose(t testing.TB) item {
	t.Helper()
	switch p := k.Public().(type) {
	case *ecdsa.PublicKey:
		x, y := k.point(t)
		_, crv := curve(k.alg)
		return ec2Key(k.alg, crv, x, y)
	case ed25519.PublicKey:
		return cborMap(cborInt(1), cborInt(1), cborInt(3), cborInt(k.alg), cborInt(-1), cborInt(6), cborInt(-2), cborBytes(p))
	case *rsa.PublicKey:
		return rsaKey(k.alg, p.N.Bytes(), big.NewInt(int64(p.E)).FillBytes(make([]byte, 3)))
	}
	t.Fatalf("a key of type %T", k.Public())
	return nil
}

// point is the public key's coordinates.
func (k privateKey) point(t testing.TB) (x, y []byte) {
	t.Helper()
	b, err := k.Public().(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b[1 : 1+len(b)/2], b[1+len(b)/2:]
}

func ec2Key(alg, crv int64, x, y []byte) item {
	return cborMap(cborInt(1), cborInt(2), cborInt(3), cborInt(alg), cborInt(-1), cborInt(crv),
		cborInt(-2), cborBytes(x), cborInt(-3), cborBytes(y))
}

func rsaKey(alg int64, n, e []byte) item {
	return cborMap(cborInt(1), cborInt(3), cborInt(3), cborInt(alg), cborInt(-1), cborBytes(n), cborInt(-2), cborBytes(e))
}

// sign signs as WebAuthn Level 3 §6.5.5 says for the key's algorithm.
func (k privateKey) sign(t testing.TB, message []byte) []byte {
	t.Helper()
	h := map[int64]crypto.Hash{es256: crypto.SHA256, es384: crypto.SHA384, es512: crypto.SHA512, rs256: crypto.SHA256}[k.alg]
	return k.signWith(t, message, h)
}

func (k privateKey) signWith(t testing.TB, message []byte, o crypto.SignerOpts) []byte {
	t.Helper()
	digest := message
	if h := o.HashFunc(); h != 0 {
		w := h.New()
		w.Write(message)
		digest = w.Sum(nil)
	}
	sig, err := k.Sign(rand.Reader, digest, o)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// members decodes JSON for a test to change.
func members(t testing.TB, data []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return m
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
