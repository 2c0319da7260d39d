//go:build !linux

package testserver

import (
	"os"
	"syscall"
)

func endsWithUs(*account) *syscall.SysProcAttr { return nil }
func runsAs(*account) *syscall.SysProcAttr     { return nil }

// killFamily kills a process. Its children end by themselves when they notice.
func killFamily(p *os.Process) { _ = p.Kill() }
