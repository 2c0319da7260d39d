package words

import "strings"

// Enrollment is what to call a way to confirm who one is: "Authenticator app “Ada's
// phone” (•• 67)". Method is the name of its method ("totp"), label what its
// user calls it, hint a masked number or address; each may be empty.
func (l *Language) Enrollment(method, label, hint string) string {
	var name any = method
	if id := "method." + method; l.Has(id) {
		name = written(l.Text(id))
	} else if method == "" {
		name = written(l.Text("method.other"))
	}
	if made, ok := l.made(label); ok {
		name, label = written(made), "" // it says what it is
	}
	return l.Text("method.named", "method", name, "label", label, "hint", hint)
}

// Label is what its user calls an enrollment. A label that the engine has made up, as
// nobody gave one ("Authenticator app 2"), is in this language.
func (l *Language) Label(label string) string {
	if made, ok := l.made(label); ok {
		return made
	}
	return label
}

var slug = strings.NewReplacer(" ", "_", "-", "_")

// made translates a label that the engine has made: what the factor says, in English,
// and a number if there are several.
func (l *Language) made(label string) (string, bool) {
	base := strings.TrimRight(label, "0123456789")
	number := label[len(base):]
	if number != "" {
		before, spaced := strings.CutSuffix(base, " ")
		if !spaced {
			return "", false
		}
		base, number = before, " "+number
	}
	id := "label." + strings.ToLower(slug.Replace(base))
	if base == "" || !l.Has(id) {
		return "", false
	}
	return l.Text(id) + number, true
}
