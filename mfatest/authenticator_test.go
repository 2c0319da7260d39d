package mfatest_test

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

// TestCodesOfRFC6238 are the vectors of RFC 6238 appendix B, of eight digits;
// those of six are the same without the first two.
func TestCodesOfRFC6238(t *testing.T) {
	secrets := map[string]string{
		"SHA1":   "12345678901234567890",
		"SHA256": "12345678901234567890123456789012",
		"SHA512": "1234567890123456789012345678901234567890123456789012345678901234",
	}
	for _, tc := range []struct {
		at   int64
		want map[string]string
	}{
		{59, map[string]string{"SHA1": "94287082", "SHA256": "46119246", "SHA512": "90693936"}},
		{1111111109, map[string]string{"SHA1": "07081804", "SHA256": "68084774", "SHA512": "25091201"}},
		{1111111111, map[string]string{"SHA1": "14050471", "SHA256": "67062674", "SHA512": "99943326"}},
		{1234567890, map[string]string{"SHA1": "89005924", "SHA256": "91819424", "SHA512": "93441116"}},
		{2000000000, map[string]string{"SHA1": "69279037", "SHA256": "90698825", "SHA512": "38618901"}},
		{20000000000, map[string]string{"SHA1": "65353130", "SHA256": "77737706", "SHA512": "47863826"}},
	} {
		clock := mfatest.NewClock(time.Unix(tc.at, 0))
		for algorithm, want := range tc.want {
			for digits, want := range map[int]string{8: want, 6: want[2:]} {
				uri := fmt.Sprintf("otpauth://totp/x?secret=%s&algorithm=%s&digits=%d",
					base32.StdEncoding.EncodeToString([]byte(secrets[algorithm])), algorithm, digits)
				a, err := mfatest.NewAuthenticator(uri, clock.Now)
				if err != nil {
					t.Fatal(err)
				}
				if got := a.Code(); got != want {
					t.Errorf("%s at %d: %s, want %s", algorithm, tc.at, got, want)
				}
			}
		}
	}
}

func TestURIsThatPhonesRead(t *testing.T) {
	for name, tc := range map[string]struct {
		uri, issuer, account string
		digits               int
		period               time.Duration
	}{
		"least":             {"otpauth://totp/?secret=GEZDGNBV", "", "", 6, 30 * time.Second},
		"account":           {"otpauth://totp/ada?secret=GEZDGNBV", "", "ada", 6, 30 * time.Second},
		"label":             {"otpauth://totp/Test:ada?secret=GEZDGNBV", "Test", "ada", 6, 30 * time.Second},
		"space after colon": {"otpauth://totp/Test:%20ada?secret=GEZDGNBV", "Test", "ada", 6, 30 * time.Second},
		"issuer parameter":  {"otpauth://totp/ada?secret=GEZDGNBV&issuer=A%20%26%20B", "A & B", "ada", 6, 30 * time.Second},
		"escaped colons":    {"otpauth://totp/A%3AB:c%3Ad%2Fe?secret=GEZDGNBV", "A:B", "c:d/e", 6, 30 * time.Second},
		"parameters":        {"otpauth://totp/ada?secret=GEZDGNBV&digits=8&period=60&algorithm=SHA512", "", "ada", 8, time.Minute},
		"lower, padded":     {"otpauth://totp/ada?secret=gezdgnbvgy%3D%3D%3D%3D%3D%3D", "", "ada", 6, 30 * time.Second},
	} {
		a, err := mfatest.NewAuthenticator(tc.uri, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.Issuer != tc.issuer || a.Account != tc.account || a.Digits != tc.digits || a.Period != tc.period {
			t.Errorf("%s: %q, %q, %d, %v", name, a.Issuer, a.Account, a.Digits, a.Period)
		}
		if len(a.Code()) != tc.digits {
			t.Errorf("%s: a code of %d digits", name, len(a.Code()))
		}
	}
}

func TestURIsThatAreNone(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQ"
	for name, uri := range map[string]string{
		"empty":              "",
		"web":                "https://totp/ada?secret=" + secret,
		"counter":            "otpauth://hotp/ada?secret=" + secret,
		"no secret":          "otpauth://totp/ada",
		"empty secret":       "otpauth://totp/ada?secret=",
		"not base32":         "otpauth://totp/ada?secret=" + secret + "1",
		"unknown algorithm":  "otpauth://totp/ada?algorithm=MD5&secret=" + secret,
		"five digits":        "otpauth://totp/ada?digits=5&secret=" + secret,
		"nine digits":        "otpauth://totp/ada?digits=9&secret=" + secret,
		"no number":          "otpauth://totp/ada?digits=x&secret=" + secret,
		"period of nothing":  "otpauth://totp/ada?period=0&secret=" + secret,
		"endless period":     "otpauth://totp/ada?period=99999999&secret=" + secret,
		"control characters": "otpauth://totp/ada\n?secret=" + secret,
		"broken escape":      "otpauth://totp/ada?x=%zz&secret=" + secret,
	} {
		a, err := mfatest.NewAuthenticator(uri, nil)
		if err == nil || a != nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), secret) || !strings.HasPrefix(err.Error(), "mfatest: ") {
			t.Errorf("%s: %q", name, err)
		}
	}
}

// TestScansWhatTheFactorShows: the factor takes the codes of whatever it showed.
func TestScansWhatTheFactorShows(t *testing.T) {
	ctx := context.Background()
	now := time.Unix(1790000000, 0)
	for _, c := range []totp.Config{
		{Issuer: "Test"},
		{Issuer: "A & B: ½ + 100%?#/ü"},
		{Issuer: "Test", Digits: 8, Algorithm: totp.SHA256},
		{Issuer: "Test", Period: time.Minute, Algorithm: totp.SHA512},
	} {
		f, err := totp.New(c)
		if err != nil {
			t.Fatal(err)
		}
		user := mfa.User{ID: "7", Name: "ada+1:x@example.com"}
		step, err := f.Enroll(ctx, mfa.EnrollRequest{User: user, ID: "app1", Now: now})
		if err != nil {
			t.Fatal(err)
		}
		phone, err := mfatest.NewAuthenticator(step.Challenge.(*totp.Challenge).URI, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		if phone.Issuer != c.Issuer || phone.Account != user.Name {
			t.Errorf("the entry is named %q: %q", phone.Issuer, phone.Account)
		}
		confirm := mfa.VerifyRequest{User: user, Purpose: mfa.ForEnrollment, ID: "app1", Pending: step.Pending, Now: now}
		confirm.Answer.Code = phone.CodeAt(now.Add(-10 * phone.Period))
		if _, err := f.Verify(ctx, confirm); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("an old code: %v", err)
		}
		confirm.Answer.Code = phone.Code()
		if _, err := f.Verify(ctx, confirm); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestAnswerPicksTheApp(t *testing.T) {
	phone, err := mfatest.NewAuthenticator("otpauth://totp/ada?secret=GEZDGNBV", nil)
	if err != nil {
		t.Fatal(err)
	}
	f := mfa.Flow{Options: []mfa.Option{{ID: "1", Method: "recovery"}, {ID: "2", Method: "totp"}, {ID: "3", Method: "totp"}}}
	if a := phone.Answer(f); a.Option != "2" || len(a.Code) != 6 {
		t.Errorf("option %q", a.Option)
	}
	if a := phone.Answer(mfa.Flow{}); a.Option != "" {
		t.Errorf("option %q of none", a.Option)
	}
}

func TestC20_AuthenticatorPrintsNoSecret(t *testing.T) {
	phone, err := mfatest.NewAuthenticator("otpauth://totp/Test:ada?secret=MNQW4YLSPFRWC3TBOJ4Q", nil) // canarycanary
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, phone); got != "mfatest.Authenticator(Test: ada)" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}
