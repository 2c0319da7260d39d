package geo

import (
	"bytes"
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gaissmai/bart"
)

// parseList reads a list of addresses and prefixes, or of AS numbers. An error is of a
// line, or for the whole.
func parseList(ctx context.Context, text []byte, maxEntries int) (*content, *Error) {
	l := lines{prefixes: new(bart.Lite), asns: map[uint32]bool{}, maxEntries: maxEntries}
	if len(text) == 0 {
		// What a file is for a moment while it is being rewritten in place.
		return nil, &Error{Err: broken("empty; a list of nothing has a comment")}
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	for n := 1; len(text) > 0; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return nil, &Error{Err: ctx.Err()}
		}
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		if len(line) > maxLine {
			return nil, &Error{Line: n, Err: ErrTooLarge}
		}
		if err := l.add(string(line)); err != nil {
			return nil, &Error{Line: n, Err: err}
		}
	}
	if len(l.asns) > 0 {
		return &content{kind: "AS numbers", asns: l.asns, entries: len(l.asns)}, nil
	}
	return &content{kind: "addresses", prefixes: l.prefixes, entries: l.prefixes.Size()}, nil
}

// lines are what was read of a list so far.
type lines struct {
	prefixes   *bart.Lite
	asns       map[uint32]bool
	maxEntries int
	read       int  // entries, repeated ones too
	heading    bool // the one line of names that a CSV file may begin with was there
}

var (
	errEntry   = broken("neither an address, nor a prefix, nor an AS number")
	errMixed   = broken("addresses and AS numbers in one list")
	errTooWide = broken("a prefix that covers most of the internet")
)

func (l *lines) add(line string) error {
	entry := firstField(line)
	if entry == "" {
		return nil
	}
	p, isPrefix := parsePrefix(entry)
	asn, isASN := parseASN(entry)
	if !isPrefix && !isASN {
		if l.read == 0 && !l.heading && strings.Contains(line, ",") && isName(entry) {
			l.heading = true
			return nil
		}
		return errEntry
	}
	if l.read++; l.read > l.maxEntries {
		return ErrTooLarge
	}
	if l.read > 1 && isPrefix != (len(l.asns) == 0) {
		return errMixed
	}
	if isASN {
		l.asns[asn] = true
		return nil
	}
	if p.Bits() < widestPrefix {
		return errTooWide
	}
	l.prefixes.Insert(p)
	return nil
}

// isName says whether the first field of a list may be the name of its column.
func isName(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// firstField is what a line is about: empty for blank lines and comments. What
// follows it (a comment, the other columns) is not looked at.
func firstField(line string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "//") {
		return ""
	}
	first, rest := cutField(line)
	switch first {
	case "ExitNode", "Published", "LastStatus": // the Tor project's list of exits with their dates
		return ""
	case "ExitAddress":
		first, _ = cutField(strings.TrimLeft(rest, " \t"))
		if first == "" {
			return "ExitAddress" // which is no entry
		}
	}
	if len(first) > 2 && first[0] == '"' && first[len(first)-1] == '"' {
		first = first[1 : len(first)-1]
	}
	if first == "" && line != "" && line[0] != '#' && line[0] != ';' {
		return line[:1] // the first column is empty: no entry
	}
	return first
}

func cutField(s string) (first, rest string) {
	i := strings.IndexAny(s, " \t,;#")
	if i < 0 {
		i = len(s)
	}
	if j := strings.Index(s[:i], "//"); j > 0 {
		i = j
	}
	return s[:i], s[i:]
}

// parsePrefix reads an address or a prefix, which may have bits set beyond its length.
func parsePrefix(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		ip, err := netip.ParseAddr(s)
		if err != nil || ip.Zone() != "" {
			return netip.Prefix{}, false
		}
		ip = plain(ip)
		return netip.PrefixFrom(ip, ip.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	p = plainPrefix(p)
	return p, p.IsValid()
}

// parseASN reads "AS123" or "123". 0 is no network (RFC 7607).
func parseASN(s string) (uint32, bool) {
	if len(s) > 2 && (s[0] == 'A' || s[0] == 'a') && (s[1] == 'S' || s[1] == 's') {
		s = s[2:]
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n != 0
}
