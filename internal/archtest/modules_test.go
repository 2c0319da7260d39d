package archtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa/internal/testneed"
)

// agreed is what the root module may require. Each line more is a line more
// for everyone who imports any of its packages.
var agreed = []string{
	barcode, // by otp
	cbor,
	otp,
	qrcode,
	fido,
	"github.com/go-webauthn/x",            // by go-webauthn, and the rest of these
	"github.com/go-viper/mapstructure/v2", //
	"github.com/golang-jwt/jwt/v5",        //
	"github.com/google/go-tpm",            //
	"github.com/google/uuid",              //
	"github.com/philhofer/fwd",            //
	"github.com/tinylib/msgp",             //
	"github.com/x448/float16",             // by cbor
	crypto,
	"golang.org/x/sys", // by x/crypto
	smtp,
	numbers,
	agents,
	prefixes,
	mmdb,
	"google.golang.org/protobuf", // by phonenumbers, for its tables
	"golang.org/x/text",          // by go-mail and phonenumbers
}

func TestRootModuleRequiresWhatWasAgreed(t *testing.T) {
	got := requirements(t, filepath.Join(repo(t), "go.mod"))
	want := slices.Sorted(slices.Values(agreed))
	if !slices.Equal(got, want) {
		t.Errorf("the root module requires\n\t%s\nand agreed was\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestWorkspaceHasEveryModule(t *testing.T) {
	var work struct{ Use []struct{ DiskPath string } }
	readJSON(t, goCommand(t, repo(t), nil, "work", "edit", "-json", "go.work"), &work)
	got := map[string]bool{}
	for _, u := range work.Use {
		got[path.Clean(u.DiskPath)] = true
	}
	want := map[string]bool{}
	for name := range files(t) {
		if path.Base(name) == "go.mod" && !strings.Contains(name, "testdata/") {
			want[path.Dir(name)] = true
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("go.work uses %v, the modules are %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// TestConsumerDownloadsLittle makes a program that imports the engine and
// authenticator apps, and counts what its go.mod and go.sum say.
func TestConsumerDownloadsLittle(t *testing.T) {
	const (
		maxRequirements = 8  // this module among them
		maxSums         = 24 // lines of go.sum, with the two for this module
	)
	dir := t.TempDir()
	goMod := filepath.Join(dir, "go.mod")
	write(t, goMod, fmt.Sprintf("module example.com/consumer\n\ngo 1.26\n\nrequire %s v0.0.0\n\nreplace %[1]s => %s\n", module, repo(t)))
	write(t, filepath.Join(dir, "main.go"), fmt.Sprintf("package main\n\nimport (\n\t_ %q\n\t_ %q\n)\n\nfunc main() {}\n", module, module+"/totp"))

	if _, stderr, err := tryGo(dir, []string{"GOWORK=off", "GOFLAGS=-mod=mod"}, "mod", "tidy"); err != nil {
		if unreachable(stderr) {
			testneed.Missing(t, "a Go module proxy, or a module cache that has it all")
		}
		t.Fatalf("go mod tidy: %v\n%s", err, stderr)
	}
	// A module that is replaced by a folder has no lines in go.sum; fetched, it has two.
	sums := len(strings.Split(strings.TrimSpace(read(t, filepath.Join(dir, "go.sum"))), "\n")) + 2
	required := requirements(t, goMod)
	t.Logf("a consumer of mfa and totp: %d requirements (at most %d), %d lines of go.sum (at most %d)",
		len(required), maxRequirements, sums, maxSums)
	if len(required) > maxRequirements || sums > maxSums {
		t.Errorf("too much: %q", required)
	}
	if !slices.Contains(required, module) {
		t.Error("the consumer does not require this module: nothing was measured")
	}
}

// unreachable says whether the go command failed for want of a network.
func unreachable(stderr string) bool {
	for _, sign := range []string{
		"dial tcp", "no such host", "proxyconnect", "i/o timeout", "connection refused", "network is unreachable", "GOPROXY=off",
	} {
		if strings.Contains(stderr, sign) {
			return true
		}
	}
	return false
}

// requirements returns the sorted paths that a go.mod file requires, direct and indirect.
func requirements(t *testing.T, file string) []string {
	t.Helper()
	var mod struct{ Require []struct{ Path string } }
	readJSON(t, goCommand(t, filepath.Dir(file), alone, "mod", "edit", "-json", file), &mod)
	var paths []string
	for _, r := range mod.Require {
		paths = append(paths, r.Path)
	}
	slices.Sort(paths)
	return paths
}

func readJSON(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
