// Package codec is the outer form of a stored value: a version and a list of
// byte strings, the sections, each of which is encoded by itself. Whoever
// changes one section copies the others without decoding them.
package codec

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// ErrNewer says that a value was written by a later version of the encoding.
var ErrNewer = errors.New("codec: value is of a newer version")

// maxCount is how many elements a list or a map may have.
const maxCount = 4096

// ErrMalformed says that a value is not one of ours.
var ErrMalformed = errors.New("codec: malformed value")

var enc, dec = modes()

func modes() (cbor.EncMode, cbor.DecMode) {
	e, err := cbor.EncOptions{Sort: cbor.SortNone, Time: cbor.TimeRFC3339Nano, IndefLength: cbor.IndefLengthForbidden}.EncMode()
	if err != nil {
		panic(err) // constant options
	}
	d, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		MaxNestedLevels:   16,
		MaxArrayElements:  maxCount,
		MaxMapPairs:       maxCount,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, // a field that is not known would be lost at the next write
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return e, d
}

// Marshal encodes one section, or one part of one.
func Marshal(v any) ([]byte, error) { return Append(make([]byte, 0, usual), v) }

// usual is as long as most of what is encoded by itself.
const usual = 192

// Unmarshal reads what Marshal wrote, as a Reader does.
func Unmarshal(data []byte, v any) error { return new(Reader).Unmarshal(data, v) }

// Next reads the first of several, as a Reader does.
func Next(data []byte, v any) (rest []byte, err error) { return new(Reader).Next(data, v) }

// A Reader reads what Marshal wrote. What it has read shares memory: byte strings
// that of the data, up to their length, and strings one of their own. The zero
// value is ready; it must not be copied once it was used.
type Reader struct {
	rest []byte
	text strings.Builder
}

// Unmarshal reads data into v, which has to point to a zero value, and still does if
// there is nothing to read (no bytes).
func (r *Reader) Unmarshal(data []byte, v any) error {
	if len(data) == 0 {
		return nil
	}
	if _, ok := r.first(data, v, true); ok {
		return nil
	}
	if err := dec.Unmarshal(data, v); err != nil {
		return refused(err)
	}
	return nil
}

func refused(err error) error {
	var unknown *cbor.UnknownFieldError
	if errors.As(err, &unknown) {
		return ErrNewer
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}

// Next reads the first part of a sequence of parts, like Unmarshal, and returns the rest.
func (r *Reader) Next(data []byte, v any) (rest []byte, err error) {
	if rest, ok := r.first(data, v, false); ok {
		return rest, nil
	}
	rest, err = dec.UnmarshalFirst(data, v)
	if err != nil {
		return nil, refused(err)
	}
	return rest, nil
}
