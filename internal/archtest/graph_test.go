package archtest

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
)

const (
	crypto  = "golang.org/x/crypto"
	cbor    = "github.com/fxamacker/cbor/v2"
	otp     = "github.com/pquerna/otp"
	barcode = "github.com/boombuler/barcode"
	qrcode  = "rsc.io/qr"
	fido    = "github.com/go-webauthn/webauthn"
	smtp    = "github.com/wneessen/go-mail"
	numbers = "github.com/nyaruka/phonenumbers"

	agents   = "github.com/mileusna/useragent"
	prefixes = "github.com/gaissmai/bart"
	mmdb     = "github.com/oschwald/maxminddb-golang/v2"

	languages = "golang.org/x/text"
)

// places is where each package of the root module stands.
var places = map[string]place{
	".":                   {root, []string{crypto, cbor}},
	"words":               {wording, []string{languages}},
	"totp":                {factor, []string{otp}},
	"recovery":            {factor, []string{crypto}},
	"webauthn":            {factor, []string{fido}},
	"sms":                 {factor, []string{numbers}},
	"emailcode":           {factor, nil},
	"store/memory":        {store, nil},
	"store/sqlstore":      {store, nil},
	"store/storetest":     {testkit, nil},
	"mfahttp":             {web, nil},
	"mfahttp/pages":       {front, nil},
	"mfatest":             {testkit, nil},
	"policy":              {policy, nil},
	"sms/gateway":         {sender, nil},
	"mailer":              {sender, []string{smtp}},
	"audit":               {watcher, nil},
	"notify":              {watcher, nil},
	"ops":                 {watcher, nil},
	"migrate":             {mover, []string{cbor}},
	"risk":                {scorer, []string{agents, cbor}},
	"risk/geo":            {intel, []string{prefixes, mmdb}},
	"internal/codec":      {core, []string{cbor}},
	"internal/gsm7":       {core, nil},
	"internal/onetime":    {core, nil},
	"internal/quota":      {core, nil},
	"internal/pause":      {core, nil},
	"internal/recent":     {core, nil},
	"internal/qr":         {core, []string{qrcode}},
	"internal/seal":       {core, []string{crypto}},
	"internal/sentcode":   {shared, nil},
	"internal/cell":       {core, nil},
	"internal/shown":      {core, nil},
	"internal/testneed":   {testkit, nil},
	"internal/testserver": {testkit, nil},
	"internal/archtest":   {testkit, nil},
	"internal/sim":        {testkit, nil},
	"internal/mutate":     {testkit, nil},
}

func TestImportsPointDownToTheRoot(t *testing.T) {
	g := loadGraph(t)
	for _, v := range violations(g, places) {
		t.Error(v)
	}
}

// TestRootLinksFewModules is the promise to whoever reviews the root package:
// the standard library, x/crypto, and what the encoding needs.
func TestRootLinksFewModules(t *testing.T) {
	allowed := []string{crypto, "golang.org/x/sys", cbor, "github.com/x448/float16"}
	for path := range reach(loadGraph(t), module) {
		if outside(path) && !slices.ContainsFunc(allowed, func(m string) bool { return within(path, m) }) {
			t.Errorf("the root package links %s", path)
		}
	}
}

// TestViolationsAreFound shows that the check fails where it should: each case
// is a sound graph with one thing wrong.
func TestViolationsAreFound(t *testing.T) {
	table := map[string]place{
		".":                 {root, []string{crypto}},
		"totp":              {factor, []string{otp}},
		"recovery":          {factor, nil},
		"webauthn":          {factor, nil},
		"store/memory":      {store, nil},
		"policy":            {policy, nil},
		"mfahttp":           {web, nil},
		"mfatest":           {testkit, nil},
		"mailer":            {sender, nil},
		"notify":            {watcher, nil},
		"internal/seal":     {core, nil},
		"internal/sentcode": {shared, nil},
	}
	sound := func() graph {
		return graph{
			module:                        {"log/slog", crypto + "/argon2", module + "/internal/seal"},
			module + "/internal/seal":     nil,
			module + "/internal/sentcode": {module, module + "/internal/seal"},
			module + "/totp":              {module, otp},
			module + "/recovery":          {module, module + "/internal/seal", module + "/internal/sentcode"},
			module + "/webauthn":          {module, "net/http"},
			module + "/store/memory":      {module},
			module + "/policy":            {module},
			module + "/mfahttp":           {module, "net/http"},
			module + "/mfatest":           {module, module + "/totp", "testing"},
			module + "/mailer":            {module, "net"},
			module + "/notify":            {module, module + "/internal/seal"},
			otp:                           nil,
			crypto + "/argon2":            {"golang.org/x/sys/cpu"},
			"log/slog":                    {"log"},
			"net/http":                    {"net"},
			"net":                         nil,
			"expvar":                      {"net/http"},
		}
	}
	if found := violations(sound(), table); len(found) != 0 {
		t.Fatalf("the sound graph has violations: %q", found)
	}

	cases := []struct {
		name, from, to, want string
	}{
		{"root imports a factor", ".", module + "/totp", "mfa imports " + module + "/totp, which is not below it"},
		{"root imports a store", ".", module + "/store/memory", "not below it"},
		{"root imports policy", ".", module + "/policy", "not below it"},
		{"root imports net/http", ".", "net/http", "mfa links net/http"},
		{"root links net/http through another", ".", "expvar", "mfa links net/http"},
		{"root imports database/sql", ".", "database/sql", "mfa links database/sql"},
		{"root imports another logger", ".", "log", "mfa imports log"},
		{"root imports another module", ".", "github.com/google/uuid", "mfa imports github.com/google/uuid"},
		{"root imports a module whose name begins alike", ".", crypto + "x/y", "not among what it may"},
		{"internal package imports the root", "internal/seal", module, "not below it"},
		{"factor imports a factor", "recovery", module + "/totp", "recovery imports " + module + "/totp"},
		{"root imports what factors share", ".", module + "/internal/sentcode", "not below it"},
		{"internal package imports what factors share", "internal/seal", module + "/internal/sentcode", "not below it"},
		{"a sender imports what factors share", "mailer", module + "/internal/sentcode", "not below it"},
		{"what factors share imports a factor", "internal/sentcode", module + "/recovery", "not below it"},
		{"what factors share serves HTTP", "internal/sentcode", "net/http", "sentcode links net/http"},
		{"factor imports a store", "totp", module + "/store/memory", "not below it"},
		{"factor imports mfahttp", "totp", module + "/mfahttp", "not below it"},
		{"store imports a factor", "store/memory", module + "/totp", "not below it"},
		{"store imports an internal package", "store/memory", module + "/internal/seal", "not below it"},
		{"policy imports a factor", "policy", module + "/recovery", "not below it"},
		{"mfahttp imports a factor", "mfahttp", module + "/totp", "not below it"},
		{"mfahttp imports policy", "mfahttp", module + "/policy", "not below it"},
		{"a production package imports mfatest", "mfahttp", module + "/mfatest", "not below it"},
		{"a production package links testing", "totp", "testing", "totp links testing"},
		{"testify in a build", "mfatest", "github.com/stretchr/testify/require", "testify/require, which is for tests"},
		{"an exempt package links another thing", "webauthn", "database/sql", "webauthn links database/sql"},
		{"another factor has no exemption", "totp", "net/http", "totp links net/http"},
		{"a watcher imports a sender", "notify", module + "/mailer", "not below it"},
		{"a watcher imports a store", "notify", module + "/store/memory", "not below it"},
		{"a watcher serves HTTP", "notify", "net/http", "notify links net/http"},
		{"a sender imports a factor", "mailer", module + "/totp", "not below it"},
		{"a sender keeps things", "mailer", "database/sql", "mailer links database/sql"},
		{"a package that nobody entered", "push", module, "push has no place in the table"},
		{"a package that nobody entered is imported", "mfatest", module + "/push", "not below it"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := sound()
			from := absolute(c.from)
			g[from] = append(g[from], c.to)
			found := violations(g, table)
			if !slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, c.want) }) {
				t.Errorf("want a violation with %q, got %q", c.want, found)
			}
		})
	}
	t.Run("a place without a package", func(t *testing.T) {
		g := sound()
		delete(g, module+"/policy")
		if found := violations(g, table); len(found) != 1 || !strings.Contains(found[0], "does not exist") {
			t.Errorf("got %q", found)
		}
	})
}

// loadGraph asks the go command what the packages of the root module link.
func loadGraph(t *testing.T) graph {
	t.Helper()
	out := goCommand(t, repo(t), alone, "list", "-deps", "-json=ImportPath,Imports", "./...")
	g := graph{}
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		g[p.ImportPath] = p.Imports
	}
	if len(g) < 50 || len(g[module]) == 0 {
		t.Fatalf("go list named only %d packages", len(g))
	}
	return g
}
