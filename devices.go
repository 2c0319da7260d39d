package mfa

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A Device is a browser in which the user has passed a whole flow.
type Device struct {
	ID        string     `json:"id"`
	UserAgent string     `json:"user_agent,omitempty"` // as it was last seen
	App       string     `json:"app,omitempty"`
	IP        netip.Addr `json:"ip,omitzero"`
	Place     string     `json:"place,omitempty"`
	FirstSeen time.Time  `json:"first_seen_at"`
	LastSeen  time.Time  `json:"last_seen_at"`

	// Remembered is when it will be asked again at the latest, as far as the policy
	// still grants that; zero: at its next sign-in.
	Remembered time.Time `json:"remembered_until,omitzero"`
	Current    bool      `json:"current"` // the request comes from it
}

// device is the stored form. Its token is a name and a secret. The secret changes
// at each sign-in, and the old one is good until the new one comes back, as an
// answer may get lost. After that a secret which is neither, under the right
// name, is an old one: somebody has a copy.
type device struct {
	Name    []byte `cbor:"5,keyasint"` // hash of the token's first part
	Hash    []byte `cbor:"1,keyasint"` // of the secret that counts
	Next    []byte `cbor:"6,keyasint,omitempty"`
	NextAt  int64  `cbor:"15,keyasint,omitempty"` // when Next was made, Unix seconds
	Proved  int64  `cbor:"16,keyasint,omitempty"` // when it last passed a whole flow, Unix seconds
	Created int64  `cbor:"2,keyasint"`
	Seen    int64  `cbor:"3,keyasint"`
	Agent   string `cbor:"4,keyasint,omitempty"`
	ID      string `cbor:"7,keyasint"`
	App     string `cbor:"8,keyasint,omitempty"`
	IP      []byte `cbor:"9,keyasint,omitempty"`
	Place   string `cbor:"10,keyasint,omitempty"`

	Generation uint64 `cbor:"11,keyasint,omitempty"` // the user's, when it last passed a whole flow
	Granted    int64  `cbor:"12,keyasint,omitempty"` // when it was remembered, Unix seconds; 0: it is not
	For        int64  `cbor:"13,keyasint,omitempty"` // seconds
	Idle       int64  `cbor:"14,keyasint,omitempty"` // seconds; 0: no limit
}

const (
	deviceNameSize  = 16
	deviceTokenSize = deviceNameSize + randomSize
)

// known says whether an adaptive policy may go by it: it passed a whole flow not too
// long ago, and nothing has changed since.
func (d *device) known(h *head, now time.Time) bool {
	return d.trusted(h) && d.Proved+int64(rememberMax/time.Second) > now.Unix()
}

// trusted says whether nothing about the account's security has changed since
// the device last passed.
func (d *device) trusted(h *head) bool { return d.Generation >= h.DeviceFloor }

// remembered is until when the device is remembered under what a policy grants
// now; zero: it is not.
func (d *device) remembered(h *head, grant Remember, now time.Time) time.Time {
	if d.Granted == 0 || !d.trusted(h) || grant.For <= 0 {
		return time.Time{}
	}
	until := d.Granted + min(d.For, int64(grant.bounded().For/time.Second))
	for _, idle := range []int64{d.Idle, int64(grant.Idle / time.Second)} {
		if idle > 0 {
			until = min(until, d.Seen+idle)
		}
	}
	if until <= now.Unix() || d.Granted > now.Add(clockTolerance).Unix() {
		return time.Time{}
	}
	return fromUnix(until)
}

// bounded is the grant within what NIST SP 800-63B-4 section 2.1.3 lets a sign-in
// at AAL1 last, unless somebody insists.
func (r Remember) bounded() Remember {
	if r.For > rememberMax && !r.InsecureLong {
		r.For = rememberMax
	}
	return r
}

// remembers says whether a policy's decision lets a remembered browser in on the
// first factor: it grants that, and asks for no more than some second proof.
func (r Requirement) remembers(grant Remember) bool {
	return grant.For > 0 && r.SecondFactor && r.AAL == 0 && !r.PhishingResistant && len(r.Methods) == 0
}

// A browser's device tokens are a list, newest first, because several people
// may share it: each token is of one user, and is stored hashed with that user.
func splitDeviceTokens(list string) []string {
	if list == "" || len(list) > maxToken {
		return nil
	}
	tokens := strings.Split(list, ".")
	return slices.DeleteFunc(tokens[:min(len(tokens), maxDeviceTokens)], func(t string) bool {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(t)
		return err != nil || len(raw) != deviceTokenSize
	})
}

func hashDevice(token string) (name, secret []byte) {
	raw, _ := base64.RawURLEncoding.DecodeString(token) // as splitDeviceTokens let it through
	n, s := sha256.Sum256(raw[:deviceNameSize]), sha256.Sum256(raw[deviceNameSize:])
	return n[:deviceNameSize], s[:]
}

// A presented device is one of the user's, and the token that named it.
type presented struct {
	*device
	token string
	index int  // of the token in the list
	stale bool // its secret is an old one
	next  bool // it is the one that was handed out last
}

// findDevice finds the user's device among the tokens.
func (st *state) findDevice(list string) (found presented, err error) {
	tokens := splitDeviceTokens(list)
	if len(tokens) == 0 {
		return found, nil
	}
	if err := st.openDevices(); err != nil {
		return found, err
	}
	for at, t := range tokens {
		name, secret := hashDevice(t)
		for i := range st.devices {
			d := &st.devices[i]
			if subtle.ConstantTimeCompare(d.Name, name) != 1 {
				continue
			}
			current, next := subtle.ConstantTimeCompare(d.Hash, secret) == 1, subtle.ConstantTimeCompare(d.Next, secret) == 1
			found = presented{d, t, at, !current && !next, next}
		}
	}
	return found, nil
}

// knownDevice is the user's device among the tokens; nil: there is none.
func (st *state) knownDevice(list string) (*device, error) {
	found, err := st.findDevice(list)
	if err != nil || found.stale {
		return nil, err
	}
	return found.device, nil
}

// useDevice takes a device's token at a sign-in. It returns the device (nil: it is
// not known) and the tokens that the client should keep now. An old token is a
// copy's, the browser's own or the thief's: nobody can say which, so both end.
func (e *Engine) useDevice(st *state, list string, u User, c Client) (d *device, keep string, err error) {
	found, err := st.findDevice(list)
	if err != nil || found.device == nil {
		return nil, "", err
	}
	st.touch(secDevices)
	if d = found.device; found.stale {
		ev := Event{Type: EventDeviceReused, Notice: d.trusted(&st.head), Label: d.ID}
		st.devices = slices.DeleteFunc(st.devices, func(o device) bool { return o.ID == ev.Label })
		return nil, "", e.note(st, ev, u, c)
	}
	if found.next {
		d.Hash, d.Next = d.Next, nil
	}
	// Two requests at one moment have to get the same token, as the browser keeps
	// only one of the answers: so the new secret is made of the old one and the
	// minute, under a key that only the engine has. Later it is another one, or a copy
	// that keeps step with its original would never be noticed.
	if d.Next == nil || st.now.Unix() >= d.NextAt+int64(nextDevice/time.Second) || st.now.Unix() < d.NextAt {
		d.NextAt = st.now.Unix()
	}
	raw, _ := base64.RawURLEncoding.DecodeString(found.token)
	seed := string(binary.BigEndian.AppendUint64(slices.Clone(raw), uint64(d.NextAt)))
	secret, err := hex.DecodeString(e.keys.indexOf("device 1", seed) + e.keys.indexOf("device 2", seed))
	if err != nil || len(secret) != randomSize {
		return nil, "", err
	}
	sum := sha256.Sum256(secret)
	d.Next = sum[:]
	tokens := splitDeviceTokens(list)
	tokens[found.index] = base64.RawURLEncoding.EncodeToString(append(raw[:deviceNameSize:deviceNameSize], secret...))
	return d, strings.Join(tokens, "."), nil
}

// seeDevice marks a device that has passed a whole flow as known. A new one gets
// a token of its own: one that came with the request, but is not known, was
// made for somebody else. It returns what the client should keep now (empty:
// what it has), and whether the user should hear of it: there are other devices,
// and none that calls itself by this name.
//
// One in which the account's security has changed since it last passed begins anew:
// a copy from before is worth nothing, and neither is what was granted then.
func (st *state) seeDevice(c Client, list string) (d *device, keep string, strange bool, err error) {
	if d, err = st.knownDevice(list); err != nil {
		return nil, "", false, err
	}
	if err := st.openDevices(); err != nil {
		return nil, "", false, err
	}
	st.touch(secDevices)
	anew := d != nil && !d.trusted(&st.head)
	if anew {
		*d = device{Name: d.Name, Created: d.Created, ID: d.ID}
	}
	if d == nil {
		agent := shortAgent(c.UserAgent)
		strange = len(st.devices) > 0 && !slices.ContainsFunc(st.devices, func(o device) bool { return o.Agent == agent })
		for len(st.devices) >= maxDevices {
			oldest := 0
			for i := range st.devices {
				if st.devices[i].Seen < st.devices[oldest].Seen {
					oldest = i
				}
			}
			st.devices = slices.Delete(st.devices, oldest, oldest+1)
		}
		st.devices = append(st.devices, device{Created: st.now.Unix(), ID: newID()})
		d, anew = &st.devices[len(st.devices)-1], true
	}
	if anew {
		var random [deviceTokenSize]byte
		rand.Read(random[:])
		token := base64.RawURLEncoding.EncodeToString(random[:])
		others := slices.DeleteFunc(splitDeviceTokens(list), func(t string) bool {
			name, _ := hashDevice(t)
			return bytes.Equal(name, d.Name) // its own from before
		})
		d.Name, d.Hash = hashDevice(token)
		keep = strings.Join(append([]string{token}, others[:min(len(others), maxDeviceTokens-1)]...), ".")
	}
	d.see(c, st.now)
	d.Generation, d.Proved = st.head.Generation, st.now.Unix()
	return d, keep, strange, nil
}

// shortAgent is a User-Agent as it is kept: without the words that nearly all have, so
// that the browser's name, which comes last, is within the bound.
func shortAgent(agent string) string {
	if before, rest, ok := strings.Cut(agent, " AppleWebKit/"); ok {
		if _, after, ok := strings.Cut(rest, "Gecko)"); ok {
			agent = before + after
		}
	}
	return cut(agent, maxHistoryText)
}

// see notes where a device was last seen.
func (d *device) see(c Client, now time.Time) {
	d.Seen, d.Agent, d.App, d.Place, d.IP = now.Unix(), shortAgent(c.UserAgent), c.App, cut(c.Place, maxLabel), c.IP.AsSlice()
}

// Devices lists the browsers in which the user has passed a whole flow, the one
// last seen first. It takes a session whose evidence holds: [*RequirementError].
// One Load.
func (e *Engine) Devices(ctx context.Context, c Caller) ([]Device, error) {
	if err := c.User.check(); err != nil {
		return nil, err
	}
	st, err := e.look(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	client := c.Client.bounded()
	if _, err := st.evidence(c.Authentication, client); err != nil {
		return nil, err
	}
	here, err := st.knownDevice(c.Client.DeviceToken)
	if err != nil {
		return nil, err
	}
	if err := st.openDevices(); err != nil {
		return nil, err
	}
	d := e.decide(st, c.User, client)
	grant := d.Remember
	if !d.Require.remembers(grant) {
		grant = Remember{}
	}
	return st.deviceList(grant, here), nil
}

// deviceList is the user's browsers, the last seen first.
func (st *state) deviceList(grant Remember, here *device) []Device {
	out := make([]Device, 0, len(st.devices))
	for i := range st.devices {
		o := &st.devices[i]
		out = append(out, Device{ID: o.ID, UserAgent: o.Agent, App: o.App, IP: addrFrom(o.IP), Place: o.Place,
			FirstSeen: fromUnix(o.Created), LastSeen: fromUnix(o.Seen), Remembered: o.remembered(&st.head, grant, st.now), Current: o == here})
	}
	slices.SortStableFunc(out, func(a, b Device) int { return b.LastSeen.Compare(a.LastSeen) })
	return out
}

// ForgetDevice forgets one of the user's browsers: it is asked again, and is new
// to the account. [*RequirementError], [ErrNoDevice].
func (e *Engine) ForgetDevice(ctx context.Context, c Caller, id string) error {
	_, err := change(ctx, e, c, changing, func(st *state, act acting) (struct{}, error) {
		if err := st.openDevices(); err != nil {
			return struct{}{}, err
		}
		i := slices.IndexFunc(st.devices, func(d device) bool { return d.ID == id })
		if i < 0 {
			return struct{}{}, ErrNoDevice
		}
		st.devices = slices.Delete(st.devices, i, i+1)
		st.touch(secDevices)
		return struct{}{}, e.note(st, Event{Type: EventDeviceForgotten, Count: 1, Label: id}, act.user, act.client)
	})
	return err
}

// ForgetDevices forgets all of the user's browsers, this one too. [*RequirementError].
func (e *Engine) ForgetDevices(ctx context.Context, c Caller) error {
	_, err := change(ctx, e, c, changing, func(st *state, act acting) (struct{}, error) {
		return struct{}{}, e.forgetAll(st, act.user, act.client)
	})
	return err
}

func (e *Engine) forgetAll(st *state, u User, c Client) error {
	if err := st.openDevices(); err != nil || len(st.devices) == 0 {
		return err
	}
	n := len(st.devices)
	st.devices = nil
	st.touch(secDevices)
	return e.note(st, Event{Type: EventDeviceForgotten, Count: n}, u, c)
}
