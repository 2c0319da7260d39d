package mfahttp

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/words"
)

// Config says what a [Handler] works with. Engine, Host and Origin are needed.
type Config struct {
	Engine *mfa.Engine // required
	Host   Host        // required

	// Origin is where browsers see the application, as scheme, host and port:
	// "https://app.example". It decides which cross-origin writes are refused,
	// and with https the cookies are Secure and bound to the host. Plain http is
	// taken for localhost, 127.0.0.1 and [::1] only. Required.
	Origin string

	// Prefix is the path under which the handler is mounted: "/mfa" if empty.
	Prefix string

	// App names the front end that this handler serves, in evidence and
	// history; see [mfa.Client]. A host with several has a handler for each.
	App string

	// TrustedProxies are the networks of the reverse proxies in front of the
	// application. Only a request that comes from one of them is believed what
	// its X-Forwarded-For header says. None: the address is the connection's.
	TrustedProxies []netip.Prefix

	// ClientIP finds the client's address by other means, in place of
	// TrustedProxies. A header that clients can set themselves lets them choose
	// the address that limits and histories go by.
	ClientIP func(*http.Request) netip.Addr

	// Place says where an address is, in words for people ("Oslo, Norway"), for mails,
	// history and policies. It must be quick. Nil, or empty: for sign-ins, and what is
	// told of them, as the engine's scorer says (mfa.Config.Risk); else nobody knows.
	Place func(netip.Addr) string

	// StepUpPage is the path of the host's own page to which [Handler.Require]
	// sends a browser that lacks evidence. The page asks for what [RequirementOf]
	// reads and then leads to [ReturnPath]. Empty: the browser is answered with
	// the 403 that any other client gets.
	StepUpPage string

	// Reports reads the delivery reports that carriers send to delivery/NAME below
	// the prefix, by name; the senders of package sms/gateway are Reporters. A name
	// is one segment of a path. Nil: no reports are taken.
	Reports map[string]Reporter

	// Link is the page that a mailed link opens, made of a [LinkPage]; nil: ours. It
	// is shown under a Content-Security-Policy that lets it load styles, images and
	// fonts of this origin, and neither run scripts nor be framed.
	Link *template.Template

	// Notice is the page that the links of security mails open (see
	// [Handler.NoticeURL]), made of a [NoticePage]; nil: ours. It is shown as Link is.
	Notice *template.Template

	// Words are what the two pages of links in mails say, which people see of this
	// handler by themselves; nil: words.Default.
	Words *words.Catalogue

	// Language names the language of a request's user as a BCP 47 tag ("de-AT"). Nil, or
	// empty: what the browser asks for (Accept-Language).
	Language func(*http.Request) string

	// LinkDone is the path where the browser goes when its link was taken, or when a
	// delayed reset was claimed by one: the host's page that goes on with whatever
	// the flow still asks for, or with the new session. It should not lead on to
	// another origin, as some browsers stop a form's redirects there. Empty: "/".
	LinkDone string

	Now    func() time.Time // nil: time.Now; use the engine's
	Logger *slog.Logger     // faults that clients are told nothing of; nil: slog.Default
}

// A Handler is the JSON API under its prefix, and what the host's own handlers
// need to take part in it. It is safe for use by any number of goroutines.
type Handler struct {
	engine   *mfa.Engine
	host     Host
	origin   string
	prefix   string
	app      string
	proxies  []netip.Prefix
	clientIP func(*http.Request) netip.Addr
	place    func(netip.Addr) string
	stepUp   string
	reports  map[string]Reporter
	link     page
	notice   page
	words    *words.Catalogue
	language func(*http.Request) string
	linkDone string
	now      func() time.Time
	log      *slog.Logger
	origins  *http.CrossOriginProtection
	cookies  cookies
	routes   []route
}

// New makes a handler. The error names the field that is wrong.
func New(c Config) (*Handler, error) {
	if c.Engine == nil {
		return nil, errors.New("mfahttp: Config.Engine is missing")
	}
	if c.Host == nil {
		return nil, errors.New("mfahttp: Config.Host is missing")
	}
	secure, err := checkOrigin(c.Origin)
	if err != nil {
		return nil, err
	}
	if c.Prefix == "" {
		c.Prefix = "/mfa"
	}
	if !strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/") || c.Prefix != LocalPath(c.Prefix) {
		return nil, fmt.Errorf("mfahttp: Config.Prefix %q must begin with a slash and end without one", c.Prefix)
	}
	if c.StepUpPage != "" && (LocalPath(c.StepUpPage) != c.StepUpPage || strings.ContainsAny(c.StepUpPage, "?#")) {
		return nil, fmt.Errorf("mfahttp: Config.StepUpPage %q must be a path of this origin", c.StepUpPage)
	}
	if c.LinkDone == "" {
		c.LinkDone = "/"
	}
	if LocalPath(c.LinkDone) != c.LinkDone {
		return nil, fmt.Errorf("mfahttp: Config.LinkDone %q must be a path of this origin", c.LinkDone)
	}
	link, err := newPage("Link", c.Link, linkTemplate, linkStates...)
	if err != nil {
		return nil, err
	}
	notice, err := newPage("Notice", c.Notice, noticeTemplate, noticeStates...)
	if err != nil {
		return nil, err
	}
	if err := checkReports(c.Reports); err != nil {
		return nil, err
	}
	proxies, err := checkProxies(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	if c.Words == nil {
		c.Words = words.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	h := &Handler{
		engine: c.Engine, host: c.Host, origin: c.Origin, prefix: c.Prefix, app: c.App, proxies: proxies, clientIP: c.ClientIP, place: c.Place,
		stepUp: c.StepUpPage, reports: maps.Clone(c.Reports), link: link, notice: notice, words: c.Words, language: c.Language, linkDone: c.LinkDone,
		now: c.Now, log: c.Logger, origins: http.NewCrossOriginProtection(), cookies: newCookies(secure),
	}
	if err := h.origins.AddTrustedOrigin(c.Origin); err != nil {
		return nil, fmt.Errorf("mfahttp: Config.Origin: %w", err)
	}
	h.routes = h.table()
	return h, nil
}

// checkOrigin says whether the origin is https. Cookies that carry a flow's
// token must not cross a network in the clear, so http is for this machine only.
func checkOrigin(origin string) (secure bool, err error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || u.User != nil {
		return false, fmt.Errorf("mfahttp: Config.Origin %q is not of the form https://host or https://host:port", origin)
	}
	if origin != strings.ToLower(origin) {
		return false, fmt.Errorf("mfahttp: Config.Origin %q must be in lower case, as browsers send it", origin)
	}
	switch {
	case u.Scheme == "https":
		return true, nil
	case u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"):
		return false, nil
	}
	return false, fmt.Errorf("mfahttp: Config.Origin %q must be https, or http on localhost, 127.0.0.1 or [::1]", origin)
}

// checkProxies writes IPv4 networks one way, and refuses to trust everybody.
func checkProxies(list []netip.Prefix) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if !p.IsValid() || p.Bits() == 0 {
			return nil, fmt.Errorf("mfahttp: Config.TrustedProxies: %q is not a network of proxies", p)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
