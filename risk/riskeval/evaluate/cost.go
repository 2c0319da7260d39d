package evaluate

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

const (
	costRounds = 50
	costRows   = 512 // so few that a round is over before another process takes the processor
)

// costOf measures scoring with what was learned by now. The fastest round counts: the others
// were held up by something else.
func costOf(s Scorer, rows []rba.Row) Cost {
	var c Cost
	if sizer, ok := s.(Sizer); ok {
		perUser, shared := sizer.Sizes()
		c.BytesPerUser, c.BytesShared = &perUser, &shared
	}
	if len(rows) == 0 {
		return c
	}
	var before, after runtime.MemStats
	for range costRounds {
		runtime.ReadMemStats(&before)
		began := time.Now()
		for i := range rows {
			s.Score(&rows[i])
		}
		took := float64(time.Since(began)) / float64(len(rows))
		runtime.ReadMemStats(&after)
		if c.ScoreNanoseconds == 0 || took < c.ScoreNanoseconds {
			c.ScoreNanoseconds = took
			c.ScoreAllocations = float64(after.Mallocs-before.Mallocs) / float64(len(rows))
		}
	}
	return c
}

// PeakMemory is the most that this process has held (Linux: VmHWM); 0: the system does not say.
func PeakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib int64
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
