package snippets

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

var update = flag.Bool("update", false, "write what previews say into docs/rollout.md")

const rolloutPage = "../../../../docs/rollout.md"

// parts are the blocks of a language in a page.
func parts(page, language string) (found []string) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

// factors are all that there are, with an inbox for what is sent.
func factors(t *testing.T) []mfa.Factor {
	t.Helper()
	inbox := &mfatest.Inbox{}
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: "example.com", Origins: []string{"https://www.example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("NO"), Sender: inbox})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: inbox})
	if err != nil {
		t.Fatal(err)
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return []mfa.Factor{keys, apps, texts, mails, codes}
}

// accounts are those of the page: a thousand, fifty of staff and ten of programs.
func accounts(yield func(mfa.User, error) bool) {
	for i := range 1000 {
		u := mfa.User{ID: fmt.Sprint("u-", i), Email: fmt.Sprintf("u%d@example.org", i), EmailVerified: true, CreatedAt: time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)}
		if i < 50 {
			u.Email = fmt.Sprintf("u%d@example.com", i)
		}
		if i >= 990 {
			u.Kind = mfa.Service
		}
		if !yield(u, nil) {
			return
		}
	}
}

// The plan of docs/rollout.md does, week by week, what the page says.
func TestRollout(t *testing.T) {
	raw, err := os.ReadFile(rolloutPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	files, said := parts(page, "json"), parts(page, "text")
	if len(files) != 2 || len(said) != 1 {
		t.Fatalf("%d policies, %d outputs", len(files), len(said))
	}
	all := factors(t)
	var kinds []mfa.Method
	for _, f := range all {
		kinds = append(kinds, f.Method())
	}
	engine := mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = all })
	now := time.Date(2026, 2, 25, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	if err := tryOut(t.Context(), &out, []byte(files[1]), kinds, engine.Engine, accounts, now); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(rolloutPage, []byte(strings.Replace(page, said[0], out.String(), 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != said[0] {
		t.Errorf("it says\n%s\nand the page\n%s", &out, said[0])
	}

	// Without mailed codes, everybody is locked out in the end.
	poor := mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = all[1:3] })
	out.Reset()
	if err := tryOut(t.Context(), &out, []byte(files[1]), kinds, poor.Engine, accounts, now); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "6 April      let in   0  may put off   0  must enrol   0  denied services 10  locked out 990") {
		t.Errorf("%s", &out)
	}

	// It is carried out from the page's first file on.
	t.Chdir(t.TempDir())
	if err := os.WriteFile("mfa.json", []byte(files[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := policy.Parse([]byte(files[0]))
	if err != nil {
		t.Fatal(err)
	}
	if _, live, err := carryOut(engine.Store, keys, all, nobody); err != nil || live.Current().Mode != policy.Offer {
		t.Errorf("%v, %v", live, err)
	}
}
