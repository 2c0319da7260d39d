// Package codec is the outer form of a stored value: a version and a list of
// byte strings, the sections, each of which is encoded by itself. Whoever
// changes one section copies the others without decoding them.
package codec

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrNewer says that a value was written by a later version of the encoding.
var ErrNewer = errors.New("codec: value is of a newer version")

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
		MaxArrayElements:  4096,
		MaxMapPairs:       4096,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, // a field that is not known would be lost at the next write
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return e, d
}

// Marshal encodes one section, or one part of one.
func Marshal(v any) ([]byte, error) { return enc.Marshal(v) }

// Unmarshal reads what Marshal wrote. Nothing (no bytes) leaves v as it is.
func Unmarshal(data []byte, v any) error {
	if len(data) == 0 {
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

// Next reads the first part of a sequence of parts and returns the rest.
func Next(data []byte, v any) (rest []byte, err error) {
	rest, err = dec.UnmarshalFirst(data, v)
	if err != nil {
		return nil, refused(err)
	}
	return rest, nil
}
