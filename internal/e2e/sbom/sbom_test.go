package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// mayImport are the licences under which a program may keep its source to itself and
// link the library all the same; mayRun those that nobody minds in a command of ours.
var (
	mayImport = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
	mayRun    = append([]string{"CC-BY-4.0", "FTL", "MPL-2.0", "OFL-1.1"}, mayImport...)
	commands  = []string{"mfactl", "riskeval", "risksim"}
)

func everything(t *testing.T) []module {
	t.Helper()
	modules, err := linked(filepath.Join("..", "..", ".."), published)
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

func TestLicencesLetEverybodyLinkTheLibrary(t *testing.T) {
	for _, m := range everything(t) {
		allowed := mayRun
		if slices.ContainsFunc(m.By, func(by string) bool { return !slices.Contains(commands, by) }) {
			allowed = mayImport
		}
		for _, id := range m.Licences {
			if !slices.Contains(allowed, id) {
				t.Errorf("%s, linked by %s, is under %s", m.Path, list(m.By), id)
			}
		}
	}
}

func TestDocumentListsWhatIsLinked(t *testing.T) {
	const doc = "docs/dependencies.md"
	text, err := os.ReadFile(filepath.Join("..", "..", "..", doc))
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := writeTable(&table, everything(t)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(string(text), "\r\n", "\n"), table.String()) {
		t.Errorf("the table of %s is another than go run ./internal/e2e/sbom -table prints:\n%s", doc, &table)
	}
}

func TestBillNamesEachModuleOnceWithItsChecksum(t *testing.T) {
	modules := everything(t)
	var out bytes.Buffer
	if err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).Encode(bill(modules)); err != nil {
		t.Fatal(err)
	}
	var read cdx.BOM
	if err := cdx.NewBOMDecoder(&out, cdx.BOMFileFormatJSON).Decode(&read); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range *read.Components {
		if seen[c.PackageURL] {
			t.Errorf("%s stands twice", c.PackageURL)
		}
		seen[c.PackageURL] = true
		if c.Hashes == nil || len((*c.Hashes)[0].Value) != 64 {
			t.Errorf("%s has no checksum", c.PackageURL)
		}
		if c.Licenses == nil {
			t.Errorf("%s has no licence", c.PackageURL)
		}
	}
	if len(seen) != len(modules) || len(seen) < 20 {
		t.Errorf("%d components of %d modules", len(seen), len(modules))
	}
	for _, need := range []string{"golang.org/x/crypto", "github.com/fxamacker/cbor/v2"} {
		if !slices.ContainsFunc(modules, func(m module) bool { return m.Path == need && slices.Contains(m.By, "mfa") }) {
			t.Errorf("%s is missing", need)
		}
	}
}

// Terms that are no licence in its own words are told, not guessed.
func TestUnknownTermsAreRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := licences("example.com/none", dir); err == nil {
		t.Error("a module without a file was given a licence")
	}
	if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("You may use this if the author likes you."), 0o600); err != nil {
		t.Fatal(err)
	}
	if ids, err := licences("example.com/odd", dir); err == nil {
		t.Errorf("terms of somebody's own were taken for %v", ids)
	}
}
