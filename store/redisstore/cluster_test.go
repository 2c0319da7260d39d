package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore/internal/record"
)

// A fakeCluster is two masters with half of the slots each, and a replica of the first.
// Package internal/e2e/redis has real ones; this is for what they answer rarely.
type fakeCluster struct {
	first, second, replica *fake

	mu    sync.Mutex
	slots string // as CLUSTER SLOTS is answered
	asked chan struct{}
}

const (
	slotsLow  = "0-8191"
	slotsHigh = "8192-16383"
)

func newFakeCluster(t *testing.T) *fakeCluster {
	t.Helper()
	c := &fakeCluster{asked: make(chan struct{}, 1)}
	c.first, c.second, c.replica = newFake(t, nil), newFake(t, nil), newFake(t, nil)
	for _, f := range []*fake{c.first, c.second, c.replica} {
		f.handle = func(args []string) string {
			switch command := strings.ToLower(strings.Join(args, " ")); {
			case command == "info":
				return bulk(goodInfo + "cluster_enabled:1\r\n")
			case command == "cluster slots":
				select {
				case c.asked <- struct{}{}:
				default:
				}
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.slots
			case command == "command":
				return "*0\r\n"
			}
			return ""
		}
	}
	c.give(slotsLow, c.first, c.replica, slotsHigh, c.second)
	return c
}

// give says who has which slots: a range, its master, and its replicas.
func (c *fakeCluster) give(parts ...any) {
	var ranges [][]any
	for _, p := range parts {
		if _, ok := p.(string); ok {
			ranges = append(ranges, nil)
		}
		ranges[len(ranges)-1] = append(ranges[len(ranges)-1], p)
	}
	text := fmt.Sprintf("*%d\r\n", len(ranges))
	for _, r := range ranges {
		from, to, _ := strings.Cut(r[0].(string), "-")
		text += fmt.Sprintf("*%d\r\n:%s\r\n:%s\r\n", 1+len(r), from, to)
		for _, node := range r[1:] {
			host, port, _ := net.SplitHostPort(addressOfFake(node.(*fake)))
			text += "*3\r\n" + bulk(host) + ":" + port + "\r\n" + bulk("node-"+port)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots = text
}

func addressOfFake(f *fake) string { return f.listener.Addr().String() }

func (c *fakeCluster) open(t *testing.T) (*Store, error) {
	t.Helper()
	client := NewClient(&redis.UniversalOptions{Addrs: []string{addressOfFake(c.first)}, IsClusterMode: true})
	t.Cleanup(func() { _ = client.Close() })
	s, err := Open(t.Context(), client, Options{})
	for _, f := range []*fake{c.first, c.second, c.replica} {
		f.commands()
	}
	return s, err
}

// sent is what a node was sent for items.
func sent(f *fake) string {
	var items []string
	for _, command := range strings.Fields(f.commands()) {
		if command != "cluster" && command != "command" {
			items = append(items, command)
		}
	}
	return strings.Join(items, " ")
}

// keyOf finds a key in a slot of a node.
func keyOf(t *testing.T, s *Store, f *fake) string {
	t.Helper()
	for i := range 100 {
		key := fmt.Sprintf("user/%d", i)
		node, err := s.servers.master(t.Context(), s.name(key))
		if err != nil {
			t.Fatal(err)
		}
		if node.Options().Addr == addressOfFake(f) {
			return key
		}
	}
	t.Fatal("no key is on the node")
	return ""
}

// A replica may be a master tomorrow, and what it would lose then is found today.
func TestOpenLooksAtEveryNodeOfACluster(t *testing.T) {
	info := func(f *fake, reply string) {
		others := f.handle
		f.handle = func(args []string) string {
			if strings.EqualFold(args[0], "info") {
				return reply
			}
			return others(args)
		}
	}
	evicts := bulk(strings.Replace(goodInfo, "noeviction", "allkeys-lru", 1) + "cluster_enabled:1\r\n")

	c := newFakeCluster(t)
	if _, err := c.open(t); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	c = newFakeCluster(t)
	info(c.second, evicts)
	if _, err := c.open(t); !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), "server "+addressOfFake(c.second)+": ") {
		t.Errorf("a master that drops users: %v", err)
	}
	c = newFakeCluster(t)
	info(c.replica, evicts)
	if _, err := c.open(t); !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), "replica "+addressOfFake(c.replica)+": ") {
		t.Errorf("a replica that drops users: %v", err)
	}
	c = newFakeCluster(t)
	info(c.replica, "-LOADING Redis is loading\r\n")
	if _, err := c.open(t); err != nil {
		t.Errorf("a replica that does not answer: %v", err)
	}
}

// A slot that has moved is found where it is now, and one that is moving is asked
// for there, once.
func TestSlotsThatMove(t *testing.T) {
	c := newFakeCluster(t)
	s, err := c.open(t)
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, s, c.first)
	ask := "-ASK 1 " + addressOfFake(c.second) + "\r\n"

	c.first.set("evalsha", ask, ":1\r\n")
	if err := s.Save(t.Context(), key, 1, item); err != nil {
		t.Errorf("Save of a slot that moves: %v", err)
	}
	if first, second := sent(c.first), sent(c.second); first != "evalsha wait" || second != "asking evalsha wait" {
		t.Errorf("sent %q, and then %q elsewhere", first, second)
	}
	c.first.set("get", ask)
	c.second.set("get", bulk(string(record.Encode(item))))
	c.second.set("asking", "+OK\r\n")
	if got, err := s.Load(t.Context(), key); err != nil || got.Version != item.Version {
		t.Errorf("Load of a slot that moves: %v, %v", got, err)
	}
	if first, second := sent(c.first), sent(c.second); first != "get" || second != "asking get" {
		t.Errorf("sent %q, and then %q elsewhere", first, second)
	}
	// A node that is not known has no slot yet: whoever sent there is asked again.
	c.first.set("evalsha", "-ASK 1 127.0.0.1:1\r\n", ":1\r\n")
	if err := s.Save(t.Context(), key, 1, item); err != nil {
		t.Errorf("Save of a slot that moves to a new node: %v", err)
	}
	if first, second := sent(c.first), sent(c.second); first != "evalsha wait evalsha wait" || second != "" {
		t.Errorf("sent %q, and then %q elsewhere", first, second)
	}

	c.give("0-16383", c.second)
	c.first.set("evalsha", "-MOVED 1 "+addressOfFake(c.second)+"\r\n")
	if err := s.Delete(t.Context(), key, 1); err != nil {
		t.Errorf("Delete from a slot that has moved: %v", err)
	}
	if first, second := sent(c.first), sent(c.second); first != "evalsha wait" || second != "evalsha wait" {
		t.Errorf("sent %q, and then %q elsewhere", first, second)
	}
}

// set changes what a command is answered from now on.
func (f *fake) set(command string, answers ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer[command] = answers
}

// One server knows of no other, and is asked again.
func TestOneServerSendsNobodyElsewhere(t *testing.T) {
	f := newFake(t, map[string]replay{"evalsha": {"-ASK 1 127.0.0.1:1\r\n", ":1\r\n"}})
	s := f.open(Options{})
	if err := s.Save(t.Context(), "user/a", 0, item); err != nil {
		t.Error(err)
	}
	if got := f.commands(); got != "evalsha wait evalsha wait" {
		t.Errorf("sent %q", got)
	}
}

// A write whose answer is lost is not repeated, and the nodes are asked who is master by now.
func TestALostAnswerOfACluster(t *testing.T) {
	c := newFakeCluster(t)
	s, err := c.open(t)
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, s, c.first)
	c.first.set("evalsha", "cut")
	select { // what Open asked
	case <-c.asked:
	default:
	}
	if err := s.Save(t.Context(), key, 1, item); !errors.Is(err, mfa.ErrNotDurable) || errors.Is(err, mfa.ErrConflict) {
		t.Errorf("Save: %v, want ErrNotDurable", err)
	}
	if first, second := sent(c.first), sent(c.second); first != "evalsha" || second != "" {
		t.Errorf("sent %q, and %q elsewhere", first, second)
	}
	<-c.asked
}

// Those who are turned away together ask once together, and who gives up does not wait for the answer.
func TestOneAsksForAllWhoIsMaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{renewing: make(chan struct{}, 1)} // without a client: to ask is to panic
		c.renewing <- struct{}{}                        // somebody asks
		answers := make(chan error, 3)
		for range 3 {
			go func() { answers <- c.renew(t.Context()) }()
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.renew(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v, want context.Canceled", err)
		}
		synctest.Wait()
		c.renewed.Add(1)
		<-c.renewing
		for range 3 {
			if err := <-answers; err != nil {
				t.Errorf("who waited: %v", err)
			}
		}
	})
}
