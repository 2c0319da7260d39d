package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/migrate"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

var bg = context.Background()

// anyone is a host that has every user.
func anyone(_ context.Context, id string) (mfa.User, error) {
	return mfa.User{ID: id, Name: id + "@example.com"}, nil
}

// bring runs records into an engine.
func bring(t testing.TB, m *mfatest.Engine, change func(*migrate.Config), records ...migrate.Record) *migrate.Report {
	t.Helper()
	c := migrate.Config{Importer: m, Users: anyone, Records: sequence(records...)}
	if change != nil {
		change(&c)
	}
	report, err := migrate.Run(bg, c)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// app is the authenticator app of secret.
func app(t testing.TB, m *mfatest.Engine) *mfatest.Authenticator {
	t.Helper()
	a, err := mfatest.NewAuthenticator("otpauth://totp/Old:ada?secret="+secret, m.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func signIn(t testing.TB, m *mfatest.Engine, user string) mfa.Flow {
	t.Helper()
	u, _ := anyone(bg, user)
	f, err := m.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// answer answers a new sign-in with a code for a method.
func answer(t testing.TB, m *mfatest.Engine, user, method, code string) (mfa.Flow, error) {
	t.Helper()
	f := signIn(t, m, user)
	for _, o := range f.Options {
		if o.Method == method {
			return m.Verify(bg, f.Token, mfa.Answer{Option: o.ID, Code: code}, mfa.Client{})
		}
	}
	t.Fatalf("%s has no option of %s: %v", user, method, f.Options)
	return mfa.Flow{}, nil
}

// holds are the methods of a user's enrollments.
func holds(t testing.TB, m *mfatest.Engine, user string) string {
	t.Helper()
	list, err := m.Enrollments(bg, user)
	if err != nil {
		t.Fatal(err)
	}
	var methods []string
	for _, e := range list {
		methods = append(methods, e.Method)
	}
	return strings.Join(methods, " ")
}

func authboss(m *mfatest.Engine, pid, codes string) migrate.Record {
	return migrate.Authboss{Now: m.Clock.Now}.Record(migrate.AuthbossUser{PID: migrate.ID(pid), TOTPSecretKey: secret, RecoveryCodes: migrate.Secret(codes)})
}

// TestT01_A02_CodeOfTheOldSystemIsSpent: what was typed there, or could be seen
// over a shoulder, signs nobody in here; what the app shows next does.
func TestT01_A02_CodeOfTheOldSystemIsSpent(t *testing.T) {
	m := mfatest.NewEngine(t)
	phone := app(t, m)
	m.Clock.Advance(-30 * time.Second)
	before := phone.Code()
	m.Clock.Advance(60 * time.Second)
	after := phone.Code() // of a clock that is fast
	m.Clock.Advance(-30 * time.Second)
	if r := bring(t, m, nil, authboss(m, "ada", "")); r.Brought != 1 {
		t.Fatalf("%+v", r)
	}
	for name, code := range map[string]string{"before": before, "current": phone.Code(), "next": after} {
		if _, err := answer(t, m, "ada", "totp", code); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("the code of the step %s: %v", name, err)
		}
	}
	m.Clock.Advance(60 * time.Second)
	if f, err := answer(t, m, "ada", "totp", phone.Code()); err != nil || f.Status != mfa.StatusPassed {
		t.Errorf("the app's code a minute later: %v", err)
	}
}

// TestT01_LastStepComesAlong: where the old system kept it, nothing but the spent codes is lost.
func TestT01_LastStepComesAlong(t *testing.T) {
	m := mfatest.NewEngine(t)
	phone := app(t, m)
	last := m.Clock.Now().Unix()/30 - 1
	row := migrate.DjangoOTPUser{UserID: "ada", TOTP: []migrate.DjangoOTPTOTP{{Key: "3132333435363738393031323334353637383930", Step: 30, Digits: 6, LastT: last}}}
	row.TOTP[0].Confirmed = true
	bring(t, m, nil, migrate.DjangoOTP{Now: m.Clock.Now}.Record(row))
	now := phone.Code()
	m.Clock.Advance(-30 * time.Second)
	spent := phone.Code()
	m.Clock.Advance(30 * time.Second)
	if _, err := answer(t, m, "ada", "totp", spent); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("spent there: %v", err)
	}
	if _, err := answer(t, m, "ada", "totp", now); err != nil {
		t.Errorf("not spent: %v", err)
	}
}

func TestSecondRunBringsNothingBack(t *testing.T) {
	m := mfatest.NewEngine(t)
	phone := app(t, m)
	codes := bcrypted(t, "abd34-1b24d", "zzzzz-00000")
	records := []migrate.Record{authboss(m, "ada", codes), authboss(m, "bob", codes), authboss(m, "eve", "")}
	if r := bring(t, m, nil, records...); r.Brought != 5 || r.Known+r.Left+r.Failed != 0 {
		t.Fatalf("%+v", r)
	}

	// Ada's app is removed with all she has, bob's by himself; eve keeps hers.
	if err := m.Reset(bg, mfa.Reset{User: mfa.User{ID: "ada"}, Actor: "support", Reason: "lost"}); err != nil {
		t.Fatal(err)
	}
	m.Clock.Advance(time.Minute)
	f, err := answer(t, m, "bob", "totp", phone.Code())
	if err != nil {
		t.Fatal(err)
	}
	list, err := m.Enrollments(bg, "bob")
	if err != nil {
		t.Fatal(err)
	}
	bob, _ := anyone(bg, "bob")
	if _, err := m.Remove(bg, mfa.Caller{User: bob, Authentication: f.Authentication}, list[0].ID); err != nil {
		t.Fatal(err)
	}

	again := bring(t, m, nil, records...)
	if again.Brought+again.Left+again.Failed != 0 || again.Known != 5 {
		t.Errorf("%+v", again)
	}
	for user, want := range map[string]string{"ada": "", "bob": "", "eve": "totp"} {
		if got := holds(t, m, user); got != want {
			t.Errorf("%s has %q, want %q", user, got, want)
		}
	}
	if f := signIn(t, m, "ada"); f.Status != mfa.StatusPassed {
		t.Errorf("ada is asked: %s", f.Status)
	}
}

// bcrypted are codes as authboss keeps them, but for the cost.
func bcrypted(t testing.TB, codes ...string) string {
	t.Helper()
	var out []string
	for _, c := range codes {
		h, err := bcrypt.GenerateFromPassword([]byte(c), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(h))
	}
	return strings.Join(out, ",")
}

func TestL03_OldRecoveryCodesWorkOnce(t *testing.T) {
	for name, record := range map[string]func(m *mfatest.Engine) migrate.Record{
		"authboss, bcrypt": func(m *mfatest.Engine) migrate.Record {
			return authboss(m, "ada", bcrypted(t, "abd34-1b24d", "zzzzz-00000"))
		},
		"django-otp, plain": func(m *mfatest.Engine) migrate.Record {
			return migrate.DjangoOTP{Now: m.Clock.Now}.Record(parse[migrate.DjangoOTPUser](t, `{"user_id":"ada",
				"totp":[{"id":1,"confirmed":true,"key":"3132333435363738393031323334353637383930","step":30,"digits":6,"last_t":-1}],
				"static":[{"id":1,"confirmed":true,"tokens":["abd341b24d","zzzzz00000"]}]}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := mfatest.NewEngine(t)
			if r := bring(t, m, nil, record(m)); r.Brought != 2 {
				t.Fatalf("%+v", r)
			}
			if f, err := answer(t, m, "ada", "recovery", "ABD34 1B24D"); err != nil || f.Status != mfa.StatusPassed {
				t.Fatalf("%v", err)
			}
			if _, err := answer(t, m, "ada", "recovery", "abd34-1b24d"); !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("a second time: %v", err)
			}
			if _, err := answer(t, m, "ada", "recovery", "abd34-1b24"); !errors.Is(err, mfa.ErrBadInput) && !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("malformed: %v", err)
			}
			if _, err := answer(t, m, "ada", "recovery", "zzzzz-00000"); err != nil {
				t.Errorf("the other: %v", err)
			}
		})
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	m := mfatest.NewEngine(t)
	dry := func(c *migrate.Config) { c.DryRun = true }
	records := []migrate.Record{authboss(m, "ada", bcrypted(t, "abd34-1b24d")), authboss(m, "bob", "$2a$31$not-a-hash")}
	for range 2 {
		if r := bring(t, m, dry, records...); r.Brought != 3 || r.Left != 1 || r.Known != 0 {
			t.Errorf("%+v", r)
		}
	}
	for _, user := range []string{"ada", "bob"} {
		if _, err := m.Store.Load(bg, "user/"+user); !errors.Is(err, mfa.ErrNotFound) {
			t.Errorf("%s is stored: %v", user, err)
		}
	}
	if n := len(m.Events.Events()); n != 0 {
		t.Errorf("%d events", n)
	}
	if r := bring(t, m, nil, records...); r.Brought != 3 || r.Left != 1 {
		t.Errorf("%+v", r)
	}
}

// TestRunIsGoneOnWith: a run that ends anywhere, even between a save and its
// checkpoint, is gone on with, and everybody has each thing once.
func TestRunIsGoneOnWith(t *testing.T) {
	const users = 40
	killed := errors.New("killed")
	for _, persist := range []bool{true, false} { // whether the checkpoint that it died in was written down
		m := mfatest.NewEngine(t)
		var records []migrate.Record
		for i := range users {
			records = append(records, authboss(m, fmt.Sprint("user", i), bcrypted(t, "abd34-1b24d")))
		}
		after, brought, runs := "", 0, 0
		for {
			n := 0
			report, err := migrate.Run(bg, migrate.Config{Importer: m, Users: anyone, Records: sequence(records...), After: after,
				Checkpoint: func(user string) error {
					if n++; n == 7 {
						if persist {
							after = user
						}
						return killed
					}
					after = user
					return nil
				}})
			brought += report.Brought
			runs++
			if err == nil {
				break
			}
			if !errors.Is(err, killed) || runs > users {
				t.Fatalf("run %d: %v", runs, err)
			}
		}
		if brought != 2*users || runs < 5 {
			t.Errorf("brought %d in %d runs", brought, runs)
		}
		for i := range users {
			if got := holds(t, m, fmt.Sprint("user", i)); got != "totp recovery" {
				t.Errorf("user%d has %q", i, got)
			}
		}
	}
}

// TestT04_ShortSecrets: refused, or with the option that says so brought, and told either way.
func TestT04_ShortSecrets(t *testing.T) {
	record := migrate.Columns{Now: atNoon}.Record(migrate.ColumnsUser{User: "ada", TOTP: []migrate.ColumnsTOTP{{Secret: short, Confirmed: true}}})
	strict := mfatest.NewEngine(t)
	r := bring(t, strict, nil, record)
	if r.Left != 1 || len(r.Tallies) != 1 || r.Tallies[0].Outcome != "refused" || !strings.Contains(r.Tallies[0].Reason, "80 bits") || holds(t, strict, "ada") != "" {
		t.Errorf("%+v", r)
	}
	loose := mfatest.NewEngine(t, func(c *mfa.Config) {
		f, err := totp.New(totp.Config{Issuer: "Test", InsecureShortSecrets: true})
		if err != nil {
			t.Fatal(err)
		}
		c.Factors = []mfa.Factor{f}
	})
	if r := bring(t, loose, nil, record); r.Brought != 1 || r.Tallies[0] != (migrate.Tally{Source: "columns", Method: "totp", Outcome: "brought", Reason: "short_secret", Count: 1}) {
		t.Errorf("%+v", r)
	}
}

// TestUnconfirmedStaysUnusable: what nobody has proved to have asks nobody for anything here.
func TestUnconfirmedStaysUnusable(t *testing.T) {
	m := mfatest.NewEngine(t)
	r := bring(t, m, nil,
		migrate.Columns{}.Record(parse[migrate.ColumnsUser](t, `{"user":"ada","totp":[{"secret":"`+secret+`"}],"recovery":{"codes":["abcdef"]}}`)),
		migrate.DjangoOTP{}.Record(parse[migrate.DjangoOTPUser](t, `{"user_id":"ada","totp":[{"key":"3132333435363738393031323334353637383930","step":30,"digits":6,"last_t":-1}]}`)),
		migrate.Fortify{Decrypt: brackets}.Record(parse[migrate.FortifyUser](t, `{"id":"ada","two_factor_secret":"<`+secret+`>"}`)))
	if r.Brought != 0 || r.Left != 4 || holds(t, m, "ada") != "" || signIn(t, m, "ada").Status != mfa.StatusPassed {
		t.Errorf("%+v", r)
	}
}

// TestRefusedByTheirFactors: what is beyond this module's bounds does not come, and
// what stands beside it does.
func TestRefusedByTheirFactors(t *testing.T) {
	texts, err := sms.New(sms.Config{AppName: "Test", Origin: "https://example.com", Countries: sms.Countries("NO"), Sender: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Test", Sender: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = append(c.Factors, texts, mails) })
	record := migrate.Columns{Now: m.Clock.Now}.Record(parse[migrate.ColumnsUser](t, `{"user":"ada","totp":[
		{"id":"md5","secret":"`+secret+`","algorithm":"MD5","confirmed":true},{"id":"seven","secret":"`+secret+`","digits":7,"confirmed":true},
		{"id":"slow","secret":"`+secret+`","period":180,"confirmed":true},{"id":"ahead","secret":"`+secret+`","last_step":1790000000,"confirmed":true},
		{"id":"good","secret":"`+secret+`","confirmed":true}],
		"phones":[{"id":"no","number":"+4791234567","confirmed":true},{"id":"us","number":"+12015550123","confirmed":true},{"id":"none","number":"12","confirmed":true}],
		"emails":[{"id":"good","address":"a@example.com","confirmed":true},{"id":"bad","address":"a@","confirmed":true}],
		"webauthn":[{"id":"key","credential":{"id":"AQ=="}}],"recovery":{"codes":["abc"]}}`))
	var lines strings.Builder
	r := bring(t, m, func(c *migrate.Config) { c.Lines = &lines }, record)
	if r.Brought != 3 || r.Left != 9 || holds(t, m, "ada") != "totp sms email" {
		t.Errorf("%+v\n%s", r, &lines)
	}
	for item, outcome := range map[string]string{
		"totp/md5": "refused", "totp/seven": "refused", "totp/slow": "refused", "totp/ahead": "refused", "totp/good": "brought",
		"sms/no": "brought", "sms/us": "refused", "sms/none": "refused", "email/good": "brought", "email/bad": "refused",
		"webauthn/key": "no_such_method", "recovery": "refused",
	} {
		found := false
		for line := range strings.Lines(lines.String()) {
			found = found || strings.Contains(line, `"item":"`+item+`"`) && strings.Contains(line, `"outcome":"`+outcome+`"`)
		}
		if !found {
			t.Errorf("%s is not %s in\n%s", item, outcome, &lines)
		}
	}
}

// nobody sends nothing.
type nobody struct{}

func (nobody) Send(context.Context, mfa.Message) (string, error) {
	return "", errors.New("nothing is sent")
}

// TestParallelRuns: two of them at once bring each thing once.
func TestParallelRuns(t *testing.T) {
	store := memory.New()
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store = store })
	var records []migrate.Record
	for i := range 20 {
		records = append(records, authboss(m, fmt.Sprint("user", i), ""))
	}
	reports := make(chan *migrate.Report, 2)
	for range 2 {
		go func() {
			r, err := migrate.Run(bg, migrate.Config{Importer: m, Users: anyone, Records: sequence(records...)})
			if err != nil {
				t.Error(err)
			}
			reports <- r
		}()
	}
	a, b := <-reports, <-reports
	if a.Brought+b.Brought != 20 || a.Known+b.Known != 20 {
		t.Errorf("%+v, %+v", a, b)
	}
	for i := range 20 {
		if got := holds(t, m, fmt.Sprint("user", i)); got != "totp" {
			t.Errorf("user%d has %q", i, got)
		}
	}
}
