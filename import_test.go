package mfa_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/totp"
)

const importedSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// imported is an app's state as another library would leave it.
func imported(t testing.TB, last int64) []byte {
	t.Helper()
	raw, err := json.Marshal(totp.State{Secret: importedSecret, LastStep: last})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func outcomes(list []mfa.Imported) string {
	var out []string
	for _, i := range list {
		out = append(out, i.ID+" "+string(i.Outcome))
	}
	return strings.Join(out, ", ")
}

func TestImport_BringsWhatCanComeAndSaysWhatCannot(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	in := mfa.Import{User: u, Source: "old", DryRun: true, Items: []mfa.ImportItem{
		{ID: "1", Method: "totp", Label: "Phone", State: imported(t, 0), Created: time.Unix(1e9, 0)},
		{ID: "2", Method: "pigeon", State: []byte("{}")},
		{ID: "3", Method: "totp", State: []byte(`{"secret":"short"}`)},
		{ID: "4", Method: "totp", State: []byte(`{`)},
		{ID: "5", Method: "totp", Label: strings.Repeat("x", 100), State: imported(t, 0)},
	}}
	const want = "1 brought, 2 no_such_method, 3 refused, 4 refused, 5 refused"
	got, err := w.Import(bg, in)
	if err != nil || outcomes(got) != want {
		t.Fatalf("dry: %s, %v", outcomes(got), err)
	}
	if _, err := w.store.Load(bg, "user/ada"); err == nil {
		t.Error("a dry run writes")
	}
	in.DryRun = false
	got, err = w.Import(bg, in)
	if err != nil || outcomes(got) != want || strings.Contains(fmt.Sprint(got), importedSecret) {
		t.Fatalf("%s, %v", outcomes(got), err)
	}
	list, err := w.Enrollments(bg, u.ID)
	if err != nil || len(list) != 1 || list[0].Label != "Phone" || list[0].CreatedAt.Unix() != 1e9 || list[0].ID != got[0].Enrollment {
		t.Fatalf("%+v, %v", list, err)
	}
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusChallenge)
	if ev := w.told(mfa.EventImported, 1); !ev.Notice || ev.Reason != "old" || ev.Enrollment != list[0].ID {
		t.Errorf("%+v", ev)
	}
}

// A second run brings nothing back that was removed since, and nothing twice.
func TestImport_OnlyOnce(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	in := mfa.Import{User: u, Source: "old", Items: []mfa.ImportItem{{ID: "1", Method: "totp", State: imported(t, 0)}}}
	is(t, second(w.Import(bg, in)), nil)
	got, err := w.Import(bg, in)
	if err != nil || outcomes(got) != "1 already_known" {
		t.Fatalf("%s, %v", outcomes(got), err)
	}
	is(t, w.Reset(bg, mfa.Reset{User: u, Actor: "carol"}), nil)
	if got, err = w.Import(bg, in); err != nil || outcomes(got) != "1 already_known" {
		t.Errorf("after a reset: %s, %v", outcomes(got), err)
	}
	// Another source may use the same identifiers.
	in.Source = "older"
	if got, err = w.Import(bg, in); err != nil || outcomes(got) != "1 brought" {
		t.Errorf("another source: %s, %v", outcomes(got), err)
	}
	n := tallyOf(parallel(8, func(i int) error {
		_, err := w.Import(bg, mfa.Import{User: u, Source: "parallel", Items: []mfa.ImportItem{{ID: "7", Method: "totp", State: imported(t, 0)}}})
		return err
	}), nil, mfa.ErrBusy)
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 2 || n[2] != 0 {
		t.Errorf("%d enrollments, %v", len(list), n)
	}
}

func TestImport_Bounds(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	var many []mfa.ImportItem
	for i := range 20 {
		many = append(many, mfa.ImportItem{ID: fmt.Sprint(i), Method: "totp", State: imported(t, 0)})
	}
	is(t, second(w.Import(bg, mfa.Import{User: u, Source: "a", Items: many})), nil)
	got, err := w.Import(bg, mfa.Import{User: u, Source: "b", Items: many[:1]})
	if err != nil || outcomes(got) != "0 too_many" {
		t.Errorf("%s, %v", outcomes(got), err)
	}
	for name, in := range map[string]mfa.Import{
		"no user":    {Source: "a"},
		"no source":  {User: u},
		"no ID":      {User: u, Source: "a", Items: []mfa.ImportItem{{Method: "totp"}}},
		"long ID":    {User: u, Source: "a", Items: []mfa.ImportItem{{ID: strings.Repeat("x", 300), Method: "totp"}}},
		"long state": {User: u, Source: "a", Items: []mfa.ImportItem{{ID: "x", Method: "totp", State: make([]byte, 200<<10)}}},
		"too many":   {User: u, Source: "a", Items: append(many, many[0])},
		"bypass":     {User: u, Source: strings.Repeat("s", 65)},
	} {
		t.Run(name, func(t *testing.T) { is(t, second(w.Import(bg, in)), mfa.ErrBadInput) })
	}
	// Codes from support are the engine's alone, and one set of recovery codes is all there is.
	v := person("bob")
	w.withApp(v)
	got, err = w.Import(bg, mfa.Import{User: v, Source: "a", Items: []mfa.ImportItem{{ID: "1", Method: "bypass"}, {ID: "2", Method: "recovery"}}})
	if err != nil || outcomes(got) != "1 no_such_method, 2 existing" {
		t.Errorf("%s, %v", outcomes(got), err)
	}
}
