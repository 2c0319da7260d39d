package notify_test

import (
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/words"
)

// TestEveryLanguageTellsEverything: each notice in each language is a whole mail with
// all that is known, in that language and in its direction.
func TestEveryLanguageTellsEverything(t *testing.T) {
	english := map[mfa.EventType]string{}
	for _, tag := range words.Default().Tags() {
		l := words.Default().Pick(tag)
		b := &mailbox{}
		n := notifier(t, b, in(tag), links)
		subjects := map[string]mfa.EventType{}
		for kind, notice := range eventTypes(t) {
			if !notice || kind == mfa.EventImported {
				continue
			}
			for _, change := range []func(*mfa.Event){
				func(*mfa.Event) {},
				func(e *mfa.Event) { e.First, e.OldHint, e.Count = true, "•• 12", 1 },
				func(e *mfa.Event) { e.Actor, e.Count = "carol", 3 },
				func(e *mfa.Event) { e.Reason, e.Count, e.Label, e.Hint = "delayed_reset", 0, "", "" },
			} {
				e := event(kind)
				change(&e)
				if err := n.Observe(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				all := b.all()
				m := all[len(all)-1]
				for _, part := range []string{m.Subject, m.Text, m.HTML} {
					if strings.ContainsAny(part, "{}") || strings.Contains(part, "mail."+string(kind)) || strings.Contains(part, "mail.label") || strings.Contains(part, "method.") {
						t.Errorf("%s, %s: %s", tag, kind, part)
					}
				}
				for _, want := range []string{"Example", "ada@example.org", "12:00", "https://example.com/settings?tab=security&x=1\n", "support@example.com"} {
					if !strings.Contains(m.Text, want) {
						t.Errorf("%s, %s does not say %q:\n%s", tag, kind, want, m.Text)
					}
				}
				if !strings.Contains(m.HTML, `<html lang="`+tag+`" dir="`+l.Dir()+`">`) || !strings.Contains(m.HTML, `<div lang="`+tag+`" dir="`+l.Dir()+`"`) {
					t.Errorf("%s, %s: %s", tag, kind, m.HTML)
				}
				if _, has := linking[kind]; has && (kind != mfa.EventEnrolled || e.First) && !strings.Contains(m.Text, ": "+page+"\n") {
					t.Errorf("%s, %s has no link:\n%s", tag, kind, m.Text)
				}
				if other, known := subjects[m.Subject]; known && other != kind {
					t.Errorf("%s: %s has the subject of %s: %s", tag, kind, other, m.Subject)
				}
				subjects[m.Subject] = kind
				if n := len([]rune(m.Subject)); n > 90 {
					t.Errorf("%s: %d characters: %s", tag, n, m.Subject)
				}
			}
			if m := one(t, event(kind), in(tag)); tag == "en" {
				english[kind] = m.Text
			} else if m.Text == english[kind] {
				t.Errorf("%s: %s is as in English", tag, kind)
			}
		}
	}
}

const arabicText = "أُزيلت من حسابك في \u2068Example\u2069 طريقة لتأكيد هويتك: \u2068تطبيق المصادقة «\u2068Ada's phone\u2069»\u2069.\n" + `
الحساب: ` + "\u2068ada@example.org\u2069" + `
الوقت: 1 مارس 2026، 12:00 ` + "\u2068UTC\u2069" + `
عنوان الإنترنت: ` + "\u2068192.0.2.7\u2069" + `
المكان: ` + "\u2068Oslo, Norway\u2069" + `
الجهاز: ` + "\u2068Firefox, Windows\u2069" + `

إن كنت أنت، فلا حاجة إلى فعل شيء. وإن لم تكن أنت، فهناك من يستطيع الدخول إلى حسابك: غيّر كلمة مرورك، وأزل ما لا تعرفه، وسجّل الخروج من كل مكان آخر.

إعداداتك: https://example.com/settings?tab=security&x=1

If you cannot sign in, write to support@example.com.

يخبرك ` + "\u2068Example\u2069" + ` بكل تغيير من هذا النوع. نحن لا نطلب أبدًا رمزًا أو كلمة مرور بالبريد.
`

// TestRightToLeft: names and addresses keep their direction within the sentence, and
// links are bare.
func TestRightToLeft(t *testing.T) {
	m := one(t, event(mfa.EventRemoved), in("ar"))
	if m.Text != arabicText {
		t.Errorf("%s", m.Text)
	}
	if m.Subject != "حسابك في \u2068Example\u2069: أُزيلت طريقة لتسجيل الدخول" {
		t.Errorf("%+q", m.Subject)
	}
	if !strings.Contains(m.HTML, `<html lang="ar" dir="rtl">`) || !strings.Contains(m.HTML, "<bdi>\u2068Oslo, Norway\u2069</bdi>") {
		t.Error(m.HTML)
	}
}

// TestSupportInOtherLanguages: a sentence of the host's, where there is one.
func TestSupportInOtherLanguages(t *testing.T) {
	texts := func(c *notify.Config) { c.SupportTexts = map[string]string{"de": "Rufen Sie uns an."} }
	if m := one(t, event(mfa.EventReset), in("de-AT"), texts); !strings.Contains(m.Text, "\nRufen Sie uns an.\n") || strings.Contains(m.Text, "support@example.com") {
		t.Error(m.Text)
	}
	if m := one(t, event(mfa.EventReset), in("es"), texts); !strings.Contains(m.Text, "support@example.com") {
		t.Error(m.Text)
	}
}
