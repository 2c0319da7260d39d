package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	workers := flag.Int("workers", 2, "how many mutants run at a time")
	listed := flag.String("equivalent", "internal/mutate/equivalent.txt", "the mutants that may survive, each with its reason")
	match := flag.String("match", "", "only mutants whose name matches this regular expression")
	flag.Parse()
	only, err := regexp.Compile(*match)
	if err == nil {
		err = run(flag.Args(), *listed, only, *workers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(paths []string, listed string, only *regexp.Regexp, workers int) error {
	known, err := readKnown(listed)
	if err != nil {
		return err
	}
	folders := map[string][]string{}
	for _, p := range paths {
		folder := filepath.Dir(filepath.Clean(p))
		if !strings.HasSuffix(p, "_test.go") {
			folders[folder] = append(folders[folder], filepath.Base(p))
		}
	}
	wrong := 0
	for folder, files := range folders {
		n, err := try(folder, files, known, only, workers)
		if err != nil {
			return err
		}
		wrong += n
	}
	if wrong > 0 {
		return fmt.Errorf("%d differ from the list of those that may survive", wrong)
	}
	return nil
}

// try runs all mutants of a package, and says how many did other than is known.
func try(folder string, files []string, known map[string]string, only *regexp.Regexp, workers int) (wrong int, err error) {
	tmp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	binary, all, err := build(folder, files, tmp)
	if err != nil {
		return 0, err
	}
	r := &runner{binary: binary, folder: folder}
	if err := r.look(tmp, workers); err != nil {
		return 0, err
	}
	fmt.Printf("%s: %d mutants, %d tests\n", folder, len(all), len(r.tests))
	alive, slow := make([]bool, len(all)), make([]bool, len(all))
	each(workers, len(all), func(i int) {
		if only.MatchString(all[i].name()) {
			alive[i], slow[i] = r.survives(i)
		}
		if alive[i] && known[all[i].name()] == "" {
			fmt.Printf("SURVIVES %s  [line %d, %d tests come by]\n", all[i].name(), all[i].line, len(r.reached[i]))
		}
	})
	tried, survivors, equivalent, timeouts := 0, 0, 0, 0
	for i, m := range all {
		if !only.MatchString(m.name()) {
			continue
		}
		tried++
		if slow[i] {
			timeouts++
		}
		switch listed := known[m.name()] != ""; {
		case alive[i] && listed:
			equivalent++
		case alive[i]:
			survivors++
		case listed:
			fmt.Println("IS NOTICED, and listed as equivalent:", m.name())
			wrong++
		}
	}
	for name := range known {
		file, _, _ := strings.Cut(name, " | ")
		if filepath.Dir(file) == folder && slices.Contains(files, filepath.Base(file)) && !slices.ContainsFunc(all, func(m mutant) bool { return m.name() == name }) {
			fmt.Println("IS NOT THERE, and listed as equivalent:", name)
			wrong++
		}
	}
	fmt.Printf("%s: %d mutants, %d noticed (%d by running on), %d equivalent, %d survivors\n", folder, tried, tried-survivors-equivalent, timeouts, equivalent, survivors)
	return wrong + survivors, nil
}

// readKnown reads lines of: file | function | mutated text | reason.
func readKnown(name string) (map[string]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, " | ")
		if strings.Count(line, " | ") < 3 || i < 0 || known[line[:i]] != "" {
			return nil, fmt.Errorf("%s: want each once, as file | function | text | reason: %s", name, line)
		}
		known[line[:i]] = line[i+3:]
	}
	return known, nil
}
