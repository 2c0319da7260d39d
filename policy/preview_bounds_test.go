package policy_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// TestSampleIsTheSameWhateverTheOrder compares samples of one preview after
// the other, in both directions and with many goroutines.
func TestSampleIsTheSameWhateverTheOrder(t *testing.T) {
	out := func(mfa.User, time.Time) (mfa.Outlook, error) { return denied("p", mfa.ReasonNoMethod), nil }
	backwards := func(yield func(mfa.User, error) bool) {
		for i := 999; i >= 0 && yield(mfa.User{ID: fmt.Sprint(i)}, nil); i-- {
		}
	}
	first := preview(t, policy.PreviewConfig{Engine: foresight(out), Users: people(1000), Parallel: 1}).Times[0].LockedOut
	second := preview(t, policy.PreviewConfig{Engine: foresight(out), Users: backwards, Parallel: 32}).Times[0].LockedOut
	if len(first) != 20 || !slices.Equal(first, second) {
		t.Errorf("%v\n%v", first, second)
	}
	if n := slices.IndexFunc(first, func(l policy.LockedOut) bool { return len(l.User) == 3 }); n < 0 {
		t.Error("only the first hundred are in the sample")
	}
	for size, want := range map[int]int{-1: 0, 1: 1, 1000: 1000} {
		if got := preview(t, policy.PreviewConfig{Engine: foresight(out), Users: people(1000), Sample: size}).Times[0].LockedOut; len(got) != want {
			t.Errorf("a sample of %d has %d", size, len(got))
		}
	}
}

// TestNamesAreBounded has a policy that makes up names: many, long, and unclean.
func TestNamesAreBounded(t *testing.T) {
	r := preview(t, policy.PreviewConfig{
		Engine: foresight(func(u mfa.User, _ time.Time) (mfa.Outlook, error) {
			return denied("p"+u.ID, strings.Repeat("r", 9999)), nil
		}),
		Users:  people(1000),
		Groups: func(u mfa.User) []string { return []string{"a" + u.ID, "b" + u.ID, "c" + u.ID} },
	})
	sums(t, r)
	f := r.Times[0]
	if n := len(f.Phases); n != 201 || !f.Phases[200].More || f.Phases[200].Users != 800 || f.Phases[200].Name != "" {
		t.Errorf("%d phases, the last is %+v", n, f.Phases[n-1])
	}
	if n := len(f.Cohorts); n != 201 || !f.Cohorts[200].More || f.Cohorts[200].Users < 933 || f.Cohorts[200].Users > 934 {
		t.Errorf("%d cohorts, the last is %+v", n, f.Cohorts[n-1])
	}
	if n := len(f.LockedOut[0].Reason); n != 128 {
		t.Errorf("a reason of %d bytes", n)
	}

	long := strings.Repeat("x", 127) + "é"
	r = preview(t, policy.PreviewConfig{
		Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { return denied("a\nb\x00\xff\u2028", ""), nil }),
		Users:  theseUsers(mfa.User{ID: strings.Repeat("i", 9999)}),
		Groups: func(mfa.User) []string { return []string{long, long + "z"} },
	})
	f = r.Times[0]
	if got := f.Phases[0].Name; got != "a\ufffdb\ufffd\ufffd\ufffd" {
		t.Errorf("%q", got)
	}
	if len(f.Cohorts) != 1 || f.Cohorts[0].Name != long[:127] || f.Cohorts[0].Users != 1 {
		t.Errorf("%+v", f.Cohorts)
	}
	if n := len(f.LockedOut[0].User); n != 256 {
		t.Errorf("an ID of %d bytes", n)
	}
}

// TestMemoryDoesNotGrowWithUsers previews a million users, every one of whom is
// locked out by a phase and from a cohort of their own.
func TestMemoryDoesNotGrowWithUsers(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	r := preview(t, policy.PreviewConfig{
		Engine: foresight(func(u mfa.User, _ time.Time) (mfa.Outlook, error) { return denied(u.ID, u.ID), nil }),
		Users:  people(1_000_000),
		At:     []time.Time{march, april},
		Groups: func(u mfa.User) []string { return []string{u.ID} },
		Progress: func(done int) {
			switch done {
			case 10_000:
				early = heap()
			case 1_000_000:
				late = heap()
			}
		},
	})
	sums(t, r)
	if r.Users != 1_000_000 {
		t.Errorf("%d users", r.Users)
	}
	// A byte for each user would be 990,000 more.
	if early == 0 || late > early+500_000 {
		t.Errorf("the heap had %d bytes after 10,000 users, and %d after 1,000,000", early, late)
	}
}
