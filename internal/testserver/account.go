package testserver

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testneed"
)

// An account is a user of this machine. Database servers refuse to run as root.
type account struct{ user, group int }

// notRoot is the account that a server runs as: nil, the one that runs the test,
// unless that is root; then the named one, which the server's package has made.
func notRoot(t testing.TB, name string) *account {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		testneed.Missing(t, "user "+name+" for root to run the server as")
	}
	a := &account{}
	if a.user, err = strconv.Atoi(u.Uid); err != nil {
		t.Fatal(err)
	}
	if a.group, err = strconv.Atoi(u.Gid); err != nil {
		t.Fatal(err)
	}
	return a
}

// folderOf makes a folder for an account, short enough for the path of a socket
// in it. It goes with the test.
func folderOf(t testing.TB, as *account) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mfa-db-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	if as != nil {
		if err := os.Chown(folder, as.user, as.group); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// run runs a program to its end, with a text as its input, and returns what it
// prints. One that fails ends the test.
func run(t testing.TB, as *account, input, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errs strings.Builder
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = strings.NewReader(input), &out, &errs, runsAs(as)
	cmd.Dir = os.TempDir() // one that any account may enter
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s%s", path, err, input, out.String(), errs.String())
	}
	return strings.TrimSpace(out.String())
}
