package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/notify"
)

const (
	secret = "tL8v9Qx-0123456789_abcdefghij" // as long as it has to be, and no real one
	page   = "https://example.com/mfa/notice?lang=en&token=" + secret
)

func links(c *notify.Config) {
	c.Link = func(context.Context, mfa.Event) (string, error) { return page, nil }
}

// linking are the kinds whose mails have a link, and what it is for.
var linking = map[mfa.EventType]string{
	mfa.EventEnrolled:       "If this was not you, undo it",
	mfa.EventResetRequested: "If this was not you, cancel it",
	mfa.EventResetReady:     "If this was you, go on here",
}

func TestLink(t *testing.T) {
	for kind, notice := range eventTypes(t) {
		e := event(kind)
		e.Notice, e.First = notice, true
		if !notice || kind == mfa.EventImported {
			continue
		}
		asked := 0
		m := one(t, e, func(c *notify.Config) {
			c.Link = func(_ context.Context, got mfa.Event) (string, error) {
				if asked++; got.ID != e.ID {
					t.Error("asked about another event")
				}
				return page, nil
			}
		})
		words := linking[kind]
		if words == "" {
			if strings.Contains(m.Text+m.HTML, "/notice") || asked != 0 {
				t.Errorf("%s has a link", kind)
			}
			continue
		}
		if !strings.Contains(m.Text, "\n"+words+": "+page+"\n") || strings.Count(m.Text, page) != 1 || asked != 1 {
			t.Errorf("%s:\n%s", kind, m.Text)
		}
		if !strings.Contains(m.HTML, `<p><a href="https://example.com/mfa/notice?lang=en&amp;token=`+secret+`">`+words+`</a></p>`) {
			t.Errorf("%s:\n%s", kind, m.HTML)
		}
		if strings.Contains(m.Subject, secret) {
			t.Errorf("%s: %s", kind, m.Subject)
		}
		for name, option := range map[string]func(*notify.Config){
			"no Link": func(*notify.Config) {},
			"empty":   func(c *notify.Config) { c.Link = func(context.Context, mfa.Event) (string, error) { return "", nil } },
		} {
			if m := one(t, e, option); strings.Contains(m.Text+m.HTML, words) || strings.Contains(m.HTML, `href=""`) || strings.Contains(m.Text, "link below") {
				t.Errorf("%s, %s:\n%s", kind, name, m.Text)
			}
		}
	}
	e := event(mfa.EventEnrolled)
	if m := one(t, e, links); strings.Contains(m.Text+m.HTML, "/notice") {
		t.Error("an enrollment that is not the first has a link")
	}
}

// C21: each mailbox gets no more than it may use.
func TestC21_WhoGetsTheLink(t *testing.T) {
	for kind, also := range map[mfa.EventType]bool{mfa.EventEnrolled: true, mfa.EventResetRequested: true, mfa.EventResetReady: false} {
		b := &mailbox{}
		n := notifier(t, b, links, func(c *notify.Config) {
			c.Addresses = func(context.Context, mfa.Event) []string {
				return []string{"desk@example.com", "ADA@example.org", "old@example.org"}
			}
		})
		e := event(kind)
		e.First, e.Also = true, []string{"old@example.org", "Ada@example.org"}
		if err := n.Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, m := range b.all() {
			got[m.To] = strings.Contains(m.Text, secret)
			if strings.Contains(m.HTML, secret) != got[m.To] {
				t.Errorf("%s: text and HTML differ", kind)
			}
		}
		want := map[string]bool{"ada@example.org": true, "old@example.org": also, "desk@example.com": false}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
		// An account without an address of its own has nobody who may go on.
		b = &mailbox{}
		e.Email = ""
		if err := notifier(t, b, links).Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, m := range b.all() {
			if strings.Contains(m.Text, secret) != also {
				t.Errorf("%s: without an address of its own: %t", kind, !also)
			}
		}
	}
}

// A89: what makes the link work is in no error, whoever makes it.
func TestA89_NoTokenInErrors(t *testing.T) {
	e := event(mfa.EventResetRequested)
	try := func(b *mailbox, link string, fault error) error {
		return notifier(t, b, func(c *notify.Config) {
			c.Link = func(context.Context, mfa.Event) (string, error) { return link, fault }
		}).Observe(t.Context(), e)
	}
	for name, link := range map[string]string{
		"http": "http://example.com/?token=" + secret, "relative": "/notice?token=" + secret, "broken": "https://example.com/%zz?token=" + secret,
		"a script": "javascript:alert('" + secret + "')", "with a password": "https://a:b@example.com/" + secret, "two lines": "https://example.com/\n" + secret,
		"a quote": `https://example.com/"` + secret, "long": "https://example.com/" + strings.Repeat(secret, 200), "hidden": "https://example.com/\u202E" + secret,
	} {
		b := &mailbox{}
		if err := try(b, link, nil); err == nil || strings.Contains(err.Error(), secret) || len(b.all()) != 0 {
			t.Errorf("%s: %v, %d mails", name, err, len(b.all()))
		}
	}
	b := &mailbox{}
	if err := try(b, "", errors.New("cannot write to "+page)); err == nil || strings.Contains(err.Error(), secret) || len(b.all()) != 0 {
		t.Errorf("a fault: %v", err)
	}
	for name, words := range map[string]string{"the link": page, "the token": "554 refused: token " + secret + " looks odd", "the mail": "sent"} {
		b := &mailbox{fail: func(m mfa.Message) error {
			if name == "the mail" {
				words = m.Text
			}
			return errors.New(words)
		}}
		for _, link := range []string{page, "https://example.com/notice/" + secret, "https://example.com/notice#" + secret} {
			if err := try(b, link, nil); err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	down := &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
	if err := try(&mailbox{fail: func(mfa.Message) error { return down }}, page, nil); !errors.Is(err, down) {
		t.Errorf("an error that says nothing is not told: %v", err)
	}
	for _, link := range []string{page, "http://localhost:8080/mfa/notice?token=" + secret} {
		if err := try(&mailbox{}, link, nil); err != nil {
			t.Error(err)
		}
	}
}

// waiting is a policy that grants a delayed reset.
type waiting struct{}

func (waiting) Decide(s mfa.Subject) mfa.Decision {
	d := mfa.AskEnrolled(s)
	d.DelayedReset = 72 * time.Hour
	return d
}

// A host is an engine whose notices are mailed, with links.
type host struct {
	*mfatest.Engine
	t    *testing.T
	mail mailbox
}

func newHost(t *testing.T) *host {
	h := &host{t: t}
	n := notifier(t, &h.mail, func(c *notify.Config) {
		c.Link = func(_ context.Context, e mfa.Event) (string, error) {
			token, err := h.LinkToken(e)
			return "https://example.com/mfa/notice?token=" + token, err
		}
	})
	h.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Observers = append([]mfa.Observer{n}, c.Observers...) // so that what has been recorded has been mailed
		c.Policy = waiting{}
	})
	return h
}

// mailed waits for the mail about an event, and returns it with the token of its link.
func (h *host) mailed(kind mfa.EventType, subject string) (m mfa.Message, token string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	if _, err := h.Events.Await(ctx, kind, 1); err != nil {
		h.t.Fatal(err)
	}
	mails := h.mail.all()
	i := slices.IndexFunc(mails, func(m mfa.Message) bool { return strings.HasSuffix(m.Subject, subject) })
	if i < 0 {
		h.t.Fatalf("no mail: %s", subject)
	}
	_, token, _ = strings.Cut(mails[i].Text, "https://example.com/mfa/notice?token=")
	token, _, _ = strings.Cut(token, "\n")
	return mails[i], token
}

var ada = mfa.User{ID: "7", Name: "ada", Email: "ada@example.org", EmailVerified: true}

// C21: the owner's mail undoes the enrolment of somebody who had the password.
func TestC21_FirstEnrolmentIsUndoneFromTheMail(t *testing.T) {
	h := newHost(t)
	h.EnrollTOTP(t, ada)
	_, token := h.mailed(mfa.EventEnrolled, "was added")
	if kind, err := h.LinkEvent(token); err != nil || kind != mfa.EventEnrolled {
		t.Fatalf("%s, %v", kind, err)
	}
	if user, err := h.Repudiate(t.Context(), token, mfa.Client{}); err != nil || user != ada.ID {
		t.Fatalf("%s, %v", user, err)
	}
	if m, token := h.mailed(mfa.EventUndone, "was undone"); token != "" || m.To != ada.Email || !strings.Contains(m.Text, "Authenticator app") {
		t.Errorf("%s", m.Text)
	}
	if list, err := h.Enrollments(t.Context(), ada.ID); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// C21: the mail about a delayed reset cancels it, and the one that it is ready goes on.
func TestC21_DelayedResetByMail(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		h := newHost(t)
		ctx := t.Context()
		h.EnrollTOTP(t, ada)
		signIn := func() mfa.Flow {
			f, err := h.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		asked, err := h.RequestReset(ctx, signIn().Token, mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		_, cancel := h.mailed(mfa.EventResetRequested, "asked to reset two-step sign-in")
		if !wanted {
			if user, err := h.Repudiate(ctx, cancel, mfa.Client{}); err != nil || user != ada.ID {
				t.Fatalf("%s, %v", user, err)
			}
			if m, token := h.mailed(mfa.EventResetCanceled, "was cancelled"); token != "" || !strings.Contains(m.Text, "Nothing was removed") {
				t.Errorf("%s", m.Text)
			}
			continue
		}
		h.Clock.Advance(73 * time.Hour)
		again := signIn().Token
		if _, err := h.RequestReset(ctx, again, mfa.Client{}); err != nil {
			t.Fatal(err)
		}
		m, claim := h.mailed(mfa.EventResetReady, "can be reset")
		if m.To != ada.Email || !strings.Contains(m.Text, "If this was you, go on here: ") {
			t.Errorf("%s", m.Text)
		}
		if _, err := h.ClaimReset(ctx, again, cancel, asked.Ticket, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("the link that cancels goes on: %v", err)
		}
		if f, err := h.ClaimReset(ctx, again, claim, asked.Ticket, mfa.Client{}); err != nil || f.Status != mfa.StatusEnroll {
			t.Fatalf("%v, %v", f, err)
		}
		if m, _ := h.mailed(mfa.EventReset, "sign-in was reset"); !strings.Contains(m.Text, "The reset that was asked for") {
			t.Errorf("%s", m.Text)
		}
	}
}
