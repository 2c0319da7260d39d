package testserver

import "syscall"

// endsWithUs has a process killed when the test program dies, which then runs
// no cleanup.
func endsWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
