package words

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// open are the beginnings of ids that hosts may add: what their own factors, problems
// and signals are called and say, and what they say on pages of their own.
var open = []string{"method.", "label.", "error.", "risk.", "host."}

// check holds a message of a language to the English one of the same id; nil:
// there is none.
func (l *Language) check(id string, reference []part) error {
	parts := l.messages[id]
	if name, ok := strings.CutSuffix(id, ".sentence"); ok && strings.HasPrefix(id, "country.") && l.messages[name] != nil {
		return l.complete(parts) // languages differ in which have another form
	}
	if err := l.complete(parts); err != nil {
		return err
	}
	if reference == nil {
		if l.name == english && validID(id) && slices.ContainsFunc(open, func(p string) bool { return strings.HasPrefix(id, p) }) {
			return nil
		}
		return errors.New("there is no such message in English")
	}
	have, want := variables(parts), variables(reference)
	for _, name := range want {
		if !slices.Contains(have, name) {
			return fmt.Errorf("it has no {%s}", name)
		}
	}
	for _, name := range have {
		if !slices.Contains(want, name) {
			return fmt.Errorf("there is no {%s} to write", name)
		}
	}
	return nil
}

// validID says whether a text has the form of an id: small letters, digits and _ in
// parts, with dots between them.
func validID(id string) bool {
	for p := range strings.SplitSeq(id, ".") {
		if p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return false
		}
	}
	return len(id) <= 100
}

// complete says which plural form, or text, is missing.
func (l *Language) complete(parts []part) error {
	if len(parts) == 0 {
		return errors.New("it is empty")
	}
	var err error
	each(parts, func(p *part) {
		if p.kind == plurals && err == nil {
			err = l.covers(p)
		}
	})
	return err
}

// covers says which form a plural lacks: one of a number that has no case of its own.
func (l *Language) covers(p *part) error {
	const most = 1000 // the rules of all languages repeat themselves from there on
	has := map[string]bool{}
	exact := map[int]bool{-1: false}
	for _, c := range p.cases {
		has[c.key] = true
		exact[c.exact] = true
	}
	for n := range most {
		if form := pluralForm(l.tag, n); !exact[n] && !has[form] {
			return fmt.Errorf("{%s, plural, …} has no form %q, as for %d", p.text, form, n)
		}
	}
	return nil
}

// variables are the names that parts use, in order and each once. A country is
// told apart from a text: it would show its code.
func variables(parts []part) []string {
	names := map[string]bool{}
	each(parts, func(p *part) {
		switch p.kind {
		case country, inSentence:
			names[p.text+", country"] = true
		case variable, plurals, selects:
			names[p.text] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

// each calls do for parts, and for the parts within them.
func each(parts []part, do func(*part)) {
	for i := range parts {
		do(&parts[i])
		for _, c := range parts[i].cases {
			each(c.parts, do)
		}
	}
}
