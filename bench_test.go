package mfa

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/mfakit/mfa/internal/codec"
)

// The benchmarks of this file interleave the engine with its floor in one run:
// compare lines of one run, never of two.

// benchFactor is an authenticator app without the argument checks of package
// totp, which the root cannot import.
type benchFactor struct{}

type benchState struct {
	Secret []byte `json:"secret"`
	Last   uint64 `json:"last_step"`
}

func (benchFactor) Method() Method { return Method{Name: "totp", Kind: Have, Guessable: true} }
func (benchFactor) Enroll(context.Context, EnrollRequest) (Step, error) {
	state, err := json.Marshal(benchState{Secret: []byte("12345678901234567890")})
	return Step{Done: &Verified{State: state}}, err
}
func (benchFactor) Challenge(context.Context, ChallengeRequest) (Step, error) { return Step{}, nil }
func (benchFactor) Verify(_ context.Context, r VerifyRequest) (Verified, error) {
	state, ok, err := benchWindow(r.Enrollments[0].State, r.Answer.Code, r.Now)
	if err == nil && !ok {
		err = ErrNotValid
	}
	return Verified{EnrollmentID: r.Enrollments[0].ID, State: state, AMR: []string{"otp"}}, err
}

// benchWindow is what a verification of a time-based code cannot do without:
// the state's JSON and three HMACs.
func benchWindow(raw []byte, code string, now time.Time) ([]byte, bool, error) {
	var s benchState
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, false, err
	}
	step, matched := uint64(now.Unix())/30, uint64(0)
	for c := step - 1; c <= step+1; c++ {
		if subtle.ConstantTimeCompare([]byte(benchCode(s.Secret, c)), []byte(code)) == 1 {
			matched = c
		}
	}
	if matched <= s.Last {
		return nil, false, nil
	}
	s.Last = matched
	out, err := json.Marshal(s)
	return out, true, err
}

func benchCode(secret []byte, counter uint64) string {
	mac := hmac.New(sha1.New, secret)
	var c [8]byte
	binary.BigEndian.PutUint64(c[:], counter)
	mac.Write(c[:])
	sum := mac.Sum(nil)
	off := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[off:])&0x7fffffff)%1_000_000)
}

// benchStore is the smallest map with compare-and-swap.
type benchStore struct{ items map[string]Item }

func (s *benchStore) Load(_ context.Context, key string) (Item, error) {
	item, ok := s.items[key]
	if !ok {
		return Item{}, ErrNotFound
	}
	item.Value = append([]byte(nil), item.Value...)
	return item, nil
}

func (s *benchStore) Save(_ context.Context, key string, old int64, item Item) error {
	if s.items[key].Version != old {
		return ErrConflict
	}
	item.Value = append([]byte(nil), item.Value...)
	s.items[key] = item
	return nil
}

func (s *benchStore) Delete(context.Context, string, int64) error { return nil }

// benchUser is an engine with one user of the usual kind: three enrollments, ten
// recovery codes, five devices, a full history, and one open flow.
func benchUser(tb testing.TB, now *time.Time) (*Engine, *benchStore, User) {
	tb.Helper()
	keys, err := NewKeyRing()
	if err != nil {
		tb.Fatal(err)
	}
	store := &benchStore{items: map[string]Item{}}
	e, err := New(Config{Store: store, Keys: keys, Factors: []Factor{benchFactor{}}, Now: func() time.Time { return *now }})
	if err != nil {
		tb.Fatal(err)
	}
	u := User{ID: "5f0c6a7e-8d21-4e0b-9a43-0d8a2f4f9e11", Name: "ada@example.com", Email: "ada@example.com", EmailVerified: true}
	ctx := context.Background()
	flow, err := e.SignIn(ctx, SignIn{User: u, First: Password})
	if err != nil {
		tb.Fatal(err)
	}
	caller := Caller{User: u, Authentication: flow.Authentication}
	if _, err := e.Enroll(ctx, caller, Enroll{Method: "totp", Label: "Phone"}); err != nil {
		tb.Fatal(err)
	}
	_, err = commit(ctx, e, u.ID, func(st *state) (struct{}, error) { return struct{}{}, fill(st) })
	if err != nil {
		tb.Fatal(err)
	}
	return e, store, u
}

const benchAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"

// fill makes st as large as a busy person's: see TestStateSize.
func fill(st *state) error {
	if err := st.openAll(); err != nil {
		return err
	}
	st.enrolled = append(st.enrolled, st.enrolled[0], st.enrolled[0])
	st.enrolled[1].ID, st.enrolled[2].ID = newID(), newID()
	st.enrolled[1].Label, st.enrolled[2].Label = "Tablet at home", "+47 ••• •• 67"
	codes, err := json.Marshal(struct {
		Salt  []byte   `json:"salt"`
		Codes [][]byte `json:"codes"`
	}{make([]byte, 32), [][]byte{make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32),
		make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32)}})
	if err != nil {
		return err
	}
	st.enrolled = append(st.enrolled, enrollment{ID: newID(), Method: methodRecovery, Label: "Recovery codes", State: codes, Left: 10, Created: 1})
	for i := range 5 {
		st.devices = append(st.devices, device{Hash: []byte(strings.Repeat("h", 32)), Created: st.now.Unix(), Seen: st.now.Unix() + int64(i), Agent: cut(benchAgent, maxHistoryText)})
	}
	st.decoded[secDevices] = true
	st.touch(secEnrollments, secDevices)
	for i := range 20 {
		ev := Event{ID: newID(), Device: newID(), Type: EventFlowPassed, Time: st.now.Add(time.Duration(i) * time.Hour), Method: "totp", App: "web", Place: "Oslo, Norway",
			IP: addrFrom([]byte{192, 0, 2, byte(i)}), UserAgent: benchAgent}
		if err := st.record(ev); err != nil {
			return err
		}
	}
	return nil
}

func TestStateSizeStaysSmall(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	_, store, u := benchUser(t, &now)
	size := len(store.items[userKey(u.ID)].Value)
	t.Logf("3 enrollments, 10 recovery codes, 5 devices, 20 history entries: %d bytes sealed", size)
	if size > 6<<10 {
		t.Errorf("the value is %d bytes, want at most 6 KiB", size)
	}
	if size < 2<<10 {
		t.Errorf("the value is %d bytes: something of it is missing", size)
	}
}

// TestVerify_AllocatesLittle: memory is much of what a verification costs, so that a type
// which is no longer read and written in the short way is noticed.
func TestVerify_AllocatesLittle(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ctx := context.Background()
	e, store, u := benchUser(t, &now)
	client := Client{App: "web", UserAgent: benchAgent} // without an address: no count of its network runs beside
	flow, err := e.SignIn(ctx, SignIn{User: u, First: Password, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	before := store.items[userKey(u.ID)]
	code := benchCode([]byte("12345678901234567890"), uint64(now.Unix())/30)
	got := testing.AllocsPerRun(50, func() {
		store.items[userKey(u.ID)] = before
		if _, err := e.Verify(ctx, flow.Token, Answer{Option: flow.Options[0].ID, Code: code}, client); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%.0f allocations", got)
	if got > 140 {
		t.Errorf("a right code takes %.0f allocations, want at most 140", got)
	}
}

// BenchmarkVerify is one right code, from token to answer: the engine, and its
// floor (open, decode the sections that are touched, three HMACs, encode, seal,
// and a map's read and compare-and-swap), both over the very same bytes.
func BenchmarkVerify(b *testing.B) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ctx := context.Background()
	e, store, u := benchUser(b, &now)
	flow, err := e.SignIn(ctx, SignIn{User: u, First: Password, Client: Client{App: "web", IP: addrFrom([]byte{192, 0, 2, 1}), UserAgent: benchAgent}})
	if err != nil {
		b.Fatal(err)
	}
	before := store.items[userKey(u.ID)]
	code := benchCode([]byte("12345678901234567890"), uint64(now.Unix())/30)
	once := map[string]func() error{
		"engine": func() error {
			flow, err := e.Verify(ctx, flow.Token, Answer{Option: flow.Options[0].ID, Code: code}, Client{App: "web", IP: addrFrom([]byte{192, 0, 2, 1}), UserAgent: benchAgent})
			if err == nil && flow.Status != StatusPassed {
				err = fmt.Errorf("status %s", flow.Status)
			}
			return err
		},
		"floor": func() error { return floor(ctx, e, store, u.ID, code, now) },
	}
	for _, name := range []string{"floor", "engine", "floor-again", "engine-again"} {
		f := once[strings.TrimSuffix(name, "-again")]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				store.items[userKey(u.ID)] = before
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(before.Value)), "bytes/value")
		})
	}
}

func floor(ctx context.Context, e *Engine, store Store, user, code string, now time.Time) error {
	key := userKey(user)
	item, err := store.Load(ctx, key)
	if err != nil {
		return err
	}
	plain, err := e.unseal(sealUser, key, item.Value)
	if err != nil {
		return err
	}
	raw, err := codec.Decode(plain, stateVersion, sections)
	if err != nil {
		return err
	}
	var h head
	var enrolled []enrollment
	var flows []flow
	var body flowBody
	for _, part := range []struct {
		data []byte
		into any
	}{{raw[secHead], &h}, {raw[secEnrollments], &enrolled}, {raw[secFlows], &flows}} {
		if err := codec.Unmarshal(part.data, part.into); err != nil {
			return err
		}
	}
	if err := codec.Unmarshal(flows[len(flows)-1].Body, &body); err != nil {
		return err
	}
	var ok bool
	if enrolled[0].State, ok, err = benchWindow(enrolled[0].State, code, now); err != nil || !ok {
		return fmt.Errorf("code is not right: %v", err)
	}
	if flows[len(flows)-1].Body, err = codec.Marshal(&body); err != nil {
		return err
	}
	for section, v := range map[int]any{secHead: &h, secEnrollments: enrolled, secFlows: flows} {
		if raw[section], err = codec.Marshal(v); err != nil {
			return err
		}
	}
	sealed, err := e.seal(sealUser, key, codec.Encode(stateVersion, raw))
	if err != nil {
		return err
	}
	return store.Save(ctx, key, item.Version, Item{Value: sealed, Version: newVersion()})
}

// BenchmarkEncoding measures what the choice of encoding rests on: read, change
// one field, write, of a busy person's value, sealing left out.
func BenchmarkEncoding(b *testing.B) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e, _, u := benchUser(b, &now)
	st, err := e.load(context.Background(), u.ID)
	if err != nil {
		b.Fatal(err)
	}
	type whole struct {
		Head     head
		Enrolled []enrollment
		Flows    []flow
		Devices  []device
		History  []entry
	}
	var w whole
	w.Head = st.head
	if err := st.openAll(); err != nil {
		b.Fatal(err)
	}
	if err := st.openDevices(); err != nil {
		b.Fatal(err)
	}
	w.Enrolled, w.Flows, w.Devices = st.enrolled, st.flows, st.devices
	if w.History, err = st.history(); err != nil {
		b.Fatal(err)
	}
	run := func(name string, data []byte, once func([]byte) ([]byte, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := once(data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "bytes/value")
		})
	}
	asJSON, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	run("whole-json", asJSON, func(data []byte) ([]byte, error) {
		var w whole
		if err := json.Unmarshal(data, &w); err != nil {
			return nil, err
		}
		w.Enrolled[0].Used++
		return json.Marshal(w)
	})
	asCBOR, err := cbor.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	run("whole-cbor", asCBOR, func(data []byte) ([]byte, error) {
		var w whole
		if err := cbor.Unmarshal(data, &w); err != nil {
			return nil, err
		}
		w.Enrolled[0].Used++
		return cbor.Marshal(w)
	})
	inSections, err := st.encode(nil)
	if err != nil {
		b.Fatal(err)
	}
	run("sections-cbor", inSections, func(data []byte) ([]byte, error) {
		st, err := decodeState(u.ID, 1, data, now)
		if err != nil {
			return nil, err
		}
		if err := st.openAll(); err != nil {
			return nil, err
		}
		st.enrolled[0].Used++
		st.touch(secEnrollments)
		if err := st.stamp(2); err != nil {
			return nil, err
		}
		return st.encode(nil)
	})
	run("seal-and-open", inSections, func(data []byte) ([]byte, error) {
		sealed, err := e.seal(sealUser, "k", data)
		if err != nil {
			return nil, err
		}
		return e.unseal(sealUser, "k", sealed)
	})
}

// BenchmarkPquernaValidate is for scale: one check by the library's own loop.
func BenchmarkPquernaValidate(b *testing.B) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for b.Loop() {
		for c := range uint64(3) {
			if _, err := hotp.ValidateCustom("000000", c, secret, hotp.ValidateOpts{Digits: otp.DigitsSix}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
