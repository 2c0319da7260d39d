package testserver

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// echo is a server that answers each request by itself, and counts them.
func echo(t *testing.T) (addr string, requests chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	requests = make(chan string, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				request := make([]byte, 4)
				for {
					if _, err := io.ReadFull(c, request); err != nil {
						return
					}
					requests <- string(request)
					_, _ = c.Write(request)
				}
			}()
		}
	}()
	return l.Addr().String(), requests
}

func dial(t *testing.T, w *Wire) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", w.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask returns the answer, or "" if the connection ended instead.
func ask(t *testing.T, c net.Conn, parts ...string) string {
	t.Helper()
	for _, p := range parts {
		if _, err := io.WriteString(c, p); err != nil {
			return ""
		}
	}
	answer := make([]byte, 4)
	n, _ := io.ReadFull(c, answer)
	return string(answer[:n])
}

func TestWirePassesOn(t *testing.T) {
	addr, _ := echo(t)
	w := NewWire(t, addr)
	c := dial(t, w)
	if got := ask(t, c, "ab", "cd"); got != "abcd" {
		t.Fatalf("got %q", got)
	}
	w.Down(true)
	if d, err := net.Dial("tcp", w.Addr()); err == nil {
		_ = d.Close()
		t.Error("a wire that is down takes a connection")
	}
	if got := ask(t, c, "efgh"); got != "efgh" {
		t.Errorf("a connection from before: %q", got)
	}
	w.Cut()
	if got := ask(t, c, "ijkl"); got != "" {
		t.Errorf("over a cut connection: %q", got)
	}
	w.Down(false)
	if got := ask(t, dial(t, w), "mnop"); got != "mnop" {
		t.Errorf("up again: %q", got)
	}
}

func TestWireLosesOneAnswer(t *testing.T) {
	addr, requests := echo(t)
	w := NewWire(t, addr)
	bystander, c := dial(t, w), dial(t, w)
	w.LoseAnswer(func(request []byte) bool { return bytes.Equal(request, []byte("lose")) })
	for _, say := range []string{"keep", "elos"} {
		if got := ask(t, c, say); got != say {
			t.Fatalf("got %q for %q", got, say)
		}
	}
	if got := ask(t, c, "lo", "se"); got != "" {
		t.Errorf("the answer %q came", got)
	}
	for _, want := range []string{"keep", "elos", "lose"} {
		if got := <-requests; got != want {
			t.Errorf("the server got %q, want %q", got, want)
		}
	}
	if got := ask(t, bystander, "lose"); got != "lose" || w.Lost() != 1 {
		t.Errorf("the second of its kind: %q, lost %d", got, w.Lost())
	}
}

// A server that is down refuses: so does the wire, by ending the connection.
func TestWireToNobody(t *testing.T) {
	w := NewWire(t, local(freePorts(t, 1)[0]))
	if got := ask(t, dial(t, w), "abcd"); got != "" {
		t.Errorf("got %q", got)
	}
}
