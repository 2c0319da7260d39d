//go:build !linux

package main

import (
	"os"
	"syscall"
)

func (a *account) attributes(bool) *syscall.SysProcAttr { return nil }

// killFamily leaves the children to find out by themselves, as PostgreSQL's do.
func killFamily(p *os.Process) { _ = p.Kill() }
