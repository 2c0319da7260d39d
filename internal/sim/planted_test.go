package sim

import (
	"encoding/json"
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
// again and again, each time with a mistake, and the simulator has to find it, by the
// invariant that the mistake breaks.
func TestPlantedMistakesAreFound(t *testing.T) {
	list := mutants
	if usualSeeds < 1000 {
		list = mutants[:1]
		t.Logf("under the race detector only %d of %d mistakes are planted", len(list), len(mutants))
	}
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.mustBeFound(t, top)
		})
	}
}

var breaks = regexp.MustCompile(`seed (\d+) breaks ([a-z-]+): (.*)`)

func (m mutant) mustBeFound(t *testing.T, top string) {
	c := exec.Command("go", "test", "-count=1", "-vet=off", "-ldflags=-s -w", "-overlay", m.overlay(t, top), "-run", "^TestSeeds$", "./internal/sim")
	c.Dir = top
	c.Env = append(os.Environ(), "GOMAXPROCS=1", "GOFLAGS=", "MFA_SIM_BRIEF=1", "MFA_SIM_SEED=", "MFA_SIM_FROM=", "MFA_SIM_SEEDS="+strconv.Itoa(mutantSeeds))
	out, err := c.CombinedOutput()
	found := breaks.FindStringSubmatch(string(out))
	switch {
	case err == nil:
		t.Errorf("%s: not found within %d seeds", m.name, mutantSeeds)
	case found == nil:
		t.Errorf("go test failed otherwise: %.2000s", out)
	case !slices.Contains(m.by, invariant(found[2])):
		t.Errorf("%s: found by %s (%s), want one of %v", m.name, found[2], found[3], m.by)
	default:
		t.Logf("%s: found by %s, in seed %s: %s", m.name, found[2], found[1], found[3])
	}
}

// overlay writes the changed files, and says in a file where they belong.
func (m mutant) overlay(t *testing.T, top string) string {
	dir := t.TempDir()
	changed := map[string]string{} // by path
	for _, c := range m.changes {
		path := filepath.Join(top, filepath.FromSlash(c.file))
		text, ok := changed[path]
		if !ok {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if n := strings.Count(text, c.old); n != 1 {
			t.Fatalf("%s holds %d times what is to be replaced, want it once:\n%s", c.file, n, c.old)
		}
		changed[path] = strings.Replace(text, c.old, c.new, 1)
	}
	replace := map[string]string{}
	for path, text := range changed {
		to := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[path] = to
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
