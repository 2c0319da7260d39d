package testserver

import (
	"crypto/rand"
	"math/big"
	"net"
	"sync"
	"testing"
)

// Ports of servers lie below those that a system gives to the near end of a
// connection (Linux from 32768 on, others from 49152, RFC 6335 section 6):
// otherwise a client that tries a dead server's port again and again would one
// day be given that very port, and the server could not come back. A node of a
// Redis cluster listens also at its port + 10000.
const (
	firstPort = 10_000
	allPorts  = 10_000
	busPorts  = 10_000
)

// taken are the ports that this program has handed out.
var taken sync.Map

// freePorts finds ports that nobody listens on, each another. Another program
// may take one before the server does; then it is tried with the next.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for len(ports) < n {
		random, err := rand.Int(rand.Reader, big.NewInt(allPorts))
		if err != nil {
			t.Fatal(err)
		}
		port := firstPort + int(random.Int64())
		if _, ours := taken.LoadOrStore(port, true); !ours && bindable(port) && bindable(port+busPorts) {
			ports = append(ports, port)
		}
	}
	return ports
}

func bindable(port int) bool {
	l, err := net.Listen("tcp", local(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// onFreePort starts a server on one port after the other, until one is its own.
func onFreePort(t testing.TB, start func(port int) (ready bool)) {
	t.Helper()
	for range 10 {
		if start(freePorts(t, 1)[0]) {
			return
		}
	}
	t.Fatal("ten ports in a row were taken by others before a server had them")
}
