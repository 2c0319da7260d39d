package mfa

import (
	"encoding/json"
	"slices"
	"time"
)

// SealEvidence writes evidence as one string that only this deployment can have
// written and can read: for a session that has to travel through the client, in a
// cookie. It is sealed with the engine's keys. It does not end a session: keep it
// with an expiry, and ask [Engine.Satisfies], which knows what has become void.
func (e *Engine) SealEvidence(a Authentication) (string, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	return e.sealedToken(sealEvidence, plain)
}

// OpenEvidence is the reverse of [Engine.SealEvidence]. [ErrSealed] for anything else.
func (e *Engine) OpenEvidence(sealed string) (Authentication, error) {
	plain, err := e.openedToken(sealEvidence, sealed, maxEvidence)
	if err != nil {
		return Authentication{}, err
	}
	var a Authentication
	if err := json.Unmarshal(plain, &a); err != nil {
		return Authentication{}, ErrSealed
	}
	return a, nil
}

// ACR is the authentication context class (OpenID Connect Core 1.0, section 2) of
// the evidence, for a host that is itself a provider: "phrh" for a key that cannot
// leave its device and "phr" for other proofs that resist phishing (OpenID Connect
// EAP ACR Values 1.0, section 2), where two factors were proved; else "aal2" or
// "aal1", after NIST SP 800-63B-4; empty for no evidence. The claims beside it
// are AMR, and Time as auth_time.
func (a Authentication) ACR() string {
	level := a.AAL()
	switch {
	case level >= AAL3:
		return "phrh"
	case level == AAL2 && a.PhishingResistant():
		return "phr"
	case level == AAL2:
		return "aal2"
	case level == AAL1:
		return "aal1"
	}
	return ""
}

// Until is when NIST SP 800-63B-4 (sections 2.1.3, 2.2.3, 2.3.3) has a session with
// this evidence begin anew: 30 days after the first proof of it at AAL1; 24 hours,
// and an hour without activity, at AAL2; 12 hours, and 15 minutes without activity, at AAL3. Active is
// when the user was last seen to do something; zero: idleness does not count. The
// zero time: there is no evidence.
func (a Authentication) Until(active time.Time) time.Time {
	if len(a.Proofs) == 0 {
		return time.Time{}
	}
	first := slices.MinFunc(a.Proofs, func(p, q Proof) int { return p.Time.Compare(q.Time) }).Time
	overall, idle := 30*24*time.Hour, time.Duration(0)
	switch a.AAL() {
	case AAL2:
		overall, idle = 24*time.Hour, time.Hour
	case AAL3:
		overall, idle = 12*time.Hour, 15*time.Minute
	}
	until := first.Add(overall)
	if t := active.Add(idle); idle > 0 && !active.IsZero() && t.Before(until) {
		until = t
	}
	return until
}
