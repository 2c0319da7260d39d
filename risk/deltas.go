package risk

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// One history changes by one or, where several sign-ins were kept under the same
// activity, by a few deltas at once.
const maxDeltas = maxMarks

var errDelta = errors.New("risk: not a delta")

var deltaReader = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxArrayElements:  1024,
		MaxMapPairs:       16,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return mode
}()

// encodeDeltas is what Count is given; nothing for no deltas.
func encodeDeltas(d []delta) ([]byte, error) {
	if len(d) == 0 {
		return nil, nil
	}
	b, err := cbor.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("risk: %w", err)
	}
	return b, nil
}

// decodeDeltas reads what encodeDeltas wrote, and refuses what would count anything
// that Learn and Unlearn do not.
func decodeDeltas(b []byte) ([]delta, error) {
	if len(b) == 0 {
		return nil, nil
	}
	var list []delta
	if err := deltaReader.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("%w: %w", errDelta, err)
	}
	if len(list) > maxDeltas {
		return nil, errDelta
	}
	for _, d := range list {
		if d.Version != deltaVersion || d.Sign != 1 && d.Sign != -1 || len(d.Values) > int(features) || len(d.Novel) > int(levels) || !d.Vote && len(d.Values) > 0 {
			return nil, errDelta
		}
		for _, v := range d.Values {
			if v.Feature >= features {
				return nil, errDelta
			}
		}
		for _, n := range d.Novel {
			if n.Level >= levels || n.Gap >= gapBuckets || n.Size >= sizeBuckets {
				return nil, errDelta
			}
		}
	}
	return list, nil
}
