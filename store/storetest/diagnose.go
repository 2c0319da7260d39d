package storetest

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// What came back wrong often tells where it went wrong.

// aboutValue guesses what has made got of want; empty: nothing known.
func aboutValue(got, want []byte) string {
	nul := bytes.IndexByte(want, 0)
	switch {
	case len(got) == 0:
		return "nothing is left of it: NULL, or a column that was not read?"
	case nul == len(got) && bytes.HasPrefix(want, got):
		return "it ends at its first NUL: text instead of bytes?"
	case len(got) < len(want) && bytes.HasPrefix(want, got):
		return fmt.Sprintf("it is cut off at %d bytes: a bound of the column or the client?", len(got))
	case len(got) > len(want) && bytes.HasPrefix(got, want):
		return "there is more behind it: padding, or a rest of a former value?"
	case bytes.Equal(got, bytes.TrimSpace(want)):
		return "white space was trimmed: text instead of bytes?"
	case bytes.Equal(got, bytes.ToValidUTF8(want, []byte("\ufffd"))), bytes.Equal(got, bytes.ToValidUTF8(want, nil)):
		return "what is not UTF-8 was replaced: text instead of bytes?"
	case len(got) == len(want) && len(bytes.Trim(got, "\x00")) == 0:
		return "it is all zero: the caller's later writes are seen?"
	}
	return ""
}

// aboutVersion is aboutValue for versions.
func aboutVersion(got, want int64) string {
	switch {
	case got == 0:
		return "version 0: a column that was not read?"
	case got == int64(int32(want)):
		return "32 bits of it are left"
	case got == int64(float64(want)) || got == int64(float32(want)):
		return "rounded, as by a floating-point number"
	case got > 0 && got <= 100 && (want > 1000 || want < 0):
		return "counted by the store? The version is the caller's"
	}
	return ""
}

// aboutExpires is aboutValue for times of expiry.
func aboutExpires(got, want time.Time) string {
	off := got.Sub(want).Abs()
	switch {
	case got.IsZero():
		return "it was not stored, or not read"
	case want.IsZero() && got.Unix() == 0:
		return "never has become 1970: no expiry needs a value of its own"
	case want.IsZero():
		return "a former expiry was kept, or never has no value of its own"
	case off < time.Millisecond:
		return "kept in milliseconds? Microseconds are asked for"
	case off < time.Second:
		return "kept in seconds? Microseconds are asked for"
	case off < 15*time.Hour && off%(15*time.Minute) == 0:
		return "off by whole quarters of an hour: the time zone was lost"
	}
	return ""
}

// alikes are ways in which keys that differ are taken for one, as a function that
// makes them equal, and what it tells. The first that applies is told.
var alikes = []struct {
	means string
	fold  func(string) string
}{
	{"case is ignored", strings.ToLower},
	{"white space is trimmed or ignored", strings.TrimSpace},
	{"keys are cleaned, as paths are", path.Clean},
	{"keys end at a NUL", func(key string) string { key, _, _ = strings.Cut(key, "\x00"); return key }},
	{"long keys are cut off", func(key string) string { return key[:min(len(key), 190)] }},
	{"what is invisible is ignored", strings.NewReplacer("\u200b", "", "\u200d", "", "\u00ad", "", "\ufeff", "", "\ufe0f", "").Replace},
	{"characters of four bytes are not told apart, as in utf8mb3 of MySQL", func(key string) string {
		return strings.Map(func(r rune) rune {
			if r > 0xffff || r == '\ufffd' {
				return '?'
			}
			return r
		}, key)
	}},
	{"an escape is undone", func(key string) string {
		if plain, err := url.PathUnescape(key); err == nil {
			return plain
		}
		return key
	}},
	{"keys are taken for numbers", func(key string) string {
		if n, err := strconv.ParseFloat(key, 64); err == nil {
			return fmt.Sprint(n)
		}
		return key
	}},
}

// aboutKeys guesses why two keys were taken for one.
func aboutKeys(a, b string) string {
	for _, alike := range alikes {
		if alike.fold(a) == alike.fold(b) {
			return alike.means
		}
	}
	return "a collation, an escape or a pattern?"
}

// because puts a guess behind a statement.
func because(guess string) string {
	if guess == "" {
		return ""
	}
	return " (" + guess + ")"
}
