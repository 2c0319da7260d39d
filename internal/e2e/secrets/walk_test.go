package secrets

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root   = "../../.."
	module = "github.com/mfakit/mfa"
)

// elsewhere are folders of which nothing is imported by hosts, or which this module
// does not link.
var elsewhere = []string{
	"internal/archtest", "internal/e2e", "internal/testneed", "internal/testserver",
	"examples", "cmd", "otelmfa", // programs, and a module whose one type's fields hold no text
	"risk/riskeval", "risk/risksim", // figures about made-up people
}

// declared are the exported types of the repository which may hold text or bytes, by
// package and name.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			for _, other := range elsewhere {
				if rel == other {
					return fs.SkipDir
				}
			}
			if name := d.Name(); name == "testdata" || name == "node_modules" || rel != "." && strings.HasPrefix(name, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if parsed.Name.Name == "main" {
			return nil
		}
		for _, name := range types(parsed) {
			found[path.Join(module, path.Dir(rel))+"."+name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// types are the names of a file's exported types that may hold text or bytes.
func types(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range group.Specs {
			t, ok := s.(*ast.TypeSpec)
			if !ok || !t.Name.IsExported() || t.Assign.IsValid() || t.TypeParams != nil {
				continue
			}
			switch kind := t.Type.(type) {
			case *ast.InterfaceType, *ast.FuncType:
			case *ast.Ident: // a word or a number of its own: not secret by itself
				_ = kind
			default:
				names = append(names, t.Name.Name)
			}
		}
	}
	return names
}
