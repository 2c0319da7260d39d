package migrate_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/migrate"
	"github.com/mfakit/mfa/sms"
)

// A canary is what must not be seen, in each of the columns.
const (
	canary       = "canarycanarycanarycanary"                // 24 letters of base32: short, and so refused
	canaryLong   = "CANARYLONGCANARYLONGCANARYLONGCA"        // 160 bits
	canaryCode   = "canary-code1"                            // a recovery code
	canaryNumber = "+4798765432"                             //
	canaryMail   = "canary.address@example.com"              //
	canaryHash   = "$2a$04$canarycanarycanarycanarycanaryca" // no bcrypt hash
)

// songs are the canaries in all the ways in which somebody would print them.
func songs() []string {
	raw, _ := base32.StdEncoding.DecodeString(canaryLong)
	return append([]string{canary, canaryLong, canaryCode, "98765432", "canary.address", "canarycanarycanarycanarycanaryca",
		strings.ToUpper(canary), string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
		base64.StdEncoding.EncodeToString([]byte(canaryLong)), hex.EncodeToString([]byte(canaryLong))},
		strings.Trim(fmt.Sprint([]byte(canaryLong)), "[]"), strings.Trim(fmt.Sprint([]byte(canary)), "[]"))
}

func silentAbout(t *testing.T, what, text string) {
	t.Helper()
	for _, song := range songs() {
		if strings.Contains(text, song) {
			t.Errorf("%s: %q is in it, after %q", what, song, text[max(0, strings.Index(text, song)-200):strings.Index(text, song)])
		}
	}
}

// flock are rows of all sources with canaries in all columns that hold secrets: of
// a right form and of wrong ones.
func flock(t *testing.T) (rows []any, records []migrate.Record) {
	t.Helper()
	row := func(v any, r migrate.Record) { rows, records = append(rows, v), append(records, r) }
	hexadecimal := hex.EncodeToString([]byte(canary))
	for _, s := range []string{canary, canaryLong, canaryLong + "1", canaryLong + `\n`, "otpauth://totp/x?secret=" + canary + "%zz"} {
		c := parse[migrate.ColumnsUser](t, `{"user":"columns","totp":[{"secret":"`+s+`","confirmed":true},{"id":2,"uri":"`+s+`","confirmed":true},{"id":3,"secret":"`+s+`"}],
			"phones":[{"number":"`+canaryNumber+`","confirmed":true},{"id":2,"number":"1`+canary+`","confirmed":true}],
			"emails":[{"address":"`+canaryMail+`","confirmed":true},{"id":2,"address":"`+canary+`","confirmed":true}],
			"webauthn":[{"credential":{"id":"`+canary+`"}},{"id":2,"credential":"`+canary+`"}],"recovery":{"codes":["`+canaryCode+`","`+s+`!"]}}`)
		row(c, migrate.Columns{Now: atNoon}.Record(c))
		a := parse[migrate.AuthbossUser](t, `{"pid":"authboss","totp_secret_key":"`+s+`","sms_phone_number":"`+canaryNumber+`","recovery_codes":"`+canaryHash+`,x"}`)
		row(a, migrate.Authboss{Now: atNoon}.Record(a))
		d := parse[migrate.DjangoOTPUser](t, `{"user_id":"django","totp":[{"id":1,"confirmed":true,"key":"`+hexadecimal+`","step":30,"digits":7},{"id":2,"confirmed":true,"key":"`+s+`","step":30,"digits":6}],
			"static":[{"id":1,"confirmed":true,"tokens":["`+canaryCode+`"]}],"email":[{"id":1,"confirmed":true,"email":"`+canaryMail+`"}]}`)
		row(d, migrate.DjangoOTP{Now: atNoon}.Record(d))
		l := parse[migrate.AllauthUser](t, `{"user_id":"allauth","authenticators":[{"id":1,"type":"totp","data":{"secret":"`+s+`"}},{"id":2,"type":"recovery_codes","data":{"migrated_codes":["`+canaryCode+`"]}},
			{"id":3,"type":"webauthn","data":{"credential":{"response":{"attestationObject":"`+canary+`"}}}},{"id":4,"type":"`+"push"+`","data":{"x":"`+s+`"}}]}`)
		row(l, migrate.Allauth{Now: atNoon}.Record(l))
		row(l, migrate.Allauth{Now: atNoon, Decrypt: brackets}.Record(l)) // whose error quotes
		f := parse[migrate.FortifyUser](t, `{"id":"fortify","two_factor_secret":"<`+s+`>","two_factor_recovery_codes":"<[\"`+canaryCode+`\"]>","two_factor_confirmed_at":"2025-03-01 10:00:00"}`)
		row(f, migrate.Fortify{Now: atNoon, Decrypt: brackets}.Record(f))
		row(f, migrate.Fortify{Now: atNoon, Keys: []migrate.LaravelKey{laravel(t, laravelKey)}}.Record(f))
		z := parse[migrate.Auth0User](t, `{"user_id":"auth0","mfa_factors":[{"totp":{"secret":"`+s+`"}},{"phone":{"value":"`+canaryNumber+`"}},{"email":{"value":"`+canaryMail+`"}},{"phone":{"value":"`+canary+`"}}]}`)
		row(z, migrate.Auth0{Now: atNoon}.Record(z))
	}
	return rows, records
}

func TestC20_NoSecretIsSeen(t *testing.T) {
	rows, records := flock(t)
	texts, err := sms.New(sms.Config{AppName: "Test", Origin: "https://example.com", Countries: sms.Countries("NO"), Sender: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Test", Sender: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Factors = append(c.Factors, texts, mails)
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	var lines strings.Builder
	for _, dry := range []bool{true, false} {
		report, err := migrate.Run(bg, migrate.Config{Importer: m, Users: anyone, Records: sequence(records...), Lines: &lines, DryRun: dry})
		if err != nil || report.Brought == 0 || report.Left == 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		b, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		silentAbout(t, "report", string(b)+fmt.Sprintf("%+v", report))
	}
	silentAbout(t, "lines", lines.String())
	silentAbout(t, "log", log.String())
	if !strings.Contains(lines.String(), "refused") || !strings.Contains(lines.String(), "not_decrypted") {
		t.Error("the canaries were not tried")
	}

	var printed strings.Builder
	logger := slog.New(slog.NewJSONHandler(&printed, nil))
	for _, v := range append(rows, laravel(t, "canarycanarycanarycanarycanaryca"), migrate.Fortify{Keys: []migrate.LaravelKey{laravel(t, "canarycanarycanarycanarycanaryca")}}) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		logger.Info("row", "row", v)
	}
	for _, r := range records {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&printed, verb+" "+verb+"\n", r, &r)
		}
		logger.Info("record", "record", r, "pointer", &r)
	}
	silentAbout(t, "print", printed.String())
}

// TestC20_ErrorsOfReading: a row that cannot be read is named by its number.
func TestC20_ErrorsOfReading(t *testing.T) {
	for _, in := range []string{
		`{"pid":"7","totp_secret_key":"` + canary, `{"pid":"7","totp_secret_key":["` + canary + `"]}`, `{"pid":{"` + canary + `":1}}`,
		`[{"pid":7,"totp_secret_key":"` + canary, `[{"pid":7},"` + canary + `"]`, `"` + canary + `"`,
		`{"totp_secret_key":"` + canary + strings.Repeat(" ", 1<<20) + `"}`,
	} {
		failed := false
		for row, err := range migrate.Read[migrate.AuthbossUser](strings.NewReader(in)) {
			if err != nil {
				failed = true
				silentAbout(t, "error", err.Error()+fmt.Sprintf("%#v", err))
			}
			silentAbout(t, "row", fmt.Sprintf("%+v", row))
		}
		if !failed {
			t.Errorf("%.60s was read", in)
		}
	}
	if _, err := migrate.NewLaravelKey("base64:" + canary + "!"); err == nil {
		t.Error("no key")
	} else {
		silentAbout(t, "error", err.Error())
	}
}
