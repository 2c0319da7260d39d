package gateway_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

// TestO12_DestinationsThatAreRefused is the list of what gets a second recipient,
// a header or a parameter into a request.
func TestO12_DestinationsThatAreRefused(t *testing.T) {
	c := newCarrier(t, says(500, ""))
	for _, to := range []string{
		"", "+", "4915112345678", "004915112345678", "+049151123456", "+491511", "+4915112345678901",
		"+4915112345678\r\nBcc: +4915112345679", "+4915112345678\n", "+4915112345678\r", "+4915112345678\x00",
		"+4915112345678%0a", "+4915112345678,+4915112345679", "+4915112345678;+4915112345679",
		"+4915112345678 +4915112345679", "+4915112345678+4915112345679", "+49 151 12345678", "+49-151-12345678",
		"+4915112345678;ext=5", "+4915112345678x5", "+4915112345678#5", "tel:+4915112345678", "whatsapp:+4915112345678",
		"+4915112345678&to=+4915112345679", "+٤٩١٥١١٢٣٤٥٦٧٨", "\u202e+4915112345678", "+49151123456７8", "example.com", "Bank",
	} {
		for kind, s := range senders(t, c.URL, 0) {
			m := message
			m.To = to
			_, err := send(t, s, m)
			var e *mfa.SendError
			if !errors.As(err, &e) || e.Reason != mfa.SendBadDestination || e.Retry || e.Elsewhere {
				t.Errorf("%s: %q gives %v", kind, to, err)
			}
		}
	}
	if n := len(c.got()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	c := newCarrier(t, says(500, ""))
	for name, edit := range map[string]func(*mfa.Message){
		"mail":                 func(m *mfa.Message) { m.Channel = mfa.ChannelEmail },
		"no channel":           func(m *mfa.Message) { m.Channel = "" },
		"no text":              func(m *mfa.Message) { m.Text = "" },
		"NUL":                  func(m *mfa.Message) { m.Text = "a\x00b" },
		"not UTF-8":            func(m *mfa.Message) { m.Text = "a\xff" },
		"too long":             func(m *mfa.Message) { m.Text = strings.Repeat("ä", 1601) },
		"an ID to escape":      func(m *mfa.Message) { m.ID = "a/b" },
		"a token to escape":    func(m *mfa.Message) { m.Report = "a&b" },
		"a token with an end":  func(m *mfa.Message) { m.Report = "a\n" },
		"a token out of scale": func(m *mfa.Message) { m.Report = strings.Repeat("a", 1025) },
	} {
		for kind, s := range senders(t, c.URL, 0) {
			m := message
			edit(&m)
			_, err := send(t, s, m)
			var e *mfa.SendError
			if !errors.As(err, &e) || e.Reason != mfa.SendRefused || e.Retry || e.Elsewhere {
				t.Errorf("%s: %s gives %v", kind, name, err)
			}
		}
	}
	if n := len(c.got()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

// TestHangingCarrier: the time-out ends the call, and the message may be out.
func TestHangingCarrier(t *testing.T) {
	done := make(chan struct{})
	hang := func(http.ResponseWriter, *http.Request) { <-done }
	half := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		w.(http.Flusher).Flush()
		<-done
	}
	before, inside := newCarrier(t, hang), newCarrier(t, half)
	t.Cleanup(func() { close(done) }) // before the servers close
	for name, c := range map[string]*carrier{"before its answer": before, "inside its answer": inside} {
		for kind, s := range senders(t, c.URL, shortTimeout) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, err := send(t, s, message)
				e := advised(t, err, mfa.SendTimeout)
				if !errors.Is(e.Err, context.DeadlineExceeded) {
					t.Errorf("the cause is %v", e.Err)
				}
			})
		}
	}
}

// TestCallerThatGoesAway while the carrier has the message.
func TestCallerThatGoesAway(t *testing.T) {
	done := make(chan struct{})
	here := make(chan struct{}, 1)
	c := newCarrier(t, func(http.ResponseWriter, *http.Request) { here <- struct{}{}; <-done })
	t.Cleanup(func() { close(done) })
	for kind, s := range senders(t, c.URL, 0) {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			go func() { <-here; cancel() }()
			_, err := s.Send(ctx, message)
			if e := advised(t, err, mfa.SendTimeout); !errors.Is(e.Err, context.Canceled) {
				t.Errorf("the cause is %v", e.Err)
			}
		})
	}
}

// TestCertificatesAreChecked: nothing is said to a server that cannot show who
// it is; one whose CA the host trusts is believed.
func TestCertificatesAreChecked(t *testing.T) {
	c := &carrier{answer: says(201, twilioCreated)}
	c.Server = httptest.NewUnstartedServer(c)
	c.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.StartTLS()
	t.Cleanup(c.Close)
	for kind, s := range senders(t, c.URL, 0) {
		t.Run(kind, func(t *testing.T) {
			_, err := send(t, s, message)
			advised(t, err, mfa.SendUnreachable)
		})
	}
	if n := len(c.got()); n != 0 {
		t.Errorf("%d requests came", n)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.Certificate())
	trusting := newTwilio(t, c.URL, func(config *gateway.TwilioConfig) {
		config.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	})
	wantSent(t, trusting, message, messageSID)
}

func TestContextThatIsOver(t *testing.T) {
	c := newCarrier(t, says(201, `{"sid":"`+messageSID+`"}`))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for kind, s := range senders(t, c.URL, 0) {
		t.Run(kind, func(t *testing.T) {
			_, err := s.Send(ctx, message)
			advised(t, err, mfa.SendUnreachable) // nothing went out
		})
	}
	if n := len(c.got()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

// TestRedirectsAreNotFollowed: the second host would get number, text and
// credentials.
func TestRedirectsAreNotFollowed(t *testing.T) {
	other := newCarrier(t, says(201, `{"sid":"`+messageSID+`"}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := newCarrier(t, says(status, "", "Location", other.URL))
		for kind, s := range senders(t, c.URL, 0) {
			t.Run(fmt.Sprint(kind, "/", status), func(t *testing.T) {
				_, err := send(t, s, message)
				advised(t, err, mfa.SendBadAnswer)
			})
		}
	}
	if n := len(other.got()); n != 0 {
		t.Errorf("%d requests were made to the other host", n)
	}
}

// TestHugeAnswer: it is not read to its end, and is no success that needs its body.
func TestHugeAnswer(t *testing.T) {
	written := make(chan int, 16)
	c := newCarrier(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte(`{"sid":"` + messageSID + `","code":"bad","x":"`))
		n := 0
		for chunk := []byte(strings.Repeat("x", 1<<16)); n < 1<<30; n += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		written <- n
	})
	for kind, s := range senders(t, c.URL, time.Minute) {
		if strings.HasPrefix(kind, "HTTP") {
			continue // the status alone means that it was taken
		}
		t.Run(kind, func(t *testing.T) {
			_, err := send(t, s, message)
			advised(t, err, mfa.SendBadAnswer)
			if n := <-written; n >= 1<<30 {
				t.Error("the whole answer was read")
			}
		})
	}
}

// TestLongAnswer: one that says yes and goes on beyond the bound is not cut to
// what was read.
func TestLongAnswer(t *testing.T) {
	pad := strings.Repeat(" ", 1<<17)
	for kind, body := range map[string]string{"Twilio": twilioCreated, "Kannel": "0: Accepted for delivery"} {
		for end, reason := range map[string]string{"": "", pad: mfa.SendBadAnswer} {
			c := newCarrier(t, says(201, body+end))
			_, err := send(t, senders(t, c.URL, 0)[kind], message)
			if reason != "" {
				advised(t, err, reason)
			} else if err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// TestNothingIsRepeated breaks a kept connection after the request: net/http
// repeats a GET then by itself.
func TestNothingIsRepeated(t *testing.T) {
	var first atomic.Bool
	c := newCarrier(t, func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(true, false) {
			says(201, `0: Accepted for delivery`)(w, r)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	})
	for kind, s := range senders(t, c.URL, time.Minute) {
		t.Run(kind, func(t *testing.T) {
			first.Store(true)
			before := len(c.got())
			_, _ = send(t, s, message) // leaves a connection, if any is kept
			_, err := send(t, s, message)
			advised(t, err, mfa.SendBadAnswer)
			if n := len(c.got()) - before; n != 2 {
				t.Errorf("%d requests were made for 2 messages", n)
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	for status, reason := range map[int]string{
		400: mfa.SendRefused, 401: mfa.SendUnauthorized, 402: mfa.SendUnauthorized, 403: mfa.SendUnauthorized,
		404: mfa.SendRefused, 408: mfa.SendUnreachable, 413: mfa.SendRefused, 429: mfa.SendThrottled,
		500: mfa.SendUnreachable, 503: mfa.SendUnreachable, 502: mfa.SendBadAnswer, 504: mfa.SendTimeout,
	} {
		for _, body := range []string{"", "<html>broken", `{"code":`, `[]`, `{"code":null}`} {
			c := newCarrier(t, says(status, body))
			for kind, s := range senders(t, c.URL, 0) {
				t.Run(fmt.Sprint(kind, "/", status, "/", body), func(t *testing.T) {
					_, err := send(t, s, message)
					advised(t, err, reason)
					var a *gateway.AnswerError
					if !errors.As(err, &a) || a.Status != status {
						t.Errorf("the cause is %v", errors.Unwrap(err))
					}
				})
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Tue, 15 Nov 1994 08:12:31 GMT"
	for header, want := range map[string]time.Duration{
		"30":                            30 * time.Second,
		"Tue, 15 Nov 1994 08:13:31 GMT": time.Minute,
		"Tue, 15 Nov 1994 08:11:31 GMT": 0,
		"99999999":                      24 * time.Hour,
		"999999999999999999999":         0,
		"-5":                            0,
		"soon":                          0,
	} {
		c := newCarrier(t, says(429, "", "Retry-After", header, "Date", date))
		for kind, s := range senders(t, c.URL, 0) {
			_, err := send(t, s, message)
			if e := advised(t, err, mfa.SendThrottled); e.After != want {
				t.Errorf("%s: Retry-After %q gives %v, want %v", kind, header, e.After, want)
			}
		}
	}
	c := newCarrier(t, says(400, "", "Retry-After", "30"))
	for kind, s := range senders(t, c.URL, 0) {
		_, err := send(t, s, message)
		if e := advised(t, err, mfa.SendRefused); e.After != 0 {
			t.Errorf("%s: what cannot be tried again has a time for it", kind)
		}
	}
}

// TestPlainHTTPIsRefused except to this machine, or where it is asked for.
func TestPlainHTTPIsRefused(t *testing.T) {
	for url, fine := range map[string]bool{
		"https://sms.example.com": true, "http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost:1": true,
		"http://sms.example.com": false, "http://127.0.0.1.example.com": false, "http://localhost.example.com": false,
		"http://10.0.0.1": false, "ftp://127.0.0.1": false, "127.0.0.1:13013": false, "": false, "https://": false, "//host": false,
		"https://user:pw@host": false, "https://host#x": false,
	} {
		for _, report := range []bool{false, true} {
			for _, insecure := range []bool{false, true} {
				k := gateway.KannelConfig{URL: "https://host", Username: "u", Password: "p", InsecureHTTP: insecure, ReportSecret: secret}
				h := gateway.HTTPConfig{URL: "https://host", Form: map[string]string{"to": "{to}"}, InsecureHTTP: insecure, ReportSecret: secret,
					ReportState: gateway.Field{Query: "s"}, ReportStates: map[string]mfa.DeliveryState{"1": mfa.DeliveryDelivered}}
				tw := gateway.TwilioConfig{AccountSID: accountSID, AuthToken: authToken, From: "+1", InsecureHTTP: insecure}
				if report && url != "" {
					k.ReportURL, h.ReportURL, tw.ReportURL = url, url, url
				} else if !report {
					k.URL, h.URL, tw.BaseURL = url, url, url
				}
				_, errK := gateway.NewKannel(k)
				_, errH := gateway.NewHTTP(h)
				_, errT := gateway.NewTwilio(tw)
				plain := strings.HasPrefix(url, "http://")
				want := fine || insecure && plain || report && url == ""
				if (errK == nil) != want || (errH == nil) != want || url != "" && (errT == nil) != want {
					t.Errorf("%q (report %t, insecure %t): %v, %v, %v", url, report, insecure, errK, errH, errT)
				}
			}
		}
	}
}

func TestTimeoutIsBounded(t *testing.T) {
	for _, d := range []time.Duration{-1, time.Minute + 1} {
		_, errK := gateway.NewKannel(gateway.KannelConfig{URL: "https://host", Username: "u", Password: "p", Timeout: d})
		_, errT := gateway.NewTwilio(gateway.TwilioConfig{AccountSID: accountSID, AuthToken: authToken, From: "+1", Timeout: d})
		_, errH := gateway.NewHTTP(gateway.HTTPConfig{URL: "https://host", Timeout: d})
		for _, err := range []error{errK, errT, errH} {
			if err == nil || !strings.Contains(err.Error(), "Timeout") {
				t.Errorf("%v gives %v", d, err)
			}
		}
	}
}
