package openapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/mfakit/mfa"
)

// A ring is a factor by which users sign in without having said who they are.
type ring struct{ stolen bool }

type seal struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
	} `json:"publicKey"`
}

func (seal) Method() string { return "ring" }

func (r *ring) Method() mfa.Method {
	return mfa.Method{Name: "ring", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true}
}

func (r *ring) step(now time.Time) mfa.Step {
	var s seal
	s.PublicKey.Challenge = rand.Text()
	return mfa.Step{Challenge: s, Pending: []byte(s.PublicKey.Challenge), Expires: now.Add(5 * time.Minute)}
}

func (r *ring) Enroll(_ context.Context, q mfa.EnrollRequest) (mfa.Step, error) {
	return r.step(q.Now), nil
}

func (r *ring) Challenge(_ context.Context, q mfa.ChallengeRequest) (mfa.Step, error) {
	return r.step(q.Now), nil
}

func (r *ring) Discover(_ context.Context, q mfa.DiscoverRequest) (mfa.Step, error) {
	return r.step(q.Now), nil
}

func (r *ring) Find(pending []byte, a mfa.Answer) ([]string, error) {
	var in struct{ ID, Challenge string }
	if err := json.Unmarshal(a.Credential, &in); err != nil || in.Challenge != string(pending) {
		return nil, mfa.ErrNotValid
	}
	return []string{in.ID}, nil
}

func (r *ring) Verify(_ context.Context, q mfa.VerifyRequest) (mfa.Verified, error) {
	claims, err := r.Find(q.Pending, q.Answer)
	if err != nil {
		return mfa.Verified{}, err
	}
	if r.stolen {
		return mfa.Verified{}, &mfa.RefusedError{Subject: mfa.SubjectAuthenticator, Reason: "stolen", Detail: "that is not yours"}
	}
	v := mfa.Verified{State: []byte(claims[0]), UserVerified: true}
	if q.Purpose == mfa.ForEnrollment {
		v.Claims = claims
	} else {
		v.EnrollmentID = q.Enrollments[0].ID
	}
	return v, nil
}

func withRings(r *ring) func(*mfa.Config) {
	return func(c *mfa.Config) {
		c.Factors = append(c.Factors, r)
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) {
			return mfa.User{ID: id, Name: "somebody"}, 0, nil
		}
	}
}

type signals struct {
	Accepted int `json:"accepted"`
}

func (r *ring) Signals(q mfa.SignalsRequest) (any, error) {
	return signals{len(q.Enrollments)}, nil
}

// sealed is the answer to what was asked, as a body.
func (r reply) sealed(id string) string {
	return `{"credential":{"id":"` + id + `","challenge":"` + r.json["publicKey"].(map[string]any)["challenge"].(string) + `"}}`
}

// passkeys signs in without saying who it is.
func (w *walker) passkeys() {
	bare := w.on(w.s)
	bare.send(422, "POST", "/mfa/passkey/begin", "")
	bare.cookies["__Host-mfa-passkey"] = "x"
	bare.send(422, "POST", "/mfa/passkey/finish", `{"credential":{}}`)

	r := &ring{}
	w = w.on(newSite(w.t, withRings(r)))
	w.login("bearer")
	begun := w.send(201, "POST", "/mfa/enrollments", `{"method":"ring"}`)
	activate := "/mfa/enrollments/" + begun.json["id"].(string) + "/activate"
	r.stolen = true
	w.send(422, "POST", activate, begun.sealed("mine"))
	r.stolen = false
	again := w.send(200, "POST", "/mfa/enrollments/"+begun.json["id"].(string)+"/challenge", "")
	w.send(200, "POST", activate, again.sealed("mine"))

	w.send(200, "GET", "/mfa/passkey/signals", "")

	w = w.on(w.s)
	w.send(404, "POST", "/mfa/passkey/finish", `{"credential":{}}`)
	begun = w.send(200, "POST", "/mfa/passkey/begin", `{}`)
	w.send(401, "POST", "/mfa/passkey/finish", begun.sealed("another"))
	w.malformedPasskeys()
	w.s.store.set(fault{err: errors.New("the disk is full")})
	w.send(503, "POST", "/mfa/passkey/finish", begun.sealed("mine"))
	w.s.store.set(fault{garbage: true})
	w.send(500, "POST", "/mfa/passkey/finish", begun.sealed("mine"))
	w.s.store.set(fault{})
	spent := w.cookies["__Host-mfa-passkey"]
	w.send(200, "POST", "/mfa/passkey/finish", begun.sealed("mine"))
	w.cookies["__Host-mfa-passkey"] = spent
	w.send(410, "POST", "/mfa/passkey/finish", begun.sealed("mine"))

	native := w.on(w.s)
	begun = native.send(200, "POST", "/mfa/passkey/begin", "", "Mfa-Client", "native")
	native.send(200, "POST", "/mfa/passkey/finish", begun.sealed("mine"), "Mfa-Client", "native", "Authorization", "Bearer "+begun.json["token"].(string))
}

func (w *walker) malformedPasskeys() {
	for path, body := range map[string]string{"/mfa/passkey/begin": "", "/mfa/passkey/finish": `{"credential":{}}`} {
		w.send(400, "POST", path, body, "Mfa-Client", "web")
		w.send(400, "POST", path, `{"unknown":1}`)
		w.send(413, "POST", path, tooLarge)
		w.send(415, "POST", path, `{}`, "Content-Type", "text/plain")
		w.send(403, "POST", path, body, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	}
}

// script gets mfa.js, and asks whether there is another.
func (w *walker) script() {
	w = w.on(w.s)
	tag := w.send(200, "GET", "/mfa/mfa.js", "").header.Get("ETag")
	w.send(304, "GET", "/mfa/mfa.js", "", "If-None-Match", tag)
	w.send(400, "GET", "/mfa/mfa.js", "", "Mfa-Client", "web")
}
