package world

import "encoding/binary"

// recordSize is a sign-in's, while it waits to be sorted.
const recordSize = 41

const (
	okFlag = 1 << iota
	takeoverFlag
	listedFlag
)

// A record is a sign-in without what only tests ask.
type record [recordSize]byte

// The time stands first, big-endian, so that the order of the bytes is the
// order of time; of two at one moment it is the same in every run.
func (e *signIn) record(listed bool) (r record) {
	binary.BigEndian.PutUint64(r[0:], uint64(e.at))
	binary.BigEndian.PutUint64(r[8:], uint64(e.user))
	binary.BigEndian.PutUint32(r[16:], e.addr)
	binary.BigEndian.PutUint32(r[20:], uint32(e.pool))
	r[24], r[25] = byte(e.agent.system), byte(e.agent.browser)
	for i, x := range []uint16{e.agent.model, e.agent.version, e.agent.major, e.agent.patch, e.agent.app, e.rtt, e.agent.build} {
		binary.BigEndian.PutUint16(r[26+2*i:], x)
	}
	if e.ok {
		r[40] |= okFlag
	}
	if e.takeover {
		r[40] |= takeoverFlag
	}
	if listed {
		r[40] |= listedFlag
	}
	return r
}

func (r *record) at() int64    { return int64(binary.BigEndian.Uint64(r[0:])) }
func (r *record) user() int64  { return int64(binary.BigEndian.Uint64(r[8:])) }
func (r *record) addr() uint32 { return binary.BigEndian.Uint32(r[16:]) }
func (r *record) pool() int    { return int(binary.BigEndian.Uint32(r[20:])) }
func (r *record) rtt() uint16  { return binary.BigEndian.Uint16(r[36:]) }
func (r *record) flags() byte  { return r[40] }

func (r *record) agent() agent {
	return agent{
		system: system(r[24]), browser: browser(r[25]),
		model: binary.BigEndian.Uint16(r[26:]), version: binary.BigEndian.Uint16(r[28:]),
		major: binary.BigEndian.Uint16(r[30:]), patch: binary.BigEndian.Uint16(r[32:]), app: binary.BigEndian.Uint16(r[34:]),
		build: binary.BigEndian.Uint16(r[38:]),
	}
}
