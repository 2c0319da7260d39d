package policy

import (
	"fmt"
	"strings"
)

// An Error says what is wrong with a policy, and where. [Parse], [ParseFor] and
// [Live.Replace] return one; what [Policy.Validate] returns is a join of them.
type Error struct {
	Line   int    // of the file, from 1 on; 0: the policy did not come from a file
	Member string // what it is about, "phases[1].grace.until"; empty: the whole
	Err    error  // the reason
}

func (e *Error) Error() string {
	out := "policy: "
	if e.Line > 0 {
		out += fmt.Sprintf("line %d: ", e.Line)
	}
	if e.Member != "" {
		out += fmt.Sprintf("%.120s: ", e.Member)
	}
	return out + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// The parts of a member's path. What a file's author named is quoted where it
// could be taken for something else.

func join(path, member string) string {
	if path == "" {
		return member
	}
	return path + "." + member
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func named(path, name string) string {
	if isName(name) {
		return join(path, name)
	}
	return path + "[" + quote(name) + "]"
}

// parent is the path without its last part.
func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return ""
}

// quote is s for a message, cut where it is long.
func quote(s string) string { return fmt.Sprintf("%.40q", s) }
