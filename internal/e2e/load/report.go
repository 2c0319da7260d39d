package load

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// A Report says how a run went. Times are in milliseconds.
type Report struct {
	Store       string           `json:"store"`
	Machine     string           `json:"machine"`
	Users       int              `json:"users"`
	Clients     int              `json:"clients"`
	Seconds     float64          `json:"seconds"`
	SignIns     int64            `json:"sign_ins"`
	PerSecond   float64          `json:"sign_ins_per_second"`
	Login       Latency          `json:"login_ms"`        // the password, and the flow that it begins
	Verify      Latency          `json:"verification_ms"` // the code
	SignIn      Latency          `json:"sign_in_ms"`      // both
	Statements  *Statements      `json:"statements,omitempty"`
	Errors      map[string]int64 `json:"errors"` // by the step and what was answered
	Interrupted bool             `json:"interrupted,omitempty"`
}

// Latency is a distribution, of which half is below P50.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

// Statements are those of the store, as its server counts them.
type Statements struct {
	Source string `json:"source"`
	// PerVerification was measured before the run with one client. It is left out
	// where the source is too late or too coarse for that.
	PerVerification float64 `json:"per_verification,omitempty"`
	// PerSignIn is under load, with conflicts: two verifications' worth, as the
	// password's flow is read and saved as well.
	PerSignIn float64 `json:"per_sign_in"`
}

// Failed says whether anything was answered that should not have been.
func (r *Report) Failed() bool { return len(r.Errors) > 0 }

// WriteTo prints the report for people.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-13s"+format+"\n", append([]any{name}, args...)...)
	}
	line("store", "%s", r.Store)
	line("machine", "%s", r.Machine)
	line("load", "%d users, %d clients, %.1f s%s", r.Users, r.Clients, r.Seconds, map[bool]string{true: ", interrupted"}[r.Interrupted])
	line("sign-ins", "%d, %.0f a second", r.SignIns, r.PerSecond)
	line("ms", "%9s %9s %9s %9s %9s", "p50", "p90", "p99", "p99.9", "max")
	for _, l := range []struct {
		name string
		Latency
	}{{"login", r.Login}, {"verification", r.Verify}, {"sign-in", r.SignIn}} {
		line(l.name, "%9.2f %9.2f %9.2f %9.2f %9.2f", l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	if s := r.Statements; s != nil {
		alone := ""
		if s.PerVerification > 0 {
			alone = fmt.Sprintf("%.2f a verification alone, ", s.PerVerification)
		}
		line("statements", "%s%.2f a sign-in under load (%s)", alone, s.PerSignIn, s.Source)
	}
	if !r.Failed() {
		line("errors", "none")
	}
	for _, what := range slices.Sorted(maps.Keys(r.Errors)) {
		line("errors", "%d × %s", r.Errors[what], what)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

var modelName = regexp.MustCompile(`(?m)^model name\s*: (.*)$`)

// Machine names what figures were measured on, which mean little elsewhere.
func Machine() string {
	model := ""
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := modelName.FindSubmatch(info); m != nil {
			model = string(m[1])
		}
	}
	return fmt.Sprintf("%s, GOMAXPROCS %d, %s %s/%s", cmp.Or(model, "unknown processor"), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
