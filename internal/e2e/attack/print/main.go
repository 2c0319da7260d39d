// Command print plays the attacks and writes docs/attacks.md. Run it in the
// repository:
//
//	go run ./internal/e2e/attack/print
package main

import (
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/mfakit/mfa/internal/e2e/attack"
)

// page is what is written, in the repository.
const page = "docs/attacks.md"

func main() {
	log.SetFlags(0)
	text, err := played()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.FromSlash(page), []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}
}

func played() (text string, err error) {
	dir, err := os.MkdirTemp("", "mfa-attack-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program := filepath.Join(dir, "webapp")
	if err := attack.Build(".", program); err != nil {
		return "", err
	}
	themes := attack.Catalogue()
	each, errs := make([]map[string]attack.Result, len(themes)), make([]error, len(themes))
	var all sync.WaitGroup
	for i, theme := range themes {
		folder := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return "", err
		}
		all.Go(func() { each[i], errs[i] = play(program, folder, theme) })
	}
	all.Wait()
	results := map[string]attack.Result{}
	for _, r := range each {
		maps.Copy(results, r)
	}
	return attack.Page(themes, results), errors.Join(errs...)
}

func play(program, folder string, theme attack.Theme) (results map[string]attack.Result, err error) {
	site, err := attack.Open(program, folder, theme.Policy)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	results = map[string]attack.Result{}
	for i, a := range theme.Attacks {
		if a.Try == nil {
			continue
		}
		if results[a.ID], err = attack.Play(site, a, i+1); err != nil {
			return nil, fmt.Errorf("%s: %w", a.ID, err)
		}
	}
	return results, nil
}
