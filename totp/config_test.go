package totp

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestNew_NamesTheWrongField(t *testing.T) {
	tests := map[string]struct {
		c    Config
		want string
	}{
		"no issuer":            {Config{}, "Issuer"},
		"blank issuer":         {Config{Issuer: "  "}, "Issuer"},
		"long issuer":          {Config{Issuer: strings.Repeat("a", 65)}, "Issuer"},
		"issuer of two lines":  {Config{Issuer: "a\nb"}, "Issuer"},
		"issuer not UTF-8":     {Config{Issuer: "a\xff"}, "Issuer"},
		"algorithm":            {Config{Issuer: "a", Algorithm: "MD5"}, "algorithm"},
		"algorithm lower case": {Config{Issuer: "a", Algorithm: "sha1"}, "algorithm"},
		"7 digits":             {Config{Issuer: "a", Digits: 7}, "digits"},
		"negative digits":      {Config{Issuer: "a", Digits: -6}, "digits"},
		"fraction of a second": {Config{Issuer: "a", Period: 30*time.Second + 1}, "Period"},
		"short period":         {Config{Issuer: "a", Period: 9 * time.Second}, "period"},
		"negative period":      {Config{Issuer: "a", Period: -30 * time.Second}, "period"},
		"tiny period":          {Config{Issuer: "a", Period: 30}, "Period"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := New(test.c)
			if err == nil || f != nil || !strings.HasPrefix(err.Error(), "totp: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %s", err, test.want)
			}
		})
	}
}

func TestT03_StepIsTwoMinutesAtMost(t *testing.T) {
	for period, ok := range map[time.Duration]bool{
		10 * time.Second: true, 60 * time.Second: true, 120 * time.Second: true,
		121 * time.Second: false, 180 * time.Second: false, 1 << 62 / time.Second * time.Second: false,
	} {
		if _, err := New(Config{Issuer: "a", Period: period}); (err == nil) != ok {
			t.Errorf("%v: %v", period, err)
		}
	}
	f := newFactor(t, Config{})
	_, err := f.Enroll(context.Background(), imported(`{"secret":"`+rfcSecret+`","period":180}`))
	wantBadInput(t, err)
}

func TestMethod(t *testing.T) {
	f := newFactor(t, Config{})
	want := mfa.Method{Name: "totp", Label: "Authenticator app", Kind: mfa.Have, Guessable: true}
	if got := f.Method(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	step, err := f.Challenge(context.Background(), mfa.ChallengeRequest{Purpose: mfa.ForAuthentication})
	if err != nil || !reflect.DeepEqual(step, mfa.Step{}) {
		t.Errorf("challenge is %v, %v; want nothing to ask", step, err)
	}
}
