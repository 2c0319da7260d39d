// Package shown makes what other people chose fit to be shown in a message: one
// line of it, and no more than that. A name, a place and a User-Agent header are
// in mails that people trust, and must not become links, lines or instructions.
package shown

import (
	"regexp"
	"strings"
	"unicode"
)

// Line drops what cannot be seen and what turns text around, and makes one space
// of line breaks, control characters and spaces.
func Line(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}

// link matches what mail programs make a link of, in any script and with any of
// the dots that domain names are written with.
var link = regexp.MustCompile(`(?i)://|www[.。．｡]|[\pL\pN_-][.。．｡]\pL{2,}|@|mailto:|tel:`)

// number matches six and more digits, with what is written between them.
var number = regexp.MustCompile(`\+?\(?\p{Nd}(?:[\s().\-–/]*\p{Nd}){5,}`)

// hideNumbers leaves two digits of each long number: beside the code of a message
// there is no other that could be taken for it.
func hideNumbers(text string) string {
	return number.ReplaceAllStringFunc(text, func(n string) string {
		var digits []rune
		for _, r := range n {
			if unicode.Is(unicode.Nd, r) {
				digits = append(digits, r)
			}
		}
		return "…" + string(digits[len(digits)-2:])
	})
}

// Text is text that somebody chose, of at most limit characters; nothing, if it
// would become a link.
func Text(text string, limit int) string {
	text = Line(text)
	if link.MatchString(text) {
		return ""
	}
	return isolate(short(hideNumbers(text), limit))
}

// Hint is a masked number or address, as a factor made it: links are not looked
// for, as an address is one.
func Hint(text string, limit int) string { return isolate(short(hideNumbers(Line(text)), limit)) }

// address matches a name that is an e-mail address and nothing else.
var address = regexp.MustCompile(`^[\pL\pN.!#$&'*+=?^_~-]+@[\pL\pN.-]+$`)

// Account is the name of an account, which may be an address.
func Account(name string, limit int) string {
	if text := Line(name); address.MatchString(text) && len([]rune(text)) <= limit {
		return isolate(text)
	}
	return Text(name, limit)
}

func short(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return strings.TrimSpace(string(runes[:limit-1])) + "…"
	}
	return text
}

// isolate keeps text that is written from right to left from moving what
// stands around it (Unicode Bidirectional Algorithm, FSI and PDI).
func isolate(text string) string {
	if strings.ContainsFunc(text, rightToLeft) {
		return "\u2068" + text + "\u2069"
	}
	return text
}

// rightToLeft says whether a character is in the blocks that Unicode reserves for
// scripts written from right to left.
func rightToLeft(r rune) bool {
	return r >= 0x0590 && r <= 0x08FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFF ||
		r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
}
