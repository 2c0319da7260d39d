package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// repo returns the folder of the root module.
func repo(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// files returns the text files of the repository by their path in it. All of
// them are read by the test itself rather than by a program that it runs, so
// that go test knows when its cached result is stale.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	found, err := readFiles()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var readFiles = sync.OnceValues(func() (map[string][]byte, error) {
	found := map[string][]byte{}
	tree := os.DirFS("../..")
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && name != "." && name != ".ci"
			if hidden || name == "bin" || strings.HasSuffix(name, "testdata/fuzz") {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !slices.Contains(written, path.Ext(name)) {
			return nil
		}
		content, err := fs.ReadFile(tree, name)
		if err == nil && !bytes.ContainsRune(content, 0) {
			found[name] = content
		}
		return err
	})
	return found, err
})

// written are the extensions of files that people write; none is for scripts.
var written = []string{
	"", ".go", ".mod", ".work", ".md", ".sh", ".yaml", ".yml", ".json", ".sql", ".html", ".css", ".js", ".svg", ".txt",
}

// A source is a parsed Go file.
type source struct {
	path string // in the repository, with slashes
	set  *token.FileSet
	file *ast.File
}

func (s source) test() bool     { return strings.HasSuffix(s.path, "_test.go") }
func (s source) folder() string { return path.Dir(s.path) }

// at says where a node is.
func (s source) at(n ast.Node) string { return s.set.Position(n.Pos()).String() }

func parse(name, content string) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, content, parser.ParseComments|parser.SkipObjectResolution)
	return source{name, set, file}, err
}

// sources parses every Go file of every module, in the order of their paths.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for name, content := range files(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		s, err := parse(name, string(content))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b source) int { return strings.Compare(a.path, b.path) })
	if len(all) < 10 {
		t.Fatalf("only %d Go files were found", len(all))
	}
	return all
}

// alone makes the go command see a module as a stranger does, without go.work.
var alone = []string{"GOWORK=off"}

// goCommand runs the go command in dir and returns what it prints.
func goCommand(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out, stderr, err := tryGo(dir, env, args...)
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return out
}

func tryGo(dir string, env []string, args ...string) (stdout, stderr string, err error) {
	var out, errs strings.Builder
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
