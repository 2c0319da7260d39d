package userfile

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// What people write into the two forms says the same of a user.
func TestTheFormsSayTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"table":                        "id,name,email,email_verified,phone,created_at,kind,attr.team\nu,Ada,a@example.com,true,+15550100,2026-01-02T03:04:05Z,service,x\n",
		"table of a spreadsheet":       "\ufeffattr.team,kind,created_at,phone,email_verified,email,name,id\r\nx,service,2026-01-02 03:04:05,+15550100,YES,a@example.com,Ada,u\r\n",
		"objects":                      `{"id":"u","name":"Ada","email":"a@example.com","email_verified":true,"phone":"+15550100","created_at":"2026-01-02T03:04:05Z","kind":"service","attributes":{"team":"x"}}`,
		"objects, after an empty line": "\n" + `{"id":"u","name":"Ada","email":"a@example.com","email_verified":true,"phone":"+15550100","created_at":"2026-01-02 03:04:05","kind":"service","attributes":{"team":"x"}}`,
	} {
		file := filepath.Join(t.TempDir(), "users")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := Open(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := 0
		for u, err := range list {
			n++
			if err != nil || u.ID != "u" || u.Name != "Ada" || u.Email != "a@example.com" || !u.EmailVerified || u.Phone != "+15550100" || u.Kind != mfa.Service ||
				!u.CreatedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || !maps.Equal(u.Attributes, map[string]string{"team": "x"}) {
				t.Errorf("%s: %+v, %v", name, u, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d users", name, n)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// What is wrong is told by its place, without its words, and only what comes
// after it in a broken object is lost.
func TestWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "the first line has to name the columns, id among them",
		"name\nAda\n":                           "the first line has to name the columns, id among them",
		"id,id\nu,v\n":                          `there are two columns "id"`,
		"id,secret\x1b[2J\n":                    `there is no column "secret\x1b[2J"; attributes begin with attr.`,
		"id,kind\nu,robot\nv,":                  "line 2: the kind is neither person nor service; v",
		"id,email_verified\nu,perhaps\nv,no\n":  "line 2: email_verified is neither true nor false; v",
		"id,created_at\nu,soon\nv,2026-01-02\n": "line 2: created_at is no date as in RFC 3339; v",
		"id,name\n,Ada\nv,\n":                   "line 2: a user has no id; v",
		"id,name\nu\nv,\n":                      "line 2: wrong number of fields; v",
		"id,name\n\"u\"s,\nv,\n":                `line 2: extraneous or missing " in quoted-field; v`,
		`{"id":"u"} {"id":1} {"id":"v"}`:        "u; object 2 cannot be read",
		`{"id":"u","password":"hunter2"}`:       "object 1 cannot be read",
		`{"id":""} {"id":"v"}`:                  "object 1: a user has no id; v",
		`{"id":"u","created_at":"2026-02-30"} {"id":"v"}`: "object 1: created_at is no date as in RFC 3339; v",
	} {
		var said []string
		list, err := read([]byte(text))
		if err != nil {
			said = append(said, err.Error())
		} else {
			for u, err := range list {
				if err != nil {
					said = append(said, err.Error())
				} else {
					said = append(said, u.ID)
				}
			}
		}
		if got := strings.Join(said, "; "); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// FuzzRead reads lists of users, which somebody else's program wrote. Each user that
// is taken has an ID, and there are no more of them than could stand in the text.
func FuzzRead(f *testing.F) {
	f.Add("id,email,email_verified,created_at,kind,attr.team\nu,a@example.com,true,2026-01-02T03:04:05Z,service,x\n")
	f.Add("\ufeffid\n\"u\n\"\n\n,\n")
	f.Add("id,id\nu,v\n")
	f.Add(`{"id":"u","email":"a@example.com","attributes":{"team":"x"}} {"id":""}`)
	f.Add(`{"id":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := read([]byte(text))
		if err != nil {
			return
		}
		n := 0
		for u, err := range list {
			if err == nil && u.ID == "" {
				t.Fatal("a user has no ID")
			}
			if n++; n > len(text)+1 {
				t.Fatalf("%d users in %d bytes", n, len(text))
			}
		}
	})
}
