package mfa

import (
	"testing"
	"time"
)

// FuzzState feeds the decoder of stored values with anything: it must refuse or
// read, never panic, and what it reads it must be able to write and read again.
func FuzzState(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e, store, u := benchUser(f, &now)
	plain, err := e.unseal(sealUser, userKey(u.ID), store.items[userKey(u.ID)].Value)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(plain[:len(plain)/2])
	f.Add([]byte{0x82, 0x01, 0x80})
	f.Add([]byte{0x82, 0x02, 0x80})
	f.Add([]byte{0x82, 0x01, 0x81, 0x41, 0xa0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if data == nil {
			data = []byte{}
		}
		st, err := decodeState("u", 1, data, now)
		if err != nil {
			return
		}
		for _, open := range []func() error{st.openAll, st.openPending, st.openDevices, st.openOutbox, st.openFactors} {
			if open() != nil {
				return
			}
		}
		if _, err := st.history(); err != nil {
			return
		}
		st.touch(secHead, secEnrollments, secFlows, secPending, secDevices, secOutbox, secFactors)
		if err := st.stamp(7); err != nil {
			t.Fatal(err)
		}
		out, err := st.encode(nil)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := decodeState("u", 7, out, now)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if !again.landed(7) || again.head.Generation != st.head.Generation {
			t.Fatal("what was written is not what is read")
		}
	})
}

// FuzzFlowToken feeds the token parser with anything: only what this engine has
// made opens.
func FuzzFlowToken(f *testing.F) {
	keys, err := NewKeyRing()
	if err != nil {
		f.Fatal(err)
	}
	e, err := New(Config{Store: &benchStore{}, Keys: keys, Factors: []Factor{benchFactor{}}})
	if err != nil {
		f.Fatal(err)
	}
	token, _, err := e.newFlowToken("user")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token[1:])
	f.Add("")
	f.Add("AAAA")
	f.Add(token + "=")
	f.Fuzz(func(t *testing.T, s string) {
		user, _, err := e.parseFlowToken(s)
		if err == nil && s != token {
			t.Fatalf("a token that was never made opens, for %q", user)
		}
	})
}

// FuzzDeviceTokens feeds the parser of the device cookie with anything.
func FuzzDeviceTokens(f *testing.F) {
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("..")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if got := splitDeviceTokens(s); len(got) > maxDeviceTokens {
			t.Fatalf("%d tokens", len(got))
		}
	})
}
