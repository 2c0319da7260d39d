package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// licenceFile matches the names under which modules keep their terms.
var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([.-].*)?$`)

// enough is how much of a file, in per cent, has to be a licence that is known word for
// word before the file counts as that licence.
const enough = 75

// chosen are modules that offer a choice, by path, with what is taken of it.
var chosen = map[string]string{
	"github.com/golang/freetype": "FTL", // or GPL-2.0-or-later; its LICENSE names the files of both
}

// licences are the SPDX identifiers of the terms of a module whose files are in dir.
func licences(path, dir string) ([]string, error) {
	if id := chosen[path]; id != "" {
		return []string{id}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		cover := licensecheck.Scan(text)
		if cover.Percent < enough {
			continue
		}
		for _, m := range cover.Match {
			if id := strings.TrimSuffix(m.ID, "-NoTitle"); !m.IsURL && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("no licence that is known stands in its folder")
	}
	slices.Sort(ids)
	return ids, nil
}

// list joins names for a table.
func list(names []string) string { return strings.Join(names, ", ") }
