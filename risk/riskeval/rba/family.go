package rba

import "strings"

// Family is a browser's or system's name without its version: "Chrome Mobile" of
// "Chrome Mobile 85.0.4183".
func Family(nameAndVersion string) string {
	i := strings.LastIndexByte(nameAndVersion, ' ')
	if i <= 0 || i+1 == len(nameAndVersion) {
		return nameAndVersion
	}
	if c := nameAndVersion[i+1]; c < '0' || c > '9' {
		return nameAndVersion
	}
	return nameAndVersion[:i]
}
