package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// module is the path of the root module.
const module = "github.com/mfakit/mfa"

// A graph holds what each package imports, by import path, without its tests:
// the packages of this module and all that they link.
type graph map[string][]string

// A layer is a group of packages that may know of the same things.
type layer int

const (
	core    layer = iota // internal packages below the root
	root                 // the engine
	wording              // what is said to people
	shared               // what several factors have in common
	factor               // one method of proof
	store                // where bytes are kept
	policy               // what is asked of whom
	web                  // net/http
	front                // pages over it
	sender               // hands messages to a carrier
	watcher              // is told of events, or walks a store
	mover                // brings enrollments from elsewhere
	scorer               // says how likely a sign-in is not its user's
	intel                // what is known of an address, for a scorer
	testkit              // for tests of hosts and of this project
)

// below says which of the project's own layers a layer may import. Arrows
// point to the root and never sideways.
var below = map[layer][]layer{
	core:    {core},
	root:    {core},
	wording: nil,
	shared:  {core, root},
	factor:  {core, root, wording, shared},
	store:   {root},
	policy:  {core, root},
	web:     {root, wording},
	front:   {root, wording, web},
	sender:  {core, root},
	watcher: {core, root, wording},
	mover:   {root},
	scorer:  {core, root},
	intel:   {core, root, scorer},
	testkit: {core, root, wording, factor, store, testkit},
}

// never says which packages of the standard library a layer may not link, not
// even through others, with what they would mean there.
var never = map[layer]map[string]string{
	core:    engineLinks,
	root:    engineLinks,
	wording: engineLinks,
	shared:  engineLinks,
	factor:  engineLinks,
	store:   {"net/http": "a store talks to a database", "testing": "test code"},
	policy:  engineLinks,
	web:     {"database/sql": "the host's business", "testing": "test code"},
	front:   {"database/sql": "the host's business", "testing": "test code"},
	sender:  {"database/sql": "a sender keeps nothing", "testing": "test code"},
	watcher: engineLinks,
	mover:   engineLinks,
	scorer:  engineLinks,
	intel:   engineLinks,
}

var engineLinks = map[string]string{
	"net/http":     "the engine and its factors serve no protocol",
	"database/sql": "storage is behind mfa.Store",
	"os/exec":      "nothing here runs programs",
	"testing":      "test code",
}

// exempt are packages that may link what their layer may not.
var exempt = map[string][]string{
	"webauthn": {"net/http"}, // go-webauthn links it, and one handler serves what browsers fetch
}

// A place is where a package of the root module stands.
type place struct {
	layer   layer
	outside []string // modules beyond the standard library that it may import
}

// violations checks every package of the root module that g holds against its
// place. A package without a place, and a place without a package, are
// violations too.
func violations(g graph, places map[string]place) []string {
	var found []string
	for path, imports := range g {
		if !own(path) {
			continue
		}
		at, ok := places[relative(path)]
		if !ok {
			found = append(found, fmt.Sprintf("%s has no place in the table: give it one", path))
			continue
		}
		found = append(found, wrongImports(path, imports, at, places)...)
		found = append(found, wrongLinks(g, path, at)...)
	}
	for rel := range places {
		if _, ok := g[absolute(rel)]; !ok {
			found = append(found, fmt.Sprintf("%s is in the table and does not exist", absolute(rel)))
		}
	}
	slices.Sort(found)
	return found
}

func wrongImports(path string, imports []string, at place, places map[string]place) []string {
	var found []string
	for _, imported := range imports {
		switch {
		case imported == "log" && at.layer != testkit:
			found = append(found, fmt.Sprintf("%s imports log: the only logger is log/slog", path))
		case own(imported):
			// What has no place is below nothing: g may not hold it.
			if to, ok := places[relative(imported)]; !ok || !slices.Contains(below[at.layer], to.layer) {
				found = append(found, fmt.Sprintf("%s imports %s, which is not below it", path, imported))
			}
		case outside(imported) && !slices.ContainsFunc(at.outside, func(m string) bool { return within(imported, m) }):
			found = append(found, fmt.Sprintf("%s imports %s, which is not among what it may", path, imported))
		}
	}
	return found
}

// wrongLinks looks at all that path links, through whatever number of others.
func wrongLinks(g graph, path string, at place) []string {
	var found []string
	for linked := range reach(g, path) {
		if why, ok := never[at.layer][linked]; ok && !slices.Contains(exempt[relative(path)], linked) {
			found = append(found, fmt.Sprintf("%s links %s: %s", path, linked, why))
		}
		if slices.ContainsFunc(slices.Concat(testOnly, drivers), func(m string) bool { return within(linked, m) }) {
			found = append(found, fmt.Sprintf("%s links %s, which is for tests", path, linked))
		}
	}
	return found
}

// reach returns all that is imported from path on, without path.
func reach(g graph, path string) map[string]bool {
	seen := map[string]bool{}
	next := slices.Clone(g[path])
	for len(next) > 0 {
		last := next[len(next)-1]
		next = next[:len(next)-1]
		if !seen[last] {
			seen[last] = true
			next = append(next, g[last]...)
		}
	}
	return seen
}

// testOnly are the modules that serve tests and never reach a program.
var testOnly = []string{
	"github.com/stretchr/testify",
	"pgregory.net/rapid",
	"github.com/chromedp",
	"github.com/descope/virtualwebauthn",
}

// drivers are what speaks to a database. A host picks its own, so that none is in
// a library; the programs in examples have theirs.
var drivers = []string{
	"modernc.org/sqlite",
	"github.com/jackc/pgx",
	"github.com/go-sql-driver/mysql",
	"go.etcd.io/bbolt",
}

func own(path string) bool { return within(path, module) }

// outside says whether an import path is of neither the standard library nor
// this project: its first element has a dot.
func outside(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") && !own(path)
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func relative(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func absolute(rel string) string {
	if rel == "." {
		return module
	}
	return module + "/" + rel
}
