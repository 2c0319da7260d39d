package mfahttp

import (
	"fmt"
	"log/slog"
)

// What a page of a mailed link is made of holds the link's token, and prints and logs
// without it.

// Format prints no more than what the page is about.
func (p LinkPage) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "mfahttp.LinkPage(button %t, done %t)", p.Button, p.Done)
}

// LogValue is what Format prints.
func (p LinkPage) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Format prints no more than what the page is about.
func (p NoticePage) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "mfahttp.NoticePage(%s)", p.Kind) }

// LogValue is what Format prints.
func (p NoticePage) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }
