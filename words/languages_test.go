package words

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// rawTexts reads one file of a language.
func rawTexts(t testing.TB, tag, name string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(tag, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatalf("%s/%s.json: %v", tag, name, err)
	}
	if keys := strings.Count(string(raw), "\": \""); keys != len(texts) {
		t.Errorf("%s/%s.json has %d messages, and %d ids", tag, name, keys, len(texts))
	}
	return texts
}

// names are the files of a language, without their ending.
func names(t testing.TB, tag string) []string {
	t.Helper()
	files, err := filepath.Glob(tag + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(tag, err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".json")
	}
	return files
}

// folder is all messages of a language, by file and id.
func folder(t testing.TB, tag string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, name := range names(t, tag) {
		all[name] = rawTexts(t, tag, name)
	}
	return all
}

// TestEveryLanguageIsWhole: every message is in every language, in the same file, with
// the same variables and all plural forms.
func TestEveryLanguageIsWhole(t *testing.T) {
	c := Default()
	if got := strings.Join(c.Tags(), " "); got != "en ar de es" {
		t.Fatalf("the languages are %s", got)
	}
	english := folder(t, "en")
	for _, l := range c.languages {
		for name, texts := range folder(t, l.name) {
			for id := range texts {
				if err := l.check(id, c.languages[0].messages[id]); err != nil {
					t.Errorf("%s/%s.json: %s: %v", l.name, name, id, err)
				}
				if _, ok := english[name][id]; !ok && !strings.HasSuffix(id, ".sentence") {
					t.Errorf("%s/%s.json: %s is not in en/%[2]s.json", l.name, name, id)
				}
				if !validID(id) {
					t.Errorf("%s/%s.json: %q is no id", l.name, name, id)
				}
			}
		}
		for name, texts := range english {
			for id := range texts {
				if _, ok := l.messages[id]; !ok && !strings.HasSuffix(id, ".sentence") {
					t.Errorf("%s/%s.json has no %s", l.name, name, id)
				}
			}
		}
	}
}

// sames are messages that are the same in another language as in English: names.
var sames = []string{"Passkey", "SMS", "Admin", "Code", "Codes", "Name", "Version", "Status", "Error", "No", "OK"}

// letters says whether a message has words outside of its variables.
func letters(t *testing.T, text string) bool {
	parts, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	each(parts, func(p *part) {
		found = found || p.kind == literal && strings.ContainsFunc(p.text, unicode.IsLetter)
	})
	return found
}

// TestNothingIsLeftInEnglish finds messages that were copied and not translated.
func TestNothingIsLeftInEnglish(t *testing.T) {
	english := folder(t, "en")
	for _, tag := range Default().Tags()[1:] {
		for name, texts := range folder(t, tag) {
			if name == "countries" {
				continue // Malta is Malta
			}
			for id, text := range texts {
				if text == english[name][id] && letters(t, text) && !slices.Contains(sames, text) && !strings.HasPrefix(id, "format.month.") {
					t.Errorf("%s: %s is as in English: %s", tag, id, text)
				}
			}
		}
	}
	arabic := folder(t, "ar")
	for name, texts := range arabic {
		for id, text := range texts {
			if letters(t, text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
				t.Errorf("ar/%s.json: %s is not in Arabic: %s", name, id, text)
			}
		}
	}
}

// blames are words by which a message would say that its reader is at fault, or that
// only say that something is so.
var blames = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`(?i)\b(invalid|illegal|failed|failures?|forbidden|denied|incorrect|bad|oops|your (mistake|error|fault)|you (entered|mistyped|failed|forgot|must not)|not allowed|unauthori[sz]ed|prohibited)\b`),
	"de": regexp.MustCompile(`(?i)(ungültig|unzulässig|illegal|fehlgeschlagen|gescheitert|verboten|verweigert|nicht erlaubt|ihr fehler|ihre schuld|haben sie falsch|sie haben .{0,40}(falsch|vergessen))`),
	"es": regexp.MustCompile(`(?i)(inválid|no válid|incorrect|ilegal|prohibid|denegad|no permitid|fallid|ha fallado|falló|su (error|culpa)|usted (escribió|introdujo|ingresó|olvidó)|erróne)`),
	"ar": regexp.MustCompile(`(غير صالح|غير صحيح|غير قانوني|فشل|ممنوع|مرفوض|خطأك|أخطأت|غير مسموح|نسيت)`),
}

// TestNothingBlames: messages say what happened and what to do.
func TestNothingBlames(t *testing.T) {
	for _, tag := range Default().Tags() {
		if blames[tag] == nil {
			t.Fatalf("no words for %s", tag)
		}
		for _, texts := range folder(t, tag) {
			for id, text := range texts {
				if found := blames[tag].FindString(text); found != "" {
					t.Errorf("%s: %s says %q: %s", tag, id, found, text)
				}
			}
		}
	}
	for tag, said := range map[string]string{"en": "You entered an invalid code", "de": "Ungültiger Code", "es": "Código incorrecto", "ar": "رمز غير صالح"} {
		if !blames[tag].MatchString(said) {
			t.Errorf("%s: %s is not found", tag, said)
		}
	}
}

// TestErrorsSayWhatToDo: none is a mere statement, unless there is nothing to do.
func TestErrorsSayWhatToDo(t *testing.T) {
	done := []string{"error.attempts_left", "error.report_refused", "error.support_refused", "error.no_activity", "error.missing.approval"}
	for id, text := range rawTexts(t, "en", "errors") {
		says := strings.Contains(text, "lease") || strings.Contains(text, "nothing to do") || strings.Contains(text, "you can ask") || strings.Contains(text, "You can ask") || strings.Contains(text, "set it to")
		if !says && !slices.Contains(done, id) {
			t.Errorf("%s: %s", id, text)
		}
		if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "}") {
			t.Errorf("%s is no sentence: %s", id, text)
		}
	}
}

// TestTextIsClean: one space between words, none at the ends, no straight quotes where
// there are others, no dots for an ellipsis, no invisible characters but those that
// keep a number in its direction.
func TestTextIsClean(t *testing.T) {
	for _, tag := range Default().Tags() {
		for name, texts := range folder(t, tag) {
			for id, text := range texts {
				if strings.TrimSpace(text) != text && id != "format.comma" {
					t.Errorf("%s: %s has spaces at an end", tag, id)
				}
				if strings.Contains(text, "  ") || strings.Contains(text, "...") || strings.ContainsAny(text, "\"\t\r<>&") {
					t.Errorf("%s/%s.json: %s: %s", tag, name, id, text)
				}
				for _, r := range text {
					if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && (tag != "ar" || r != '\u2066' && r != '\u2069')) {
						t.Errorf("%s: %s has %U", tag, id, r)
					}
				}
			}
		}
	}
}
