package emailcode

import (
	"net/mail"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

var good = []string{
	"ada@example.com", "a@b.co", "Ada.Lovelace+codes@mail.example.co.uk", "o'brien@example.ie", "x_y-z=1/2@example.com", "user@localhost",
	"user@xn--bcher-kva.example", "1@2.example", "#$&'*+/=?^_~@example.com", strings.Repeat("a", 64) + "@example.com", "a@1-2.example", "_a-@example.com",
}

// injections are what an address is not, with what follows one if a parser stops early.
var injections = map[string]string{
	"CR": address1 + "\r", "LF": address1 + "\n", "CRLF": address1 + "\r\nBcc: eve@example.net", "LF before": "\n" + address1, "tab": address1 + "\t",
	"encoded LF": address1 + "%0a", "encoded CRLF": address1 + "%0D%0ABcc:eve@example.net", "encoded in local part": "ada%0d%0a@example.com",
	"NUL": address1 + "\x00", "NUL within": "ada\x00@example.com", "vertical tab": "a\vb@example.com",
	"two, comma": address1 + "," + address2, "two, comma, space": address1 + ", " + address2, "two, semicolon": address1 + ";" + address2,
	"two, space": address1 + " " + address2, "two, together": address1 + address2, "two, newline": address1 + "\n" + address2,
	"name": "Ada <" + address1 + ">", "angles": "<" + address1 + ">", "quoted name": `"Ada" <` + address1 + ">", "group": "g:" + address1 + ";", "comment": address1 + " (x)",
	"comment within": "ada(x)@example.com", "quoted local part": `"ada"@example.com`, "quoted with at": `"a@b"@example.com`, "quoted with newline": "\"a\\\nb\"@example.com",
	"route, percent": "eve%example.net@example.com", "route, bang": "example.net!eve@example.com", "route, at": "@example.net:" + address1,
	"backslash": `ada\@example.com`, "pipe": "|sh@example.com", "backquote": "`id`@example.com", "braces": "${HOME}@example.com", "option": "-oQ/tmp@example.com",
	"literal": "ada@[127.0.0.1]", "literal, IPv6": "ada@[IPv6:::1]", "number of a machine": "ada@127.0.0.1", "number": "ada@2130706433", "port": "ada@example.com:25",
	"no at": "ada.example.com", "no local part": "@example.com", "no domain": "ada@", "two ats": "a@b@example.com", "at alone": "@",
	"dot before": ".ada@example.com", "dot after": "ada.@example.com", "dots": "a..da@example.com", "domain's dot before": "ada@.example.com",
	"domain's dot after": "ada@example.com.", "domain's dots": "ada@example..com", "dash before": "ada@-example.com", "dash after": "ada@example-.com", "underscore": "ada@ex_ample.com",
	"right-to-left override": "ada\u202e@example.com", "right-to-left mark": "\u200f" + address1, "zero width": "a\u200bda@example.com", "byte order mark": "\ufeff" + address1,
	"no-break space": address1 + "\u00a0", "line separator": address1 + "\u2028", "full-width at": "ada＠example.com", "ideographic dot": "ada@example。com",
	"full-width": "ａｄａ@example.com", "Cyrillic a": "аda@example.com", "other script": "ada@bücher.example", "other script, local": "jürgen@example.com", "not UTF-8": "ada\xff@example.com",
	"mailto": "mailto:" + address1, "query": address1 + "?cc=eve@example.net", "own mask": mask1, "true": "true", "object": `{"address":"` + address1 + `"}`, "template": "{{.Code}}@example.com",
	"long": strings.Repeat("a", 64) + "@" + strings.Repeat("a.", 100) + "example", "long local part": strings.Repeat("a", 65) + "@example.com",
	"long label": "ada@" + strings.Repeat("a", 64) + ".example", "huge": strings.Repeat("a", 1<<20) + "@example.com", "huge, ats": strings.Repeat("@", 1<<20), "huge, dots": "a@" + strings.Repeat("a.", 1<<19),
}

func TestAddresses(t *testing.T) {
	f := newFactor(t)
	for _, address := range good {
		step, err := enroll(f, "  "+address+" ")
		if err != nil || step.Delivery.Message.To != address {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestO12_AddressInjection(t *testing.T) {
	f := newFactor(t)
	for name, text := range injections {
		requests := map[string]mfa.EnrollRequest{
			"typed":   {User: ada, Params: mfa.EnrollParams{Email: text}},
			"on file": {User: mfa.User{ID: "7", Email: text, EmailVerified: true}},
		}
		for how, r := range requests {
			step, err := f.Enroll(bg, r)
			if reason(err) != ReasonInvalid || step.Delivery != nil || step.Pending != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			} else if len(err.Error()) > 100 || strings.Contains(err.Error(), "ada") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if step, err := f.Enroll(bg, mfa.EnrollRequest{User: requests["on file"].User, Implicit: true}); err == nil || step.Done != nil {
			t.Errorf("%s, implicit: %v", name, err)
		}
	}
	for _, text := range []string{"", "  "} {
		if _, err := f.Enroll(bg, mfa.EnrollRequest{User: mfa.User{ID: "7"}, Params: mfa.EnrollParams{Email: text}}); reason(err) != ReasonMissing {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestO12_AddressesAreMasked(t *testing.T) {
	for address, want := range map[string]string{address1: mask1, "a@b.co": "a•••@b.co", "lovelace@example.org": "l•••@example.org"} {
		if got := mask(address); got != want {
			t.Errorf("%q", got)
		}
	}
}

// TestO05_SpellingsShareABudget: a mailbox that has many addresses has one budget.
func TestO05_SpellingsShareABudget(t *testing.T) {
	f := newFactor(t)
	for address, want := range map[string]string{
		"ada@example.com": address1, "ADA@Example.COM": address1, "ada+1@example.com": address1, "Ada+x+y@example.com": address1,
		"+ada@example.com": "+ada@example.com", "ad@example.com": "ad@example.com", "ada@example.org": "ada@example.org",
	} {
		step, err := enroll(f, address)
		if err != nil || step.Delivery.Budgets[0].Key != want || step.Delivery.Message.To != address {
			t.Errorf("%s: %v, %v", address, step.Delivery, err)
		}
	}
}

// FuzzAddress: whatever is typed, nothing panics, and what is accepted is one
// plain address that package net/mail reads as the same.
func FuzzAddress(f *testing.F) {
	for _, s := range good {
		f.Add(s)
	}
	for _, s := range injections {
		if len(s) < 300 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := parse(text)
		if err != nil {
			if reason(err) == "" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address || a.Name != "" {
			t.Errorf("%q: %v, %v", address, a, err)
		}
		if strings.Count(address, "@") != 1 || strings.ContainsAny(address, "\x00\r\n\t %!,;:<>()[]\"\\|`{}") || strings.ContainsFunc(address, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q", address)
		}
		if again, err := parse(address); err != nil || again != address || mailbox(mailbox(address)) != mailbox(address) {
			t.Errorf("%q is %q, %v", address, again, err)
		}
	})
}
