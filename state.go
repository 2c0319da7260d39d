package mfa

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa/internal/codec"
	"github.com/mfakit/mfa/internal/quota"
)

// The whole state of a user is one value under one key, so that every rule that
// spans it (a code spent once, an attempt counted once) is one compare-and-swap.
// It is a list of sections; an operation decodes those that it touches and
// copies the others. The form and what each section costs stand in
// docs/architecture.md.
const stateVersion = 1

// The sections of a user's value. Their order is the format.
const (
	secHead = iota
	secEnrollments
	secFlows
	secPending
	secDevices
	secHistory
	secOutbox
	secFactors
	secRisk // what the scorer has learned of the user; its own encoding
	sections
)

// head is what every operation needs.
type head struct {
	Generation uint64        `cbor:"1,keyasint,omitempty"`  // rises with every security change
	Floor      uint64        `cbor:"2,keyasint,omitempty"`  // evidence of an older generation is void
	Recent     []int64       `cbor:"3,keyasint,omitempty"`  // the last versions of this value
	Guesses    tally         `cbor:"4,keyasint,omitzero"`   // failures of guessable factors
	Recoveries tally         `cbor:"5,keyasint,omitzero"`   // failures of recovery codes
	Sent       quota.Counter `cbor:"10,keyasint,omitzero"`  // messages
	Erased     bool          `cbor:"7,keyasint,omitempty"`  // a tombstone
	Untold     int           `cbor:"8,keyasint,omitempty"`  // failures since the owner was last told of some
	Told       int64         `cbor:"9,keyasint,omitempty"`  // when that was, Unix seconds
	Leftover   []string      `cbor:"11,keyasint,omitempty"` // keys of an erased user that may still be there
	LockTold   int64         `cbor:"12,keyasint,omitempty"` // when the owner was last told of a lock, Unix seconds

	DeviceFloor uint64   `cbor:"13,keyasint,omitempty"` // devices that passed at an older generation are asked again
	Skips       int      `cbor:"14,keyasint,omitempty"` // how often an enrolment was put off
	FirstAsked  int64    `cbor:"15,keyasint,omitempty"` // when the user was first asked to enrol, Unix seconds
	Recovery    *delayed `cbor:"16,keyasint,omitempty"` // a delayed reset that was asked for
	RecoverFrom int64    `cbor:"17,keyasint,omitempty"` // none can be asked for before, Unix seconds
	Imported    [][]byte `cbor:"18,keyasint,omitempty"` // short hashes of what was brought from elsewhere
	Undo        string   `cbor:"19,keyasint,omitempty"` // the first enrollment, whatever became of it: its mail undoes all since
}

// enrollment is the stored form of an [Enrollment].
type enrollment struct {
	ID       string `cbor:"1,keyasint"`
	Method   string `cbor:"2,keyasint"`
	Label    string `cbor:"3,keyasint,omitempty"`
	Hint     string `cbor:"4,keyasint,omitempty"`
	Created  int64  `cbor:"5,keyasint"`
	Used     int64  `cbor:"6,keyasint,omitempty"`
	State    []byte `cbor:"7,keyasint,omitempty"`
	Implicit bool   `cbor:"8,keyasint,omitempty"`
	Disabled bool   `cbor:"9,keyasint,omitempty"`
	Left     int    `cbor:"10,keyasint,omitempty"`
	Unknown  lane   `cbor:"11,keyasint,omitzero"` // failures in a row from devices not known
	Known    lane   `cbor:"12,keyasint,omitzero"` // and from known ones

	Claims   []string `cbor:"13,keyasint,omitempty"` // the names of its claims
	Scope    string   `cbor:"14,keyasint,omitempty"`
	Attached bool     `cbor:"15,keyasint,omitempty"` // there is an attachment
	Address  string   `cbor:"17,keyasint,omitempty"` // an e-mail address to tell of its end
	Bound    bool     `cbor:"16,keyasint,omitempty"` // as Verified.DeviceBound said when it was enrolled
	Until    int64    `cbor:"18,keyasint,omitempty"` // when it is over, Unix seconds; 0: never
}

// pending is an enrolment that waits for its confirmation.
type pending struct {
	ID       string `cbor:"1,keyasint"`
	Method   string `cbor:"2,keyasint"`
	Label    string `cbor:"3,keyasint,omitempty"`
	Hint     string `cbor:"4,keyasint,omitempty"`
	Replaces string `cbor:"5,keyasint,omitempty"`
	State    []byte `cbor:"6,keyasint,omitempty"` // the ceremony's
	Flow     []byte `cbor:"7,keyasint,omitempty"` // the flow that asked for it; empty: a session
	Expires  int64  `cbor:"8,keyasint"`
	Until    int64  `cbor:"9,keyasint,omitempty"` // of the challenge; 0: Expires
	Fails    int    `cbor:"10,keyasint,omitempty"`
	Support  bool   `cbor:"14,keyasint,omitempty"` // begun by support, and theirs to finish

	Message  string        `cbor:"11,keyasint,omitempty"` // of the message that was sent last
	Delivery DeliveryState `cbor:"12,keyasint,omitempty"` // what its carrier said of it
	Breakers []string      `cbor:"13,keyasint,omitempty"` // budgets that want to hear of a right answer
}

// flow is one in progress, or just spent. What only its own operations need is in Body.
type flow struct {
	ID      []byte `cbor:"1,keyasint"` // hash of the token's random part
	Network []byte `cbor:"2,keyasint,omitempty"`
	Created int64  `cbor:"3,keyasint"` // Unix milliseconds
	Expires int64  `cbor:"4,keyasint"` // Unix seconds
	Status  Status `cbor:"5,keyasint"`
	Body    []byte `cbor:"6,keyasint"`
	Known   bool   `cbor:"7,keyasint,omitempty"` // begun in a known device
	Held    bool   `cbor:"8,keyasint,omitempty"` // what it approved waits to be redeemed
}

type flowBody struct {
	Purpose  FlowPurpose        `cbor:"1,keyasint"`
	User     User               `cbor:"2,keyasint"`
	Client   Client             `cbor:"3,keyasint"` // without the device token
	Channel  string             `cbor:"4,keyasint,omitempty"`
	Require  Requirement        `cbor:"5,keyasint"`
	First    Requirement        `cbor:"6,keyasint"` // what a first enrollment asks for
	Choice   choice             `cbor:"7,keyasint,omitzero"`
	Lifetime time.Duration      `cbor:"8,keyasint,omitempty"`
	Proofs   []Proof            `cbor:"9,keyasint,omitempty"`
	Asked    map[string]pending `cbor:"10,keyasint,omitempty"` // per option, what was asked
	Attempts []int64            `cbor:"11,keyasint,omitempty"` // versions that answers in this flow were saved under
	Reason   string             `cbor:"12,keyasint,omitempty"`
	Known    bool               `cbor:"13,keyasint,omitempty"` // begun in a known device
	Implicit []string           `cbor:"14,keyasint,omitempty"` // methods whose implicit enrollments count here
	Enrolled bool               `cbor:"15,keyasint,omitempty"` // as in Flow
	Approved bool               `cbor:"17,keyasint,omitempty"` // answered from another browser

	Grace      Grace         `cbor:"16,keyasint,omitzero"`
	Skipped    bool          `cbor:"18,keyasint,omitempty"` // an enrolment was put off in it
	AtLeast    int           `cbor:"19,keyasint,omitempty"`
	Nudge      int           `cbor:"20,keyasint,omitempty"`
	Remember   Remember      `cbor:"21,keyasint,omitzero"`
	Asks       bool          `cbor:"22,keyasint,omitempty"` // that the browser be remembered
	Remembered string        `cbor:"23,keyasint,omitempty"` // the device because of which no second proof is asked for
	Support    string        `cbor:"24,keyasint,omitempty"`
	Wait       time.Duration `cbor:"25,keyasint,omitempty"` // of a delayed reset; 0: there is none
	Action     *Action       `cbor:"26,keyasint,omitempty"` // what is being approved
	Session    []Proof       `cbor:"27,keyasint,omitempty"` // with Action: the evidence that the session has and keeps
	Generation uint64        `cbor:"28,keyasint,omitempty"` // with Action: the user's, when it was approved
	Risk       Assessment    `cbor:"29,keyasint,omitzero"`
	Seen       []byte        `cbor:"30,keyasint,omitempty"` // the scorer's observation
	Device     string        `cbor:"31,keyasint,omitempty"` // the user's device that it was begun in
}

// state is a user's value in memory, for one try of one operation.
type state struct {
	user     string
	version  int64 // 0: there is none
	raw      [sections][]byte
	decoded  [sections]bool
	dirty    [sections]bool
	head     head
	enrolled []enrollment
	flows    []flow
	pending  []pending
	devices  []device
	outbox   []Event
	factors  map[string][]byte // per method, the factor's state per user
	now      time.Time
	events   []Event  // ordinary ones, told once after the save
	deltas   [][]byte // for the scorer to count, once after the save
	recorded []byte   // entries of the history before those that were loaded
	reader   codec.Reader
	noted    string // the identifier of the activity that was noted last
	current  *flow  // the flow whose attempt this is
	body     *flowBody
	held     []ref        // what the value that was loaded refers to
	attach   []attachment // to be saved before this value
	spend    *spending    // to be spent before this value is saved
	paying   *charge      // to be charged before this value is saved
}

// decodeState reads a value, the head at once and the other sections when they
// are first used.
func decodeState(user string, version int64, plain []byte, now time.Time) (*state, error) {
	st := &state{user: user, version: version, now: now}
	if plain == nil {
		return st, nil
	}
	raw, err := codec.Decode(plain, stateVersion, sections)
	if err != nil {
		return nil, stateError(err)
	}
	copy(st.raw[:], raw)
	if err := st.open(secHead, &st.head); err != nil {
		return nil, err
	}
	return st, nil
}

func stateError(err error) error {
	if errors.Is(err, codec.ErrNewer) {
		return ErrNewerVersion
	}
	return fmt.Errorf("%w: %w", ErrSealed, err)
}

// open decodes one section, once.
func (st *state) open(section int, into any) error {
	if st.decoded[section] {
		return nil
	}
	if err := st.reader.Unmarshal(st.raw[section], into); err != nil {
		return stateError(err)
	}
	st.decoded[section] = true
	if section == secEnrollments {
		st.held = refs(st.enrolled)
	}
	return nil
}

// openAll decodes the sections that nearly all operations use.
func (st *state) openAll() error {
	return errors.Join(
		st.open(secEnrollments, &st.enrolled),
		st.open(secFlows, &st.flows),
	)
}

func (st *state) openPending() error { return st.open(secPending, &st.pending) }
func (st *state) openDevices() error { return st.open(secDevices, &st.devices) }
func (st *state) openOutbox() error  { return st.open(secOutbox, &st.outbox) }
func (st *state) openFactors() error { return st.open(secFactors, &st.factors) }

func (st *state) touch(sections ...int) {
	for _, s := range sections {
		st.dirty[s] = true
	}
}

func (st *state) changed() bool { return slices.Contains(st.dirty[:], true) }

// stamp records the version that the value is to be saved under.
func (st *state) stamp(version int64) error {
	st.head.Recent = appendCapped(st.head.Recent, version, maxRecent)
	st.touch(secHead)
	if st.body == nil {
		return nil
	}
	st.body.Attempts = appendCapped(st.body.Attempts, version, maxFlowAttempts)
	body, err := codec.Marshal(st.body)
	if err != nil {
		return err
	}
	st.current.Body = body
	st.touch(secFlows)
	return nil
}

// size is about as long as the value will be.
func (st *state) size() int {
	n := 256 + len(st.recorded) // and what else may have been added
	for _, section := range st.raw {
		n += len(section)
	}
	if st.dirty[secFlows] {
		n -= len(st.raw[secFlows])
		for i := range st.flows {
			n += 100 + len(st.flows[i].Body)
		}
	}
	return n
}

// encode appends the value as it is to be saved. [ErrTooLarge].
func (st *state) encode(out []byte) ([]byte, error) {
	before := len(out)
	out = codec.AppendStart(out, stateVersion, sections)
	for section, v := range [sections]any{
		secHead: &st.head, secEnrollments: &st.enrolled, secFlows: &st.flows, secPending: &st.pending,
		secDevices: &st.devices, secOutbox: &st.outbox, secFactors: &st.factors,
	} {
		var err error
		switch {
		case section == secHistory:
			out = codec.AppendSection(out, st.recorded, st.raw[section])
		case v == nil || !st.dirty[section]:
			out = codec.AppendSection(out, st.raw[section])
		default:
			if out, err = codec.AppendEncoded(out, v); err != nil {
				return nil, err
			}
		}
	}
	if len(out)-before > maxUserValue {
		return nil, ErrTooLarge
	}
	return out, nil
}

func appendCapped[T any](list []T, v T, most int) []T {
	list = append(list, v)
	return list[max(0, len(list)-most):]
}

// landed says whether the value was once saved under version: a save whose
// answer was lost did happen.
func (st *state) landed(version int64) bool {
	if st.version == version || slices.Contains(st.head.Recent, version) {
		return true
	}
	if st.open(secFlows, &st.flows) != nil {
		return false
	}
	for i := range st.flows {
		var body flowBody
		if st.reader.Unmarshal(st.flows[i].Body, &body) == nil && slices.Contains(body.Attempts, version) {
			return true
		}
	}
	return false
}

// enrollment finds one of the user's enrollments.
func (st *state) enrollment(id string) *enrollment {
	for i := range st.enrolled {
		if st.enrolled[i].ID == id {
			return &st.enrolled[i]
		}
	}
	return nil
}

// list is what policies and hosts see of the enrollments.
func (st *state) list() []Enrollment {
	out := make([]Enrollment, 0, len(st.enrolled))
	for i := range st.enrolled {
		out = append(out, st.enrolled[i].public())
	}
	return out
}

func (r *enrollment) public() Enrollment {
	return Enrollment{ID: r.ID, Method: r.Method, Label: r.Label, Hint: r.Hint, CreatedAt: fromUnix(r.Created),
		LastUsed: fromUnix(r.Used), Disabled: r.Disabled, Implicit: r.Implicit, Remaining: r.Left}
}

// own says whether the user chose it: not recovery codes, not an address that
// counts as enrolled because the host verified it.
func (r *enrollment) own() bool {
	return !r.Implicit && r.Method != methodRecovery && r.Method != methodBypass
}

// over says whether its time is up, or its one use.
func (r *enrollment) over(now time.Time) bool {
	return r.Until != 0 && r.Until <= now.Unix() || r.Method == methodBypass && r.Left == 0
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
