// Package gsm7 knows the default alphabet of text messages (3GPP TS 23.038,
// section 6.2.1), and with it what a message costs.
package gsm7

import "strings"

const (
	basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extended = "\f^{}\\[~]|€" // behind an escape, so that each takes two places
)

// Fits says whether a text can be sent in the alphabet. If not it goes as UCS-2.
func Fits(text string) bool {
	for _, r := range text {
		if !strings.ContainsRune(basic, r) && !strings.ContainsRune(extended, r) {
			return false
		}
	}
	return true
}

// Segments is how many messages a text costs: of 160 places in the alphabet (153
// where there are several), of 70 (67) as UCS-2.
func Segments(text string) int {
	places := 0
	single, part := 160, 153
	if Fits(text) {
		for _, r := range text {
			if places++; strings.ContainsRune(extended, r) {
				places++
			}
		}
	} else {
		single, part = 70, 67
		for _, r := range text {
			if places++; r > 0xffff {
				places++
			}
		}
	}
	if places <= single {
		return 1
	}
	return (places + part - 1) / part
}
