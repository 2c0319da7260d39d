package geo

import (
	"net/netip"
	"time"

	"github.com/gaissmai/bart"

	"github.com/mfakit/mfa/risk"
)

// A content is what one file says. It does not change.
type content struct {
	// One of the three.
	database *database
	prefixes *bart.Lite
	asns     map[uint32]bool

	kind    string // for Status
	entries int
	built   time.Time // of a database; zero: it does not say
}

// A snapshot is all that lookups use. It does not change: a reload makes another, so
// that every lookup is answered by one state of all files, and none waits.
type snapshot struct {
	databases []*database
	lists     []list
	asns      map[uint32]risk.IPKinds
	files     []file

	missing error     // of the first source without data
	staleAt time.Time // when the first becomes too old; zero: none does
	stale   error
}

type list struct {
	prefixes *bart.Lite
	kinds    risk.IPKinds
}

type file struct {
	Status
	staleAt time.Time
}

// newSnapshot is of the sources as they are now.
func newSnapshot(sources []*source) *snapshot {
	s := &snapshot{asns: map[uint32]risk.IPKinds{}}
	for _, src := range sources {
		f := file{Status: src.status()}
		switch c := src.content; {
		case c == nil:
			if s.missing == nil {
				s.missing = &Error{File: src.name(), Err: ErrMissing}
			}
		case c.database != nil:
			s.databases = append(s.databases, c.database)
		case c.asns != nil:
			for n := range c.asns {
				s.asns[n] |= src.Kinds
			}
		case c.entries > 0:
			s.lists = append(s.lists, list{c.prefixes, src.Kinds})
		}
		if src.content != nil && src.MaxAge > 0 {
			f.staleAt = f.Built.Add(src.MaxAge)
			if s.staleAt.IsZero() || f.staleAt.Before(s.staleAt) {
				s.staleAt, s.stale = f.staleAt, &Error{File: src.name(), Err: ErrStale}
			}
		}
		s.files = append(s.files, f)
	}
	return s
}

func (s *snapshot) lookup(ip netip.Addr, now func() time.Time) (info risk.IPInfo, err error) {
	info.Kinds, _ = reserved.Lookup(ip)
	if info.Kinds == 0 {
		for _, d := range s.databases {
			d.add(ip, &info)
		}
	}
	for _, l := range s.lists {
		if l.prefixes.Contains(ip) {
			info.Kinds |= l.kinds
		}
	}
	if info.ASN != 0 {
		info.Kinds |= s.asns[info.ASN]
	}
	switch {
	case s.missing != nil:
		err = s.missing
	case !s.staleAt.IsZero() && now().After(s.staleAt):
		err = s.stale
	}
	return info, err
}
