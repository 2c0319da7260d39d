package send_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/sms/gateway"
)

// The last line binds the code to the site, and the text is one message.
func TestO10_TheLastLineArrives(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	kim.mustAsk(kim.signIn(), "sms")
	m, code := s.kannel.Await("+447400123456", 1, codeInText)
	lines := strings.Split(m.Text, "\n")
	if last := lines[len(lines)-1]; last != "@app.example.test #"+code[1] || !strings.HasPrefix(m.Text, code[1]+" is your Example code.") {
		t.Errorf("the text is %q", m.Text)
	}
	if m.UCS2 || m.Part {
		t.Errorf("it was sent as %+v", m)
	}
	s.kannel.WantSent(1)
}

// A text in another script arrives as it was written, in UCS-2.
func TestTextsInOtherScriptsArrive(t *testing.T) {
	texts := map[string]string{"uk": "{code} — ваш код для {app} {span}.", "ja": "{app}の認証コードは{code}です🔑 {span}", "de": "Dein Code für {app} ist {code} {span}: süß, '{3}' [€]"}
	span := map[string]string{"uk": "5 minutes", "ja": "5 minutes", "de": "5 Minuten"}
	s := newSite(t, want{kannel: true, smtp: true, parts: func(p *parts) { p.Texts = texts }})
	numbers := map[string]string{"uk": "+447400123456", "ja": "+447400123457", "de": "+447400123458"}
	for locale, text := range texts {
		kim := s.person(locale)
		kim.user.Attributes = map[string]string{"locale": locale}
		kim.importNumber(numbers[locale])
		kim.mustAsk(kim.signIn(), "sms")
		m, code := s.kannel.Await(numbers[locale], 1, codeInText)
		want := strings.NewReplacer("{code}", code[1], "{app}", "Example", "{span}", span[locale], "'{3}'", "{3}").Replace(text) + "\n\n@app.example.test #" + code[1]
		if m.Text != want || m.UCS2 != (locale != "de") || m.Part {
			t.Errorf("%s: %+v, want %q", locale, m, want)
		}
	}
	s.kannel.WantSent(len(texts))
}

// How many messages a text costs is told as the gateway counts it.
func TestSegmentsAreThoseOfTheGateway(t *testing.T) {
	k := testserver.NewKannel(t)
	carrier := newCarrier(t, k)
	for _, text := range []string{strings.Repeat("a", 160), strings.Repeat("a", 161), strings.Repeat("ä", 160), strings.Repeat("€", 80), strings.Repeat("€", 81),
		strings.Repeat("я", 70), strings.Repeat("я", 71), strings.Repeat("a", 306), strings.Repeat("a", 307)} {
		before := len(k.Messages())
		send(t, carrier, "+447400123456", text)
		send(t, carrier, "+447400123456", "end") // when it is there, all parts of the text are
		testserver.Until(t, "the end", func() bool {
			list := k.Messages()
			return len(list) > before && list[len(list)-1].Text == "end"
		})
		if n := len(k.Messages()) - before - 1; n != sms.Segments(text) {
			t.Errorf("%d of %q: %d messages, and %d are told", len([]rune(text)), string([]rune(text)[:1]), n, sms.Segments(text))
		}
	}
}

func newCarrier(t *testing.T, k *testserver.Kannel) *gateway.Kannel {
	t.Helper()
	carrier, err := gateway.NewKannel(gateway.KannelConfig{URL: k.URL, Username: k.Username, Password: k.Password, From: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	return carrier
}

func send(t *testing.T, s mfa.Sender, to, text string) {
	t.Helper()
	if _, err := s.Send(t.Context(), mfa.Message{ID: "id", Channel: mfa.ChannelSMS, To: to, Text: text}); err != nil {
		t.Fatal(err)
	}
}

// forged are numbers and addresses that would reach somebody else, or more.
func forged(good, eve string) []string {
	return []string{
		good + "\r\nTo: " + eve, good + "\n" + eve, good + "\r" + eve, good + "%0a" + eve, good + "%0d%0aBcc:" + eve,
		good + "," + eve, good + " " + eve, good + ";" + eve, good + "&to=" + eve, good + "%26to%3D" + eve,
		good + "\x00" + eve, "\u202e" + good, good + "\u200b", "<" + good + ">", good + ">\r\nRCPT TO:<" + eve, "\"" + good + "\" <" + eve + ">",
	}
}

// No number is one that the fake message centre hears of, unless it is a number.
func TestO12_ForgedNumbersReachNobody(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	c := kim.caller()
	carrier := newCarrier(t, s.kannel)
	for _, number := range forged("+447400123456", "+447400123999") {
		if _, err := s.Enroll(t.Context(), c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: number}}); !errors.Is(err, mfa.ErrRefused) {
			t.Errorf("%q is enrolled: %v", number, err)
		}
		_, err := carrier.Send(t.Context(), mfa.Message{ID: "id", Channel: mfa.ChannelSMS, To: number, Text: "000000"})
		if failed := (*mfa.SendError)(nil); !errors.As(err, &failed) || failed.Reason != mfa.SendBadDestination {
			t.Errorf("%q is sent to: %v", number, err)
		}
	}
	send(t, carrier, "+447400123456", "end")
	s.kannel.Await("+447400123456", 1, regexp.MustCompile(`^end$`))
	s.kannel.WantSent(1)
	if list := s.kannel.Messages(); len(list) != 1 {
		t.Errorf("%d messages have arrived, want 1: %+v", len(list), list)
	}
}

// Whatever a text holds, it stays the text of one message to one number.
func TestO12_TextsAddNoRecipient(t *testing.T) {
	k := testserver.NewKannel(t)
	carrier := newCarrier(t, k)
	for i, text := range []string{
		"a&to=+447400123999&text=b", "a%26to%3D%2B447400123999", "a\r\nTo: +447400123999", "a%0aTo: +447400123999", "a%00%d%s%n", "a;+447400123999", "a#b?c=d",
	} {
		send(t, carrier, "+447400123456", text)
		m, _ := k.Await("+447400123456", i+1, regexp.MustCompile(`(?s)^a.+`))
		if got := strings.ReplaceAll(m.Text, "\r", ""); got != strings.ReplaceAll(text, "\r", "") {
			t.Errorf("%q arrives as %q", text, m.Text)
		}
		k.WantSent(i + 1)
	}
	for _, m := range k.Messages() {
		if m.To != "+447400123456" || m.From != "Example" {
			t.Errorf("a message from %s to %s", m.From, m.To)
		}
	}
}
