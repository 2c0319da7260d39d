package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

const (
	geoHelp = "`file` that knows where addresses are, in MaxMind's format (City, ASN, Anonymous-IP; DB-IP's and IPinfo's too); " +
		"may be given again, and is read again when it changes. Default: with -dev a small table, else nothing"
	ipListHelp = "`KIND=FILE` with addresses and networks of a kind, one on a line: tor, vpn, proxy, residential, hosting, mobile, " +
		"satellite, denied or trusted; may be given again, and is read again when it changes"
)

// An ipList is a file of networks that are of a kind.
type ipList struct {
	kind risk.IPKinds
	file string
}

// addGeo takes one -geo.
func (c *config) addGeo(file string) error {
	if file == "" {
		return fmt.Errorf("want a file's name")
	}
	c.geo = append(c.geo, file)
	return nil
}

// addIPList takes one -iplist.
func (c *config) addIPList(s string) error {
	name, file, _ := strings.Cut(s, "=")
	i := slices.IndexFunc(ipKinds, func(k ipKind) bool { return k.flag == name })
	if i < 0 || file == "" {
		return fmt.Errorf("want KIND=FILE, with a kind that is listed")
	}
	c.ipLists = append(c.ipLists, ipList{ipKinds[i].kind, file})
	return nil
}

// places are what the app knows of addresses.
type places struct {
	intel risk.IPIntel // nil: nothing
	files *geo.Intel   // nil: there are none
	end   func()       // of looking for new files
}

// openPlaces opens the files that the flags name, and reads them again when they
// change.
func openPlaces(ctx context.Context, c config, clock *clock, log *slog.Logger) (*places, error) {
	p := &places{end: func() {}}
	if c.risk == riskOff {
		return p, nil
	}
	if len(c.geo)+len(c.ipLists) > 0 {
		config := geo.Config{Now: clock.Now, Logger: log}
		for _, file := range c.geo {
			config.Databases = append(config.Databases, geo.Source{Path: file})
		}
		for _, l := range c.ipLists {
			config.Lists = append(config.Lists, geo.Source{Path: l.file, Kinds: l.kind})
		}
		files, err := geo.Open(config)
		if err != nil {
			return nil, fmt.Errorf("-geo, -iplist: %w", err)
		}
		p.intel, p.files = files, files
		p.end = inBackground(ctx, func(ctx context.Context) {
			_ = files.Watch(ctx, 0) // that ctx has ended is all that it can say
		})
	}
	if c.dev && len(c.geo) == 0 {
		p.intel = devIntel{newDevPlaces(), p.files}
	}
	return p, nil
}
