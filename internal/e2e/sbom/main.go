package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// published are the modules that programs import or install, by folder. The examples
// and the tests are nobody's dependency.
var published = []string{".", "./store/redisstore", "./otelmfa", "./mfatest/authenticator", "./cmd/mfactl", "./risk/riskeval", "./risk/risksim"}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	one := flags.String("module", "", "folder of the only `module` to look at; all that are published if empty")
	asTable := flags.Bool("table", false, "a table for people instead of CycloneDX")
	if err := flags.Parse(args); err != nil {
		return err
	}
	folders := published
	if *one != "" {
		folders = []string{*one}
	}
	root, err := goCommand(".", "env", "GOWORK")
	if err != nil {
		return err
	}
	modules, err := linked(repository(root), folders)
	if err != nil {
		return err
	}
	if *asTable {
		return writeTable(out, modules)
	}
	e := cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON)
	e.SetPretty(true)
	return e.Encode(bill(modules))
}

// writeTable writes a row for each module: what it is, its licences, who links it.
func writeTable(out io.Writer, modules []module) error {
	byLicence := slices.SortedFunc(slices.Values(modules), func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	if _, err := fmt.Fprintf(out, "| module | version | licence | linked by |\n|---|---|---|---|\n"); err != nil {
		return err
	}
	for _, m := range byLicence {
		if _, err := fmt.Fprintf(out, "| %s | %s | %s | %s |\n", m.Path, m.Version, list(m.Licences), list(m.By)); err != nil {
			return err
		}
	}
	return nil
}
