package program

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Listen starts a program at a free port of localhost, which it is told by its command,
// waits until it takes connections, and returns its address. What it writes goes to log.
// It ends with the test, which fails for a panic in the log.
func Listen(t testing.TB, log *Output, command func(addr string) *exec.Cmd) string {
	t.Helper()
	for range 5 { // somebody else may take the port that was free
		free, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(free.Addr().String())
		if err := free.Close(); err != nil {
			t.Fatal(err)
		}
		if addr := "localhost:" + port; listens(t, command(addr), log, addr) {
			return addr
		}
	}
	t.Fatal("the program finds no free port")
	return ""
}

// listens starts a program and says whether it listens.
func listens(t testing.TB, cmd *exec.Cmd, log *Output, addr string) bool {
	t.Helper()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone already
		<-ended
		if text := log.String(); strings.Contains(text, "panic") || strings.Contains(text, "DATA RACE") {
			t.Errorf("its log:\n%s", text)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
			_ = c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-ctx.Done():
			t.Fatalf("it does not listen:\n%s", log)
		case <-tick.C:
		}
	}
}
