package webauthn_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/binary"
	"math"
	"math/big"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// A bomb is a registration that is made to cost: memory, stack or time.
type bomb struct {
	name string
	edit func(*registration)
}

// repeated is n times the same bytes.
func repeated(n int, b ...byte) item { return bytes.Repeat(b, n) }

// object makes a bomb of an attestation object.
func object(name string, i item) bomb {
	return bomb{name, func(r *registration) { r.Object = func(item) item { return i } }}
}

// reshaped makes a bomb of the right attestation object.
func reshaped(name string, f func(item) item) bomb {
	return bomb{name, func(r *registration) { r.Object = f }}
}

// statement makes a bomb of an attestation's statement.
func statement(name, format string, i item) bomb {
	return bomb{name, func(r *registration) {
		r.Attest = func(testing.TB, registration, []byte, []byte) (string, item) { return format, i }
	}}
}

// public makes a bomb of the public key. What signs is the right key.
func public(name string, i item) bomb {
	return bomb{name, func(r *registration) { r.Auth.Public = i }}
}

func extensions(name string, i item) bomb {
	return bomb{name, func(r *registration) { r.Auth.Flags, r.Auth.Extensions = r.Auth.Flags|ed, i }}
}

// detonate shows that each bomb is refused, and what is usual is not.
func detonate(t *testing.T, bombs []bomb) {
	t.Helper()
	for _, how := range []attest{attestNone, attestSelf} {
		s := newSite(t, nil)
		c, step := s.begin()
		k := newKey(t, es256)
		usual := s.registration(c, k)
		usual.Attest = how
		for _, b := range bombs {
			t.Run(b.name, func(t *testing.T) {
				r := usual
				b.edit(&r)
				v, err := s.finish(step.Pending, r.answer(t))
				wantNotValid(t, v, err)
			})
		}
		if _, err := s.finish(step.Pending, usual.answer(t)); err != nil {
			t.Errorf("the control is refused: %v", err)
		}
	}
}

// structures are bombs of CBOR, whatever it should mean.
func structures() map[string]item {
	const much = 24 << 10 // what an answer has room for
	numbers := item{}
	for i := range 4000 {
		numbers = slices.Concat(numbers, cborInt(int64(i)), cborInt(0))
	}
	return map[string]item{
		"lists in lists":                          append(repeated(much, 0x81), 0),
		"maps in maps":                            append(repeated(much/2, 0xa1, 0x00), 0),
		"tags of tags":                            append(repeated(much, 0xc1), 0),
		"endless lists in endless lists":          repeated(much, 0x9f),
		"endless maps in endless maps":            repeated(much/2, 0xbf, 0x00),
		"an endless list that ends":               {0x9f, 0xff},
		"an endless map that ends":                {0xbf, 0xff},
		"endless bytes":                           {0x5f, 0x41, 0, 0xff},
		"endless text":                            {0x7f, 0x61, 'a', 0xff},
		"a list of 2^64-1, nine bytes":            head64(majorArray, math.MaxUint64),
		"a list of 2^63-1":                        head64(majorArray, math.MaxInt64),
		"a list of 2^32-1":                        head(majorArray, math.MaxUint32),
		"a list of 2^26, and some of it":          append(head(majorArray, 1<<26), make([]byte, much)...),
		"a map of 2^64-1":                         head64(majorMap, math.MaxUint64),
		"a map of 2^63":                           head64(majorMap, 1<<63),
		"a map of 2^26, and some of it":           append(head(majorMap, 1<<26), numbers...),
		"bytes of 2^64-1":                         head64(majorBytes, math.MaxUint64),
		"bytes of 2^40":                           head64(majorBytes, 1<<40),
		"bytes of 2^31":                           head(majorBytes, 1<<31),
		"text of 2^63-1":                          head64(majorText, math.MaxInt64),
		"text of 2^31":                            head(majorText, 1<<31),
		"thousands of numbers":                    append(head(majorArray, much), make([]byte, much)...),
		"thousands of maps":                       append(head(majorArray, much), repeated(much, 0xa0)...),
		"thousands of lists of lists":             append(head(majorArray, much/2), repeated(much/2, 0x81, 0x80)...),
		"thousands of members":                    append(head(majorMap, 4000), numbers...),
		"a big number":                            slices.Concat(item{0xc2}, cborBytes(repeated(much, 0xff))),
		"a big negative number":                   slices.Concat(item{0xc3}, cborBytes(repeated(much, 0xff))),
		"a big fraction":                          slices.Concat(item{0xc4, 0x82}, cborInt(math.MaxInt32), cborInt(1)),
		"a tag for embedded CBOR":                 slices.Concat(head(majorTag, 24), cborBytes(cborMap())),
		"a tag that says it is CBOR":              append(head(majorTag, 55799), 0xa0),
		"a member twice":                          cborMap(cborText("a"), cborInt(1), cborText("a"), cborInt(1)),
		"a number twice":                          cborMap(cborInt(1), cborInt(1), cborInt(1), cborInt(1)),
		"a number twice, once longer than needed": {0xa2, 0x01, 0x01, 0x18, 0x01, 0x01},
		"a list as a key":                         cborMap(cborArray(), cborInt(1)),
		"a map as a key":                          cborMap(cborMap(), cborInt(1)),
		"a NaN as a key, twice":                   cborMap(item{0xf9, 0x7e, 0}, cborInt(1), item{0xf9, 0x7e, 0}, cborInt(1)),
		"text that is not UTF-8":                  cborMap(append(head(majorText, 1), 0xff), cborInt(1)),
		"a length of no meaning":                  {0xbc, 0, 0},
		"an end without a beginning":              {0xff},
		"half a length":                           {0xbb, 0, 0},
		"one of two members":                      {0xa2, 0x01, 0x01},
		"a key without a value":                   {0xa1, 0x01},
		"nothing":                                 {},
	}
}

func TestW19_A69_A70_A71_Structures(t *testing.T) {
	var bombs []bomb
	for name, i := range structures() {
		inside := func(key string) item { return cborMap(cborText(key), i) }
		bombs = append(bombs,
			object(name+" for an attestation object", i),
			public(name+" for a public key", i),
			extensions(name+" for extensions", i),
			statement(name+" for a statement of nothing", "none", i),
			statement(name+" for a statement", "packed", i),
			statement(name+" for a signature", "packed", cborMap(cborText("alg"), cborInt(es256), cborText("sig"), i)),
			statement(name+" for certificates", "packed", cborMap(cborText("alg"), cborInt(es256), cborText("sig"), cborBytes(nil), cborText("x5c"), i)),
			statement(name+" for parts of a compound", "compound", i))
		if len(i) > 0 {
			bombs = append(bombs, extensions(name+" inside extensions", inside("credProtect")))
		}
	}
	// A right beginning, and the bomb behind it or in the midst of it.
	bombs = append(bombs,
		reshaped("more after the attestation object", func(i item) item { return append(i, 0) }),
		reshaped("two attestation objects", func(i item) item { return slices.Concat(i, i) }),
		reshaped("a tagged attestation object", func(i item) item { return slices.Concat(head(majorTag, 55799), i) }),
		reshaped("an endless attestation object", func(i item) item { return slices.Concat(item{0xbf}, i[1:], item{0xff}) }),
		reshaped("an attestation object in a string", func(i item) item { return cborBytes(i) }),
		reshaped("a length longer than needed", func(i item) item { return slices.Concat(item{0xb8, 3}, i[1:]) }),
		reshaped("a member missing", func(i item) item { return slices.Concat(item{0xa2}, i[1:]) }),
		reshaped("two formats", func(i item) item {
			return slices.Concat(item{0xa4}, cborText("fmt"), cborText("none"), i[1:])
		}),
		reshaped("members of another case", func(i item) item { return bytes.Replace(i, []byte("authData"), []byte("authdata"), 1) }),
		reshaped("two of authenticator data", func(i item) item {
			at := bytes.Index(i, cborText("authData"))
			return slices.Concat(item{0xa4}, i[1:], i[at:])
		}))
	detonate(t, bombs)
}

func TestW19_A71_PublicKeys(t *testing.T) {
	k := newKey(t, es256)
	x, y := k.point(t)
	p := elliptic.P256().Params().P
	wrong := slices.Clone(y)
	wrong[31] ^= 1
	x384, y384 := newKey(t, es384).point(t)
	modulus := func(bits int) []byte {
		return new(big.Int).SetBit(big.NewInt(1), bits-1, 1).Bytes()
	}
	e := []byte{1, 0, 1}
	okp := func(alg, crv int64, x []byte) item {
		return cborMap(cborInt(1), cborInt(1), cborInt(3), cborInt(alg), cborInt(-1), cborInt(crv), cborInt(-2), cborBytes(x))
	}
	right := k.cose(t)
	detonate(t, []bomb{
		public("a point off its curve", ec2Key(es256, 1, x, wrong)),
		public("coordinates swapped", ec2Key(es256, 1, y, x)),
		public("the origin", ec2Key(es256, 1, make([]byte, 32), make([]byte, 32))),
		public("coordinates of no length", ec2Key(es256, 1, nil, nil)),
		public("coordinates beyond the field", ec2Key(es256, 1, p.Bytes(), y)),
		public("the largest coordinates", ec2Key(es256, 1, repeated(32, 0xff), repeated(32, 0xff))),
		public("a coordinate with a zero before it", ec2Key(es256, 1, append([]byte{0}, x...), y)),
		public("a coordinate cut short", ec2Key(es256, 1, x[:31], y)),
		public("coordinates of kilobytes", ec2Key(es256, 1, repeated(1000, 1), repeated(1000, 1))),
		public("a compressed point", cborMap(cborInt(1), cborInt(2), cborInt(3), cborInt(es256), cborInt(-1), cborInt(1), cborInt(-2), cborBytes(x), cborInt(-3), item{0xf5})),
		public("another curve's name", ec2Key(es256, 2, x, y)),
		public("another curve's point", ec2Key(es256, 1, x384, y384)),
		public("another curve than the algorithm's", ec2Key(es256, 2, x384, y384)),
		public("another algorithm than the curve's", ec2Key(es384, 1, x, y)),
		public("a curve of coins", ec2Key(es256, 8, x, y)),
		public("no curve", ec2Key(es256, 0, x, y)),
		public("another type of key", cborMap(cborInt(1), cborInt(3), cborInt(3), cborInt(es256), cborInt(-1), cborInt(1), cborInt(-2), cborBytes(x), cborInt(-3), cborBytes(y))),
		public("an algorithm that hashes with SHA-1", rsaKey(-65535, modulus(2048), e)),
		public("no algorithm", cborMap(cborInt(1), cborInt(2), cborInt(-1), cborInt(1), cborInt(-2), cborBytes(x), cborInt(-3), cborBytes(y))),
		public("an algorithm by name", cborMap(cborInt(1), cborInt(2), cborInt(3), cborText("ES256"), cborInt(-1), cborInt(1), cborInt(-2), cborBytes(x), cborInt(-3), cborBytes(y))),
		public("an algorithm of 2^63", ec2KeyAlgorithm(head64(majorNegative, math.MaxUint64), x, y)),
		public("a coordinate twice", slices.Concat(item{0xa6}, right[1:], cborInt(-3), cborBytes(y))),
		public("an algorithm twice", slices.Concat(item{0xa6}, cborInt(3), cborInt(rs256), right[1:])),
		public("a private part", slices.Concat(item{0xa6}, right[1:], cborInt(-4), cborBytes(x))),
		public("more after the key", append(slices.Clone(right), 0)),
		public("an endless key", slices.Concat(item{0xbf}, right[1:], item{0xff})),
		public("a key in a list", cborArray(right)),
		public("Ed25519 off its curve", okp(eddsa, 6, append([]byte{2}, make([]byte, 31)...))), // no x has this y
		public("Ed25519 cut short", okp(eddsa, 6, make([]byte, 31))),
		public("Ed25519 of kilobytes", okp(eddsa, 6, make([]byte, 2000))),
		public("Ed448", okp(eddsa, 7, make([]byte, 57))),
		public("X25519", okp(eddsa, 4, make([]byte, 32))),
		public("Ed25519 for ES256", okp(es256, 6, make([]byte, 32))),
		public("a modulus of nothing", rsaKey(rs256, nil, e)),
		public("a modulus of zeroes", rsaKey(rs256, make([]byte, 256), e)),
		public("a modulus of 512 bits", rsaKey(rs256, modulus(512), e)),
		public("a modulus of 1024 bits", rsaKey(rs256, modulus(1024), e)),
		public("a modulus of 16384 bits", rsaKey(rs256, modulus(16384), e)),
		public("a modulus of 20 KB", rsaKey(rs256, modulus(160_000), e)),
		public("an exponent of nothing", rsaKey(rs256, modulus(2048), nil)),
		public("an exponent of zero", rsaKey(rs256, modulus(2048), []byte{0})),
		public("an exponent of one", rsaKey(rs256, modulus(2048), []byte{1})),
		public("an even exponent", rsaKey(rs256, modulus(2048), []byte{2})),
		public("an exponent of 64 bits", rsaKey(rs256, modulus(2048), repeated(8, 0xff))),
		public("an exponent of 2048 bits", rsaKey(rs256, modulus(2048), repeated(256, 0xff))),
		public("an exponent of 2 KB", rsaKey(rs256, modulus(2048), repeated(2000, 0xff))),
	})
	for _, bits := range []int{2048, 3072, 4096} {
		if _, err := attested(t, nil, attestNone, func(r *registration) { r.Auth.Public = rsaKey(rs256, modulus(bits), e) }); err != nil {
			t.Errorf("%d bits, the control: %v", bits, err)
		}
	}
}

func ec2KeyAlgorithm(alg item, x, y []byte) item {
	return cborMap(cborInt(1), cborInt(2), cborInt(3), alg, cborInt(-1), cborInt(1), cborInt(-2), cborBytes(x), cborInt(-3), cborBytes(y))
}

// texts are bombs of JSON, for client data and for answers.
func texts() map[string]string {
	const much = 24 << 10
	return map[string]string{
		"lists in lists":              strings.Repeat("[", much) + strings.Repeat("]", much),
		"lists without end":           strings.Repeat("[", 2*much),
		"maps in maps":                strings.Repeat(`{"":`, much/4) + "0" + strings.Repeat("}", much/4),
		"thousands of lists":          "[" + strings.Repeat("[],", much/3) + "[]]",
		"a member thousands of times": "{" + strings.Repeat(`"":0,`, much/5) + `"":0}`,
	}
}

// TestW19_A69_A70_BombsAreCheap sets all bombs off, in every place that a
// stranger's bytes reach, on little stack, and counts what they allocate
// together.
func TestW19_A69_A70_BombsAreCheap(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	c, enrolling := s.begin()
	q, asking := s.ask(nil)
	_, discovering := s.discover()
	usual, sign := s.registration(c, newKey(t, es256)), s.assertion(q, k)

	var registrations, assertions [][]byte
	add := func(edit func(*registration)) {
		r := usual
		edit(&r)
		registrations = append(registrations, r.answer(t))
	}
	for name, i := range structures() {
		for _, b := range []bomb{object(name, i), public(name, i), extensions(name, i), statement(name, "packed", i), statement(name, "compound", i)} {
			add(b.edit)
		}
		a := sign
		a.Auth.Flags, a.Auth.Extensions = a.Auth.Flags|ed, i
		assertions = append(assertions, a.answer(t))
	}
	for _, i := range texts() {
		add(func(r *registration) { r.Client.Members = `,"x":` + i })
		a := sign
		a.Client.Members = `,"x":` + i
		assertions = append(assertions, a.answer(t), []byte(i),
			bytes.Replace(a.answer(t), []byte(`"clientExtensionResults":{}`), []byte(`"clientExtensionResults":`+i), 1))
	}
	for _, name := range []string{"signature", "userHandle", "clientDataJSON", "authenticatorData"} {
		a := sign
		a.JSON = func(m map[string]any) { m["response"].(map[string]any)[name] = strings.Repeat("A", 48<<10) }
		assertions = append(assertions, a.answer(t))
	}
	long := sign
	long.Auth.CredentialID = make([]byte, 24<<10)
	assertions = append(assertions, long.answer(t))
	length := usual
	length.Auth.Edit = func(b []byte) []byte { binary.BigEndian.PutUint16(b[53:], math.MaxUint16); return b }
	registrations = append(registrations, length.answer(t))

	defer debug.SetMaxStack(debug.SetMaxStack(4 << 20))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(64 << 20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, answer := range registrations {
		if _, err := s.finish(enrolling.Pending, answer); err == nil {
			t.Errorf("accepted: %.200q", answer)
		}
	}
	for _, answer := range assertions {
		for purpose, pending := range map[mfa.Purpose][]byte{mfa.ForAuthentication: asking.Pending, mfa.ForDiscovery: discovering.Pending} {
			if _, err := s.verify(purpose, pending, answer, nil); err == nil {
				t.Errorf("accepted: %.200q", answer)
			}
		}
		_, _ = s.Find(discovering.Pending, mfa.Answer{Credential: answer}) // it may find; it must not cost
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
		t.Errorf("%d bombs allocate %d MiB", len(registrations)+len(assertions), spent>>20)
	}
	if len(registrations) < 200 || len(assertions) < 40 {
		t.Errorf("%d and %d bombs", len(registrations), len(assertions))
	}
}
