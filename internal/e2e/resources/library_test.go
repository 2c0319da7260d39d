package resources

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// nobody is a host to whom nobody is signed in.
type nobody struct{}

func (nobody) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
}

func (nobody) Passed(http.ResponseWriter, *http.Request, mfa.Flow) error { return nil }

func (nobody) Renewed(http.ResponseWriter, *http.Request, mfa.Authentication) error { return nil }

// heap is what this process has in use, after a collection.
func heap() int {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// kept is how many bytes a store in memory holds.
func kept(t *testing.T, s *memory.Store) (n int) {
	t.Helper()
	err := s.Scan(t.Context(), "", "", func(key string, item mfa.Item) error {
		n += len(key) + len(item.Value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestC18_TheLibraryKeepsNothingOfAHostileCrowd is the same within this process, where
// the heap can be looked at: engine, handlers and risk, over a store whose own size is
// counted apart. It does not run beside others.
func TestC18_TheLibraryKeepsNothingOfAHostileCrowd(t *testing.T) {
	n := crowdSize(t)
	there := goleak.IgnoreCurrent()
	store := memory.New()
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		scorer, err := risk.New(risk.Config{Keys: c.Keys})
		if err != nil {
			t.Fatal(err)
		}
		c.Store, c.Risk, c.Logger, c.Observers = store, scorer, slog.New(slog.DiscardHandler), nil
	})
	h, err := mfahttp.New(mfahttp.Config{Engine: m.Engine, Host: nobody{}, Origin: "http://localhost:8080", Now: m.Clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cookies, option := waiting(t, m, h)
	do := func(r *http.Request) (*http.Response, error) {
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(r.Header.Get("X-Forwarded-For")), 4711).String()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	}
	const base = "http://localhost:8080"
	attack(t, warmUp, base, do, cookies, option)
	before, stored := heap(), kept(t, store)
	attack(t, n, base, do, cookies, option)
	if err := m.Close(t.Context()); err != nil { // what the engine does after its answers
		t.Fatal(err)
	}
	after, more := heap(), max(kept(t, store)-stored, 0)
	t.Logf("the heap: %d KB after %d requests, %d KB after %d more, %d KB of them the store's", before>>10, warmUp, after>>10, n, more>>10)
	if after-before-3*more > maxHeap { // a map and its entries take more than what is in them
		t.Errorf("the heap grew from %d to %d bytes, and the store by %d", before, after, more)
	}
	if err := goleak.Find(there); err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(h) // what it keeps was counted
}

// waiting is a sign-in that waits for the code of an app: its cookies, and the option.
func waiting(t *testing.T, m *mfatest.Engine, h *mfahttp.Handler) ([]*http.Cookie, string) {
	t.Helper()
	user := mfa.User{ID: "ada", Name: "ada", Email: "ada@example.com", EmailVerified: true}
	state, err := json.Marshal(totp.State{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"})
	if err != nil {
		t.Fatal(err)
	}
	done, err := m.Import(t.Context(), mfa.Import{User: user, Source: "test", Items: []mfa.ImportItem{{ID: "app", Method: totp.Name, State: state}}})
	if err != nil || done[0].Outcome != mfa.ImportBrought {
		t.Fatal(done, err)
	}
	flow, err := m.SignIn(t.Context(), mfa.SignIn{User: user, First: mfa.Password, Client: mfa.Client{IP: netip.MustParseAddr("198.51.100.7")}})
	if err != nil || flow.Status != mfa.StatusChallenge {
		t.Fatal(flow, err)
	}
	w := httptest.NewRecorder()
	h.WriteFlow(w, httptest.NewRequestWithContext(t.Context(), "POST", "/login", nil), http.StatusOK, flow)
	return w.Result().Cookies(), flow.Options[0].ID
}
