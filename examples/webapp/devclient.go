package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/mfakit/mfa/mfahttp/pages"
)

// The headers by which a developer, or a test, plays a client elsewhere. They mean
// nothing without -dev.
const (
	devClientIP  = "X-Dev-Client-IP"
	devUserAgent = "X-Dev-User-Agent"
)

// A played is the client that a browser plays.
type played struct {
	IP    string `json:"ip,omitempty"`    // an address; empty: its own
	Agent string `json:"agent,omitempty"` // a User-Agent header; empty: its own
}

const maxAgent = 256 // of a User-Agent header, as the engine keeps it

func (a *app) playedCookie() string { return a.cookie("dev-client") }

// playedBy reads what a browser plays. Without -dev, and of a cookie that is not ours,
// nothing.
func (a *app) playedBy(r *http.Request) (p played) {
	if a.inbox == nil {
		return played{}
	}
	c, err := r.Cookie(a.playedCookie())
	if err != nil {
		return played{}
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(text, &p) != nil || p.check() != nil {
		return played{}
	}
	return p
}

// check refuses what cannot be a client. Errors are tied to their field.
func (p played) check() error {
	if _, err := netip.ParseAddr(p.IP); p.IP != "" && err != nil {
		return onField("ip", badRequest("this is not an IP address"))
	}
	if len(p.Agent) > maxAgent || strings.ContainsFunc(p.Agent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return onField("agent", badRequest("a User-Agent header has up to 256 characters of ASCII"))
	}
	return nil
}

// asPlayed, in development, has all that follows see the client that a header or the
// browser's cookie names. What the browser says of itself besides would contradict it.
func (a *app) asPlayed(next http.Handler) http.Handler {
	if a.inbox == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := a.playedBy(r)
		ip, agent := cmp.Or(r.Header.Get(devClientIP), p.IP), cmp.Or(r.Header.Get(devUserAgent), p.Agent)
		if ip == "" && agent == "" {
			next.ServeHTTP(w, r)
			return
		}
		r = r.Clone(r.Context())
		r.Header.Set(devClientIP, ip)
		if agent != "" {
			r.Header.Set("User-Agent", agent)
			for _, hint := range []string{"Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform"} {
				r.Header.Del(hint)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// playing is what the line on top of each page says of it; empty: nothing is played.
func (a *app) playing(r *http.Request) string {
	p := a.playedBy(r)
	var parts []string
	if p.IP != "" {
		from := p.IP
		if place := a.placeNamed(p.IP); place != "" {
			from = place + " (" + from + ")"
		}
		parts = append(parts, "from "+from)
	}
	if p.Agent != "" {
		parts = append(parts, "as "+pages.Device(a.words.Pick("en"), p.Agent))
	}
	return strings.Join(parts, ", ")
}

// placeNamed is what the list calls an address; empty: it is not on it.
func (a *app) placeNamed(ip string) string {
	addr, err := netip.ParseAddr(ip)
	i := slices.IndexFunc(a.places, func(p devPlace) bool { return err == nil && p.Network.Contains(addr.Unmap()) })
	if i < 0 {
		return ""
	}
	return a.places[i].Name
}

func (a *app) playPage(w http.ResponseWriter, r *http.Request) error {
	return a.renderPlay(w, r, a.playedBy(r), nil)
}

func (a *app) renderPlay(w http.ResponseWriter, r *http.Request, p played, wrong error) error {
	data := struct {
		played
		Places      devPlaces
		Agents      []devAgent
		OtherIP     bool // it is not on the list
		OtherAgent  bool
		BuiltIn     bool // the places are those of the list
		IPHeader    string
		AgentHeader string
	}{played: p, Places: a.places, Agents: devAgents, BuiltIn: len(a.config.geo) == 0, IPHeader: devClientIP, AgentHeader: devUserAgent}
	data.OtherIP = p.IP != "" && !slices.ContainsFunc(a.places, func(o devPlace) bool { return o.Address.String() == p.IP })
	data.OtherAgent = p.Agent != "" && !slices.ContainsFunc(devAgents, func(o devAgent) bool { return o.Header == p.Agent })
	return a.renderForm(w, r, "play", view{Title: "Play another client", Data: data}, wrong)
}

// play has the browser play a client from now on, or itself again.
func (a *app) play(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		played
		Place   string `json:"place"`   // an address of the list
		Browser string `json:"browser"` // a header of the list
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	p := played{cmp.Or(strings.TrimSpace(in.IP), in.Place), cmp.Or(strings.TrimSpace(in.Agent), in.Browser)}
	if err := p.check(); err != nil {
		if wantsPage(r) {
			return a.renderPlay(w, r, p, err)
		}
		return err
	}
	if p == (played{}) {
		a.setCookie(w, a.playedCookie(), "", 0)
		return a.done(w, r, "/dev/client?said=played")
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	a.setCookie(w, a.playedCookie(), base64.RawURLEncoding.EncodeToString(text), sessionLife)
	return a.done(w, r, "/dev/client?said=played")
}
