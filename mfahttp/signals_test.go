package mfahttp_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testneed"
	"github.com/mfakit/mfa/mfahttp"
)

type keySignals struct {
	UserID   string   `json:"userId"`
	Accepted []string `json:"allAcceptedCredentialIds"`
}

func (f *keyFactor) Signals(r mfa.SignalsRequest) (any, error) {
	s := keySignals{UserID: r.User.ID, Accepted: []string{}}
	for _, e := range r.Enrollments {
		s.Accepted = append(s.Accepted, string(e.State))
	}
	return s, nil
}

func TestSignalsAreForTheSessionAlone(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	b := s.browser()
	b.send(t, "GET", "/mfa/passkey/signals", "").want(t, 401, "unauthenticated")
	b.login(t, "ada")
	id := b.enrollKey(t, "first")
	b.finishPasskey(t, b.beginPasskey(t).answerTo(t, "first", "good")).want(t, 200, "")
	b.enrollKey(t, "second")
	b.finishPasskey(t, b.beginPasskey(t).answerTo(t, "second", "good")).want(t, 200, "")
	accepted := func() []string {
		t.Helper()
		r := b.send(t, "GET", "/mfa/passkey/signals", "").want(t, 200, "")
		keys, _ := r.json["webauthn"].(map[string]any)
		if len(r.json) != 1 || keys["userId"] != "id-ada" || r.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%v %s", r.Header(), r.Body)
		}
		var ids []string
		for _, id := range keys["allAcceptedCredentialIds"].([]any) {
			ids = append(ids, id.(string))
		}
		slices.Sort(ids)
		return ids
	}
	if ids := accepted(); !slices.Equal(ids, []string{"first", "second"}) {
		t.Errorf("%v", ids)
	}
	b.send(t, "DELETE", "/mfa/enrollments/"+id, "").want(t, 204, "")
	if ids := accepted(); !slices.Equal(ids, []string{"second"}) {
		t.Errorf("%v", ids)
	}
	half := s.browser() // a sign-in that waits for an answer is no session
	half.login(t, "ada")
	half.send(t, "GET", "/mfa/passkey/signals", "").want(t, 401, "unauthenticated")
	if err := s.Reset(t.Context(), resetOf("ada")); err != nil {
		t.Fatal(err)
	}
	b.send(t, "GET", "/mfa/passkey/signals", "").want(t, 403, "requirement")
}

// signalled is a page that calls signal, in a browser of which as much is there as it needs.
const signalled = `
const told = [], asked = [];
const record = (name) => async (...args) => { told.push([name, args[0]]); };
globalThis.window = globalThis;
globalThis.PublicKeyCredential = {
	signalAllAcceptedCredentials: record("all"), signalUnknownCredential: record("unknown"),
};
let answer = { status: 200, body: { webauthn: { rpId: "a", userId: "u" }, other: { rpId: "b", userId: "v" } } };
globalThis.fetch = async (url, init) => {
	asked.push([String(url).split("/").slice(-2).join("/"), init.method, init.headers["X-Of"] || ""]);
	return { ok: answer.status == 200, status: answer.status, json: async () => answer.body };
};
const { signal } = await import("./mfa.mjs");
const results = [
	await signal(),
	await signal({ headers: { "X-Of": "host" } }),
	await signal({ rpId: "a", userId: "u", allAcceptedCredentialIds: [] }),
	await signal({ rpId: "a", credentialId: "c" }),
];
answer = { status: 401, body: { code: "unauthenticated" } };
results.push(await signal());
delete PublicKeyCredential.signalAllAcceptedCredentials;
results.push(await signal());
console.log(JSON.stringify({ results, asked, told }));
`

func TestScriptSignals(t *testing.T) {
	t.Parallel()
	node := testneed.Program(t, "node", "apt-get install nodejs")
	dir := t.TempDir()
	for name, text := range map[string]string{"mfa.mjs": mfahttp.Script(), "page.mjs": signalled} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, node, filepath.Join(dir, "page.mjs"))
	out, err := run.CombinedOutput()
	want := `{"results":[true,true,true,true,false,false],` +
		`"asked":[["passkey/signals","GET",""],["passkey/signals","GET","host"],["passkey/signals","GET",""]],` +
		`"told":[["all",{"rpId":"a","userId":"u"}],["all",{"rpId":"b","userId":"v"}],["all",{"rpId":"a","userId":"u"}],["all",{"rpId":"b","userId":"v"}],` +
		`["all",{"rpId":"a","userId":"u","allAcceptedCredentialIds":[]}],["unknown",{"rpId":"a","credentialId":"c"}]]}`
	if err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}
