package migrate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfakit/mfa/migrate"
)

// block is the last step that an app gets whose old system kept none: the one after noon's.
const block = `"last_step":58908961`

func TestColumns(t *testing.T) {
	columns := migrate.Columns{Now: atNoon}
	for name, c := range map[string]struct {
		row  string
		want []string
	}{
		"app": {`"totp":[{"secret":"` + secret + `","last_step":58908000,"confirmed":true,"label":" My \n phone ","created":"2025-03-01 10:00:00","used":"2025-12-31T23:59:59Z"}]`,
			[]string{`totp totp {"secret":"` + secret + `","last_step":58908000} My phone created 2025-03-01T10:00:00Z used 2025-12-31T23:59:59Z`}},
		"no last step": {`"totp":[{"secret":"` + secret + `","confirmed":1}]`,
			[]string{`totp totp {"secret":"` + secret + `",` + block + `}`}},
		"parameters": {`"totp":[{"id":7,"secret":"` + secret + `","algorithm":"sha-256","digits":8,"period":60,"confirmed":true}]`,
			[]string{`totp/7 totp {"secret":"` + secret + `","algorithm":"SHA256","digits":8,"period":60,"last_step":29454481}`}},
		"unconfirmed": {`"totp":[{"secret":"` + secret + `"},{"id":2,"secret":"` + secret + `","confirmed":false}],"phones":[{"number":"+4791234567"}],"emails":[{"address":"a@example.com"}]`,
			[]string{"left totp totp unconfirmed", "left totp/2 totp unconfirmed", "left sms sms unconfirmed", "left email email unconfirmed"}},
		"no secret": {`"totp":[{"secret":" == ","confirmed":true}]`, []string{"left totp totp malformed"}},
		"short secret": {`"totp":[{"secret":"gezd gnbv gy3t qojq","confirmed":true}]`,
			[]string{`totp totp {"secret":"gezd gnbv gy3t qojq",` + block + `}`, "note totp short_secret"}},
		"125 bits": {`"totp":[{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVG","confirmed":true}]`,
			[]string{`totp totp {"secret":"GEZDGNBVGY3TQOJQGEZDGNBVG",` + block + `}`, "note totp short_secret"}},
		"128 bits": {`"totp":[{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY======","confirmed":true}]`,
			[]string{`totp totp {"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY======",` + block + `}`}},
		"parameters that no factor takes": {`"totp":[{"secret":"` + secret + `","algorithm":"MD5","digits":7,"period":-1,"confirmed":true}]`,
			[]string{`totp totp {"secret":"` + secret + `","algorithm":"MD5","digits":7,"period":-1}`}},
		"link": {`"totp":[{"uri":"otpauth://totp/Example:ada?secret=` + secret + `&issuer=Example&algorithm=SHA512&digits=8&period=60","last_step":29454000,"confirmed":true}]`,
			[]string{`totp totp {"secret":"` + secret + `","algorithm":"SHA512","digits":8,"period":60,"last_step":29454000}`}},
		"number and address": {`"phones":[{"id":1,"number":"+4791234567","confirmed":true}],"emails":[{"address":"a@example.com","confirmed":true,"label":"Work"}]`,
			[]string{`sms/1 sms {"number":"+4791234567"}`, `email email {"address":"a@example.com"} Work`}},
		"key":      {`"webauthn":[{"id":"k","credential":{"id":"AQ=="},"label":"Key"},{"id":"l"}]`, []string{`webauthn/k webauthn {"id":"AQ=="} Key`, "left webauthn/l webauthn malformed"}},
		"codes":    {`"emails":[{"address":"a@example.com","confirmed":true}],"recovery":{"codes":["abc-123","def-456"],"created":"2025-03-01 10:00:00"}`, []string{`email email {"address":"a@example.com"}`, `recovery recovery {"codes":["abc-123","def-456"],"form":"*"} created 2025-03-01T10:00:00Z`}},
		"a form":   {`"emails":[{"address":"a@example.com","confirmed":true}],"recovery":{"codes":["abc-123"],"form":"XXXX-XX"}`, []string{`email email {"address":"a@example.com"}`, `recovery recovery {"codes":["abc-123"],"form":"XXXX-XX"}`}},
		"hashes":   {`"emails":[{"address":"a@example.com","confirmed":true}],"recovery":{"bcrypt":["$2a$x","$2a$y"],"form":"xxxxx-xxxxx"}`, []string{`email email {"address":"a@example.com"}`, `recovery recovery {"bcrypt":["$2a$x","$2a$y"],"form":"xxxxx-xxxxx","total":2}`}},
		"alone":    {`"recovery":{"codes":["abc-123"]}`, []string{"left recovery recovery no_other_method"}},
		"no codes": {`"recovery":{"codes":[]}`, nil},
		"nothing":  {`"x":1`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, columns.Record(parse[migrate.ColumnsUser](t, `{"user":7,`+c.row+`}`)), "7", "columns", c.want...)
		})
	}
	named := migrate.Columns{Source: "users"}
	want(t, named.Record(migrate.ColumnsUser{User: "7"}), "7", "users")
	many := migrate.ColumnsUser{User: "7", Phones: make([]migrate.ColumnsPhone, 70)}
	for i := range many.Phones {
		many.Phones[i].Confirmed = true
	}
	if r := columns.Record(many); len(r.Items) != 64 || len(r.Left) != 6 || r.Left[5].Reason != migrate.ReasonTooMany {
		t.Errorf("%v", r)
	}
}

func TestColumns_Links(t *testing.T) {
	for link, want := range map[string]string{
		"otpauth://totp/a?secret=" + secret:                             "",
		"OTPAUTH://TOTP/a?secret=" + secret:                             "",
		"otpauth://totp/A%20b:c?secret=" + secret + "&algorithm=sha256": "",
		"otpauth://hotp/a?secret=" + secret + "&counter=3":              "counter_based",
		"otpauth://yaotp/a?secret=" + secret:                            "malformed",
		"https://totp/a?secret=" + secret:                               "malformed",
		"otpauth://totp/a":                                              "malformed",
		"otpauth://totp/a?secret=":                                      "malformed",
		"otpauth://totp/a?secret=" + secret + "&secret=" + short:        "malformed",
		"otpauth://totp/a?secret=" + secret + "&digits=6&digits=8":      "malformed",
		"otpauth://totp/a?secret=" + secret + "&digits=x":               "malformed",
		"otpauth://totp/a?secret=" + secret + "&period=-30":             "malformed",
		"otpauth://totp/a?secret=" + secret + "&period=0":               "malformed",
		"otpauth://totp/a?secret=" + secret + "&digits=%zz":             "malformed",
		"otpauth://totp/a?secret=" + secret + ";digits=8":               "malformed",
		"\x00otpauth:": "malformed",
		"otpauth":      "malformed",
	} {
		u := migrate.ColumnsUser{User: "7", TOTP: []migrate.ColumnsTOTP{{URI: migrate.Secret(link), Confirmed: true}}}
		r := migrate.Columns{Now: atNoon}.Record(u)
		switch {
		case want == "" && (len(r.Items) != 1 || len(r.Left) != 0):
			t.Errorf("%s: %v", link, r)
		case want != "" && (len(r.Items) != 0 || len(r.Left) != 1 || string(r.Left[0].Reason) != want):
			t.Errorf("%s: %v", link, r.Left)
		}
	}
}

func TestAuthboss(t *testing.T) {
	boss := migrate.Authboss{Now: atNoon}
	for name, c := range map[string]struct {
		row  string
		want []string
	}{
		"all": {`"totp_secret_key":"` + secret + `","sms_phone_number":"+4791234567","recovery_codes":"$2a$10$a,$2a$10$b"`, []string{
			`totp totp {"secret":"` + secret + `",` + block + `}`,
			`sms sms {"number":"+4791234567"}`,
			`recovery recovery {"bcrypt":["$2a$10$a","$2a$10$b"],"form":"xxxxx-xxxxx","total":2}`,
		}},
		"no codes left":  {`"totp_secret_key":"` + secret + `","recovery_codes":""`, []string{`totp totp {"secret":"` + secret + `",` + block + `}`}},
		"codes of none":  {`"recovery_codes":"$2a$10$a"`, []string{"left recovery recovery no_other_method"}},
		"nothing at all": {`"totp_secret_key":null,"sms_phone_number":null`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, boss.Record(parse[migrate.AuthbossUser](t, `{"pid":"ada",`+c.row+`}`)), "ada", "authboss", c.want...)
		})
	}
}

func TestDjangoOTP(t *testing.T) {
	// 20 bytes in hexadecimal, which are secret.
	const key = "3132333435363738393031323334353637383930"
	django := migrate.DjangoOTP{Now: atNoon}
	device := func(change string) string {
		d := `{"id":12,"name":"default","confirmed":true,"key":"` + key + `","step":30,"t0":0,"digits":6,"tolerance":1,"drift":0,"last_t":-1,"throttling_failure_count":0}`
		from, to, _ := strings.Cut(change, " ")
		return `"totp":[` + strings.Replace(d, from, to, 1) + `]`
	}
	app := `totpdevice/12 totp {"secret":"` + secret + `","digits":6,"period":30,` + block + `} default`
	for name, c := range map[string]struct {
		row  string
		want []string
	}{
		"never used":         {device(""), []string{app}},
		"used":               {device(`"last_t":-1 "last_t":58908950`), []string{strings.Replace(app, "58908961", "58908950", 1)}},
		"unconfirmed":        {device(`"confirmed":true "confirmed":false`), []string{"left totpdevice/12 totp unconfirmed"}},
		"unconfirmed, MySQL": {device(`"confirmed":true "confirmed":0`), []string{"left totpdevice/12 totp unconfirmed"}},
		"other start":        {device(`"t0":0 "t0":15`), []string{"left totpdevice/12 totp other_start"}},
		"drift of one":       {device(`"drift":0 "drift":-1`), []string{app}},
		"drift of two":       {device(`"drift":0 "drift":-2`), []string{app, "note totpdevice/12 clock_drift"}},
		"not hexadecimal":    {device(`"key":"31 "key":"3x`), []string{"left totpdevice/12 totp malformed"}},
		"no key":             {device(`"key":"` + key + `" "key":""`), []string{"left totpdevice/12 totp malformed"}},
		"no step":            {device(`"step":30 "step":0`), []string{"left totpdevice/12 totp malformed"}},
		"short key":          {device(`"key":"` + key + `" "key":"31323334353637383930"`), []string{strings.Replace(app, secret, short, 1), "note totpdevice/12 short_secret"}},
		"times":              {device(`"id":12 "id":12,"created_at":"2025-03-01T10:00:00+00:00","last_used_at":"2025-12-31T23:59:59+00:00"`), []string{app + " created 2025-03-01T10:00:00Z used 2025-12-31T23:59:59Z"}},
		"tokens of two devices": {device("") + `,"static":[{"id":1,"name":"backup","confirmed":true,"tokens":["abcdefgh","ijklmnop"]},{"id":2,"confirmed":true,"tokens":["qrstuvwx"]},{"id":3,"confirmed":false,"tokens":["unconfir"]}]`, []string{
			app, `statictoken recovery {"codes":["abcdefgh","ijklmnop","qrstuvwx"],"form":"*"}`, "left staticdevice/3 recovery unconfirmed",
		}},
		"mail": {`"email":[{"id":4,"name":"m","confirmed":true,"email":"a@example.com"},{"id":5,"confirmed":true,"email":null},{"id":6,"confirmed":false,"email":"b@example.com"}]`, []string{
			`emaildevice/4 email {"address":"a@example.com"} m`, "left emaildevice/5 email address_on_file", "left emaildevice/6 email unconfirmed",
		}},
		"HOTP": {`"hotp":[{"id":9,"name":"token","confirmed":true}]`, []string{"left hotpdevice/9  counter_based"}},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, django.Record(parse[migrate.DjangoOTPUser](t, `{"user_id":7,`+c.row+`}`)), "7", "django-otp", c.want...)
		})
	}
}

// The seed and its codes are from a run of the algorithm in Python.
const (
	allauthSeed  = "5f4c6a0de2b15f4c6a0de2b15f4c6a0de2b15f4c6a0de2b15f4c6a0de2b15f4c6a0de2b1deadbeef"
	allauthCodes = `"82764978","88235215","19227404","52181789","09743132","75199446","62301483","52379674","17850560","98415630"`
)

func TestAllauth(t *testing.T) {
	app := func(id string) string {
		return `authenticator/` + id + ` totp {"secret":"` + secret + `",` + block + `}`
	}
	const totp = `{"id":1,"type":"totp","data":{"secret":"` + secret + `"},"created_at":"2025-03-01T10:00:00Z","last_used_at":null}`
	times := " created 2025-03-01T10:00:00Z"
	for name, c := range map[string]struct {
		rows string
		set  migrate.Allauth
		want []string
	}{
		"app":               {totp, migrate.Allauth{}, []string{app("1") + times}},
		"data is text":      {`{"id":1,"type":"totp","data":"{\"secret\":\"` + secret + `\"}"}`, migrate.Allauth{}, []string{app("1")}},
		"settings":          {totp, migrate.Allauth{TOTPDigits: 8, TOTPPeriod: 60}, []string{`authenticator/1 totp {"secret":"` + secret + `","digits":8,"period":60,"last_step":29454481}` + times}},
		"no secret":         {`{"id":1,"type":"totp","data":{}}`, migrate.Allauth{}, []string{"left authenticator/1 totp malformed"}},
		"data is no object": {`{"id":1,"type":"totp","data":[1]},{"id":2,"type":"webauthn","data":null},{"id":3,"type":"recovery_codes"}`, migrate.Allauth{}, []string{"left authenticator/1 totp malformed", "left authenticator/2 webauthn malformed", "left authenticator/3 recovery malformed"}},
		"unknown type":      {`{"id":9,"type":"push","data":{}}`, migrate.Allauth{}, []string{"left authenticator/9  unknown_kind"}},
		"codes of a seed": {totp + `,{"id":2,"type":"recovery_codes","data":{"seed":"` + allauthSeed + `","used_mask":0}}`, migrate.Allauth{},
			[]string{app("1") + times, `authenticator/2 recovery {"codes":[` + allauthCodes + `],"form":"*"}`}},
		"some used": {totp + `,{"id":2,"type":"recovery_codes","data":{"seed":"` + allauthSeed + `","used_mask":1019}}`, migrate.Allauth{},
			[]string{app("1") + times, `authenticator/2 recovery {"codes":["19227404"],"form":"*"}`}},
		"all used": {totp + `,{"id":2,"type":"recovery_codes","data":{"seed":"` + allauthSeed + `","used_mask":1023}}`, migrate.Allauth{},
			[]string{app("1") + times}},
		"three of ten digits": {totp + `,{"id":2,"type":"recovery_codes","data":{"seed":"` + allauthSeed + `","used_mask":0}}`, migrate.Allauth{RecoveryCodeCount: 3, RecoveryCodeDigits: 10},
			[]string{app("1") + times, `authenticator/2 recovery {"codes":["7987834512","6988215132","9722215538"],"form":"*"}`}},
		"settings out of bounds": {totp + `,{"id":2,"type":"recovery_codes","data":{"seed":"` + allauthSeed + `","used_mask":0}}`, migrate.Allauth{RecoveryCodeCount: 1 << 30},
			[]string{app("1") + times, "left authenticator/2 recovery malformed"}},
		"mask below zero": {totp + `,{"id":2,"type":"recovery_codes","data":{"seed":"` + allauthSeed + `","used_mask":-1}}`, migrate.Allauth{},
			[]string{app("1") + times, "left authenticator/2 recovery malformed"}},
		"migrated codes": {totp + `,{"id":2,"type":"recovery_codes","data":{"migrated_codes":["abcdefgh","ijklmnop"]}}`, migrate.Allauth{},
			[]string{app("1") + times, `authenticator/2 recovery {"codes":["abcdefgh","ijklmnop"],"form":"*"}`}},
		"sealed": {`{"id":1,"type":"totp","data":{"secret":"<` + secret + `>"}},{"id":2,"type":"recovery_codes","data":{"seed":"<` + allauthSeed + `>","used_mask":1022}},{"id":3,"type":"totp","data":{"secret":"` + secret + `"}}`, migrate.Allauth{Decrypt: brackets},
			[]string{app("1"), `authenticator/2 recovery {"codes":["82764978"],"form":"*"}`, "left authenticator/3 totp not_decrypted"}},
		"sealed codes": {`{"id":1,"type":"totp","data":{"secret":"<` + secret + `>"}},{"id":2,"type":"recovery_codes","data":{"migrated_codes":["<abcdefgh>","ijklmnop"]}},{"id":3,"type":"recovery_codes","data":{"seed":"x"}}`, migrate.Allauth{Decrypt: brackets},
			[]string{app("1"), "left authenticator/2 recovery not_decrypted", "left authenticator/3 recovery not_decrypted"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.set.Now = atNoon
			want(t, c.set.Record(parse[migrate.AllauthUser](t, `{"user_id":7,"authenticators":[`+c.rows+`]}`)), "7", "allauth", c.want...)
		})
	}
}

// brackets stands in for an adapter's decrypt.
func brackets(text string) (string, error) {
	inner, begins := strings.CutPrefix(text, "<")
	inner, ends := strings.CutSuffix(inner, ">")
	if !begins || !ends {
		return "", errors.New("not sealed: " + text)
	}
	return inner, nil
}

func TestAuth0(t *testing.T) {
	auth0 := migrate.Auth0{Now: atNoon}
	const user = `{"email":"ada@example.com","email_verified":true,"user_id":"auth0|7","password_hash":"$2b$10$x","mfa_factors":[` +
		`{"totp":{"secret":"` + secret + `"}},{"phone":{"value":"+4791234567"}},{"email":{"value":"a@example.com"}},{"phone":{"value":"+4741234599"}},{"push":{}}]}`
	rows := migrate.Convert(migrate.Read[migrate.Auth0User](strings.NewReader("["+user+`,{"email":"b@example.com","user_id":"2000"}]`)), auth0.Record)
	all := collect(t, rows)
	if len(all) != 2 {
		t.Fatalf("%d records", len(all))
	}
	want(t, all[0], "auth0|7", "auth0",
		`totp/1 totp {"secret":"`+secret+`",`+block+`}`, `phone/1 sms {"number":"+4791234567"}`,
		`email/1 email {"address":"a@example.com"}`, `phone/2 sms {"number":"+4741234599"}`, "left factor/1  unknown_kind")
	want(t, all[1], "2000", "auth0")
}

// TestRowsOfAQuery: lines as PostgreSQL wrote them for the queries of docs/migrate.md.
func TestRowsOfAQuery(t *testing.T) {
	django := migrate.Convert(migrate.Read[migrate.DjangoOTPUser](strings.NewReader(`{"totp": [{"id": 12, "t0": 0, "key": "3132333435363738393031323334353637383930", "name": "default", "step": 30, "drift": 0, "digits": 6, "last_t": 58908950, "user_id": 7, "confirmed": true, "tolerance": 1, "created_at": "2025-11-22T06:30:26.091396+00:00", "last_used_at": null}], "email": null, "static": [{"id": 1, "name": "backup", "tokens": ["abcdefgh", "ijklmnop"], "confirmed": true}], "user_id": 7}
{"totp": null, "email": null, "static": null, "user_id": 8}
`)), migrate.DjangoOTP{Now: atNoon}.Record)
	all := collect(t, django)
	want(t, all[0], "7", "django-otp", `totpdevice/12 totp {"secret":"`+secret+`","digits":6,"period":30,"last_step":58908950} default created 2025-11-22T06:30:26Z`,
		`statictoken recovery {"codes":["abcdefgh","ijklmnop"],"form":"*"}`)
	want(t, all[1], "8", "django-otp")

	allauth := migrate.Convert(migrate.Read[migrate.AllauthUser](strings.NewReader(`{"user_id": 7, "authenticators": [{"id": 1, "data": {"secret": "`+secret+`"}, "type": "totp", "user_id": 7, "created_at": "2025-11-22T06:30:26.102424+00:00", "last_used_at": null}]}
`)), migrate.Allauth{Now: atNoon}.Record)
	want(t, collect(t, allauth)[0], "7", "allauth", `authenticator/1 totp {"secret":"`+secret+`",`+block+`} created 2025-11-22T06:30:26Z`)

	fortify := migrate.Convert(migrate.Read[migrate.FortifyUser](strings.NewReader(`{"id":7,"two_factor_secret":"<`+secret+`>","two_factor_recovery_codes":null,"two_factor_confirmed_at":"2025-03-01T10:00:00.123"}`)),
		migrate.Fortify{Decrypt: brackets, Now: atNoon}.Record)
	want(t, collect(t, fortify)[0], "7", "fortify", `totp totp {"secret":"`+secret+`",`+block+`} created 2025-03-01T10:00:00Z`)
}

// TestT01_BlockedWindow: where the old system kept no last step, no code of a step
// that it may have seen is good here, whatever the period.
func TestT01_BlockedWindow(t *testing.T) {
	for period, last := range map[int]int64{0: noonStep + 1, 30: noonStep + 1, 60: noonStep/2 + 1, 10: noonStep*3 + 1} {
		u := migrate.ColumnsUser{User: "7", TOTP: []migrate.ColumnsTOTP{{Secret: secret, Period: period, Confirmed: true}}}
		r := migrate.Columns{Now: atNoon}.Record(u)
		if want := fmt.Sprintf(`"last_step":%d}`, last); !strings.HasSuffix(string(r.Items[0].State), want) {
			t.Errorf("period %d: %s", period, r.Items[0].State)
		}
	}
}
