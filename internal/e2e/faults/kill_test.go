package faults_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A record is what is known of a life, as one process tells another.
type record struct {
	N                 int
	UnderWay          bool // a request is: it may or may not have happened
	URI, App          string
	Enrolled, Removed [2]bool // tried, acknowledged
	Codes, Recovery   []codeRecord
	Fails             [2]int // at least, at most
}

type codeRecord struct {
	Text     string
	Accepted int
}

func (l *life) record(underWay bool) record {
	r := record{
		N: l.n, UnderWay: underWay, URI: l.uri, App: l.app, Fails: [2]int{l.failsLeast, l.failsMost},
		Enrolled: [2]bool{l.enrolled.tried, l.enrolled.acked}, Removed: [2]bool{l.removed.tried, l.removed.acked},
	}
	for _, c := range l.codes {
		r.Codes = append(r.Codes, codeRecord{c.text, c.accepted})
	}
	for _, c := range l.recovery {
		r.Recovery = append(r.Recovery, codeRecord{c.text, c.accepted})
	}
	return r
}

// recorded is the life that a record is of.
func (s *storm) recorded(r record) *life {
	s.site.t.Helper()
	l := s.newLife(r.N)
	l.enrolled, l.removed = fact{r.Enrolled[0], r.Enrolled[1]}, fact{r.Removed[0], r.Removed[1]}
	l.app, l.failsLeast, l.failsMost = r.App, r.Fails[0], r.Fails[1]
	if r.UnderWay {
		l.failsLeast, l.failsMost = 0, l.failsMost+1
	}
	for i, c := range r.Codes {
		l.codes[i] = &code{text: c.Text, accepted: c.Accepted}
	}
	for _, c := range r.Recovery {
		l.recovery = append(l.recovery, &code{text: c.Text, accepted: c.Accepted})
	}
	var err error
	if l.phone, err = mfatest.NewAuthenticator(r.URI, s.site.clock.Now); err != nil {
		s.site.t.Fatal(err)
	}
	return l
}

// An app is what the child of TestAppKilled is told: which storm to make, and where.
type app struct {
	Name, Driver, DSN string
	Dialect           sqlstore.Dialect
	Keys              []byte
	Now               time.Time
}

// stormIn in the environment makes this test binary the child of TestAppKilled.
const stormIn = "MFA_E2E_FAULTS_STORM"

// The app itself is killed, amid what its people do.
func TestAppKilled(t *testing.T) {
	t.Parallel()
	if told := os.Getenv(stormIn); told != "" {
		stormUntilKilled(t, told)
		return
	}
	for name, a := range map[string]app{
		"PostgreSQL": {Driver: "pgx", DSN: testserver.PostgresDatabase(t), Dialect: sqlstore.PostgreSQL},
		"MariaDB":    {Driver: "mysql", DSN: testserver.MySQLDatabase(t), Dialect: sqlstore.MySQL},
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t, opener(a.Driver, a.DSN, sqlstore.Options{Dialect: a.Dialect}))
			var err error
			if a.Keys, err = site.keys.Export(); err != nil {
				t.Fatal(err)
			}
			underWay := 0
			var before []*storm
			for _, acks := range []int{1, 20, 100} {
				s := newStorm(site, fmt.Sprintf("killed after %d", acks))
				a.Name, a.Now = s.name, site.clock.Now()
				underWay += s.killedAmid(a, acks)
				s.check(t)
				s.checkLater(t, before)
				before = append(before, s)
			}
			if underWay == 0 {
				t.Error("nothing was under way")
			}
		})
	}
}

// stormUntilKilled has people live, and tells of each what is known.
func stormUntilKilled(t *testing.T, told string) {
	var a app
	if err := json.Unmarshal([]byte(told), &a); err != nil {
		t.Fatal(err)
	}
	keys, err := mfa.ParseKeyRing(a.Keys)
	if err != nil {
		t.Fatal(err)
	}
	s := newStorm(siteWith(t, opener(a.Driver, a.DSN, sqlstore.Options{Dialect: a.Dialect}), keys, a.Now), a.Name)
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	s.told = func(r record) {
		mu.Lock()
		defer mu.Unlock()
		if err := out.Encode(r); err != nil {
			t.Error(err)
		}
	}
	const forever = 1 << 30
	s.during(forever, func() {})
	t.Error(s.problems)
}

// killedAmid starts a storm in another process, kills that after so many steps, and
// takes over what it has told. It returns how many requests were under way.
func (s *storm) killedAmid(a app, acks int) (underWay int) {
	s.site.t.Helper()
	told, err := json.Marshal(a)
	if err != nil {
		s.site.t.Fatal(err)
	}
	child := exec.CommandContext(s.site.t.Context(), os.Args[0], "-test.run=^TestAppKilled$")
	child.Env = append(os.Environ(), stormIn+"="+string(told))
	var said strings.Builder
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		s.site.t.Fatal(err)
	}
	latest := map[int]record{}
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		var r record
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			s.site.t.Errorf("the child said %q", scanner.Text())
			break
		}
		latest[r.N] = r
		if r.UnderWay {
			continue
		}
		if s.acks++; s.acks == acks {
			if err := child.Process.Kill(); err != nil {
				s.site.t.Error(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if s.acks < acks {
		s.site.t.Fatalf("the child ended by itself: %s", said.String())
	}
	for _, r := range latest {
		if r.UnderWay {
			underWay++
		}
		s.lives = append(s.lives, s.recorded(r))
	}
	s.lost.Add(1)
	return underWay
}
