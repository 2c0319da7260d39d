// Package qr draws QR codes (ISO/IEC 18004) of error correction level M, as PNG
// and as SVG. The symbols are rsc.io/qr's; the pictures are made here, because
// showing a code to a new user should cost about a millisecond, and encoders
// that score all eight masks spend most of five on that alone.
package qr

import (
	"errors"

	"rsc.io/qr"
)

// ErrTooLong says that the text does not fit into the largest symbol at level
// M, which holds 2331 bytes.
var ErrTooLong = errors.New("qr: text is too long")

const maxBytes = 2331 // version 40-M in byte mode

// A Code is a square of dark and light modules, without the quiet zone around
// it. It is not changed once made, so any number of goroutines may use it.
type Code struct{ symbol *qr.Code }

// Encode makes the smallest symbol that holds text. Readers take bytes beyond
// ASCII for UTF-8, or for something else; keep to ASCII.
func Encode(text string) (*Code, error) {
	if len(text) > maxBytes {
		return nil, ErrTooLong
	}
	symbol, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, errors.New("qr: text cannot be encoded") // the cause might quote it
	}
	return &Code{symbol}, nil
}

// Size is the number of modules on a side: 21 to 177.
func (c *Code) Size() int { return c.symbol.Size }

// Dark says whether the module in column x and row y is dark. Both count from
// the upper left corner; outside of the symbol all is light.
func (c *Code) Dark(x, y int) bool { return c.symbol.Black(x, y) }
