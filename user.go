package mfa

import (
	"net/netip"
	"time"
	"unicode/utf8"
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

func checkUserID(id string) error {
	if id == "" || len(id) > maxUserID || !utf8.ValidString(id) || cut(id, maxUserID) != id {
		return badInput("user ID: want 1 to %d bytes of UTF-8 without control characters", maxUserID)
	}
	return nil
}

// check refuses a user that could not be stored.
func (u *User) check() error {
	if err := checkUserID(u.ID); err != nil {
		return err
	}
	size := 0
	for k, v := range u.Attributes {
		size += len(k) + len(v)
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return badInput("user attributes: not UTF-8")
		}
	}
	for _, s := range []string{u.Name, u.Email, u.Phone} {
		if len(s) > maxText || !utf8.ValidString(s) {
			return badInput("user name, e-mail or phone: want at most %d bytes of UTF-8", maxText)
		}
	}
	if size > maxAttributes {
		return badInput("user attributes: more than %d bytes", maxAttributes)
	}
	if u.Kind != Person && u.Kind != Service {
		return badInput("user kind")
	}
	return nil
}

// bounded is the client with everything that came from outside cut to size.
func (c Client) bounded() Client {
	c.App, c.UserAgent, c.Place = cut(c.App, maxApp), cut(c.UserAgent, maxText), cut(c.Place, maxText/2)
	c.Hints = c.Hints.bounded()
	c.IP = c.IP.Unmap().WithZone("")
	return c
}
