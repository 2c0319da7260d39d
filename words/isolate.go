package words

import "strings"

// The characters of the Unicode Bidirectional Algorithm (UAX #9) that keep a text from
// moving what stands around it.
const (
	isolates = "\u2066\u2067\u2068" // LRI, RLI, FSI
	begin    = "\u2068"             // FSI: the direction is that of its first letter
	end      = "\u2069"             // PDI
)

// Isolate encloses a value that is, or may be, written in another direction than the
// language, as Text does with the values that it is given, for what stands beside
// messages in plain text. Codes and numbers are left as they are: what is copied from
// a message, and what phones fill in from it, has no invisible characters.
func (l *Language) Isolate(value string) string {
	if !l.right && !strings.ContainsFunc(value, fromRight) || strings.Trim(value, "0123456789-") == "" {
		return value
	}
	value, whole := balanced(value)
	if whole {
		return value
	}
	return begin + value + end
}

// balanced is a value in which each isolation ends that begins, as one that ended
// ours early would turn around what follows; and whether it is isolated as a whole.
func balanced(value string) (string, bool) {
	if !strings.ContainsAny(value, isolates+end) {
		return value, false
	}
	depth, whole := 0, true
	for i, r := range value {
		if depth == 0 && i > 0 {
			whole = false
		}
		switch {
		case strings.ContainsRune(isolates, r):
			depth++
		case string(r) == end:
			depth--
		}
		if depth < 0 {
			break
		}
		if depth == 0 && i == 0 {
			whole = false
		}
	}
	if depth == 0 {
		return value, whole
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(isolates+end, r) {
			return -1
		}
		return r
	}, value), false
}

// fromRight says whether a character is in the blocks that Unicode reserves for
// scripts written from right to left.
func fromRight(r rune) bool {
	return r >= 0x0590 && r <= 0x08FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFF ||
		r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
}
