package timing

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// demo is examples/webapp, built and running: its address.
func demo(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "webapp")
	build := exec.Command("go", "build", "-o", program, "./webapp")
	build.Dir = filepath.Join("..", "..", "..", "examples")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "-addr", "127.0.0.1:0", "-proxy", "127.0.0.0/8", "-store", "sqlite:"+filepath.Join(b.TempDir(), "demo.db"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// BenchmarkTimingOfPasswords does the same for the demo's login: an account that there
// is with a wrong password, and one that there is not.
func BenchmarkTimingOfPasswords(b *testing.B) {
	base := demo(b)
	post := func(path, email, password string) int {
		text, _ := json.Marshal(map[string]string{"email": email, "password": password}) // of strings
		r, err := http.NewRequestWithContext(b.Context(), "POST", base+path, strings.NewReader(string(text)))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("%d.%d.%d.7", 1+rand.IntN(200), rand.IntN(256), rand.IntN(256))) // no network twice
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if status := post("/register", "ada@example.com", "correct horse battery staple"); status != http.StatusCreated {
		b.Fatal(status)
	}
	took := [2]sample{}
	for len(took[0]) < 200 || len(took[1]) < 200 {
		which := rand.IntN(2)
		email := [2]string{"ada@example.com", fmt.Sprintf("%03d@example.com", rand.IntN(1000))}[which]
		began := time.Now()
		status := post("/login", email, "incorrect horse battery")
		took[which] = append(took[which], time.Since(began))
		if status != http.StatusUnauthorized {
			b.Fatal(status)
		}
	}
	report(b, took)
}
