package mailer_test

import (
	"strings"
	"testing"

	"github.com/mfakit/mfa/mailer"
)

// badAddresses are what forms and databases have been made to hold.
var badAddresses = []string{
	"", "ada", "@example.org", "ada@", "ada@@example.org",
	"ada@example.org\r\nBcc: eve@example.net", "ada@example.org\nDATA", "ada@example.org\r", "\nada@example.org",
	"ada@example.org%0aBcc:eve@example.net", "ada%0abcc:eve@example.org", "ada%example.net@example.org", "example.net!ada@example.org",
	"ada@example.org,eve@example.net", "ada@example.org;eve@example.net", "ada@example.org eve@example.net", "ada@example.org, ",
	"Ada <ada@example.org>", "<ada@example.org>", `"Ada" <ada@example.org>`, "ada@example.org (Ada)", "friends: ada@example.org;",
	`"ada@example.org, eve"@example.net`, `"a b"@example.org`, `a\@b@example.org`,
	"ada@example.org>\r\nRCPT TO:<eve@example.net", "ada@example.org> SIZE=1", "ada@example.org>",
	"\u202Eada@example.org", "ada\u200B@example.org", "ada@exa\u200Dmple.org", "ada@\u2066example.org", "ada@еxample.org", "ädä@example.org",
	"ada@example.org\x00", "ada\t@example.org", " ada@example.org", "ada@example.org ", "ada@example .org",
	".ada@example.org", "ada.@example.org", "a..da@example.org", "ada@.example.org", "ada@example..org", "ada@example.org.",
	"ada@-example.org", "ada@example-.org", "ada@[192.0.2.1]", "ada@exa_mple.org",
	"-oQ/tmp@example.org", "|/bin/sh@example.org", "`id`@example.org", "${run{id}}@example.org", "ada;id@example.org",
	strings.Repeat("a", 65) + "@example.org", "ada@" + strings.Repeat("a", 64) + ".org", "ada@" + strings.Repeat("a.", 126) + "org",
	"javascript:alert(1)@example.org", "mailto:ada@example.org",
}

func TestO12_Addresses(t *testing.T) {
	for _, address := range badAddresses {
		err := mailer.CheckAddress(address)
		if err == nil {
			t.Errorf("%q was taken", address)
		} else if address != "" && len(address) > 3 && strings.Contains(err.Error(), address) {
			t.Errorf("the error repeats %q", address)
		}
	}
	for _, address := range []string{
		"ada@example.org", "Ada.Lovelace+mfa@mail.Example.org", "o'hara@example.org", "a@b", "x_y-z=1@xn--bcher-kva.example", "1@1.example",
		strings.Repeat("a", 64) + "@example.org", "ada@localhost", "#$&'*+/=?^_~@example.org",
	} {
		if err := mailer.CheckAddress(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func FuzzCheckAddress(f *testing.F) {
	for _, address := range badAddresses {
		f.Add(address)
	}
	f.Add("ada@example.org")
	f.Fuzz(func(t *testing.T, address string) {
		if mailer.CheckAddress(address) != nil {
			return
		}
		if strings.Count(address, "@") != 1 || strings.ContainsAny(address, " \t\r\n\x00,;:<>()[]\\\"%!|`{}") || strings.ContainsFunc(address, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("%q was taken", address)
		}
	})
}
