package testserver

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A front speaks STARTTLS before a mail server that does not: OpenSMTPD 6.8 as
// Debian 12 builds it, with OpenSSL 3, cannot sign a handshake (OpenSMTPD
// issue 1171). What is said after the handshake goes to and fro as it is.
type front struct {
	addr      string
	backend   string
	authority []byte
	config    *tls.Config

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	serving  sync.WaitGroup
}

func newFront(t testing.TB, backend string) *front {
	t.Helper()
	f := &front{backend: backend, addr: fmt.Sprintf("localhost:%d", freePorts(t, 1)[0]), conns: map[net.Conn]bool{}}
	certificate, authority, err := localhostCertificate()
	if err != nil {
		t.Fatal(err)
	}
	f.authority, f.config = authority, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	t.Cleanup(f.close)
	return f
}

func (f *front) open(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp4", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.listener = l
	f.mu.Unlock()
	f.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.serving.Go(func() { f.serve(c) })
		}
	})
}

func (f *front) close() {
	f.mu.Lock()
	if f.listener != nil {
		_ = f.listener.Close()
	}
	for c := range f.conns {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.serving.Wait()
}

// hold keeps a connection among those that close ends.
func (f *front) hold(c net.Conn) (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[c] = true
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.conns, c)
		_ = c.Close()
	}
}

func (f *front) serve(client net.Conn) {
	defer f.hold(client)()
	if !greet(bufio.NewReader(client), client) {
		return
	}
	encrypted := tls.Server(client, f.config)
	if encrypted.Handshake() != nil {
		return
	}
	server, err := net.Dial("tcp", f.backend)
	if err != nil {
		return
	}
	defer f.hold(server)()
	answers := bufio.NewReader(server)
	if _, err := answers.ReadString('\n'); err != nil { // its greeting: the client has had one
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(server, encrypted); _ = server.Close() })
	both.Go(func() { _, _ = io.Copy(encrypted, answers); _ = encrypted.Close() })
	both.Wait()
}

// greet is the conversation until STARTTLS. Before it nothing else is done, and
// what a client has said of itself is forgotten after it (RFC 3207, section 4.2).
func greet(client *bufio.Reader, toClient io.Writer) bool {
	for reply := "220 localhost ESMTP"; ; {
		if _, err := io.WriteString(toClient, reply+"\r\n"); err != nil {
			return false
		}
		line, err := client.ReadString('\n')
		if err != nil {
			return false
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "STARTTLS":
			_, err := io.WriteString(toClient, "220 2.0.0 Ready to start TLS\r\n")
			return err == nil && client.Buffered() == 0
		case "EHLO":
			reply = "250-localhost\r\n250 STARTTLS"
		default:
			reply = "530 5.7.0 Must issue a STARTTLS command first"
		}
	}
}

// localhostCertificate makes an authority, and a certificate by it.
func localhostCertificate() (certificate tls.Certificate, authority []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "An authority for tests"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: parent.NotBefore, NotAfter: parent.NotAfter,
	}
	signed, err := x509.CreateCertificate(rand.Reader, parent, parent, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority, nil
}
