package words

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// write appends parts. Number is what # stands for.
func (l *Language) write(b *strings.Builder, parts []part, pairs []any, number string) {
	for i := range parts {
		p := &parts[i]
		value, there := lookup(pairs, p)
		switch p.kind {
		case literal:
			b.WriteString(p.text)
		case count:
			b.WriteString(number)
		case variable:
			if there {
				b.WriteString(l.show(value))
			} else {
				b.WriteString("{" + p.text + "}")
			}
		case country, inSentence:
			b.WriteString(l.country(value, p.kind == inSentence))
		case plurals:
			n, ok := whole(value)
			inner := "{" + p.text + "}"
			if ok {
				inner = l.Number(n)
			}
			l.write(b, l.form(p, n, ok), pairs, inner)
		case selects:
			l.write(b, chosen(p, value), pairs, number)
		}
	}
}

// lookup finds the value of a part's variable.
func lookup(pairs []any, p *part) (any, bool) {
	if p.kind == literal || p.kind == count {
		return nil, false
	}
	for i := 0; i < len(pairs); {
		switch name := pairs[i].(type) {
		case map[string]string:
			if value, ok := name[p.text]; ok {
				return value, true
			}
			i++
		case string:
			if name == p.text && i+1 < len(pairs) {
				return pairs[i+1], true
			}
			i += 2
		default:
			return nil, false
		}
	}
	return nil, false
}

// country is what a country is called; one that is not known is its code.
func (l *Language) country(code any, sentence bool) string {
	text, _ := code.(string)
	id := "country." + strings.ToLower(text)
	for of := l; of != nil && len(text) == 2; of = of.next {
		if name := of.messages[id+".sentence"]; name != nil && sentence {
			return l.Isolate(name[0].text)
		}
		if name := of.messages[id]; name != nil {
			return l.Isolate(name[0].text)
		}
	}
	return l.Isolate(text)
}

// show writes a value.
func (l *Language) show(value any) string {
	switch v := value.(type) {
	case string:
		return l.Isolate(v)
	case written:
		return string(v)
	case time.Time:
		return l.Time(v)
	case time.Duration:
		return l.Span(v)
	case []string:
		return l.List(v)
	}
	if n, ok := whole(value); ok {
		return l.Number(n)
	}
	return l.Isolate(fmt.Sprint(value))
}

// whole is a value as a number. Texts count: numbers come out of stored reasons as
// such.
func whole(value any) (int, bool) {
	const most = 1 << 53
	switch v := value.(type) {
	case nil, time.Duration:
		return 0, false
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	switch r := reflect.ValueOf(value); {
	case r.CanInt():
		return int(r.Int()), true
	case r.CanUint():
		return int(min(r.Uint(), most)), true
	}
	return 0, false
}

// form is the case of a plural for a number.
func (l *Language) form(p *part, n int, ok bool) []part {
	if !ok {
		return pick(p, other)
	}
	for i := range p.cases {
		if p.cases[i].exact == n && n >= 0 {
			return p.cases[i].parts
		}
	}
	return pick(p, pluralForm(l.tag, n))
}

// chosen is the case of a select for a value. No text but the empty one is "empty":
// what somebody is called must not be a case that was not meant for it.
func chosen(p *part, value any) []part {
	key := ""
	if value != nil {
		key = fmt.Sprint(value)
	}
	switch key {
	case "":
		key = empty
	case empty:
		key = other
	}
	return pick(p, key)
}

func pick(p *part, key string) []part {
	var rest []part
	for i := range p.cases {
		switch p.cases[i].key {
		case key:
			return p.cases[i].parts
		case other:
			rest = p.cases[i].parts
		}
	}
	return rest
}
