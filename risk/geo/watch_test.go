package geo_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// TestWatch follows the files, and says what is wrong once.
func TestWatch(t *testing.T) {
	f := newFolder(t)
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	var waits []time.Duration
	var i *geo.Intel
	steps := []func(){
		func() {},
		func() { f.put("tor.txt", "89.8.1.2\n") },
		func() {
			if lookup(t, i, "89.8.1.2").Kinds != risk.Tor {
				t.Error("it was not reloaded")
			}
			f.put("tor.txt", "hunter2\n")
		},
		func() {},
		func() { f.put("tor.txt", "89.8.1.3\n") },
		func() { f.put("tor.txt", "hunter2\n") },
		cancel,
	}
	i = open(t, geo.Config{
		Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}},
		Wait: func(ctx context.Context, d time.Duration) error {
			waits = append(waits, d)
			steps[len(waits)-1]()
			return ctx.Err()
		},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err := i.Watch(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(waits) != len(steps) || waits[0] != time.Minute {
		t.Errorf("%v", waits)
	}
	if lookup(t, i, "89.8.1.3").Kinds != risk.Tor {
		t.Error("it was not reloaded")
	}
	if n := strings.Count(log.String(), "geo: not reloaded"); n != 2 {
		t.Errorf("%d warnings, want one for each time it broke:\n%s", n, &log)
	}
	for _, secret := range []string{"hunter2", f.dir, "89.8.1"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, &log)
		}
	}
}

func TestWatchEvery(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var waits []time.Duration
	i := open(t, geo.Config{Wait: func(ctx context.Context, d time.Duration) error {
		if waits = append(waits, d); len(waits) == 3 {
			cancel()
		}
		return ctx.Err()
	}})
	if err := i.Watch(ctx, time.Hour); !errors.Is(err, context.Canceled) || len(waits) != 3 || waits[2] != time.Hour {
		t.Errorf("%v, %v", err, waits)
	}
}

// TestWatchByTheClock waits with a timer where nobody says how.
func TestWatchByTheClock(t *testing.T) {
	f := newFolder(t)
	i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Watch(ctx, time.Millisecond) }()
	f.put("tor.txt", "89.8.1.2\n")
	for lookup(t, i, "89.8.1.2").Kinds == 0 {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
