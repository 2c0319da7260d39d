package words

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"

	"golang.org/x/text/language"
)

// english is the tag of the language that has every message.
const english = "en"

//go:embed */*.json
var files embed.FS

// A Catalogue holds the messages of some languages. It does not change; it is
// safe for use by any number of goroutines.
type Catalogue struct {
	languages []*Language // English first, the others by tag
	matcher   language.Matcher
}

// Default is the catalogue of this package: English, Arabic, German and Spanish.
func Default() *Catalogue { return own() }

var own = sync.OnceValue(func() *Catalogue {
	all, err := read(files)
	if err != nil {
		panic("words: " + err.Error()) // a test reads them all
	}
	return all
})

// read makes a catalogue of the files LANG/NAME.json.
func read(from fs.FS) (*Catalogue, error) {
	folders, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, err
	}
	var all []*Language
	for _, f := range folders {
		texts, err := readLanguage(from, f.Name())
		if err != nil {
			return nil, err
		}
		l, err := newLanguage(f.Name())
		if err != nil {
			return nil, err
		}
		if err := l.add(texts); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return assemble(all)
}

// readLanguage reads the files of one language, in which no id stands twice.
func readLanguage(from fs.FS, tag string) (map[string]string, error) {
	names, err := fs.Glob(from, path.Join(tag, "*.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, name := range names {
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for id, text := range texts {
			if _, twice := all[id]; twice {
				return nil, fmt.Errorf("%s: %s is in another file too", name, id)
			}
			all[id] = text
		}
	}
	return all, nil
}

// assemble makes a catalogue of languages, of which one is English.
func assemble(all []*Language) (*Catalogue, error) {
	slices.SortFunc(all, func(a, b *Language) int {
		switch {
		case a.name == b.name:
			return 0
		case a.name == english || b.name != english && a.name < b.name:
			return -1
		}
		return 1
	})
	if len(all) == 0 || all[0].name != english {
		return nil, errors.New("there is no English")
	}
	c := &Catalogue{languages: all}
	tags := make([]language.Tag, len(all))
	for i, l := range all {
		tags[i] = l.tag
		l.next = nil
		if i > 0 {
			l.next = c.parent(l)
		}
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// parent is the language that has what another one leaves out: for de-AT de, if
// there is one, else English.
func (c *Catalogue) parent(of *Language) *Language {
	for tag := of.tag.Parent(); tag != language.Und; tag = tag.Parent() {
		for _, l := range c.languages {
			if l.tag == tag {
				return l
			}
		}
	}
	return c.languages[0]
}

// With is the catalogue with other messages in a language, or with a language that
// it did not have. The tag is one of BCP 47 ("fr", "pt-BR"). What messages leave out
// is as it was; in a new language, that of its parent ("de" of "de-AT") or English.
//
// A message has to have the variables of the English one and no others, and all
// plural forms that its language has. An id that there is not in English is refused,
// but for what a host's own factors, problems, signals and pages say: With("en", …) may
// add method.NAME, label.NAME, error.CODE, risk.CODE and host.NAME. The error names the id.
func (c *Catalogue) With(tag string, messages map[string]string) (*Catalogue, error) {
	to, err := newLanguage(tag)
	if err != nil {
		return nil, err
	}
	var all []*Language
	for _, l := range c.languages {
		l = l.clone()
		if l.name == to.name {
			to = l
			continue
		}
		all = append(all, l)
	}
	if err := to.add(messages); err != nil {
		return nil, err
	}
	out, err := assemble(append(all, to))
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(messages)) {
		if err := to.check(id, c.languages[0].messages[id]); err != nil {
			return nil, fmt.Errorf("words: %s: %s: %w", to.name, id, err)
		}
	}
	return out, nil
}

// Tags are the languages that there are, as BCP 47 tags; English is the first.
func (c *Catalogue) Tags() []string {
	tags := make([]string, len(c.languages))
	for i, l := range c.languages {
		tags[i] = l.name
	}
	return tags
}

// IDs are the ids of all messages, in order.
func (c *Catalogue) IDs() []string { return slices.Sorted(maps.Keys(c.languages[0].messages)) }
