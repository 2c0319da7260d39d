package testserver

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mfakit/mfa/internal/testneed"
)

// fakeCentre is where Debian's kannel-extras has the fake message centre.
const fakeCentre = "/usr/lib/kannel/test/fakesmsc"

const howKannel = "apt-get install kannel kannel-extras"

// A Kannel is the SMS gateway of that name: its bearerbox, its smsbox, and a
// fake message centre, which takes every message, shows it and reports it
// delivered.
type Kannel struct {
	URL                string // of the smsbox
	Username, Password string // of its user

	t         testing.TB
	folder    string
	admin     string // the URL of the bearerbox's status
	centre    int    // the port of the fake message centre's connection
	bearerbox *process
	smsbox    *process
	fake      *process
	earlier   string // what former fake centres got
}

// The bearerbox may not listen on loopback alone for its fake centre, so it is
// told from where connections are taken.
const kannelConf = `group = core
admin-port = %[1]d
admin-interface = 127.0.0.1
admin-password = status
smsbox-port = %[2]d
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = "*.*.*.*"
dlr-storage = internal
access-log = "%[5]s"

group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = %[3]d
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = %[2]d
sendsms-port = %[4]d
sendsms-interface = 127.0.0.1

group = sendsms-user
username = mfa
password = "the right one"
max-messages = 4
concatenation = true
`

// NewKannel starts a Kannel.
func NewKannel(t testing.TB) *Kannel {
	t.Helper()
	for _, name := range []string{"bearerbox", "smsbox"} {
		program(t, name, howKannel)
	}
	testneed.Program(t, fakeCentre, howKannel)
	ports := freePorts(t, 4)
	k := &Kannel{
		URL: "http://" + local(ports[3]), Username: "mfa", Password: "the right one",
		t: t, folder: t.TempDir(), admin: "http://" + local(ports[0]) + "/status.txt?password=status", centre: ports[2],
	}
	conf := fmt.Sprintf(kannelConf, ports[0], ports[1], ports[2], ports[3], k.accessLog())
	if err := os.WriteFile(k.conf(), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	k.bearerbox = start(t, "bearerbox", program(t, "bearerbox", howKannel), "-v", "3", k.conf())
	Until(t, "the bearerbox", func() bool {
		k.bearerbox.fatalIfEnded(t)
		return strings.Contains(k.status(), "FAKE:")
	})
	k.StartCentre()
	k.Start()
	return k
}

func (k *Kannel) conf() string      { return filepath.Join(k.folder, "kannel.conf") }
func (k *Kannel) accessLog() string { return filepath.Join(k.folder, "access.log") }

// Start starts the smsbox, which takes requests to send.
func (k *Kannel) Start() {
	k.t.Helper()
	k.smsbox = start(k.t, "smsbox", program(k.t, "smsbox", howKannel), "-v", "3", k.conf())
	Until(k.t, "the smsbox", func() bool {
		k.smsbox.fatalIfEnded(k.t)
		return strings.Contains(k.status(), "smsbox:") && k.answers()
	})
}

// Stop ends the smsbox: the gateway is down.
func (k *Kannel) Stop() { k.smsbox.stop() }

// StartCentre connects a fake message centre.
func (k *Kannel) StartCentre() {
	k.t.Helper()
	k.fake = start(k.t, "fakesmsc", fakeCentre, "-H", "127.0.0.1", "-r", fmt.Sprint(k.centre), "-m", "0", "0 0 text none")
	Until(k.t, "the fake message centre", func() bool {
		k.fake.fatalIfEnded(k.t)
		return strings.Contains(k.status(), "(online")
	})
}

// StopCentre ends it: the gateway takes messages, and cannot pass them on.
func (k *Kannel) StopCentre() {
	k.t.Helper()
	k.fake.stop()
	k.earlier += k.fake.out.String()
	Until(k.t, "the bearerbox to notice", func() bool { return !strings.Contains(k.status(), "(online") })
}

func (k *Kannel) status() string {
	r, err := http.Get(k.admin)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return string(text)
}

func (k *Kannel) answers() bool {
	r, err := http.Get(k.URL + "/cgi-bin/sendsms")
	if err != nil {
		return false
	}
	return r.Body.Close() == nil
}

// Sent counts the messages that the bearerbox has sent, by its own log. A text
// of several parts is one.
func (k *Kannel) Sent() int {
	k.t.Helper()
	log, err := os.ReadFile(k.accessLog())
	if err != nil {
		k.t.Fatal(err)
	}
	return strings.Count(string(log), " Sent SMS ")
}

// WantSent waits until that many are, and fails the test if it is more.
func (k *Kannel) WantSent(n int) {
	k.t.Helper()
	Until(k.t, fmt.Sprintf("%d messages to be sent", n), func() bool { return k.Sent() >= n })
	if sent := k.Sent(); sent != n {
		k.t.Errorf("%d messages were sent, want %d", sent, n)
	}
}

// Messages are those that the fake message centre got, in their order.
func (k *Kannel) Messages() []SMS { return parseFake(k.t, k.earlier+k.fake.out.String()) }

// Await waits until n messages to a number have a text that matches, and
// returns the last of them with its submatches.
func (k *Kannel) Await(to string, n int, text *regexp.Regexp) (last SMS, match []string) {
	k.t.Helper()
	Until(k.t, fmt.Sprintf("%d text messages to %s", n, to), func() bool {
		found := 0
		for _, m := range k.Messages() {
			if parts := text.FindStringSubmatch(m.Text); parts != nil && m.To == to {
				last, match, found = m, parts, found+1
			}
		}
		return found >= n
	})
	return last, match
}
