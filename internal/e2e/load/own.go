package load

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/totp"
)

// own is a server of ours, in this process. Its clock stands still but for
// moveOn, so that nobody has to wait for their next code.
type own struct {
	database *database
	engine   *mfa.Engine
	server   *http.Server
	served   chan error
	address  string
	users    int
	master   []byte // of the apps' secrets
	clock    atomic.Int64
}

func serve(ctx context.Context, o Options) (_ site, err error) {
	s := &own{users: o.Users, master: make([]byte, 32), served: make(chan error, 1)}
	_, _ = rand.Read(s.master) // never fails
	s.clock.Store(time.Now().Unix())
	if s.database, err = open(ctx, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.database.close(context.WithoutCancel(ctx)))
		}
	}()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		return nil, err
	}
	apps, err := totp.New(totp.Config{Issuer: "Load"})
	if err != nil {
		return nil, err
	}
	s.engine, err = mfa.New(mfa.Config{Store: s.database.store, Keys: keys, Factors: []mfa.Factor{apps}, Now: s.now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = "http://" + l.Addr().String()
	h, err := mfahttp.New(mfahttp.Config{Engine: s.engine, Host: s, Origin: s.address, Now: s.now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/mfa/", h)
	mux.Handle("POST /login", h.Protect(s.login(h)))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	go func() { s.served <- s.server.Serve(l) }()
	return s, nil
}

func (s *own) base() string      { return s.address }
func (s *own) now() time.Time    { return time.Unix(s.clock.Load(), 0) }
func (s *own) counter() *counter { return s.database.counter }

func (s *own) moveOn(context.Context) error {
	s.clock.Add(period)
	return nil
}

func (s *own) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if stopped := <-s.served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return errors.Join(err, s.engine.Close(ctx), s.database.close(ctx))
}

// enroll brings an authenticator app in as a migration does: the same value in
// the store, and one save of it.
func (s *own) enroll(ctx context.Context, n int) ([]byte, error) {
	secret := s.secret(n)
	state, err := json.Marshal(totp.State{Secret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)})
	if err != nil {
		return nil, err
	}
	done, err := s.engine.Import(ctx, mfa.Import{User: s.user(n), Source: "load", Items: []mfa.ImportItem{{ID: "app", Method: totp.Name, State: state}}})
	if err == nil && done[0].Outcome != mfa.ImportBrought {
		err = fmt.Errorf("the app is %s: %s", done[0].Outcome, done[0].Detail)
	}
	return secret, err
}

func (s *own) secret(n int) []byte {
	mac := hmac.New(sha256.New, s.master)
	mac.Write(strconv.AppendInt(nil, int64(n), 10))
	return mac.Sum(nil)[:20]
}

func (s *own) account(n int) login { return login{fmt.Sprintf("user-%d@load.example", n), password} }

func (s *own) user(n int) mfa.User {
	email := s.account(n).Email
	return mfa.User{ID: fmt.Sprintf("5f0c6a7e-8d21-4e0b-9a43-%012d", n), Name: email, Email: email, EmailVerified: true}
}

// login is the host's own handler. Its users are numbers, and have one password.
func (s *own) login(h *mfahttp.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in login
		if err := mfahttp.ReadJSON(w, r, &in); err != nil {
			h.WriteError(w, r, err)
			return
		}
		digits, _, _ := strings.Cut(strings.TrimPrefix(in.Email, "user-"), "@")
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || n >= s.users || subtle.ConstantTimeCompare([]byte(in.Password), []byte(password)) != 1 {
			h.WriteError(w, r, &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"})
			return
		}
		client := h.Client(r)
		client.IP = address(n)
		flow, err := s.engine.SignIn(r.Context(), mfa.SignIn{User: s.user(n), First: mfa.Password, Client: client})
		if err != nil {
			h.WriteError(w, r, err)
			return
		}
		h.WriteFlow(w, r, http.StatusOK, flow)
	})
}

// Session, Passed and Renewed make own a [mfahttp.Host]. It hands out session ids
// and keeps none: nobody comes back with one.
func (s *own) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
}

func (s *own) Passed(w http.ResponseWriter, _ *http.Request, _ mfa.Flow) error {
	http.SetCookie(w, &http.Cookie{Name: "session", Value: rand.Text(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}

func (s *own) Renewed(http.ResponseWriter, *http.Request, mfa.Authentication) error { return nil }

// address is an address of one's own for everybody, as far as the range for
// benchmarks goes (RFC 2544).
func address(n int) netip.Addr {
	n %= 1 << 17
	return netip.AddrFrom4([4]byte{198, byte(18 + n>>16), byte(n >> 8), byte(n)})
}
