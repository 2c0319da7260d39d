// Command limits writes docs/limits.md from the code, so that the page says what
// holds. Run it in the repository:
//
//	go run ./internal/e2e/docs/limits
//
// A test of it fails where the page is not what it would write.
package main

import (
	"log"
	"os"
	"path/filepath"
)

// page is what is written, in the repository.
const page = "docs/limits.md"

func main() {
	log.SetFlags(0)
	text, err := generate(".")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.FromSlash(page), []byte(text), 0o644); err != nil { //nolint:gosec // a page that everybody may read
		log.Fatal(err)
	}
}
