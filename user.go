package mfa

import (
	"net/netip"
	"time"
)

// A User is the host's user, as far as the engine needs it. The host passes it
// in by value; a flow keeps a sealed copy for its few minutes.
type User struct {
	ID            string            // stable, never reused; 1 to 256 bytes of UTF-8 without control characters
	Name          string            // the account's name as its owner knows it (an e-mail address, usually); shown in authenticator apps
	Email         string            // where notices go
	EmailVerified bool              // the host has seen this user receive mail at Email
	Phone         string            // the number on file in E.164 form, if any
	CreatedAt     time.Time         // when the account was made; zero: not known
	Kind          UserKind          // Person unless said otherwise
	Attributes    map[string]string // for the policy; at most 4 KiB in all
}

// A UserKind tells people from programs.
type UserKind string

// The kinds of user. The zero value is a person.
const (
	Person  UserKind = ""
	Service UserKind = "service"
)

// A Client is where a request comes from, as the host saw it.
type Client struct {
	App         string     // which of the host's apps or front ends; from the host's route, never from the request; at most 64 bytes
	IP          netip.Addr // the client's address; from the connection or a trusted proxy's header
	UserAgent   string     // the User-Agent header; cut to 256 bytes
	DeviceToken string     `json:"-"` // what an earlier Flow.DeviceToken asked to be kept in this browser; empty: none
	Place       string     // where IP is, in words for people ("Oslo, Norway"), if the host knows; at most 128 bytes; empty: as the scorer says
	Hints       Hints      // what the browser says of itself besides
}

// Hints are the low-entropy client hints of a browser (User-Agent Client Hints,
// section 3), each header as it came. The zero value: it sends none.
type Hints struct {
	Brands   string `json:"brands,omitempty"`   // Sec-CH-UA; cut to 256 bytes
	Mobile   string `json:"mobile,omitempty"`   // Sec-CH-UA-Mobile; cut to 64 bytes
	Platform string `json:"platform,omitempty"` // Sec-CH-UA-Platform; cut to 64 bytes
}

func (h Hints) bounded() Hints {
	return Hints{Brands: cut(h.Brands, maxText), Mobile: cut(h.Mobile, maxApp), Platform: cut(h.Platform, maxApp)}
}
