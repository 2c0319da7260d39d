package main

import (
	"fmt"
	"strings"
)

// fill puts every section between its marks.
func fill(text string, f figures) (string, error) {
	for _, s := range sections {
		begin, end := "<!-- measured: "+s.mark+" -->\n", "\n<!-- end of what was measured -->"
		before, rest, ok := strings.Cut(text, begin)
		_, after, ended := strings.Cut(rest, end)
		if !ok || !ended {
			return "", fmt.Errorf("the document has no marks for %q", s.mark)
		}
		made, err := s.text(f)
		if err != nil {
			return "", err
		}
		text = before + begin + made + end + after
	}
	return text, nil
}
