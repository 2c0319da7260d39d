package sms

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mfakit/mfa/internal/shown"
	"github.com/mfakit/mfa/words"
)

// What is shown of an action, in characters: the whole is on the page, and the
// message has to stay one that people read. In scripts of which 70 make a message
// there is room for less, but never for less than minAction.
const (
	maxAction    = 100
	minAction    = 20
	goodSegments = 3 // beyond it an action is cut
)

// typed are marks that programs put into texts and that would make a message of
// the GSM 7-bit alphabet cost twice as much, as they are typed.
var typed = strings.NewReplacer("‘", "'", "’", "'", "‚", "'", "“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "–", "-", "—", "-", "‑", "-", "…", "...")

// shownAction is what a message says of an action. Parts of it may be others'
// choice (a payee's name), so that it must become no line and no link; all of its
// digits stay.
func shownAction(text string, limit int) string { return typed.Replace(shown.Whole(text, limit)) }

// tryAction writes a message with an action. One that did not name it would have
// people approve what they cannot see; before the code, or at the beginning of a
// line, its words could pass for ours.
func (t texts) tryAction(l *words.Language) error {
	const marker = "this action"
	body, err := t.say(l, saying{code: sampleCode, life: sampleLife, action: marker})
	if err != nil {
		return err
	}
	if first := strings.Index(body, sampleCode); first < 0 || strings.Index(body, marker) < first {
		return errors.New("it does not say, after {code}, the {action} that people approve by it")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if strings.HasPrefix(strings.TrimLeftFunc(line, blank), marker) {
			return errors.New("it has a line that begins with {action}, where others' words could pass for yours")
		}
	}
	const wide = "\U0001F511" // takes two places; a few more of them stand for what marks a cut
	body, err = t.say(l, saying{code: sampleCode, life: sampleLife, action: strings.Repeat(wide, minAction+2)})
	if err == nil && Segments(body+t.lastLine(sampleCode)) > maxSegments {
		err = fmt.Errorf("with an {action} in another script it costs more than %d messages", maxSegments)
	}
	return err
}
