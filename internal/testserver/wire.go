package testserver

import (
	"net"
	"sync"
	"testing"
)

// A Wire is a TCP connection that a test can cut: clients speak to its address,
// and it passes on to a server what they say, and what that answers.
type Wire struct {
	t  testing.TB
	to string

	mu       sync.Mutex
	port     int
	listener net.Listener // nil: down
	conns    map[*relay]bool
	match    func(request []byte) bool // nil: no answer is to be lost
	lost     int
	serving  sync.WaitGroup
}

// A relay is one connection through the wire.
type relay struct {
	client, server net.Conn
	request        []byte // what the client has said since the server last answered
	losing         bool   // the answer is not passed on
}

// NewWire makes a wire to a server, host:port. It ends with the test.
func NewWire(t testing.TB, to string) *Wire {
	t.Helper()
	w := &Wire{t: t, to: to, conns: map[*relay]bool{}}
	onFreePort(t, func(port int) bool {
		w.port = port
		return w.listen() == nil
	})
	t.Cleanup(func() {
		w.Down(true)
		w.Cut()
		w.serving.Wait()
	})
	return w
}

// Addr is what clients connect to instead of the server, as host:port.
func (w *Wire) Addr() string { return local(w.port) }

// Cut closes all connections; new ones are taken.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.close()
	}
}

// Down has new connections refused, or taken again. Those that are there stay.
func (w *Wire) Down(down bool) {
	w.t.Helper()
	w.mu.Lock()
	listener := w.listener
	if down {
		w.listener = nil
	}
	w.mu.Unlock()
	switch {
	case down && listener != nil:
		_ = listener.Close()
	case !down && listener == nil:
		if err := w.listen(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// LoseAnswer has one answer lost: the next request that matches reaches the
// server, and when that answers, the connection is cut instead of passing the
// answer on. The request is what a client has said on one connection since the
// server last answered there, so far; match may be called for any of them, from
// several goroutines one after the other, and must not keep it.
func (w *Wire) LoseAnswer(match func(request []byte) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.match = match
}

// Lost counts the answers that were lost so.
func (w *Wire) Lost() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

func (w *Wire) listen() error {
	l, err := net.Listen("tcp", w.Addr())
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.listener = l
	w.mu.Unlock()
	w.serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			w.serving.Go(func() { w.serve(l, client) })
		}
	})
	return nil
}

// serve passes on what comes by one connection. One that was on its way when the wire
// went down is none: whoever cuts then has cut them all.
func (w *Wire) serve(from net.Listener, client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &relay{client: client, server: server}
	defer c.close()
	w.mu.Lock()
	if w.listener != from {
		w.mu.Unlock()
		return
	}
	w.conns[c] = true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.conns, c)
	}()
	var both sync.WaitGroup
	both.Go(func() { c.pass(client, server, func(said []byte) bool { return w.asks(c, said) }) })
	both.Go(func() { c.pass(server, client, func([]byte) bool { return w.answers(c) }) })
	both.Wait()
}

// close ends both ways, as often as it is called.
func (c *relay) close() {
	_ = c.client.Close()
	_ = c.server.Close()
}

// pass brings what comes from one end to the other, as long as it may.
func (c *relay) pass(from, to net.Conn, may func(said []byte) bool) {
	defer c.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !may(buffer[:n]) {
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// asks notes what a client says, before the server hears it.
func (w *Wire) asks(c *relay, said []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.request = append(c.request, said...)
	if w.match != nil && !c.losing && w.match(c.request) {
		c.losing, w.match = true, nil
	}
	return true
}

// answers says whether what the server says may be passed on.
func (w *Wire) answers(c *relay) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.request = c.request[:0]
	if c.losing {
		w.lost++
	}
	return !c.losing
}
