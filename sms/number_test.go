package sms

import (
	"errors"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/mfakit/mfa"
)

// Mobile numbers, as the numbering plans give examples of them, as people write
// them abroad and at home.
var mobiles = map[string]struct{ e164, abroad, home string }{
	"AF": {"+93701234567", "+93 70 123 4567", "070 123 4567"},
	"BA": {"+38761123456", "+387 61 123-456", "061 123-456"},
	"BG": {"+35943012345", "+359 43 012 345", "043 012 345"},
	"CA": {"+15062345678", "+1 506-234-5678", "(506) 234-5678"},
	"CO": {"+573211234567", "+57 321 1234567", "321 1234567"},
	"EG": {"+201001234567", "+20 10 01234567", "010 01234567"},
	"DE": {"+4915123456789", "+49 1512 3456789", "01512/3456789"},
	"IN": {"+918123456789", "+91 81234 56789", "081234 56789"},
	"IE": {"+353850123456", "+353 85 012 3456", "085 012 3456"},
	"JM": {"+18762101234", "+1 876-210-1234", "(876) 210-1234"},
	"LT": {"+37061234567", "+370 612 34567", "0 612 34567"},
	"MX": {"+522221234567", "+52 222 123 4567", "222 123 4567"},
	"MD": {"+37362112345", "+373 621 12 345", "0621 12 345"},
	"MA": {"+212650123456", "+212 6 50 12 34 56", "06 50 12 34 56"},
	"NL": {"+31612345678", "+31 6 12345678", "06-12345678"},
	"MK": {"+38972345678", "+389 72 345 678", "072 345 678"},
	"NO": {"+4740612345", "+47 40 61 23 45", "406 12 345"},
	"PH": {"+639051234567", "+63 905 123 4567", "0905 123 4567"},
	"PL": {"+48512345678", "+48 512 345 678", "512 345 678"},
	"RS": {"+381601234567", "+381 60 1234567", "060 1234567"},
	"ES": {"+34612345678", "+34 612 34 56 78", "612 34 56 78"},
	"TR": {"+905012345678", "+90 501 234 56 78", "0501 234 56 78"},
	"UA": {"+380501234567", "+380 50 123 4567", "050 123 4567"},
	"GB": {"+447400123456", "+44 (0)7400 123456", "07400 123456"},
	"US": {"+12015550123", "+1 (201) 555-0123", "201.555.0123"},
	"UZ": {"+998912345678", "+998 91 234 56 78", "91 234 56 78"},
}

func TestO12_MobileNumbersOfTheWorld(t *testing.T) {
	if len(mobiles) != 26 {
		t.Fatalf("%d countries", len(mobiles))
	}
	for country, m := range mobiles {
		only := newFactor(t, func(c *Config) { c.Countries = []string{country}; c.Region = country })
		code := strings.TrimPrefix(m.abroad[:strings.Index(m.abroad, " ")], "+")
		for _, text := range []string{m.e164, m.abroad, m.home, " " + m.abroad + " ", strings.ReplaceAll(m.abroad, " ", "\u00a0")} {
			n, err := only.parse(text, false)
			if err != nil || n.e164 != m.e164 || n.country != country || n.code != "+"+code {
				t.Errorf("%s: %q is %+v, %v %s", country, text, n, err, detail(err))
			}
		}
		// Without a region there is no national form, and with another country listed no message.
		if n, err := newFactor(t).parse(m.home, false); reason(err) != ReasonInvalid {
			t.Errorf("%s: %q is %+v, %v", country, m.home, n, err)
		}
		elsewhere := newFactor(t, func(c *Config) { c.Countries = Countries("SE") })
		if _, err := elsewhere.parse(m.e164, false); reason(err) != ReasonCountry || !strings.Contains(detail(err), countryNames[country]) {
			t.Errorf("%s: %v, %q does not name the country", country, err, detail(err))
		}
	}
}

func TestO12_NumbersThatTakeNoMessages(t *testing.T) {
	f := newFactor(t)
	for name, tc := range map[string]struct{ number, reason string }{
		"premium, US":         {"+1 900 234 5678", ReasonPremium},
		"premium, DE":         {"+49 900 1234567", ReasonPremium},
		"premium, GB":         {"+44 901 234 5678", ReasonPremium},
		"premium, MX":         {"+52 900 123 4567", ReasonPremium},
		"premium, NL":         {"+31 906 1234", ReasonPremium},
		"shared cost, ES":     {"+34 901 12 34 56", ReasonPremium},
		"shared cost, IE":     {"+353 1850 123456", ReasonPremium},
		"shared cost, BG":     {"+359 700 12345", ReasonPremium},
		"toll free, US":       {"+1 800 234 5678", ReasonPremium},
		"toll free, NO":       {"+47 800 12 345", ReasonPremium},
		"toll free, UA":       {"+380 800 123456", ReasonPremium},
		"pager, GB":           {"+44 7640 123456", ReasonPremium},
		"pager, DE":           {"+49 164 12345", ReasonPremium},
		"pager, TR":           {"+90 512 345 6789", ReasonPremium},
		"pager, NL":           {"+31 6 62345678", ReasonPremium},
		"voicemail, IE":       {"+353 85 5123 4567", ReasonPremium},
		"voicemail, DE":       {"+49 177 99 1234567", ReasonPremium},
		"company-wide, PL":    {"+48 804 123 456", ReasonPremium},
		"company-wide, NO":    {"+47 02000", ReasonPremium},
		"fixed, NO":           {"+47 21 23 45 67", ReasonFixed},
		"fixed, DE":           {"+49 30 123456", ReasonFixed},
		"fixed, GB":           {"+44 121 234 5678", ReasonFixed},
		"fixed, PH":           {"+63 2 3234 5678", ReasonFixed},
		"fixed, RS":           {"+381 10 234567", ReasonFixed},
		"Internet, NL":        {"+31 85 123 4567", ReasonUnknown},
		"Internet, IE":        {"+353 76 123 4567", ReasonUnknown},
		"personal, GB":        {"+44 70 1234 5678", ReasonUnknown},
		"personal, US":        {"+1 500 234 5678", ReasonUnknown},
		"emergency":           {"112", ReasonInvalid},
		"emergency with code": {"+1 911", ReasonInvalid},
		"short code":          {"+47 1987", ReasonInvalid},
		"short code, US":      {"+1 40404", ReasonInvalid},
		"a digit short":       {"+47 9123456", ReasonInvalid},
		"a digit long":        {"+47 912345678", ReasonInvalid},
		"no such range":       {"+47 123 45 678", ReasonInvalid},
		"no such country":     {"+999 123456", ReasonInvalid},
		"fictitious area":     {"+1 123 456 7890", ReasonInvalid},
		"satellite":           {"+8816 1234 5678", ReasonCountry},
		"universal free":      {"+800 1234 5678", ReasonCountry},
	} {
		if n, err := f.parse(tc.number, false); reason(err) != tc.reason || detail(err) == "" {
			t.Errorf("%s: %+v, %v, want %s", name, n, err, tc.reason)
		}
	}
	for country := range mobiles { // and whatever else of these kinds the tables have
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.TOLL_FREE,
			phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.VOICEMAIL} {
			if n := phonenumbers.GetExampleNumberForType(country, kind); n != nil {
				text := phonenumbers.Format(n, phonenumbers.E164)
				for _, confirmed := range []bool{false, true} {
					if _, err := f.parse(text, confirmed); reason(err) != ReasonPremium {
						t.Errorf("%s of %s, confirmed %t: %v", text, country, confirmed, err)
					}
				}
			}
		}
	}
}

func TestFixedLineSaysWhatToDo(t *testing.T) {
	_, err := enroll(newFactor(t), "+47 21 23 45 67")
	if r := reason(err); r != ReasonFixed || !strings.Contains(detail(err), "choose another method") {
		t.Errorf("%s: %q", r, detail(err))
	}
	if !errors.Is(err, mfa.ErrRefused) || errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("%v", err)
	}
}

// TestNorthAmericanNumbersPass: of these no table tells whether they are mobile.
func TestNorthAmericanNumbersPass(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Countries = Countries("US", "CA") })
	for _, text := range []string{"+12015550123", "+15062345678"} {
		n, err := f.parse(text, false)
		if err != nil || n.kind != phonenumbers.FIXED_LINE_OR_MOBILE {
			t.Errorf("%s: %+v, %v", text, n, err)
		}
	}
}

func TestUnknownLinesAreForTheHostToAccept(t *testing.T) {
	for _, text := range []string{"+31 85 123 4567", "+44 70 1234 5678", "+1 600 201 2345"} {
		if _, err := newFactor(t).parse(text, false); reason(err) != ReasonUnknown {
			t.Errorf("%s: %v", text, err)
		}
		f := newFactor(t, func(c *Config) { c.AcceptUnknown = true })
		if _, err := f.parse(text, false); err != nil {
			t.Errorf("%s, accepted: %v", text, err)
		}
	}
}

// TestConfirmedNumbersStayUsable: a table that changes locks nobody out, but the
// country's listing and the price still count.
func TestConfirmedNumbersStayUsable(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Countries = Countries("NO", "NL") })
	for text, want := range map[string]string{
		"+4721234567": "", "+31851234567": "", number1: "",
		"+4780012345": ReasonPremium, "+4620123456": ReasonCountry, "+46701234567": ReasonCountry,
	} {
		if _, err := f.parse(text, true); reason(err) != want || want == "" && err != nil {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestTerritories: numbers that share a calling code are those of where they are.
func TestTerritories(t *testing.T) {
	all := newFactor(t)
	for text, tc := range map[string]struct{ country, name string }{
		"+1 876 210 1234":   {"JM", "Jamaica"},
		"+1 658 210 1234":   {"JM", "Jamaica"},
		"+1 201 555 0123":   {"US", "the United States"},
		"+1 506 234 5678":   {"CA", "Canada"},
		"+1 787 234 5678":   {"PR", "Puerto Rico"},
		"+1 242 357 1234":   {"BS", "the Bahamas"},
		"+383 43 201 234":   {"XK", "Kosovo"},
		"+381 60 1234567":   {"RS", "Serbia"},
		"+212 650 123456":   {"MA", "Morocco"}, // Western Sahara has the mobile numbers of Morocco
		"+44 7781 123456":   {"GG", "Guernsey"},
		"+44 7797 712345":   {"JE", "Jersey"},
		"+44 7924 123456":   {"GB", "the United Kingdom"}, // the Isle of Man's, which has most of its own elsewhere
		"+7 771 000 9998":   {"KZ", "Kazakhstan"},
		"+7 912 345 67 89":  {"RU", "Russia"},
		"+358 457 1234567":  {"FI", "Finland"},
		"+389 72 345 678":   {"MK", "North Macedonia"},
		"+387 61 123 456":   {"BA", "Bosnia and Herzegovina"},
		"+590 690 00 12 34": {"GP", "Guadeloupe"},
	} {
		n, err := all.parse(text, false)
		if err != nil || n.country != tc.country {
			t.Errorf("%s: %+v, %v", text, n, err)
		}
		others := newFactor(t, func(c *Config) {
			c.Countries = nil
			for code := range countryNames {
				if code != tc.country {
					c.Countries = append(c.Countries, code)
				}
			}
		})
		if _, err := others.parse(text, false); reason(err) != ReasonCountry || !strings.HasPrefix(detail(err), "Text messages are not sent to "+tc.name+".") {
			t.Errorf("%s, not listed: %v, %q", text, err, detail(err))
		}
	}
}

func TestOldMexicanForm(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Countries = Countries("MX") })
	for _, text := range []string{"+52 1 55 1234 5678", "+5215512345678", "+52 55 1234 5678", "+52 1 (55) 1234-5678"} {
		if n, err := f.parse(text, false); err != nil || n.e164 != "+525512345678" {
			t.Errorf("%s: %+v, %v", text, n, err)
		}
	}
	for _, text := range []string{"+52 2 55 1234 5678", "+52 11 55 1234 5678", "+52 1 55 1234 567", "+52 1 900 123 4567"} {
		if n, err := f.parse(text, false); err == nil {
			t.Errorf("%s: %+v", text, n)
		}
	}
}

// injections are what a number is not, with what follows one if a parser stops early.
var injections = map[string]string{
	"CR":                     number1 + "\r",
	"LF":                     number1 + "\n",
	"CRLF and a header":      number1 + "\r\nTo: " + number2,
	"LF within":              "+47912\n34567",
	"encoded LF":             number1 + "%0a",
	"encoded CRLF":           number1 + "%0D%0A" + number2,
	"NUL":                    number1 + "\x00",
	"tab":                    "+47\t91234567",
	"two, comma":             number1 + "," + number2,
	"two, semicolon":         number1 + ";" + number2,
	"two, space":             number1 + " " + number2,
	"two, slash":             number1 + "/" + number2,
	"two, together":          number1 + number2,
	"two, ampersand":         number1 + "&to=" + number2,
	"extension, ext":         number1 + " ext. 5",
	"extension, x":           number1 + "x5",
	"extension, hash":        number1 + "#5",
	"extension, RFC 3966":    number1 + ";ext=5",
	"pause":                  number1 + ",,5",
	"RFC 3966":               "tel:" + number1,
	"RFC 3966, context":      "tel:91234567;phone-context=+47",
	"URL":                    "sms:" + number1 + "?body=x",
	"letters":                "+1 800 FLOWERS",
	"letters in the country": "+1 201 555 012A",
	"right-to-left mark":     "\u200f" + number1,
	"right-to-left override": "+47\u202e76543219",
	"isolate":                "\u2067" + number1 + "\u2069",
	"zero width":             "+47912\u200b34567",
	"soft hyphen":            "+47912\u00ad34567",
	"byte order mark":        "\ufeff" + number1,
	"full-width digits":      "＋４７９１２３４５６７",
	"full-width, plus ASCII": "+４７９１２３４５６７",
	"Arabic-Indic digits":    "+٤٧٩١٢٣٤٥٦٧",
	"one full-width digit":   "+4791234５67",
	"full-width plus":        "＋4791234567",
	"en dash":                "+47–91234567",
	"not UTF-8":              number1 + "\xff",
	"plus alone":             "+",
	"pluses":                 "++++",
	"nothing but marks":      "()-./",
	"plus within":            "47+91234567",
	"zero":                   "0",
	"exponent":               "4.791234567e9",
	"star codes":             "*21*91234567#",
	"own mask":               mask1,
	"true":                   "true",
	"object":                 `{"number":"+4791234567"}`,
	"huge":                   strings.Repeat("9", 1<<20),
	"huge, blank":            "+47" + strings.Repeat(" ", 1<<20) + "91234567",
	"huge, pluses":           strings.Repeat("+", 1<<20),
	"41 bytes":               "+4791234567" + strings.Repeat(" ", 29) + "8",
	"template":               "{{.Code}}",
}

func TestO12_NumberInjection(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Region = "NO" })
	for name, text := range injections {
		step, err := enroll(f, text)
		if reason(err) != ReasonInvalid || step.Delivery != nil || step.Pending != nil {
			t.Errorf("%s: %v", name, err)
		}
		if msg := err.Error() + detail(err); len(msg) > 300 || strings.Contains(msg, "91234567") {
			t.Errorf("%s: %q", name, msg)
		}
		// The same from the host's file, and from an import.
		_, err = f.Enroll(bg, mfa.EnrollRequest{User: mfa.User{ID: "7", Phone: text}, ID: "e", Now: noon})
		if reason(err) != ReasonInvalid {
			t.Errorf("%s, on file: %v", name, err)
		}
	}
	for _, text := range []string{"", " ", "\u00a0 "} {
		_, err := f.Enroll(bg, mfa.EnrollRequest{User: mfa.User{ID: "7"}, Params: mfa.EnrollParams{Phone: text}, ID: "e", Now: noon})
		if reason(err) != ReasonMissing {
			t.Errorf("%q: %v", text, err)
		}
	}
	if step, err := enroll(f, " "+number1+"\u00a0 "); err != nil || step.Delivery.Message.To != number1 {
		t.Errorf("spaces around: %v", err)
	}
}

func TestO12_NumbersAreMasked(t *testing.T) {
	f := newFactor(t)
	for e164, want := range map[string]struct{ mask, prefix string }{
		number1:          {mask1, "+47 912"},
		"+12015550123":   {"+1 ••• ••23", "+1 201"},
		"+4915123456789": {"+49 ••• ••89", "+49 151"},
		"+29051234":      {"+290 ••• ••34", "+290 5"},
	} {
		n, err := f.parse(e164, false)
		if err != nil || n.mask() != want.mask || n.prefix() != want.prefix {
			t.Errorf("%s: %q, %q, %v", e164, n.mask(), n.prefix(), err)
		}
	}
	for country := range countryNames { // of each number four digits are hidden behind its prefix
		example := phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE)
		if example == nil {
			continue
		}
		n, err := f.read(phonenumbers.Format(example, phonenumbers.E164))
		if err != nil {
			t.Errorf("%s: %v", country, err)
			continue
		}
		shown := strings.Replace(n.prefix(), " ", "", 1)
		if !strings.HasPrefix(n.e164, shown) || len(n.e164)-len(shown) < 4 || strings.Contains(n.mask(), n.e164[len(n.code):]) {
			t.Errorf("%s: %s is shown as %q and %q", country, n.e164, n.prefix(), n.mask())
		}
	}
}

func TestCountries(t *testing.T) {
	if got := strings.Join(Countries("no", " us ", "US", "XK"), " "); got != "NO US XK" {
		t.Errorf("%q", got)
	}
	if got := Countries(); got != nil {
		t.Errorf("%q", got)
	}
	for _, no := range []string{"", "UK", "USA", "ZZ", "001", "EU", "N0", "Norway", "\x00", strings.Repeat("x", 1000)} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !strings.HasPrefix(err.Error(), "sms: ") || len(err.Error()) > 150 {
					t.Errorf("%.10q: %v", no, err)
				}
			}()
			Countries("NO", no)
		}()
	}
	for country := range phonenumbers.GetSupportedRegions() {
		if name := countryNames[country]; name == "" || countryName(country) != name {
			t.Errorf("%s has no name", country)
		}
	}
	for _, none := range []string{"", "001", "ZZ"} {
		if got := countryName(none); got != "where this number is" {
			t.Errorf("%q: %q", none, got)
		}
	}
}

// FuzzNumber: whatever is typed, nothing panics, and what is accepted is one
// number of a listed country in E.164 form, which reads back as itself.
func FuzzNumber(f *testing.F) {
	for _, m := range mobiles {
		f.Add(m.e164, "")
		f.Add(m.abroad, "GB")
		f.Add(m.home, "US")
	}
	for _, text := range injections {
		if len(text) < 100 {
			f.Add(text, "NO")
		}
	}
	factors := map[string]*Factor{"": newFactor(f)}
	for _, region := range []string{"NO", "US", "GB", "MX", "IT", "AR"} {
		factors[region] = newFactor(f, func(c *Config) { c.Region = region; c.AcceptUnknown = true })
	}
	f.Fuzz(func(t *testing.T, text, region string) {
		factor := factors[region]
		if factor == nil {
			factor = factors[""]
		}
		n, err := factor.parse(text, false)
		if err != nil {
			if reason(err) == "" || detail(err) == "" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		digits, plus := strings.CutPrefix(n.e164, "+")
		if !plus || len(digits) < 5 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			t.Errorf("%q is %q", text, n.e164)
		}
		if again, err := factors[""].read(n.e164); err != nil || again != n {
			t.Errorf("%q is %+v, and that is %+v, %v", text, n, again, err)
		}
		if strings.Contains(strings.TrimPrefix(n.mask(), n.code), digits[len(digits)-3:]) || countryNames[n.country] == "" {
			t.Errorf("%q: %+v, %q", text, n, n.mask())
		}
	})
}
