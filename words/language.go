package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A Language writes the messages of a [Catalogue] in one language. It does not change;
// it is safe for use by any number of goroutines.
type Language struct {
	name     string
	tag      language.Tag
	right    bool              // it is written from right to left
	messages map[string][]part // by id
	next     *Language         // for what is missing; nil: this is English
}

func newLanguage(name string) (*Language, error) {
	tag, err := language.Parse(name)
	if err != nil || tag == language.Und {
		return nil, fmt.Errorf("words: %.40q is no BCP 47 tag of a language", name)
	}
	return &Language{name: tag.String(), tag: tag, right: rightToLeft(tag), messages: map[string][]part{}}, nil
}

// clone is a copy to which messages can be added.
func (l *Language) clone() *Language {
	out := *l
	out.messages = maps.Clone(l.messages)
	return &out
}

// add parses messages.
func (l *Language) add(texts map[string]string) error {
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		parts, err := parse(texts[id])
		if err != nil {
			return fmt.Errorf("words: %s: %.100s: %w", l.name, id, err)
		}
		l.messages[id] = parts
	}
	return nil
}

// Tag is the BCP 47 tag of the language: what lang is in HTML.
func (l *Language) Tag() string { return l.name }

// Dir is the direction in which the language is written, "ltr" or "rtl": what dir is
// in HTML.
func (l *Language) Dir() string {
	if l.right {
		return "rtl"
	}
	return "ltr"
}

// Has says whether there is a message with this id, if only in English.
func (l *Language) Has(id string) bool {
	_, parts := l.find(id)
	return parts != nil
}

// find looks a message up, and says whose it is; nil: there is none.
func (l *Language) find(id string) (*Language, []part) {
	for ; l != nil; l = l.next {
		if parts := l.messages[id]; parts != nil {
			return l, parts
		}
	}
	return nil, nil
}

// Text is the message with an id. Its variables come as pairs of a name and a value: a
// string, a whole number, a bool, a time.Time (written as by Time), a time.Duration
// (Span) or a []string (List); anything else is written as by fmt.Sprint. In the
// place of a pair there may be a map[string]string of them. The result is plain text,
// to be escaped where it becomes HTML.
//
// A variable without a value stands there as {name}. Where no message has the id, the
// id is the text.
func (l *Language) Text(id string, pairs ...any) string {
	of, parts := l.find(id)
	if parts == nil {
		return id
	}
	if len(parts) == 1 && parts[0].kind == literal {
		return parts[0].text
	}
	var b strings.Builder
	of.write(&b, parts, pairs, "")
	return b.String()
}

// rightToLeft says how a language is written, by the script that it is written in
// (Unicode Standard Annex #24, and chapter 9 of the standard).
func rightToLeft(tag language.Tag) bool {
	script, _ := tag.Script()
	switch script.String() {
	case "Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa":
		return true
	}
	return false
}
