package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
)

// openTrail opens the file that -audit names, to append to it; nil without a name.
// Only its owner can read it: it tells who did what, and from where.
func openTrail(file string) (*os.File, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("-audit: %w", err)
	}
	return f, nil
}

// observer keeps the trail: in its file, or else in the program's log.
func (d *data) observer(log *slog.Logger) mfa.Observer {
	if d.trail != nil {
		return audit.JSON(d.trail)
	}
	return audit.Slog(log.Handler())
}
