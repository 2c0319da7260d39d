package attack

import (
	"fmt"
	"regexp"
	"strings"
)

const intro = `# Attacks

What happens when the attacks that others have suffered are tried on this library. Each row was played against
the demo (` + "`examples/webapp`" + `), which runs as it would anywhere: over HTTP, from outside, by an attacker who has what the
row says and nothing else. The answers below were seen, not promised: ` + "`go run ./internal/e2e/attack/print`" + ` plays all of
it and writes this page, and ` + "`go test ./internal/e2e/attack`" + ` fails where something else is answered, where the attacker
gets in, or where the owner does not.

The ids are those of [security.md](security.md), which says what each weakness was elsewhere. How the attackers are
thought of, and what no second factor keeps out, is in [threats.md](threats.md); the numbers are explained in
[limits.md](limits.md). Where an attack needs more than HTTP, such as a copy of the database, the tests that play it are
named; ` + "`go test ./... -run NAME`" + ` runs one.

*Not in* means that the attacker's browsers read none of the account's pages and calls afterwards. *Here* is
` + "`go test ./internal/e2e/attack -run 'TestAttacks/.*/A-01$'`" + `, with the row's id.
`

// Page writes docs/attacks.md, from the results by attack.
func Page(themes []Theme, results map[string]Result) string {
	var b strings.Builder
	b.WriteString(intro)
	for _, t := range themes {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| id | what is tried | the attacker has | what is answered | and then | tested |\n|---|---|---|---|---|---|\n", t.Title, wrapped(t.Text))
		for _, a := range t.Attacks {
			b.WriteString(Row(a, results[a.ID]))
		}
	}
	return b.String()
}

// Row is the line of an attack.
func Row(a Attack, r Result) string {
	answered, then, test := strings.Join(r.Answers, "; "), strings.Join(r.Afterwards, "; "), "here"
	switch {
	case len(a.Elsewhere) > 0:
		answered, then, test = "see the tests", "", "`"+strings.Join(a.Elsewhere, "`, `")+"`"
	case a.Not != "":
		answered, then, test = "not played: "+a.Not, "", ""
	}
	return "| " + strings.Join([]string{a.ID, cell(a.Tried), cell(a.Has), cell(answered), cell(then), test}, " | ") + " |\n"
}

// cell is a text that stays in its cell.
func cell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }

var words = regexp.MustCompile(`\S+`)

// wrapped breaks a text into lines, as the other pages have them.
func wrapped(s string) string {
	var b strings.Builder
	n := 0
	for _, w := range words.FindAllString(s, -1) {
		switch {
		case n == 0:
		case n+1+len(w) > 120:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String()
}
