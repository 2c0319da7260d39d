package totp

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/mfakit/mfa/internal/testneed"
)

type vectors struct {
	TOTP []struct {
		Unix         int64
		Algorithm    Algorithm
		Secret, Code string
	}
	HOTP []struct {
		Counter      int64
		Secret, Code string
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/rfc_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.TOTP) != 18 || len(v.HOTP) != 10 {
		t.Fatalf("%d and %d vectors, want 18 and 10", len(v.TOTP), len(v.HOTP))
	}
	return v
}

func TestT05_RFC6238Vectors(t *testing.T) {
	f := newFactor(t, Config{NoSkew: true})
	for _, v := range readVectors(t).TOTP {
		t.Run(fmt.Sprint(v.Unix, "_", v.Algorithm), func(t *testing.T) {
			s := State{Secret: v.Secret, Algorithm: v.Algorithm, Digits: 8, Period: 30}
			got, err := signIn(f, encode(t, s), v.Code, time.Unix(v.Unix, 0))
			if err != nil {
				t.Fatal(err)
			}
			if step := decode(t, got.State).LastStep; step != v.Unix/30 {
				t.Errorf("step %d, want %d", step, v.Unix/30)
			}
			_, err = signIn(f, encode(t, s), v.Code, time.Unix(v.Unix+30, 0))
			wantNotValid(t, err, "clock_skew")
		})
	}
}

func TestT05_RFC4226Vectors(t *testing.T) {
	for _, v := range readVectors(t).HOTP {
		s := State{Secret: v.Secret, Algorithm: SHA1, Digits: 6, Period: 30}
		g, err := newGenerator(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(g.code(v.Counter)); got != v.Code {
			t.Errorf("counter %d: %s, want %s", v.Counter, got, v.Code)
		}
	}
}

// TestT05_LeadingZeros: a code is a string, not a number.
func TestT05_LeadingZeros(t *testing.T) {
	f := newFactor(t, Config{})
	s := plain()
	step := int64(noonStep)
	for !strings.HasPrefix(reference(t, s, step), "00") {
		step++
	}
	code := reference(t, s, step)
	now := time.Unix(step*30, 0)
	for _, short := range []string{code[1:], strings.TrimLeft(code, "0")} {
		_, err := signIn(f, encode(t, s), short, now)
		wantBadInput(t, err)
	}
	if _, err := signIn(f, encode(t, s), code, now); err != nil {
		t.Error(err)
	}
}

// TestT05_SameAsTheRFCsFormula compares with the formula as it stands in RFC
// 4226 §5.3, over counters of up to 63 bits.
func TestT05_SameAsTheRFCsFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		s := randomState(r)
		step := r.Int64() >> r.IntN(63)
		g, err := newGenerator(s)
		if err != nil {
			t.Fatal(err)
		}
		want := reference(t, s, step)
		if got := string(g.code(step)); got != want {
			t.Errorf("%s, %d digits, step %d: %s, want %s", s.Algorithm, s.Digits, step, got, want)
		}
	}
}

// TestT05_SameAsPquerna compares with the library that most Go programs use.
func TestT05_SameAsPquerna(t *testing.T) {
	algorithms := map[Algorithm]otp.Algorithm{SHA1: otp.AlgorithmSHA1, SHA256: otp.AlgorithmSHA256, SHA512: otp.AlgorithmSHA512}
	r := rand.New(rand.NewPCG(9, 10))
	for range 500 {
		s := randomState(r)
		g, err := newGenerator(s)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // a generator makes one code after the other
			step := r.Int64() >> r.IntN(63)
			want, err := hotp.GenerateCodeCustom(s.Secret, uint64(step), hotp.ValidateOpts{Digits: otp.Digits(s.Digits), Algorithm: algorithms[s.Algorithm]})
			if got := string(g.code(step)); got != want || err != nil {
				t.Errorf("%s, %d digits, step %d: %s, want %s, %v", s.Algorithm, s.Digits, step, got, want, err)
			}
		}
	}
}

func randomState(r *rand.Rand) State {
	secret := make([]byte, 16+r.IntN(113))
	for i := range secret {
		secret[i] = byte(r.Uint32())
	}
	return State{
		Secret:    noPadding.EncodeToString(secret),
		Algorithm: []Algorithm{SHA1, SHA256, SHA512}[r.IntN(3)],
		Digits:    6 + 2*r.IntN(2),
		Period:    10 + r.IntN(111),
	}
}

// TestT05_SameAsOathtool asks another implementation for codes of random
// secrets, hashes, digits, periods and times.
func TestT05_SameAsOathtool(t *testing.T) {
	oathtool := testneed.Program(t, "oathtool", "apt-get install oathtool")
	seed := time.Now().UnixNano()
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	f := newFactor(t, Config{NoSkew: true})
	for range 200 {
		s := randomState(r)
		unix := 1000 + r.Int64N(1<<(20+r.IntN(16)))
		out, err := exec.Command(oathtool, "--totp="+strings.ToLower(string(s.Algorithm)), "-d", fmt.Sprint(s.Digits),
			"-s", fmt.Sprintf("%ds", s.Period), "-N", fmt.Sprintf("@%d", unix), "-b", s.Secret).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		got, err := signIn(f, encode(t, s), strings.TrimSpace(string(out)), time.Unix(unix, 0))
		if err != nil {
			t.Errorf("%s %d digits %d s at %d: %v", s.Algorithm, s.Digits, s.Period, unix, err)
			continue
		}
		if step := decode(t, got.State).LastStep; step != unix/int64(s.Period) {
			t.Errorf("step %d, want %d", step, unix/int64(s.Period))
		}
	}
}
