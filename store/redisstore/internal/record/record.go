// Package record has the form in which items stand in Redis.
package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/mfakit/mfa"
)

// ErrFormat says that something is no record that this version knows.
var ErrFormat = errors.New("redisstore: unknown format")

// A record is what stands under a key:
//
//	1 byte   format, 1
//	8 bytes  version, big-endian
//	8 bytes  expiry, microseconds since 1970, big-endian; the least number: never
//	         value
//
// The script of package redisstore reads the first nine and compares them as
// bytes: a Lua number would take versions for equal that are not.
const (
	format     = 1
	headerSize = 1 + 8 + 8
	never      = math.MinInt64
)

// Encode is the record of an item. Its expiry keeps microseconds.
func Encode(item mfa.Item) []byte {
	b := make([]byte, headerSize, headerSize+len(item.Value))
	b[0] = format
	binary.BigEndian.PutUint64(b[1:], uint64(item.Version))
	expires := int64(never)
	if !item.Expires.IsZero() {
		expires = item.Expires.UnixMicro()
	}
	binary.BigEndian.PutUint64(b[9:], uint64(expires))
	return append(b, item.Value...)
}

// Decode reads a record back, or says [ErrFormat] without what stands in it.
func Decode(record string) (mfa.Item, error) {
	switch {
	case record == "" || record[0] != format:
		return mfa.Item{}, fmt.Errorf("%w: another program wrote this, or a newer version of this package", ErrFormat)
	case len(record) < headerSize:
		return mfa.Item{}, fmt.Errorf("%w: %d bytes, which is too short", ErrFormat, len(record))
	}
	header := []byte(record[:headerSize])
	item := mfa.Item{
		Version: int64(binary.BigEndian.Uint64(header[1:])),
		Value:   []byte(record[headerSize:]), // a copy: the string may be the client's
	}
	if expires := int64(binary.BigEndian.Uint64(header[9:])); expires != never {
		item.Expires = time.UnixMicro(expires).UTC()
	}
	return item, nil
}

// Version is a version as a record has it; of 0, which stands for a key that
// must not exist, none.
func Version(version int64) []byte {
	if version == 0 {
		return []byte{}
	}
	return binary.BigEndian.AppendUint64(nil, uint64(version))
}
