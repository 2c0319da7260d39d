package webauthn

import (
	"errors"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// algorithms are those that can be configured: signatures whose keys the
// standard library can verify by. SHA-1 and curves that nobody else uses are not among them.
var algorithms = []int64{
	-7, -35, -36, // ES256, ES384, ES512
	-8,               // EdDSA, with Ed25519
	-257, -258, -259, // RS256, RS384, RS512
	-37, -38, -39, // PS256, PS384, PS512
}

var defaultAlgorithms = []int64{-7, -8, -35, -36, -257}

var errKey = errors.New("webauthn: not a public key that can be used")

// readKey checks a credential's public key, a COSE_Key, and returns its
// algorithm: canonical, with all that the algorithm needs and nothing beside (WebAuthn Level
// 3 §6.5.1.1), on the curve that belongs to the algorithm (§5.8.5).
func readKey(key []byte) (algorithm int64, err error) {
	length, pairs, err := readMap(key)
	if err != nil || length != len(key) {
		return 0, errKey
	}
	parsed, err := webauthncose.ParsePublicKey(key)
	if err != nil {
		return 0, errKey
	}
	wanted := 0
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		algorithm, wanted = k.Algorithm, 5
	case webauthncose.OKPPublicKeyData:
		algorithm, wanted = k.Algorithm, 4
		if !onEdwards25519(k.XCoord) {
			return 0, errKey
		}
	case webauthncose.RSAPublicKeyData:
		algorithm, wanted = k.Algorithm, 4
		if !soundRSA(&k) {
			return 0, errKey
		}
	}
	if pairs != wanted || !slices.Contains(algorithms, algorithm) {
		return 0, errKey
	}
	return algorithm, nil
}

// soundRSA refuses what is weak, and what is costly to verify by.
func soundRSA(k *webauthncose.RSAPublicKeyData) bool {
	e, err := webauthncose.ParseRSAPublicKeyDataExponent(k)
	return err == nil && e >= 3 && e%2 == 1 && len(k.Exponent) <= 4 &&
		len(k.Modulus) >= minRSABytes && len(k.Modulus) <= maxRSABytes && k.Modulus[0] != 0
}

// offered says whether an algorithm was among those that were asked for. It is
// what a browser should have held to, and need not have (§7.1 step 20).
func offered(params []protocol.CredentialParameter, algorithm int64) bool {
	return slices.ContainsFunc(params, func(p protocol.CredentialParameter) bool {
		return p.Type == protocol.PublicKeyCredentialType && int64(p.Algorithm) == algorithm
	})
}

// onEdwards25519 says whether 32 bytes are a point of the curve (RFC 8032
// §5.1.3): x² = (y²-1)/(dy²+1) has to have a root. The standard library says so
// only by never verifying a signature. Nothing here is secret.
func onEdwards25519(point []byte) bool {
	if len(point) != 32 {
		return false
	}
	y := slices.Clone(point)
	y[31] &= 0x7f // the sign of x
	slices.Reverse(y)
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), p))
	yy := new(big.Int).SetBytes(y)
	if yy.Cmp(p) >= 0 {
		return false
	}
	yy.Mul(yy, yy)
	top := new(big.Int).Sub(yy, big.NewInt(1))
	under := d.Mul(d, yy)
	under.Add(under, big.NewInt(1)).Mod(under, p)
	// A quotient is a square where the product is; the divisor is never 0 on this curve.
	return big.Jacobi(top.Mul(top, under).Mod(top, p), p) >= 0
}
