// Package cell makes text in tables harmless for whoever opens them in a spreadsheet.
package cell

import "strings"

// Text is a cell that no spreadsheet computes. A formula in the name of a cohort or
// in an identifier that users choose would run with the rights of whoever opens the
// file (OWASP, CSV injection). Spreadsheets may skip blanks before they look, and
// take the wide forms of these characters for the narrow ones in some languages.
func Text(s string) string {
	const starts = "=+-@\t\r\n|%＝＋－＠"
	if t := strings.TrimLeft(s, " \u00a0\u3000"); t != "" && strings.ContainsRune(starts, []rune(t)[0]) {
		return "'" + s
	}
	return s
}
