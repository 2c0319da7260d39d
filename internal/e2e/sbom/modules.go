package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// own begins the paths of the project's own modules.
const own = "github.com/mfakit/mfa"

// A module is one that is linked.
type module struct {
	Path, Version string
	Sum           string   // as go.sum has it: "h1:…"
	Licences      []string // SPDX identifiers, sorted
	By            []string // the project's modules that link it, by folder name
	dir           string   // its files
}

// platforms are those whose imports are counted.
var platforms = []string{"linux", "darwin", "windows"}

// repository is the folder of a go.work file.
func repository(goWork string) string { return filepath.Dir(strings.TrimSpace(goWork)) }

// goCommand runs the go command in a folder, and returns what it printed.
func goCommand(dir string, args ...string) (string, error) { return goCommandFor("", dir, args...) }

func goCommandFor(platform, dir string, args ...string) (string, error) {
	c := exec.Command("go", args...)
	c.Dir = dir
	c.Env = os.Environ()
	if platform != "" {
		c.Env = append(c.Env, "GOWORK=off", "CGO_ENABLED=0", "GOARCH=amd64", "GOOS="+platform)
	}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, &said)
	}
	return string(out), nil
}

// linked lists what the modules in some folders of the repository link.
func linked(root string, folders []string) ([]module, error) {
	found := map[string]module{} // by path and version
	for _, folder := range folders {
		dir := filepath.Join(root, folder)
		sums, err := checksums(filepath.Join(dir, "go.sum"))
		if err != nil {
			return nil, err
		}
		modules, err := imports(dir)
		if err != nil {
			return nil, err
		}
		for key, m := range modules {
			if known, ok := found[key]; ok {
				m = known
			} else {
				m.Sum = sums[key]
				if m.Licences, err = licences(m.Path, m.dir); err != nil {
					return nil, fmt.Errorf("%s: %w", key, err)
				}
			}
			m.By = append(m.By, name(folder))
			found[key] = m
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b module) int {
		return strings.Compare(a.Path+"@"+a.Version, b.Path+"@"+b.Version)
	}), nil
}

// name is what a folder of the repository is called in a table.
func name(folder string) string {
	if folder == "." {
		return "mfa"
	}
	return filepath.Base(folder)
}

// imports are the modules of others whose packages the module in a folder imports, itself
// or through others, on any platform.
func imports(dir string) (map[string]module, error) {
	found := map[string]module{}
	for _, platform := range platforms {
		out, err := goCommandFor(platform, dir, "list", "-deps", "-json=Module", "./...")
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(strings.NewReader(out)); ; {
			var p struct {
				Module *struct{ Path, Version, Dir string }
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if p.Module == nil || p.Module.Path == own || strings.HasPrefix(p.Module.Path, own+"/") {
				continue
			}
			m := module{Path: p.Module.Path, Version: p.Module.Version, dir: p.Module.Dir}
			found[m.Path+"@"+m.Version] = m
		}
	}
	return found, nil
}

// checksums reads a go.sum file: the sums of whole modules, by "path@version".
func checksums(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if field := strings.Fields(s.Text()); len(field) == 3 && !strings.HasSuffix(field[1], "/go.mod") {
			sums[field[0]+"@"+field[1]] = field[2]
		}
	}
	return sums, nil
}
