package main

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for _, c := range []struct{ args, values, tables, keys string }{
		{"-store memory:", "in memory", "in memory", ""},
		{"-store sqlite:x.db", "x.db", "x.db", "x.db.keys"},
		{"-store postgres://me:secret@127.0.0.1:5433/app", "postgres://127.0.0.1:5433/app", "postgres://127.0.0.1:5433/app", "mfa-app.keys"},
		{"-store postgresql://me@[::1]/a%2Fb", "postgres://[::1]:5432/a/b", "postgres://[::1]:5432/a/b", "mfa-a_b.keys"},
		{"-store postgres://me:secret@a:1,b:2/app -keys k", "postgres://a:1,b:2/app", "postgres://a:1,b:2/app", "k"},
		{"-store postgres:///app?host=/run/postgresql", "postgres:///run/postgresql/app", "postgres:///run/postgresql/app", "mfa-app.keys"},
		{"-store mysql://me:secret@127.0.0.1/app", "mysql://127.0.0.1:3306/app", "mysql://127.0.0.1:3306/app", "mfa-app.keys"},
		{"-store redis://:secret@127.0.0.1", "redis://127.0.0.1:6379", "webapp.db", "webapp.db.keys"},
		{"-store rediss://me:secret@a:1,b:2?cluster=1 -accounts y.db", "rediss://a:1,b:2", "y.db", "y.db.keys"},
		{"-store redis://127.0.0.1:1/3 -accounts postgres://me:secret@127.0.0.1/app", "redis://127.0.0.1:1", "postgres://127.0.0.1:5432/app", "mfa-app.keys"},
	} {
		got, err := parseConfig(strings.Fields(c.args), io.Discard)
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		if got.values.name != c.values || got.tables.name != c.tables || got.keys != c.keys {
			t.Errorf("%s: values in %q, tables in %q, keys %q", c.args, got.values.name, got.tables.name, got.keys)
		}
	}
	for _, c := range []struct{ args, says string }{
		{"-store webapp.db", "-store must be"},
		{"-store sqlite:x?mode=ro", "-store must be"},
		{"-store http://me:secret@127.0.0.1", "-store must be"},
		{"-store postgres:secret", "-store: not a URL"},
		{"-store postgres://me:sec:ret@secret@127.0.0.1:x/app", "-store: not a URL"},
		{"-store postgres://me:secret%@127.0.0.1/app", "-store: not a URL"},
		{"-store postgres://me:secret@127.0.0.1/app?sslmode=sometimes", "-store: not a URL"},
		{"-store mysql://me:secret@127.0.0.1", "-store: not a URL"},
		{"-store mysql://me:secret%@127.0.0.1/app", "-store: not a URL"},
		{"-store mysql://me:secret@127.0.0.1/app?tls=maybe-secret", "-store: not a URL"},
		{"-store redis://me:secret@redis.example", "rediss://"},
		{"-store redis://127.0.0.1,redis.example", "rediss://"},
		{"-store redis://me:secret@", "-store: not a URL"},
		{"-store redis://me:secret%@127.0.0.1", "-store: not a URL"},
		{"-store redis://127.0.0.1/secret", "-store: not a URL"},
		{"-store redis://127.0.0.1?replicas=none", "-store: not a URL"},
		{"-accounts x.db", "-accounts is for"},
		{"-store redis://127.0.0.1 -accounts redis://127.0.0.1", "-accounts must be"},
		{"-store redis://127.0.0.1 -accounts mysql://me:secret@127.0.0.1", "-accounts: not a URL"},
		{"-proxy localhost", "-proxy"},
	} {
		_, err := parseConfig(strings.Fields(c.args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}

// What leaves this machine is encrypted, to whom the certificate names, unless the URL
// says otherwise in so many words.
func TestStoresBeyondThisMachineAreSpokenToByTLS(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	t.Setenv("PGTARGETSESSIONATTRS", "")
	for address, verified := range map[string]bool{
		"postgres://127.0.0.1/app":                        false,
		"postgres://db.example/app":                       true,
		"postgres://db.example/app?application_name=x":    true,
		"postgres://127.0.0.1,db.example/app":             true,
		"postgres://db.example/app?sslmode=disable":       false,
		"postgres://192.0.2.1:5432/app?connect_timeout=1": true,
	} {
		c, err := postgresConfig(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		got := c.TLSConfig != nil && !c.TLSConfig.InsecureSkipVerify && c.TLSConfig.ServerName != ""
		for _, f := range c.Fallbacks {
			got = got && f.TLSConfig != nil && !f.TLSConfig.InsecureSkipVerify
		}
		if got != verified {
			t.Errorf("%s: TLS %+v", address, c.TLSConfig)
		}
		if several := strings.Contains(address, ","); several != (c.ValidateConnect != nil) {
			t.Errorf("%s: a standby is taken", address)
		}
		if c.RuntimeParams["statement_timeout"] != "10000" || c.ConnectTimeout == 0 {
			t.Errorf("%s: a server that hangs is waited for without end", address)
		}
	}
	for address, mode := range map[string]string{
		"mysql://127.0.0.1/app":              "",
		"mysql://db.example/app":             "true",
		"mysql://db.example/app?tls=false":   "false",
		"mysql://[2001:db8::1]:3307/app?x=1": "true",
	} {
		c, err := mysqlConfig(address)
		if err != nil || c.TLSConfig != mode && !(mode == "false" && c.TLS == nil) || mode == "true" && (c.TLS == nil || c.TLS.InsecureSkipVerify) {
			t.Errorf("%s: TLS %+v, %v", address, c, err)
		}
		if err == nil && (c.Timeout == 0 || c.ReadTimeout == 0 || !c.ClientFoundRows) {
			t.Errorf("%s: %+v", address, c)
		}
	}
	c, err := mysqlConfig("mysql://me:p%40%2Fw@127.0.0.1/app?readTimeout=1s")
	if err != nil || c.User != "me" || c.Passwd != "p@/w" || c.DBName != "app" || c.ReadTimeout.Seconds() != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	for address, encrypted := range map[string]bool{"redis://127.0.0.1": false, "redis://redis.example?insecure=1": false, "rediss://redis.example": true, "rediss://a,b": true} {
		p, err := readRedis(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if tls := p.redis.options.TLSConfig; encrypted != (tls != nil) || encrypted && tls.InsecureSkipVerify {
			t.Errorf("%s: TLS %+v", address, tls)
		}
	}
}

// The client is who a proxy of ours had the request from, whatever the client says.
func TestClientBehindProxies(t *testing.T) {
	c, err := parseConfig([]string{"-proxy", "127.0.0.1,10.0.0.0/8", "-proxy", "2001:db8::/32"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		peer, header, want string
	}{
		{"127.0.0.1", "192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", "", "127.0.0.1"},
		{"192.0.2.1", "192.0.2.7", "192.0.2.1"},
		{"127.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", "198.51.100.1, 192.0.2.7, 10.1.2.3", "192.0.2.7"},
		{"127.0.0.1", "198.51.100.1\n192.0.2.7,2001:db8::9", "192.0.2.7"},
		{"127.0.0.1", "198.51.100.1, unknown, 10.1.2.3", "10.1.2.3"},
		{"127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"},
		{"127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"},
	} {
		r := &http.Request{Header: http.Header{"X-Forwarded-For": strings.Split(row.header, "\n")}}
		if got := c.behindProxies(r, netip.MustParseAddr(row.peer)); got.String() != row.want {
			t.Errorf("from %s, %q: %s, want %s", row.peer, row.header, got, row.want)
		}
	}
}
