package shown

import (
	"regexp"
	"strings"
)

// dot is one that makes a link of what stands around it.
var dot = regexp.MustCompile(`([\pL\pN_-])([.。．｡]\pL)|(?i)(www)([.。．｡])`)

// apart takes links apart, so that mail programs and phones make none of them.
var apart = strings.NewReplacer("@", "(at)", "://", ": //")

// schemes are those that make a link without slashes.
var schemes = regexp.MustCompile(`(?i)(mailto|tel):`)

// Whole is text that has to be read as it is, of at most limit characters: what
// is approved, of which a part (a payee's name) may be others' choice. Nothing of
// it is left out and all digits stay, since a payment without its amount is none;
// what would become a link is taken apart.
func Whole(text string, limit int) string {
	text = schemes.ReplaceAllString(apart.Replace(Line(text)), "$1 :")
	for link.MatchString(text) { // once is not enough for a.b.example
		text = dot.ReplaceAllString(text, "$1$3 $2$4")
	}
	return isolate(short(text, limit))
}
