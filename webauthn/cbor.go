package webauthn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"
)

var errCBOR = errors.New("webauthn: not the CBOR that it should be")

// Major types (RFC 8949 §3.1).
const (
	cborUnsigned = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	_ // tags
	cborSimple
)

// A cborReader passes over CBOR and holds it to CTAP2's canonical form (CTAP
// 2.1 §8): shortest lengths, sorted keys without doubles, no tags, nothing of
// indefinite length; and to bounds on depth and number. Every length is compared
// with what is left before it is believed, and nothing is allocated, so that
// what gets past it is safe for a decoder.
type cborReader struct {
	data  []byte
	at    int
	items int
}

// readItem passes over the one item that data begins with, and returns its length.
func readItem(data []byte) (int, error) {
	r := cborReader{data: data}
	if err := r.item(0); err != nil {
		return 0, err
	}
	return r.at, nil
}

// readMap is readItem for a map, and returns how many pairs it has.
func readMap(data []byte) (length, pairs int, err error) {
	r := cborReader{data: data}
	major, n, err := r.head()
	if err != nil || major != cborMap {
		return 0, 0, errCBOR
	}
	length, err = readItem(data)
	return length, int(n), err
}

// head reads a major type with its argument, which must be in its shortest form.
func (r *cborReader) head() (major byte, n uint64, err error) {
	if r.at == len(r.data) {
		return 0, 0, errCBOR
	}
	major, info := r.data[r.at]>>5, r.data[r.at]&0x1f
	r.at++
	rest := r.data[r.at:]
	switch {
	case info < 24:
		return major, uint64(info), nil
	case info == 24 && len(rest) >= 1:
		n = uint64(rest[0])
	case info == 25 && len(rest) >= 2:
		n = uint64(binary.BigEndian.Uint16(rest))
	case info == 26 && len(rest) >= 4:
		n = uint64(binary.BigEndian.Uint32(rest))
	case info == 27 && len(rest) >= 8:
		n = binary.BigEndian.Uint64(rest)
	default:
		return 0, 0, errCBOR
	}
	r.at += 1 << (info - 24)
	if major == cborSimple { // a floating-point number, which has no shorter form here
		if info == 24 {
			return 0, 0, errCBOR
		}
		return major, simpleFloat, nil
	}
	least := [...]uint64{24, 1 << 8, 1 << 16, 1 << 32}
	if n < least[info-24] {
		return 0, 0, errCBOR
	}
	return major, n, nil
}

// simpleFloat stands for any floating-point number, as head's argument.
const simpleFloat = 1 << 32

// fits says whether n things of size bytes at least can be in what is left.
func (r *cborReader) fits(n uint64, size int) bool {
	return n <= uint64(len(r.data)-r.at)/uint64(size)
}

func (r *cborReader) item(depth int) error {
	if r.items++; r.items > maxCBORItems {
		return errCBOR
	}
	major, n, err := r.head()
	if err != nil {
		return err
	}
	switch major {
	case cborUnsigned:
		return nil
	case cborNegative:
		if n > math.MaxInt64 { // a decoder would need a big number for it
			return errCBOR
		}
		return nil
	case cborBytes, cborText:
		_, err := r.content(major, n)
		return err
	case cborArray:
		if depth == maxCBORDepth || !r.fits(n, 1) {
			return errCBOR
		}
		for range n {
			if err := r.item(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case cborMap:
		return r.pairs(n, depth)
	case cborSimple:
		if n == simpleFloat || 20 <= n && n <= 22 { // false, true, null
			return nil
		}
	}
	return errCBOR
}

func (r *cborReader) content(major byte, n uint64) ([]byte, error) {
	if !r.fits(n, 1) {
		return nil, errCBOR
	}
	content := r.data[r.at : r.at+int(n)]
	if major == cborText && !utf8.Valid(content) {
		return nil, errCBOR
	}
	r.at += int(n)
	return content, nil
}

// pairs reads a map, whose keys are numbers or text in ascending order. That
// they ascend also says that no two are the same.
func (r *cborReader) pairs(n uint64, depth int) error {
	if depth == maxCBORDepth || !r.fits(n, 2) {
		return errCBOR
	}
	var before []byte
	for range n {
		from := r.at
		if from == len(r.data) {
			return errCBOR
		}
		switch major := r.data[from] >> 5; major {
		case cborUnsigned, cborNegative, cborText:
		default:
			return errCBOR
		}
		if err := r.item(depth + 1); err != nil {
			return err
		}
		key := r.data[from:r.at]
		if before != nil && !ascends(before, key) {
			return errCBOR
		}
		before = key
		if err := r.item(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// ascends compares two encoded keys as CTAP2 orders them: by major type, then by
// length, then byte by byte.
func ascends(a, b []byte) bool {
	if a[0]>>5 != b[0]>>5 {
		return a[0]>>5 < b[0]>>5
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return bytes.Compare(a, b) < 0
}

// textKeys are the keys of the map that data is, as far as they are text. The
// map has passed readMap.
func textKeys(data []byte) []string {
	r := cborReader{data: data}
	_, n, _ := r.head()
	var keys []string
	for range n {
		major, length, err := r.head()
		if err != nil || major != cborText {
			return nil
		}
		key, err := r.content(major, length)
		if err != nil || r.item(1) != nil {
			return nil
		}
		keys = append(keys, string(key))
	}
	return keys
}
