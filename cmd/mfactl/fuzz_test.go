package main

import (
	"testing"
)

// FuzzUsers reads lists of users, which somebody else's program wrote. Each user that
// is taken has an ID; a line that is wrong is told without what stands in it.
func FuzzUsers(f *testing.F) {
	f.Add(true, "id,email,email_verified,created_at,kind,attr.team\nu,a@example.com,true,2026-01-02T03:04:05Z,service,x\n")
	f.Add(true, "\ufeffid\n\"u\n\"\n\n,\n")
	f.Add(true, "id,id\nu,v\n")
	f.Add(false, `{"id":"u","email":"a@example.com","attributes":{"team":"x"}} {"id":""}`)
	f.Add(false, `{"id":1}`)
	f.Fuzz(func(t *testing.T, table bool, text string) {
		list := jsonUsers([]byte(text))
		if table {
			var err error
			if list, err = csvUsers([]byte(text)); err != nil {
				return
			}
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
