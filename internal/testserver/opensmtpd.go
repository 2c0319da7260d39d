package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa/internal/testneed"
)

const howOpenSMTPD = "apt-get install opensmtpd"

// Domain is the one whose mailboxes an [OpenSMTPD] has: whatever stands before
// the @ is one. Addresses elsewhere are refused.
const Domain = "example.test"

// An OpenSMTPD is the mail server of that name, which delivers into a maildir
// for each address.
type OpenSMTPD struct {
	// Addr is where it speaks SMTP and demands STARTTLS, with a certificate for
	// localhost by an authority of its own, CA (PEM).
	Addr string
	CA   []byte

	// Plain is where it speaks SMTP without offering TLS.
	Plain string

	t      testing.TB
	folder string
	port   int
	server *process
	front  *front
}

// It delivers as nobody, since it will not as root.
const smtpdConf = `table people { "@%[3]s" = nobody }
listen on 127.0.0.1 port %[1]d hostname localhost
action "keep" maildir "%[2]s/mail/%%{rcpt}" virtual <people>
match from any for domain "%[3]s" action "keep"
`

// ownPlaces runs smtpd with folders of its own in the place of those that are
// built into it, so that any number may run on a machine.
const ownPlaces = `mount --bind "$1/spool" /var/spool && mount --bind "$1/run" /run && exec "$2" -d -f "$1/smtpd.conf"`

// NewOpenSMTPD starts an OpenSMTPD.
func NewOpenSMTPD(t testing.TB) *OpenSMTPD {
	t.Helper()
	program(t, "smtpd", howOpenSMTPD)
	if os.Geteuid() != 0 {
		testneed.Missing(t, "root: OpenSMTPD runs as no other user")
	}
	if out, err := exec.Command(testneed.Program(t, "unshare", "apt-get install util-linux"), "--mount", "true").CombinedOutput(); err != nil {
		testneed.Missing(t, fmt.Sprintf("right to make mount namespaces, in which OpenSMTPD has places of its own (%v: %s)", err, out))
	}
	m := &OpenSMTPD{t: t, folder: mailFolder(t), port: freePorts(t, 1)[0]}
	conf := fmt.Sprintf(smtpdConf, m.port, m.folder, Domain)
	if err := os.WriteFile(filepath.Join(m.folder, "smtpd.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	m.front = newFront(t, local(m.port))
	m.Addr, m.Plain, m.CA = m.front.addr, local(m.port), m.front.authority
	m.Start()
	return m
}

// mailFolder makes the folder that smtpd works in; nobody may look for
// something in it by its name.
func mailFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mfa-smtpd-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	for name, mode := range map[string]os.FileMode{"spool": 0o711, "run": 0o755, "mail": 0o777, ".": 0o711} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	return folder
}

// Start starts the server again, with what is in its queue.
func (m *OpenSMTPD) Start() {
	m.t.Helper()
	smtpd := program(m.t, "smtpd", howOpenSMTPD)
	m.server = start(m.t, "smtpd", testneed.Program(m.t, "unshare", ""), "--mount", "--propagation", "private", "sh", "-c", ownPlaces, "sh", m.folder, smtpd)
	Until(m.t, "smtpd", func() bool {
		m.server.fatalIfEnded(m.t)
		return listens(m.port)
	})
	m.front.open(m.t)
}

// Stop ends the server: connections are refused.
func (m *OpenSMTPD) Stop() {
	m.t.Helper()
	m.front.close()
	m.server.stop()
	Until(m.t, "smtpd to be gone", func() bool { return !listens(m.port) })
}
