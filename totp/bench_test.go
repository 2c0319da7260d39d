package totp

import (
	"image/png"
	"io"
	"testing"

	"github.com/pquerna/otp"
	pquerna "github.com/pquerna/otp/totp"

	"github.com/mfakit/mfa"
)

// BenchmarkVerify is the hot path: read the state, compute the window, write the state.
func BenchmarkVerify(b *testing.B) {
	f := newFactor(b, Config{})
	state := encode(b, plain())
	run := func(code string, ok bool) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signIn(f, state, code, noon); (err == nil) != ok {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("right", run(reference(b, plain(), noonStep), true))
	b.Run("wrong", run("000000", false))
	b.Run("no_code", run("abcdef", false))
	// What the window alone costs in the library underneath, which forgets the code.
	b.Run("pquerna_validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if ok, _ := pquerna.ValidateCustom("000000", rfcSecret, noon, pquerna.ValidateOpts{Skew: 1, Digits: otp.DigitsSix}); ok {
				b.Fatal("accepted")
			}
		}
	})
}

// BenchmarkQR compares our picture with the usual way to one, for the same link.
func BenchmarkQR(b *testing.B) {
	c, _ := enroll(b, newFactor(b, Config{Issuer: "Example Corp"}), mfa.User{Name: "alice@example.com"})
	b.Run("png", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.PNG(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("svg", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.SVG(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pquerna_image", func(b *testing.B) {
		b.ReportAllocs()
		key, err := otp.NewKeyFromURL(c.URI)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			img, err := key.Image(200, 200)
			if err != nil {
				b.Fatal(err)
			}
			if err := png.Encode(io.Discard, img); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEnroll(b *testing.B) {
	f := newFactor(b, Config{})
	b.ReportAllocs()
	for b.Loop() {
		enroll(b, f, mfa.User{Name: "alice@example.com"})
	}
}
