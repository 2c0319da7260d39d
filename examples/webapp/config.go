package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
)

// A config is the command line.
type config struct {
	addr      string
	origin    string // empty until listen has found out, unless the flag says
	store     string
	accounts  string
	tables    *place // of the app
	values    *place // of the library; the same, but with Redis
	policy    string
	rules     mfa.Policy // what the file says
	keys      string
	sms       string         // where text messages go; empty: see senders
	smsResend bool           // a wrong code has a new one sent
	smtp      string         // the mail server; likewise
	admins    []string       // addresses whose owners are admins
	support   []string       // and support
	audit     string         // the file of the trail; empty: the log
	risk      string         // how sign-ins are scored; see risk.go
	geo       []string       // files that know where addresses are
	ipLists   []ipList       // and what sort of address they are
	proxies   []netip.Prefix // in front of the app
	dev       bool
}

const defaultStore = "sqlite:webapp.db"

// parseConfig reads the command line. The error says which flag is wrong.
func parseConfig(args []string, help io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("webapp", flag.ContinueOnError)
	f.SetOutput(help)
	f.StringVar(&c.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	f.StringVar(&c.origin, "origin", "", "where browsers see the app, as a `URL`; default http://, the address (localhost for 127.0.0.1 and [::1]) and the port")
	f.StringVar(&c.store, "store", defaultStore, storeHelp)
	f.StringVar(&c.accounts, "accounts", "", accountsHelp)
	f.StringVar(&c.policy, "policy", "", "JSON `file` with the policy, read again at SIGHUP; default: MFA is offered, and asked for when enrolled")
	f.StringVar(&c.keys, "keys", "", "`file` with the key ring; default: the database file's name with .keys added, or mfa-DATABASE.keys in the working folder. Instances that share a database share a ring")
	f.StringVar(&c.sms, "sms", "", smsHelp)
	f.BoolVar(&c.smsResend, "sms-resend", false, "send a new code by text message by itself after a wrong one")
	f.StringVar(&c.smtp, "smtp", "", smtpHelp)
	admins := f.String("admin", "", "`addresses` of admins, with commas between; an account counts once its address is confirmed. With -dev and without this the oldest account is an admin's")
	helpers := f.String("support", "", "`addresses` of support, likewise")
	f.StringVar(&c.audit, "audit", "", "`file` to which each event is appended as a line of JSON; default: the log on standard error")
	f.StringVar(&c.risk, "risk", "", riskHelp)
	f.Func("geo", geoHelp, c.addGeo)
	f.Func("iplist", ipListHelp, c.addIPList)
	f.Func("proxy", proxyHelp, c.addProxies)
	f.BoolVar(&c.dev, "dev", false, "development: /dev/inbox, /dev/clock, /dev/client, X-Dev-Client-IP and X-Dev-User-Agent, on loopback only")
	if err := f.Parse(args); err != nil {
		return config{}, err
	}
	if f.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	var err1, err2 error
	c.admins, err1 = staffAddresses("-admin", *admins)
	c.support, err2 = staffAddresses("-support", *helpers)
	if err := errors.Join(err1, err2); err != nil {
		return config{}, err
	}
	return c, c.complete()
}

// complete checks the flags against each other and fills in what follows. A
// policy that is wrong is found here too, before there is a database.
func (c *config) complete() error {
	if err := c.readPlaces(); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(c.addr)
	if err != nil {
		return fmt.Errorf("-addr %q is not of the form host:port", c.addr)
	}
	if err := checkOrigin(c.origin); err != nil {
		return err
	}
	switch {
	case c.origin == "" && !isLoopback(host):
		return errors.New("-addr is not on this machine alone, so -origin must say the https:// URL under which browsers reach it")
	case c.dev && !isLoopback(host):
		return fmt.Errorf("-dev lets anyone read all messages and move the clock: it is refused on %s, use a loopback address", c.addr)
	case c.dev && strings.HasPrefix(c.origin, "https:"):
		return errors.New("-dev is refused together with an https -origin, which says that this is not development")
	}
	if err := c.checkSenders(); err != nil {
		return err
	}
	if err := c.checkRisk(); err != nil {
		return err
	}
	live, err := loadPolicy(c.policy, c.methods())
	if err != nil {
		return err
	}
	c.rules = live
	return nil
}

// originAt is where browsers see what listens at this port: under a name where
// there is one, as keys are bound to names and never to addresses.
func (c config) originAt(port string) string {
	if c.origin != "" {
		return c.origin
	}
	host, _, _ := net.SplitHostPort(c.addr)
	if host == "127.0.0.1" || host == "::1" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// checkOrigin refuses what would let cookies cross a network in the clear.
func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || origin != strings.ToLower(origin) {
		return fmt.Errorf("-origin %q is not of the form https://host or https://host:port, in lower case", origin)
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("-origin %q must be https, or http on localhost", origin)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
