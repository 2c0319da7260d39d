package sim

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mutantSeeds is within how many seeds a planted mistake has to be found.
const mutantSeeds = 1000

// TestPlantedMistakesAreFound is the test of the simulator itself: the engine is built
// once more, with all mistakes in it, and is told each time which one to make. The
// simulator has to find it, by the invariant that the mistake breaks.
func TestPlantedMistakesAreFound(t *testing.T) {
	list := mutants
	if usualSeeds < 1000 {
		list = mutants[:1]
		t.Logf("under the race detector only %d of %d mistakes are planted", len(list), len(mutants))
	}
	program := buildPlanted(t, list)
	t.Run("none", func(t *testing.T) {
		if out, err := lead(program, 0, 50); err != nil {
			t.Fatalf("what is planted shows by itself: %.2000s", out)
		}
	})
	for i, m := range list {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.mustBeFound(t, program, i+1)
		})
	}
}

// lead leads runs with the mistake of a number, from 1 on.
func lead(program string, mistake, seeds int) ([]byte, error) {
	c := exec.Command(program, "-test.run=^TestSeeds$")
	c.Env = append(os.Environ(), "GOMAXPROCS=1", "MFA_SIM_BRIEF=1", "MFA_SIM_SEED=", "MFA_SIM_FROM=", "MFA_SIM_SEEDS="+strconv.Itoa(seeds), plantedName+"="+strconv.Itoa(mistake))
	return c.CombinedOutput()
}

var breaks = regexp.MustCompile(`seed (\d+) breaks ([a-z-]+): (.*)`)

func (m mutant) mustBeFound(t *testing.T, program string, number int) {
	out, err := lead(program, number, mutantSeeds)
	found := breaks.FindStringSubmatch(string(out))
	switch {
	case err == nil:
		t.Errorf("%s: not found within %d seeds", m.name, mutantSeeds)
	case found == nil:
		t.Errorf("the runs failed otherwise: %.2000s", out)
	case !slices.Contains(m.by, invariant(found[2])):
		t.Errorf("%s: found by %s (%s), want one of %v", m.name, found[2], found[3], m.by)
	default:
		t.Logf("%s: found by %s, in seed %s: %s", m.name, found[2], found[1], found[3])
	}
}

// buildPlanted builds the simulator over an engine that makes the mistake whose number
// the environment tells it.
func buildPlanted(t *testing.T, list []mutant) string {
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := &beds{top: top, files: map[string]*bed{}}
	for i, m := range list {
		if err := b.plant(m, i+1); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
	}
	program := filepath.Join(dir, "sim.test")
	c := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", b.overlay(t, dir), "-o", program, "./internal/sim")
	c.Dir = top
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("what was planted does not build: %v\n%.4000s", err, out)
	}
	return program
}

// plantedName is of the variable, in a package, that holds the number of the mistake to
// make, and of the one in the environment that it is read from.
const plantedName = "MFA_SIM_MISTAKE"

// beds are the files in which mistakes are planted, by function: one that a mistake
// changes is there twice, as it is and with the mistake, and begins with the choice.
type beds struct {
	top   string
	files map[string]*bed // by their name, as changes have it
}

// A bed is one file.
type bed struct {
	path, text string
	tree       *ast.File
	choices    map[*ast.FuncDecl]string // what stands before a function's first statement
	more       strings.Builder          // what stands after all
}

func (b *beds) file(name string) (*bed, error) {
	if f := b.files[name]; f != nil {
		return f, nil
	}
	f := &bed{path: filepath.Join(b.top, filepath.FromSlash(name)), choices: map[*ast.FuncDecl]string{}}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	f.text = string(raw)
	if f.tree, err = parser.ParseFile(token.NewFileSet(), "", raw, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	b.files[name] = f
	return f, nil
}

func (b *beds) plant(m mutant, number int) error {
	type where struct {
		in *bed
		f  *ast.FuncDecl
	}
	changed := map[where]string{} // the functions, with their changes
	for _, c := range m.changes {
		in, err := b.file(c.file)
		if err != nil {
			return err
		}
		if n := strings.Count(in.text, c.old); n != 1 {
			return fmt.Errorf("%s holds %d times what is to be replaced, want it once:\n%s", c.file, n, c.old)
		}
		if more, ok := strings.CutSuffix(c.new, c.old); ok && strings.HasPrefix(c.old, "func ") {
			in.more.WriteString(more)
			continue
		}
		f := in.function(c.old)
		if f == nil {
			return fmt.Errorf("%s: what is to be replaced is in no function:\n%s", c.file, c.old)
		}
		at := where{in, f}
		if changed[at] == "" {
			changed[at] = in.of(f)
		}
		changed[at] = strings.Replace(changed[at], c.old, c.new, 1)
	}
	for at, text := range changed {
		at.in.double(at.f, text, number)
	}
	return nil
}

// function finds the one that a text is in.
func (b *bed) function(text string) *ast.FuncDecl {
	from := token.Pos(strings.Index(b.text, text) + 1)
	for _, d := range b.tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Pos() <= from && from+token.Pos(len(text)) <= f.End()+1 {
			return f
		}
	}
	return nil
}

func (b *bed) of(f *ast.FuncDecl) string { return b.text[f.Pos()-1 : f.End()-1] }

// double adds a function with a mistake in it, and the choice to the one that it is of.
func (b *bed) double(f *ast.FuncDecl, text string, number int) {
	name := fmt.Sprintf("%sMistake%d", f.Name.Name, number)
	at := f.Name.Pos() - f.Pos()
	b.more.WriteString("\n" + text[:at] + name + text[int(at)+len(f.Name.Name):] + "\n")
	call := name
	if f.Recv != nil {
		call = f.Recv.List[0].Names[0].Name + "." + name
	}
	var args []string
	for _, p := range f.Type.Params.List {
		for _, n := range p.Names {
			arg := n.Name
			if _, ok := p.Type.(*ast.Ellipsis); ok {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	call += "(" + strings.Join(args, ", ") + ")"
	if f.Type.Results != nil {
		call = "return " + call
	} else {
		call += "; return"
	}
	b.choices[f] += fmt.Sprintf(" if %s == %d { %s }; ", plantedName, number, call)
}

// overlay writes the files as they are now, and says in one more where they belong.
func (b *beds) overlay(t *testing.T, dir string) string {
	replace := map[string]string{}
	put := func(path, text string) {
		to := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[path] = to
	}
	for _, f := range b.files {
		text, from := "", 0
		for _, d := range f.tree.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && f.choices[d] != "" {
				text += f.text[from:d.Body.Lbrace] + f.choices[d]
				from = int(d.Body.Lbrace)
			}
		}
		put(f.path, text+f.text[from:]+f.more.String())
		put(filepath.Join(filepath.Dir(f.path), "sim_mistake.go"), fmt.Sprintf("package %s\n\nimport \"os\"\n\nimport \"strconv\"\n\nvar %s, _ = strconv.Atoi(os.Getenv(%[2]q))\n", f.tree.Name.Name, plantedName))
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(at, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}
