package gateway

import (
	"strings"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

// check refuses a message that must not reach a carrier. What passes has one
// number, and an ID and a report token that need no escaping anywhere.
func check(m mfa.Message) *mfa.SendError {
	switch {
	case m.Channel != mfa.ChannelSMS:
		return ours(mfa.SendRefused, "the message is not a text message")
	case !isE164(m.To):
		return ours(mfa.SendBadDestination, "the destination is not one number in E.164 form")
	case m.Text == "" || !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0):
		return ours(mfa.SendRefused, "the text is empty or not UTF-8")
	case utf8.RuneCountInString(m.Text) > maxText:
		return ours(mfa.SendRefused, "the text is too long")
	case !isToken(m.ID):
		return ours(mfa.SendRefused, "the message's ID has other characters than letters and digits")
	case !isToken(m.Report):
		return ours(mfa.SendRefused, "the report token has characters that are not safe in a URL")
	}
	return nil
}

// isE164 says whether s is a plus sign and 7 to 15 ASCII digits, the first not
// zero. So an extension, a second number, a line break or an escape is none.
func isE164(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= minDigits && len(digits) <= maxDigits && digits[0] != '0' && isDigits(digits)
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == "" && s != ""
}

// isToken says whether s, which may be empty, is of the unreserved characters of
// RFC 3986 §2.3.
func isToken(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return len(s) <= maxToken
}

// reference is what is kept of a carrier's own reference, as it goes into logs:
// nothing where it is not of a reference's form, or has the number in it.
func reference(s, to string) string {
	if !isToken(s) || strings.Contains(s, to[1:]) {
		return ""
	}
	return s
}
