package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// attributes have a server killed when this program dies, which then cleans nothing up,
// and keep the terminal's Ctrl-C from it, which is for us.
func (a *account) attributes(server bool) *syscall.SysProcAttr {
	s := &syscall.SysProcAttr{Setpgid: true}
	if server {
		s.Pdeathsig = syscall.SIGKILL
	}
	if a != nil {
		s.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return s
}

// killFamily kills a process and its children. It is halted first, so that it
// makes no others meanwhile, and their numbers stay theirs.
func killFamily(p *os.Process) {
	if p.Signal(syscall.SIGSTOP) != nil {
		return // it is gone
	}
	for _, child := range children(p.Pid) {
		_ = syscall.Kill(child, syscall.SIGKILL) // it may be gone
	}
	_ = p.Kill()
}

// children are the processes whose parent is pid.
func children(pid int) (found []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state parent …; the name may hold anything.
		var state string
		var parent int
		rest := stat[bytes.LastIndexByte(stat, ')')+1:]
		if _, err := fmt.Sscan(string(rest), &state, &parent); err != nil || parent != pid {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			found = append(found, child)
		}
	}
	return found
}
