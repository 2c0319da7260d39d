package testserver

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// endsWithUs has a process killed when the test program dies, which then runs
// no cleanup.
func endsWithUs(as *account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: as.credential()}
}

// runsAs has a program that ends by itself run as another user.
func runsAs(as *account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as.credential()}
}

func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.user), Gid: uint32(a.group)}
}

// killFamily kills a process and its children. It is halted first, so that it
// makes no others meanwhile, and its children's numbers stay theirs.
func killFamily(p *os.Process) {
	if p.Signal(syscall.SIGSTOP) != nil {
		return // it is gone
	}
	for _, child := range children(p.Pid) {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	_ = p.Kill()
}

// children are the processes whose parent is pid.
func children(pid int) (found []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid …; the name may hold anything.
		var state string
		var parent int
		if _, err := fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &parent); err != nil || parent != pid {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			found = append(found, child)
		}
	}
	return found
}
