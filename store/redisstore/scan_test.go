package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore/internal/record"
)

func TestGlobEscape(t *testing.T) {
	for _, text := range []string{"", "user/", `a\b`, "a*b", "a?b", "a[b]c", "[a-z]", `\*`, "a]b", "x^y", "{a}", "a\x00b", "é"} {
		pattern := globEscape(text)
		// path.Match is near enough to Redis's own: a backslash takes the next as it is.
		if ok, err := path.Match(pattern, text); err != nil || !ok {
			t.Errorf("%q does not match %q: %v", pattern, text, err)
		}
		if rest := strings.NewReplacer(`\\`, "", `\*`, "", `\?`, "", `\[`, "", `\]`, "").Replace(pattern); strings.ContainsAny(rest, `*?[]\`) {
			t.Errorf("%q is left open in %q", text, pattern)
		}
	}
}

// The smallest keys are those that a sort would give, for any budget, and
// nothing that was left out comes before what was kept.
func TestSmallest(t *testing.T) {
	var keys []string
	for i := range 500 {
		keys = append(keys, rand.Text()[:1+i%20])
	}
	keys = append(keys, keys[:100]...) // a server may name a key more than once
	want := slices.Compact(slices.Sorted(slices.Values(keys)))
	for _, budget := range []int{0, 1, keyCost + 5, 10 * keyCost, 1000, 5000, 1 << 20} {
		s := smallest{budget: budget}
		for _, key := range keys {
			s.add(key)
			if s.size > max(budget, keyCost+20) {
				t.Fatalf("budget %d: it holds %d", budget, s.size)
			}
		}
		got := s.sorted()
		if len(got) == 0 || !slices.Equal(got, want[:len(got)]) {
			t.Errorf("budget %d: %d keys that are not the first", budget, len(got))
		}
		if s.cut != (len(got) < len(want)) {
			t.Errorf("budget %d: cut is %v with %d of %d", budget, s.cut, len(got), len(want))
		}
	}
	empty := smallest{budget: 100}
	if got := empty.sorted(); len(got) != 0 || empty.cut {
		t.Errorf("of nothing: %q", got)
	}
}

func TestNames(t *testing.T) {
	s := &Store{options: Options{Prefix: "mfa"}}
	for key, want := range map[string]string{"user/a": "mfa{user/a}", "}": "mfa{}}", "{": "mfa{{}", "a}b{c": "mfa{a}b{c}"} {
		if got := s.name(key); got != want {
			t.Errorf("%q is under %q, want %q", key, got, want)
		}
	}
}

// walked is a fake that has keys, and names them as Redis may: in no order, some
// twice, some pages empty.
func walked(t *testing.T, keys []string) *fake {
	f := newFake(t, nil)
	names := slices.Concat(keys, keys[:len(keys)/3])
	f.handle = func(args []string) string {
		switch args[0] {
		case "scan":
			from, _ := strconv.Atoi(args[1])
			to := min(from+7, len(names))
			page := names[from:to]
			next := to
			if to == len(names) {
				next = 0
			}
			reply := fmt.Sprintf("*2\r\n%s*%d\r\n", bulk(strconv.Itoa(next)), len(page))
			for _, key := range page {
				reply += bulk("mfa{" + key + "}")
			}
			return reply
		case "get":
			key := strings.TrimSuffix(strings.TrimPrefix(args[1], "mfa{"), "}")
			if strings.HasSuffix(key, "gone") {
				return "$-1\r\n"
			}
			return bulk(string(record.Encode(mfa.Item{Version: 1, Value: []byte(key)})))
		}
		return ""
	}
	return f
}

func TestWalksInPasses(t *testing.T) {
	var keys, want []string
	for i := range 100 {
		key := "user/" + strconv.Itoa(i)
		if i%10 == 3 {
			key += "gone" // since it was named
		} else {
			want = append(want, key)
		}
		keys = append(keys, key)
	}
	slices.Sort(want)
	f := walked(t, keys)
	s := f.open(Options{})
	const pass = (100 + 33 + 6) / 7 // SCANs
	for _, tt := range []struct{ budget, least, most int }{{1 << 20, pass, pass}, {30 * (keyCost + 10), 3 * pass, 6 * pass}, {1, 100 * pass, 100 * pass}} {
		f.commands()
		var got []string
		err := s.scan(t.Context(), "user/", "", tt.budget, func(key string, item mfa.Item) error {
			if string(item.Value) != key {
				t.Errorf("%s has the value %q", key, item.Value)
			}
			got = append(got, key)
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("budget %d: %d keys, want %d, %v", tt.budget, len(got), len(want), err)
		}
		if scans := strings.Count(f.commands(), "scan"); scans < tt.least || scans > tt.most {
			t.Errorf("budget %d: %d SCANs, want %d to %d", tt.budget, scans, tt.least, tt.most)
		}
	}
}

// A server that is another one by the end of a pass has perhaps named only some
// of its keys.
func TestAWalkOverAReplacedServerSaysSo(t *testing.T) {
	for name, later := range map[string]string{
		"started again": "run_id:2\r\nmaster_replid:1\r\n",
		"a new master":  "run_id:1\r\nmaster_replid:2\r\n",
	} {
		f := walked(t, []string{"user/a", "user/b", "user/c"})
		s := f.open(Options{})
		f.answer["info"] = replay{bulk("run_id:1\r\nmaster_replid:1\r\n"), bulk(later)}
		err := s.Scan(t.Context(), "", "", func(string, mfa.Item) error { return errors.New("visited") })
		if err == nil || !strings.Contains(err.Error(), "replaced or started again") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWalkThatIsInterrupted(t *testing.T) {
	f := walked(t, []string{"user/a", "user/b", "user/c"})
	s := f.open(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := s.Scan(ctx, "", "", func(string, mfa.Item) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}
