package codec

import (
	"encoding/binary"
	"math"
	"slices"
)

// The envelope is CBOR (RFC 8949) like everything in it: an array of the
// version and an array of byte strings. It is read and written here, because
// the sections are most of a value, and a decoder in between would copy each.

const (
	majorUint     = 0 << 5
	majorNegative = 1 << 5
	majorBytes    = 2 << 5
	majorText     = 3 << 5
	majorArray    = 4 << 5
	majorMap      = 5 << 5

	no, yes, null = 0xf4, 0xf5, 0xf6
	float64Head   = 0xfb
)

// Encode writes version and sections.
func Encode(version uint64, sections [][]byte) []byte {
	size := 3 * 9
	for _, s := range sections {
		size += 9 + len(s)
	}
	out := AppendStart(make([]byte, 0, size), version, len(sections))
	for _, s := range sections {
		out = AppendSection(out, s)
	}
	return out
}

// AppendStart writes what comes before the sections, of which there must then be count.
func AppendStart(out []byte, version uint64, count int) []byte {
	out = appendHead(out, majorArray, 2)
	out = appendHead(out, majorUint, version)
	return appendHead(out, majorArray, uint64(count))
}

// AppendSection writes a section that is made of these parts.
func AppendSection(out []byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	out = appendHead(out, majorBytes, uint64(size))
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// AppendEncoded writes a section that is what Marshal makes of v.
func AppendEncoded(out []byte, v any) ([]byte, error) {
	at := len(out)
	out, err := Append(out, v)
	if err != nil {
		return nil, err
	}
	var head [9]byte
	return slices.Insert(out, at, appendHead(head[:0], majorBytes, uint64(len(out)-at))...), nil
}

// Decode reads what Encode wrote, and refuses a version above known and more
// than count sections with ErrNewer. It returns count sections, which share
// data's memory; those that the value lacks are nil.
func Decode(data []byte, known uint64, count int) ([][]byte, error) {
	two, data, ok := readHead(data, majorArray)
	if !ok || two != 2 {
		return nil, ErrMalformed
	}
	version, data, ok := readHead(data, majorUint)
	if !ok || version == 0 {
		return nil, ErrMalformed
	}
	if version > known {
		return nil, ErrNewer
	}
	n, data, ok := readHead(data, majorArray)
	if !ok || n > uint64(len(data)) {
		return nil, ErrMalformed
	}
	if n > uint64(count) {
		return nil, ErrNewer
	}
	sections := make([][]byte, count)
	for i := range n {
		var size uint64
		if size, data, ok = readHead(data, majorBytes); !ok || size > uint64(len(data)) {
			return nil, ErrMalformed
		}
		sections[i], data = data[:size:size], data[size:]
	}
	if len(data) != 0 {
		return nil, ErrMalformed
	}
	return sections, nil
}

func appendBytes(out, data []byte) []byte {
	return append(appendHead(out, majorBytes, uint64(len(data))), data...)
}

func appendText[T ~string | ~[]byte](out []byte, s T) []byte {
	return append(appendHead(out, majorText, uint64(len(s))), s...)
}

// appendHead writes a major type and its argument in the shortest form (RFC 8949 §4.2.1).
func appendHead(out []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n <= math.MaxUint8:
		return append(out, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(out, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(out, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(out, major|27), n)
	}
}

// readHead reads a head of this major type.
func readHead(data []byte, major byte) (n uint64, rest []byte, ok bool) {
	if len(data) == 0 || data[0]&0xe0 != major {
		return 0, nil, false
	}
	info, rest := data[0]&0x1f, data[1:]
	if info < 24 {
		return uint64(info), rest, true
	}
	if info > 27 { // reserved, or of indefinite length
		return 0, nil, false
	}
	size := 1 << (info - 24)
	if len(rest) < size {
		return 0, nil, false
	}
	for _, b := range rest[:size] {
		n = n<<8 | uint64(b)
	}
	return n, rest[size:], true
}
