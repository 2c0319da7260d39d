package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
	"github.com/mfakit/mfa/mfatest"
)

// What is written is a promise to programs that read it.
func TestJSON_LinesAreStable(t *testing.T) {
	want, err := os.ReadFile("testdata/trail.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var f file
	o := audit.JSON(&f)
	for _, e := range []mfa.Event{
		event(),
		{ID: "1", Type: mfa.EventFailed, Time: time.Unix(1772366400, 0)},
		{ID: "2", Type: mfa.EventSendBudget, Time: time.Unix(1772366400, 0), Reason: "prefix", Label: "+353861"},
		{ID: "3", Type: "key.lost", Time: time.Unix(1772366400, 0)},
		{ID: "4", Type: mfa.EventFlowDenied, Time: time.Unix(1772366400, 0), Reason: mfa.ReasonRisk, Risk: &mfa.Assessment{Level: mfa.RiskSevere, Score: 12}},
		{ID: "5", Type: mfa.EventFlowPassed, Time: time.Unix(1772366400, 0), Risk: &mfa.Assessment{Level: mfa.RiskLow, Score: -0.0001}},
		{ID: "6", Type: mfa.EventVerdict, Notice: true, Time: time.Unix(1772366400, 0), Reason: string(mfa.NotMe), Label: "k3j5", Activity: "m8p2"},
	} {
		if err := o.Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.String(); got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

var documented = regexp.MustCompile(`(?m)^//\t([a-z_.]+)  +\S`)

// The package comment names the members, in their order.
func TestJSON_MembersAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range documented.FindAllStringSubmatch(string(doc), -1) {
		want = append(want, m[1])
	}
	var f file
	if err := audit.JSON(&f).Observe(t.Context(), event()); err != nil {
		t.Fatal(err)
	}
	got := paths(t, json.NewDecoder(strings.NewReader(f.String())), "")
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("an event with everything has\n%v, the package comment\n%v", got, want)
	}
}

// paths are the members of the object that is read, and those of objects in it, in
// their order.
func paths(t *testing.T, d *json.Decoder, at string) (out []string) {
	t.Helper()
	token := func() json.Token {
		got, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	switch token() {
	case json.Delim('{'):
		for d.More() {
			out = append(out, paths(t, d, strings.TrimPrefix(fmt.Sprint(at, ".", token()), "."))...)
		}
		token()
		return out
	case json.Delim('['):
		for d.More() {
			paths(t, d, "")
		}
		token()
	}
	return []string{at}
}

// A disk is a writer that fails as it is told, one way for each call.
type disk struct {
	text string
	ways []func(b []byte) (int, error)
}

func (d *disk) Write(b []byte) (int, error) {
	if len(d.ways) == 0 {
		d.text += string(b)
		return len(b), nil
	}
	way := d.ways[0]
	d.ways = d.ways[1:]
	return way(b)
}

// takes is a way to fail: after n bytes, of which there may be fewer.
func (d *disk) takes(n int, err error) func([]byte) (int, error) {
	return func(b []byte) (int, error) {
		n := min(n, len(b))
		d.text += string(b[:n])
		return n, err
	}
}

var errFull = errors.New("no space left")

func TestJSON_WritersThatFail(t *testing.T) {
	const one, two, all = `{"time":"2026-03-01T12:00:00.000Z","type":"a"}`, `{"time":"2026-03-01T12:00:00.000Z","type":"b"}`, 1 << 20
	for _, c := range []struct {
		name string
		ways func(d *disk) []func([]byte) (int, error)
		errs []error // of the calls, which end with one that is fine
		want string
	}{
		{"none", func(*disk) []func([]byte) (int, error) { return nil }, nil, two + "\n"},
		{"nothing was written", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(0, errFull)}
		}, []error{errFull}, two + "\n"},
		{"a part was written", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(9, errFull)}
		}, []error{errFull}, one[:9] + "\n" + two + "\n"},
		{"short without an error", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(9, nil)}
		}, []error{io.ErrShortWrite}, one[:9] + "\n" + two + "\n"},
		{"all but the end", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(len(one), errFull)}
		}, []error{errFull}, one + "\n" + two + "\n"},
		{"all, and an error", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(all, errFull)}
		}, []error{errFull}, one + "\n" + two + "\n"},
		{"a part, then nothing", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(9, errFull), d.takes(0, errFull)}
		}, []error{errFull, errFull}, one[:9] + "\n" + two + "\n"},
		{"a part, then its end alone", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(9, errFull), d.takes(1, nil)}
		}, []error{errFull, io.ErrShortWrite}, one[:9] + "\n" + two + "\n"},
		{"a part, then a part", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){d.takes(9, errFull), d.takes(5, nil)}
		}, []error{errFull, io.ErrShortWrite}, one[:9] + "\n" + one[:4] + "\n" + two + "\n"},
		{"more than there is", func(d *disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){func(b []byte) (int, error) { d.text += "?"; return len(b) + 1, nil }}
		}, []error{nil}, "?\n" + two + "\n"},
		{"less than nothing", func(*disk) []func([]byte) (int, error) {
			return []func([]byte) (int, error){func([]byte) (int, error) { return -1, errFull }}
		}, []error{errFull}, "\n" + two + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &disk{}
			d.ways = c.ways(d)
			o := audit.JSON(d)
			at := time.Unix(1772366400, 0)
			for _, want := range c.errs {
				err := o.Observe(t.Context(), mfa.Event{Type: "a", Time: at})
				if err == nil || want != nil && !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			if err := o.Observe(t.Context(), mfa.Event{Type: "b", Time: at}); err != nil {
				t.Error(err)
			}
			if d.text != c.want {
				t.Errorf("got\n%q, want\n%q", d.text, c.want)
			}
		})
	}
}

func TestJSON_AWriterThatPanics(t *testing.T) {
	d := &disk{}
	d.ways = []func([]byte) (int, error){func(b []byte) (int, error) { d.text += string(b[:3]); panic("oops") }}
	o := audit.JSON(d)
	func() {
		defer func() { _ = recover() }()
		_ = o.Observe(t.Context(), event())
		t.Error("nothing panicked")
	}()
	if err := o.Observe(t.Context(), event()); err != nil {
		t.Error(err)
	}
	if torn, rest, ok := strings.Cut(d.text, "\n"); !ok || torn != `{"t` || len(parse(t, rest)) != 1 {
		t.Errorf("%q", d.text)
	}
}

func TestJSON_OneWriteALine(t *testing.T) {
	var f file
	o := audit.JSON(&f)
	const writers, each = 8, 50
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if err := o.Observe(t.Context(), event()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := parse(t, f.String()); len(got) != writers*each || f.calls != writers*each {
		t.Errorf("%d lines in %d calls", len(got), f.calls)
	}
}

// A stuck writer does not come back before it is let go.
type stuck struct {
	in, out chan struct{}
	file
}

func (s *stuck) Write(b []byte) (int, error) {
	s.in <- struct{}{}
	<-s.out
	return s.file.Write(b)
}

func TestJSON_AStuckWriterKeepsOneCallerOnly(t *testing.T) {
	s := &stuck{in: make(chan struct{}), out: make(chan struct{})}
	o := audit.JSON(s)
	done := make(chan error)
	go func() { done <- o.Observe(context.Background(), event()) }()
	<-s.in
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := o.Observe(ended, event()); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	close(s.out)
	if err := <-done; err != nil {
		t.Error(err)
	}
	// Its turn comes, and nobody waits for it any more: it is not written.
	for range 100 {
		if err := o.Observe(ended, event()); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	if got := parse(t, s.String()); len(got) != 1 {
		t.Errorf("%d lines", len(got))
	}
}

// C21: through the engine, a notice that was not written comes again.
func TestC21_ANoticeThatWasNotWrittenComesAgain(t *testing.T) {
	d := &disk{}
	d.ways = []func([]byte) (int, error){d.takes(9, errFull), d.takes(0, errFull)}
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Observers = []mfa.Observer{audit.JSON(d)} })
	if err := m.Reset(t.Context(), mfa.Reset{User: mfa.User{ID: "7"}, Actor: "carol", Reason: "lost phone"}); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	torn, rest, _ := strings.Cut(d.text, "\n")
	got := parse(t, rest)
	if len(torn) != 9 || len(got) != 1 || got[0]["type"] != "account.reset" || got[0]["actor"] != "carol" || got[0]["reason"] != "lost phone" {
		t.Errorf("%q", d.text)
	}
}

func TestWhatIsMissingPanicsAtOnce(t *testing.T) {
	for name, f := range map[string]func(){
		"JSON": func() { audit.JSON(nil) }, "Slog": func() { audit.Slog(nil) }, "Once": func() { audit.Once(nil) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, name) {
					t.Errorf("%s: %s", name, got)
				}
			}()
			f()
		}()
	}
}

// The guide for operators names events that there are.
func TestTypesInTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	known := eventTypes(t)
	named := regexp.MustCompile("`([a-z]+\\.[a-z_]+)`").FindAllStringSubmatch(string(guide), -1)
	for _, m := range named {
		if _, ok := known[mfa.EventType(m[1])]; !ok {
			t.Errorf("there is no %s", m[1])
		}
	}
	if len(named) < 10 {
		t.Errorf("only %d types were found", len(named))
	}
}
