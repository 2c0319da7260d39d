package resources

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// cut is the status of a connection that was closed without an answer.
const cut = 0

// A rude client is one that uses up more than its share.
type rude struct {
	name   string
	status []int // any of them
	send   func(net.Conn) error
}

func post(path, headers, body string) func(net.Conn) error {
	return func(c net.Conn) error {
		_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", path, len(body), headers, body)
		return err
	}
}

func get(headers string) func(net.Conn) error {
	return func(c net.Conn) error {
		_, err := io.WriteString(c, "GET /me HTTP/1.1\r\nHost: x\r\n"+headers+"\r\n")
		return err
	}
}

// dribble sends so much at once, and then a byte at a time until the other side has enough.
func dribble(start, more string) func(net.Conn) error {
	return func(c net.Conn) error {
		if _, err := io.WriteString(c, start); err != nil {
			return err
		}
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			if _, err := io.WriteString(c, more); err != nil {
				return err
			}
			<-tick.C
		}
	}
}

// endless sends chunks until the other side has enough.
func endless(c net.Conn) error {
	_, err := io.WriteString(c, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<14, strings.Repeat(" ", 1<<14))
	for err == nil {
		_, err = io.WriteString(c, chunk)
	}
	return err
}

// bomb is 10 MB of JSON that gzip makes 10 KB of.
func bomb() string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(`{"email":"` + strings.Repeat("a", 10<<20) + `","password":"x"}`)) // to memory
	_ = w.Close()
	return out.String()
}

func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

const (
	tooLarge  = http.StatusRequestEntityTooLarge
	badInput  = http.StatusBadRequest
	headers   = http.StatusRequestHeaderFieldsTooLarge
	tooSlow   = http.StatusRequestTimeout
	wrongType = http.StatusUnsupportedMediaType
	noFlow    = http.StatusNotFound // whoever has none is told before the body is looked at
)

// The bounds are of examples/webapp/server.go: five seconds for the headers, fifteen
// for all of a request, 16 KiB of headers (and the 4 KiB of net/http); bodies are
// bounded by mfahttp, at 64 KiB. Whoever goes on sending beyond a bound may find the
// connection reset before the answer.
func crowd() []rude {
	return []rude{
		{"nothing at all", []int{cut}, func(net.Conn) error { return nil }},
		{"headers, byte by byte", []int{cut}, dribble("GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "a")},
		{"endless headers, line by line", []int{cut, headers}, dribble("GET / HTTP/1.1\r\nHost: x\r\n", "X-A: a\r\n")},
		{"a body, byte by byte", []int{badInput, tooSlow, cut}, dribble("POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n", " ")},
		{"a body, byte by byte, to the library", []int{badInput, tooSlow, cut}, dribble("POST /mfa/flow/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n", " ")},
		{"64 KB of headers", []int{headers}, get("X-A: " + strings.Repeat("a", 64<<10) + "\r\n")},
		{"1 MB of headers", []int{headers, cut}, get("X-A: " + strings.Repeat("a", 1<<20) + "\r\n")},
		{"ten thousand headers", []int{headers, cut}, get(strings.Repeat("A: b\r\n", 10_000))},
		{"a body of 10 MB", []int{tooLarge, cut}, post("/login", "", strings.Repeat(" ", 10<<20))},
		{"a body of 10 MB, to the library", []int{tooLarge, cut}, post("/mfa/flow/verify", "", strings.Repeat(" ", 10<<20))},
		{"an endless body", []int{tooLarge, cut}, endless},
		{"JSON 100,000 deep", []int{tooLarge}, post("/login", "", deep(100_000))},
		{"JSON 30,000 deep", []int{badInput}, post("/login", "", deep(30_000))},
		{"JSON 30,000 deep, to the library", []int{noFlow}, post("/mfa/passkey/finish", "", `{"credential":`+deep(30_000)+`}`)},
		{"a gzip bomb", []int{badInput, wrongType}, post("/login", "Content-Encoding: gzip\r\n", bomb())},
		{"a gzip bomb, to the library", []int{noFlow}, post("/mfa/passkey/finish", "Content-Encoding: gzip\r\n", bomb())},
		{"two lengths", []int{badInput}, get("Content-Length: 1\r\nContent-Length: 2\r\n")},
		{"TLS", []int{badInput}, func(c net.Conn) error {
			_, err := c.Write([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"))
			return err
		}},
	}
}

// TestC18_RudeClientsAreSentAway: all at once, with a thousand connections that do
// nothing. Others are answered meanwhile, and each of them has its end.
func TestC18_RudeClientsAreSentAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.answers(t)
	var idle []net.Conn
	for range 1000 {
		idle = append(idle, s.dial(t))
	}
	s.answers(t)
	var all sync.WaitGroup
	for _, r := range crowd() {
		c := s.dial(t)
		all.Go(func() {
			go func() { _ = r.send(c) }() // it ends with the connection
			status, err := answered(c)
			if err != nil {
				t.Errorf("%s: %v", r.name, err)
			} else if !contains(r.status, status) {
				t.Errorf("%s: status %d, want one of %v", r.name, status, r.status)
			}
		})
	}
	for range 200 {
		s.answers(t)
	}
	for _, c := range idle {
		if status, err := answered(c); err != nil || status != cut {
			t.Fatalf("an idle connection: %d, %v", status, err)
		}
	}
	all.Wait()
	s.answers(t)
	until(t, "no connection is open", func() bool { s.http.CloseIdleConnections(); return s.connections() == 1 })
	if log := s.log.String(); strings.Contains(log, "panic") {
		t.Error(log)
	}
}

// answered is the status of the one answer of a connection, which is closed then.
func answered(c net.Conn) (status int, err error) {
	defer c.Close()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	switch {
	case err == nil:
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // the other side may cut it
		return resp.StatusCode, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return cut, nil
	}
	return cut, err
}

func contains(list []int, n int) bool {
	for _, x := range list {
		if x == n {
			return true
		}
	}
	return false
}
