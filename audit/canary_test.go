package audit_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
)

// talkative is a scorer that says what is known of a user, which is for the user.
type talkative struct{}

func (talkative) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return mfa.Assessment{Level: mfa.RiskLow, Reasons: []mfa.RiskReason{
		{Code: "new_country", Text: "first time from Canary Islands", Usual: "usually from canary@secret.example", Weight: 1},
	}}, nil, nil
}

func (talkative) Learn(history, _ []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }

func (talkative) Unlearn(history []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }

func (talkative) Count([]byte) {}

// C20: no code, secret, token, full number or address is in what is exported,
// whatever happens and whatever the exporter.
func TestC20_NothingSecretIsExported(t *testing.T) {
	var trail, log file
	all := &slog.HandlerOptions{Level: slog.LevelDebug}
	var inbox mfatest.Inbox
	numbers, err := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("NO"), Sender: &inbox, Limits: sms.Limits{Number: sms.Rate{Hour: 4, Day: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: &inbox, Link: "https://example.com/mfa/link"})
	if err != nil {
		t.Fatal(err)
	}
	l := newLife(t, []mfa.Observer{audit.JSON(&trail), audit.Slog(slog.NewTextHandler(&log, all)), audit.Slog(slog.NewJSONHandler(&log, all))},
		generous, func(c *mfa.Config) { c.Factors, c.Risk = append(c.Factors, numbers, mails), talkative{} })
	ctx := t.Context()
	ada := mfa.User{ID: "u7", Name: "Ada Canary", Email: "canary@secret.example", EmailVerified: true, Phone: "+4799887766",
		Attributes: map[string]string{"k": "canary-attribute"}}
	desk := mfa.Client{App: "web", IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Browser/1"}
	canaries := []string{ada.Name, ada.Email, "canary", ada.Phone, ada.Phone[1:], ada.Phone[3:], "998 87 766", "99887766"}
	secret := func(list ...string) { canaries = append(canaries, list...) }

	f := l.signIn(ada, desk)
	secret(f.Token)
	session := mfa.Caller{User: ada, Authentication: f.Authentication, Client: desk}
	begun, err := l.Enroll(ctx, session, mfa.Enroll{Method: "totp"})
	l.must(err)
	show := begun.Challenge.(*totp.Challenge)
	phone, err := mfatest.NewAuthenticator(show.URI, l.Clock.Now)
	l.must(err)
	secret(show.Secret, phone.Code())
	wrong := phone.CodeAt(l.Clock.Now().Add(-time.Hour))
	if _, err := l.Activate(ctx, session, begun.ID, mfa.Answer{Code: wrong}); err == nil {
		t.Fatal("a wrong code confirmed it")
	}
	done, err := l.Activate(ctx, session, begun.ID, mfa.Answer{Code: phone.Code()})
	l.must(err)
	secret(wrong)
	secret(done.RecoveryCodes...)
	l.saw(mfa.EventFailed, mfa.EventEnrolled, mfa.EventRecoveryCodes)
	l.saw(mfa.EventFlowStarted, mfa.EventFlowPassed)
	session.Authentication = l.proves(ada, phone, desk)
	secret(phone.Code())

	for _, method := range []string{"sms", "email"} {
		to := map[string]string{"sms": ada.Phone, "email": ada.Email}[method]
		begun, err := l.Enroll(ctx, session, mfa.Enroll{Method: method})
		l.must(err)
		l.saw(mfa.EventChallengeSent)
		secret(inbox.Code(to))
		done, err := l.Activate(ctx, session, begun.ID, mfa.Answer{Code: inbox.Code(to)})
		l.must(err)
		l.saw(mfa.EventEnrolled)
		session.Authentication = done.Authentication
		for _, name := range []string{"+47 998 87 766", ada.Email} { // people write anything there
			_, err = l.Rename(ctx, session, begun.ID, name)
			l.must(err)
			l.saw(mfa.EventRenamed)
		}
	}

	l.Clock.Advance(time.Hour)
	f = l.signIn(ada, desk)
	secret(f.Token)
	for _, method := range []string{"sms", "email"} {
		_, err = l.Challenge(ctx, f.Token, option(t, f, method), desk)
		l.must(err)
		l.saw(mfa.EventChallengeSent)
		if _, err := l.Verify(ctx, f.Token, mfa.Answer{Option: option(t, f, method), Code: wrong}, desk); err == nil {
			t.Fatal("a wrong code passed")
		}
		l.saw(mfa.EventFailed)
	}
	limited := new(mfa.WaitError)
	for try := 0; !limited.Limit; try++ {
		if l.Clock.Advance(5 * time.Minute); try > 50 {
			t.Fatal("no limit was met")
		}
		f := l.signIn(ada, desk)
		if _, err := l.Challenge(ctx, f.Token, option(t, f, "sms"), desk); err != nil && !errors.As(err, &limited) {
			t.Fatal(err)
		}
	}
	l.saw(mfa.EventSendLimit)
	for _, m := range inbox.Messages() {
		secret(m.Report, inbox.Link(m.To))
	}
	secret(inbox.Code(ada.Phone), inbox.Code(ada.Email))

	l.Clock.Advance(time.Hour)
	f = l.signIn(ada, desk)
	used := mfa.Answer{Option: option(t, f, "recovery"), Code: done.RecoveryCodes[0]}
	f, err = l.Verify(ctx, f.Token, used, desk)
	l.must(err)
	secret(f.Token, f.DeviceToken)
	session.Authentication = f.Authentication
	code, _, err := l.IssueBypass(ctx, mfa.Bypass{User: ada, Actor: "carol", Reason: "lost phone", Client: desk})
	l.must(err)
	secret(code, strings.ReplaceAll(code, "-", ""))
	f = l.signIn(ada, desk)
	asked, err := l.RequestReset(ctx, f.Token, desk)
	l.must(err)
	l.saw(mfa.EventResetRequested)
	link, err := l.LinkToken(l.Events.ByType(mfa.EventResetRequested)[0])
	l.must(err)
	secret(asked.Ticket, link)
	f, err = l.Verify(ctx, f.Token, mfa.Answer{Option: option(t, f, "bypass"), Code: code}, desk)
	l.must(err)
	secret(f.Token, f.DeviceToken)
	begun, err = l.Enroll(ctx, session, mfa.Enroll{Method: "totp", Replaces: begun.ID})
	l.must(err)
	secret(begun.Challenge.(*totp.Challenge).Secret)
	l.must(l.Reset(ctx, mfa.Reset{User: ada, Actor: "carol", Reason: "lost phone", Client: desk}))
	l.must(l.Close(ctx))

	out := trail.String() + log.String()
	for _, must := range []string{"send.limit", "recovery.used", "bypass.used", "account.reset", "factor.failed", `"hint":"+47 ••• ••66"`, `"label":"…66"`, `"code":"new_country"`, "c•••@secret.example"} {
		if !strings.Contains(out, must) {
			t.Errorf("this run has not seen %s", must)
		}
	}
	out = strings.ReplaceAll(out, "c•••@secret.example", "")
	n := 0
	for _, c := range canaries {
		for _, form := range []string{c, base64.StdEncoding.EncodeToString([]byte(c)), fmt.Sprintf("%x", c)} {
			if n++; len(c) < 6 {
				continue // what a message does not have
			}
			if i := strings.Index(strings.ToLower(out), strings.ToLower(form)); i >= 0 {
				t.Errorf("%q is exported: …%s…", c, out[max(0, i-120):min(len(out), i+60)])
			}
		}
	}
	t.Logf("%d canaries in %d bytes", n, len(out))
}
