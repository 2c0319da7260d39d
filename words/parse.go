package words

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a message may be: far more than any of ours, and little enough that neither
// parsing nor writing is ever long.
const (
	maxMessage = 4096 // bytes
	maxName    = 32   // bytes of a variable or a keyword
	maxDepth   = 4    // choices within choices
	maxCases   = 32   // of one choice
)

// A part is a piece of a message.
type part struct {
	kind  kind
	text  string // what stands there, or the variable's name
	cases []choice
}

type kind uint8

const (
	literal    kind = iota
	variable        // {name}
	country         // {name, country}: the country with that ISO 3166-1 code
	inSentence      // {name, country, sentence}: the same with what it has in a sentence ("the")
	count           // #, in a plural: its number
	plurals         // {name, plural, …}
	selects         // {name, select, …}
)

// A choice is one case of a plural or a select.
type choice struct {
	key   string // "=2", "few", "other", or a select's word
	exact int    // the number of "=2"; -1: none
	parts []part
}

const (
	other = "other" // every choice has it
	empty = "empty" // in a select: the value is the empty text
)

var categories = []string{"zero", "one", "two", "few", "many", other}

// parse reads a message in the subset of ICU's syntax that doc.go describes.
func parse(text string) ([]part, error) {
	if len(text) > maxMessage {
		return nil, fmt.Errorf("it is longer than %d bytes", maxMessage)
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not UTF-8")
	}
	p := parser{rest: text}
	parts, err := p.parts(0, false)
	if err == nil && p.rest != "" {
		err = errors.New("there is a } without its {")
	}
	return parts, err
}

type parser struct{ rest string }

// parts reads until the end, or the } that ends a choice.
func (p *parser) parts(depth int, numbered bool) ([]part, error) {
	var out []part
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			out = append(out, part{kind: literal, text: run.String()})
			run.Reset()
		}
	}
	for p.rest != "" && p.rest[0] != '}' {
		switch c := p.rest[0]; {
		case c == '\'':
			p.quoted(&run, numbered)
		case c == '{':
			flush()
			argument, err := p.argument(depth, numbered)
			if err != nil {
				return nil, err
			}
			out = append(out, argument)
		case c == '#' && numbered:
			flush()
			out = append(out, part{kind: count})
			p.rest = p.rest[1:]
		default:
			plain := strings.IndexAny(p.rest[1:], "'{}#") + 1
			if plain == 0 {
				plain = len(p.rest)
			}
			run.WriteString(p.rest[:plain])
			p.rest = p.rest[plain:]
		}
	}
	flush()
	return out, nil
}

// quoted reads from an apostrophe on, as ICU does: two are one, one before a
// character of the syntax begins a quotation, any other is itself.
func (p *parser) quoted(run *strings.Builder, numbered bool) {
	p.rest = p.rest[1:]
	switch {
	case strings.HasPrefix(p.rest, "'"):
		run.WriteByte('\'')
		p.rest = p.rest[1:]
		return
	case p.rest == "" || !strings.ContainsRune("{}", rune(p.rest[0])) && !(numbered && p.rest[0] == '#'):
		run.WriteByte('\'')
		return
	}
	for p.rest != "" {
		switch {
		case strings.HasPrefix(p.rest, "''"):
			run.WriteByte('\'')
			p.rest = p.rest[2:]
		case p.rest[0] == '\'':
			p.rest = p.rest[1:]
			return
		default:
			run.WriteByte(p.rest[0])
			p.rest = p.rest[1:]
		}
	}
}

// argument reads {name}, {name, country}, {name, plural, …} or {name, select, …}.
func (p *parser) argument(depth int, numbered bool) (part, error) {
	p.rest = p.rest[1:]
	name, err := p.word()
	if err != nil {
		return part{}, err
	}
	if p.next('}') {
		return part{kind: variable, text: name}, nil
	}
	if !p.next(',') {
		return part{}, fmt.Errorf("after {%s there is neither } nor a comma", name)
	}
	how, err := p.word()
	if err != nil {
		return part{}, err
	}
	out := part{text: name}
	if how == "country" {
		return p.country(out)
	}
	switch how {
	case "plural":
		out.kind, numbered = plurals, true
	case "select":
		out.kind = selects
	default:
		return part{}, fmt.Errorf("{%s, %s …} is none of country, plural and select", name, how)
	}
	if !p.next(',') {
		return part{}, fmt.Errorf("{%s, %s has no comma and no cases", name, how)
	}
	if depth == maxDepth {
		return part{}, fmt.Errorf("more than %d choices are within each other", maxDepth)
	}
	out.cases, err = p.choices(out.kind, depth+1, numbered)
	if err != nil {
		return part{}, fmt.Errorf("{%s, %s …}: %w", name, how, err)
	}
	return out, nil
}

// country reads what is left of {name, country} or {name, country, sentence}.
func (p *parser) country(out part) (part, error) {
	out.kind = country
	if p.next(',') {
		out.kind = inSentence
		if form, err := p.word(); err != nil || form != "sentence" {
			return part{}, fmt.Errorf("after {%s, country there is something else than sentence", out.text)
		}
	}
	if !p.next('}') {
		return part{}, fmt.Errorf("after {%s, country there is no }", out.text)
	}
	return out, nil
}

// choices reads the cases of a plural or select, and the } behind them.
func (p *parser) choices(k kind, depth int, numbered bool) ([]choice, error) {
	var out []choice
	for !p.next('}') {
		c, err := p.choice(k)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o choice) bool { return o.key == c.key }) {
			return nil, fmt.Errorf("%s is there twice", c.key)
		}
		if len(out) == maxCases {
			return nil, fmt.Errorf("there are more than %d cases", maxCases)
		}
		if !p.next('{') {
			return nil, fmt.Errorf("after %s there is no {", c.key)
		}
		if c.parts, err = p.parts(depth, numbered); err != nil {
			return nil, err
		}
		if p.rest == "" {
			return nil, fmt.Errorf("the { after %s has no }", c.key)
		}
		p.rest = p.rest[1:]
		out = append(out, c)
	}
	if !slices.ContainsFunc(out, func(c choice) bool { return c.key == other }) {
		return nil, errors.New("there is no other")
	}
	return out, nil
}

// choice reads what a case is called.
func (p *parser) choice(k kind) (choice, error) {
	p.spaces()
	if k == plurals && strings.HasPrefix(p.rest, "=") {
		end := strings.IndexFunc(p.rest[1:], func(r rune) bool { return r < '0' || r > '9' })
		if end < 1 || end > 6 || end > 1 && p.rest[1] == '0' {
			return choice{}, errors.New("= has no number, or one that is too large")
		}
		digits := p.rest[1 : 1+end]
		n, err := strconv.Atoi(digits)
		if err != nil {
			return choice{}, err
		}
		p.rest = p.rest[1+end:]
		return choice{key: "=" + digits, exact: n}, nil
	}
	key, err := p.word()
	if err == nil && k == plurals && !slices.Contains(categories, key) {
		err = fmt.Errorf("%s is no plural form", key)
	}
	return choice{key: key, exact: -1}, err
}

// word reads a name: small letters, digits and _, beginning with a letter.
func (p *parser) word() (string, error) {
	p.spaces()
	end := 0
	for end < len(p.rest) {
		c := p.rest[end]
		if 'a' <= c && c <= 'z' || end > 0 && (c == '_' || '0' <= c && c <= '9') {
			end++
			continue
		}
		break
	}
	if end == 0 || end > maxName {
		return "", fmt.Errorf("at %.20q there is no name of at most %d small letters, digits and _", p.rest, maxName)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word, nil
}

// next reads a character, if it is the next one after spaces.
func (p *parser) next(c byte) bool {
	p.spaces()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) spaces() { p.rest = strings.TrimLeft(p.rest, " \t\n\r") }
