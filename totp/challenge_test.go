package totp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pquerna/otp"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testneed"
)

// names are issuers and accounts that have come out wrong somewhere.
var names = map[string]struct{ issuer, account string }{
	"usual":          {"Example", "alice@example.com"},
	"space":          {"Example Corp", "alice b"},
	"ampersand":      {"A & B", "a&secret=AAAA&issuer=Evil"},
	"colon":          {"A: B", "c:d::e"},
	"percent":        {"100%", "%41%zz%"},
	"plus":           {"a+b", "alice+totp@example.com"},
	"slash":          {"a/b", "../c"},
	"question":       {"a?b", "c?d=e"},
	"hash":           {"a#b", "#c"},
	"quotes":         {`a"b'`, "`<b>`"},
	"backslash":      {`a\b`, `c\\d`},
	"equals":         {"a=b;c", "d=e,f"},
	"emoji":          {"🔑 Key", "👩‍👩‍👧 family"},
	"right to left":  {"דוגמה", "عائلة@مثال.إختبار"},
	"Japanese":       {"例え", "ユーザー"},
	"combining":      {"Cafe\u0301", "n\u0303"},
	"long":           {strings.Repeat("I", maxIssuerBytes), strings.Repeat("a", maxAccountBytes)},
	"long emoji":     {strings.Repeat("🔑", maxIssuerBytes/4), strings.Repeat("🔑", maxAccountBytes/4)},
	"unreserved":     {"a-b.c_d~e", "A-Z.0_9~"},
	"looks like URI": {"otpauth://totp/x", "https://user:pass@host/path?q#f"},
}

// readLabel reads the link as an app does: it splits the label at its colon, then decodes.
func readLabel(t *testing.T, link string) (issuer, account string, q url.Values) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Fragment != "" {
		t.Fatalf("link is %v, %v", u, err)
	}
	before, after, ok := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), ":")
	if !ok {
		t.Fatal("no colon in the label")
	}
	if issuer, err = url.PathUnescape(before); err != nil {
		t.Fatal(err)
	}
	if account, err = url.PathUnescape(after); err != nil {
		t.Fatal(err)
	}
	if q, err = url.ParseQuery(u.RawQuery); err != nil {
		t.Fatal(err)
	}
	return issuer, account, q
}

func TestT11_NamesSurviveInTheLink(t *testing.T) {
	for name, n := range names {
		t.Run(name, func(t *testing.T) {
			c, _ := enroll(t, newFactor(t, Config{Issuer: n.issuer}), mfa.User{Name: n.account})
			if c.Issuer != n.issuer || c.Account != n.account {
				t.Errorf("issuer %q, account %q", c.Issuer, c.Account)
			}
			issuer, account, q := readLabel(t, c.URI)
			if issuer != n.issuer || account != n.account || q.Get("issuer") != n.issuer {
				t.Errorf("issuer %q and %q, account %q", issuer, q.Get("issuer"), account)
			}
			want := map[string]string{"secret": c.Secret, "algorithm": "SHA1", "digits": "6", "period": "30", "issuer": n.issuer}
			if len(q) != len(want) {
				t.Errorf("%d parameters, want %d", len(q), len(want))
			}
			for key, v := range want {
				if len(q[key]) != 1 || q.Get(key) != v {
					t.Errorf("%s is not what it should be", key)
				}
			}
			if strings.ContainsFunc(c.URI, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '+' }) {
				t.Error("the link holds more than URI characters")
			}
		})
	}
}

// TestT11_LinkReadByPquerna: an unrelated reader of such links agrees.
func TestT11_LinkReadByPquerna(t *testing.T) {
	for name, n := range names {
		t.Run(name, func(t *testing.T) {
			c, _ := enroll(t, newFactor(t, Config{Issuer: n.issuer}), mfa.User{Name: n.account})
			k, err := otp.NewKeyFromURL(c.URI)
			if err != nil {
				t.Fatal(err)
			}
			if k.Secret() != c.Secret || k.Issuer() != n.issuer || k.Type() != "totp" || k.Period() != 30 || k.Digits() != otp.DigitsSix {
				t.Errorf("read %q %q %d %v", k.Type(), k.Issuer(), k.Period(), k.Digits())
			}
			// It decodes before it splits, so an issuer's colon confuses it.
			if !strings.Contains(n.issuer, ":") && k.AccountName() != n.account {
				t.Errorf("account %q", k.AccountName())
			}
		})
	}
}

func TestT11_QRCodeDecodesToTheLink(t *testing.T) {
	zbarimg := testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
	for name, n := range names {
		t.Run(name, func(t *testing.T) {
			c, _ := enroll(t, newFactor(t, Config{Issuer: n.issuer}), mfa.User{Name: n.account})
			data, err := c.PNG()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "qr.png")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(zbarimg, "-q", "--raw", file).Output()
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSuffix(string(out), "\n") != c.URI {
				t.Error("the code reads as something else")
			}
		})
	}
}

func TestAccount(t *testing.T) {
	long := strings.Repeat("é", 100)
	tests := map[string]struct {
		u    mfa.User
		want string
	}{
		"name":          {mfa.User{ID: "7", Name: "alice", Email: "a@example.com"}, "alice"},
		"e-mail":        {mfa.User{ID: "7", Email: "a@example.com"}, "a@example.com"},
		"ID":            {mfa.User{ID: "7"}, "7"},
		"blank name":    {mfa.User{ID: "7", Name: " \t"}, "7"},
		"name of lines": {mfa.User{Name: "alice\r\nbob\x00"}, "alicebob"},
		"not UTF-8":     {mfa.User{Name: "al\xffice"}, "alice"},
		"nothing":       {mfa.User{}, "account"},
		"128 bytes":     {mfa.User{Name: long[:128]}, long[:128]},
		"200 bytes":     {mfa.User{Name: long}, long[:124] + "…"},
		"a megabyte":    {mfa.User{Name: strings.Repeat("x", 1<<20)}, strings.Repeat("x", 125) + "…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := enroll(t, newFactor(t, Config{}), test.u)
			if c.Account != test.want {
				t.Errorf("account %q, want %q", c.Account, test.want)
			}
			if len(c.Account) > maxAccountBytes || !utf8.ValidString(c.Account) {
				t.Errorf("%d bytes, or not UTF-8", len(c.Account))
			}
		})
	}
}

func TestSecretGrouped(t *testing.T) {
	for secret, want := range map[string]string{
		"": "", "ABCD": "ABCD", "ABCDE": "ABCD E", rfcSecret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
	} {
		if got := (Challenge{Secret: secret}).SecretGrouped(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestChallengeJSON(t *testing.T) {
	c, _ := enroll(t, newFactor(t, Config{}), mfa.User{Name: "a & b"})
	if c.Method() != "totp" {
		t.Errorf("method %q", c.Method())
	}
	data, err := json.Marshal(mfa.Challenge(c))
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]string
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	if len(members) != 3 || members["secret"] != c.Secret || members["uri"] != c.URI {
		t.Error("the members are not secret, uri and qr")
	}
	raw, ok := strings.CutPrefix(members["qr"], "data:image/png;base64,")
	if !ok {
		t.Fatal("qr is no data URI")
	}
	picture, err := base64.StdEncoding.DecodeString(raw)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil || img.Bounds().Dx() < qrWidth {
		t.Errorf("the picture is %v, %v", img.Bounds(), err)
	}
}

func TestSVGNamesTheEntryAndNotTheSecret(t *testing.T) {
	c, _ := enroll(t, newFactor(t, Config{Issuer: "A & B"}), mfa.User{Name: "<alice>"})
	svg, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(svg, []byte("<title>QR code, A &amp; B: &lt;alice&gt;</title>")) {
		t.Error("no title")
	}
	if bytes.Contains(svg, []byte(c.Secret)) {
		t.Error("the secret is in the text")
	}
}

// TestTooLongLink: hosts may fill a Challenge themselves.
func TestTooLongLink(t *testing.T) {
	c := Challenge{URI: strings.Repeat("CANARY", 1000)}
	_, err := c.PNG()
	_, err2 := c.SVG()
	_, err3 := json.Marshal(c)
	for _, err := range []error{err, err2, err3} {
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("error %v", err)
		}
	}
}
