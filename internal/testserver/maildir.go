package testserver

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A Letter is a mail as it lies in a mailbox.
type Letter struct {
	To     string // the mailbox's address, which is the envelope's
	Raw    []byte
	Header mail.Header
	Text   string
	HTML   string // empty: there is none
}

// ID is the Message-ID.
func (l Letter) ID() string { return l.Header.Get("Message-ID") }

// Subject is decoded.
func (l Letter) Subject() string {
	text, err := new(mime.WordDecoder).DecodeHeader(l.Header.Get("Subject"))
	if err != nil {
		return l.Header.Get("Subject")
	}
	return text
}

// Letters are all that lie in all mailboxes.
func (m *OpenSMTPD) Letters() []Letter {
	m.t.Helper()
	files, err := filepath.Glob(filepath.Join(m.folder, "mail", "*", "new", "*"))
	if err != nil {
		m.t.Fatal(err)
	}
	var list []Letter
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			m.t.Fatal(err)
		}
		l := Letter{To: filepath.Base(filepath.Dir(filepath.Dir(file))), Raw: raw}
		if err := l.parse(); err != nil {
			m.t.Fatalf("%v in\n%s", err, raw)
		}
		list = append(list, l)
	}
	return list
}

// Inbox is what lies in one mailbox.
func (m *OpenSMTPD) Inbox(to string) []Letter {
	m.t.Helper()
	var list []Letter
	for _, l := range m.Letters() {
		if l.To == to {
			list = append(list, l)
		}
	}
	return list
}

// Await waits until so many letters lie in a mailbox, and returns them.
func (m *OpenSMTPD) Await(to string, n int) []Letter {
	m.t.Helper()
	var list []Letter
	Until(m.t, fmt.Sprintf("%d mails to %s", n, to), func() bool {
		list = m.Inbox(to)
		return len(list) >= n
	})
	if len(list) != n {
		m.t.Fatalf("%d mails to %s, want %d", len(list), to, n)
	}
	return list
}

// Settled waits until the server has nothing left to deliver, and returns what
// lies in all mailboxes then.
func (m *OpenSMTPD) Settled() []Letter {
	m.t.Helper()
	Until(m.t, "the mail queue to be empty", func() bool {
		spool := filepath.Join(m.folder, "spool", "smtpd")
		return !held(m.t, filepath.Join(spool, "incoming")) && !held(m.t, filepath.Join(spool, "queue"))
	})
	return m.Letters()
}

// held says whether there is a file in a folder. What is gone meanwhile is not.
func held(t testing.TB, folder string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
		found = found || err == nil && d.Type().IsRegular()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (l *Letter) parse() error {
	m, err := mail.ReadMessage(bytes.NewReader(l.Raw))
	if err != nil {
		return err
	}
	l.Header = m.Header
	return l.body(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
}

func (l *Letter) body(contentType, encoding string, r io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := l.body(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		r = quotedprintable.NewReader(r)
	}
	content, err := io.ReadAll(r)
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch kind {
	case "text/plain":
		l.Text = text
	case "text/html":
		l.HTML = text
	default:
		return fmt.Errorf("a part of type %q", kind)
	}
	return err
}
