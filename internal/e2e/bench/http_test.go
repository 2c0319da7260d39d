package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/store/sqlstore"
)

// BenchmarkHTTP is a verification as a browser makes it, over the loopback
// interface, beside a handler that does nothing but the two statements.
func BenchmarkHTTP(b *testing.B) {
	onThis()
	c := newCrowd(b, clients)
	store, db := openPostgres(b, testserver.StartPostgres(b))
	c.fill(b, store)
	least := httptest.NewServer(justStatements(c.sqlFloor(b, db, sqlstore.PostgreSQL)))
	b.Cleanup(least.Close)
	whole := httptest.NewUnstartedServer(nil)
	h, err := mfahttp.New(mfahttp.Config{Engine: c.engine(b, c.rewind(store)), Host: nobody{}, Origin: "http://" + whole.Listener.Addr().String(),
		Now: c.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	whole.Config.Handler = h
	whole.Start()
	b.Cleanup(whole.Close)
	b.Run("postgres", func(b *testing.B) {
		r := compare(b, clients, c.posting(least.URL), c.posting(whole.URL))
		b.Logf("postgres over HTTP: %v floors, at most 1.50", r)
	})
}

// posting sends members' codes to a server.
func (c *crowd) posting(base string) operation {
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients}}
	return func(ctx context.Context, n int) error {
		m := &c.members[n]
		body, err := json.Marshal(map[string]string{"option": m.answer.Option, "code": m.answer.Code})
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/mfa/flow/verify", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Client", fmt.Sprint(n))
		r.Header.Set("User-Agent", m.client.UserAgent)
		r.AddCookie(&http.Cookie{Name: "mfa-flow", Value: m.token})
		r.AddCookie(&http.Cookie{Name: "mfa-device", Value: m.client.DeviceToken})
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%d %s, %w", answer.StatusCode, text, err)
		}
		return nil
	}
}

// justStatements reads a request, runs the floor, and answers.
func justStatements(floor operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Option, Code string }
		var n int
		_, err := fmt.Sscan(r.Header.Get("Client"), &n)
		if err == nil {
			err = json.NewDecoder(r.Body).Decode(&in)
		}
		if err == nil {
			err = floor(r.Context(), n)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "passed", "option": in.Option})
	})
}

// nobody is a host whose sessions nobody comes back with.
type nobody struct{}

func (nobody) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
}

func (nobody) Passed(w http.ResponseWriter, _ *http.Request, _ mfa.Flow) error {
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-nobody", HttpOnly: true})
	return nil
}

func (nobody) Renewed(http.ResponseWriter, *http.Request, mfa.Authentication) error { return nil }
