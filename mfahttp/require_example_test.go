package mfahttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// Reports are for those who have proved a second factor within the hour. Others are led
// to the page that asks for it, and come back.
func ExampleHandler_Require() {
	keys, err := mfa.NewKeyRing()
	check(err)
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	check(err)
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}})
	check(err)
	host := &sessions{list: map[string]mfa.Authentication{}}
	h, err := mfahttp.New(mfahttp.Config{Engine: engine, Host: host, Origin: "http://localhost:8080", StepUpPage: "/account/confirm"})
	check(err)

	recent := h.Require(mfa.Requirement{SecondFactor: true, MaxAge: time.Hour})
	mux := http.NewServeMux()
	mux.Handle("GET /reports", recent(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "all of them") })))

	// Somebody with a session, by their password alone.
	host.list["of ada"] = mfa.Authentication{User: ada.ID, Proofs: []mfa.Proof{{AMR: []string{"pwd"}, Time: time.Now()}}, Time: time.Now()}
	for _, accept := range []string{"text/html", "application/json"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/reports", nil)
		r.Header.Set("Accept", accept)
		r.AddCookie(&http.Cookie{Name: "session", Value: "of ada"})
		mux.ServeHTTP(w, r)
		to, err := url.Parse(w.Header().Get("Location"))
		check(err)
		fmt.Println(w.Code, to.Path, to.Query().Get("return"))
	}
	// Output:
	// 303 /account/confirm /reports
	// 403
}
