package mfahttp_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
)

// statuses sends one request many times at once and counts the answers.
func statuses(n int, send func(i int) int) map[int]int {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		start = make(chan struct{})
		count = map[int]int{}
	)
	for i := range n {
		wg.Go(func() {
			<-start
			status := send(i)
			mu.Lock()
			defer mu.Unlock()
			count[status]++
		})
	}
	close(start)
	wg.Wait()
	return count
}

// copied is another tab of the same browser.
func (c *client) copied() *client {
	return &client{s: c.s, cookies: maps.Clone(c.cookies), header: c.header, all: c.s.browser().all}
}

func TestC02_T01_A06_ARightCodeSignsInOnce(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	var browsers []*client
	var option string
	for range 4 {
		b := s.browser()
		option = b.login(t, "ada").option(t, "totp")
		browsers = append(browsers, b)
	}
	code := phone.Code()
	count := statuses(200, func(i int) int { return browsers[i%4].copied().verify(t, option, code).Code })
	if count[200] != 1 {
		t.Errorf("answers by status: %v", count)
	}
	for status := range count {
		if status != 200 && status != 401 && status != 410 && status != 429 {
			t.Errorf("answers by status: %v", count)
		}
	}
}

func TestC07_A17_ParallelGuessesAreCounted(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	count := statuses(500, func(int) int { return b.copied().verify(t, option, "000000").Code })
	if count[401] < 1 || count[401] > 5 || count[401]+count[429] != 500 {
		t.Errorf("answers by status: %v", count)
	}
	b.verify(t, option, phone.Code()).want(t, 429, "locked")
}

// countingStore counts what requests cost, by all keys or by those with a prefix.
type countingStore struct {
	mfa.Store
	prefix       string
	loads, saves atomic.Int64
}

func (c *countingStore) Load(ctx context.Context, key string) (mfa.Item, error) {
	if strings.HasPrefix(key, c.prefix) {
		c.loads.Add(1)
	}
	return c.Store.Load(ctx, key)
}

func (c *countingStore) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if strings.HasPrefix(key, c.prefix) {
		c.saves.Add(1)
	}
	return c.Store.Save(ctx, key, old, item)
}

func TestAVerificationIsOneLoadAndOneSave(t *testing.T) {
	var store *countingStore
	s := newSite(t, func(c *mfa.Config) {
		// The counts of networks are read and written beside the answers.
		store = &countingStore{Store: c.Store, prefix: "user/"}
		c.Store, c.Observers = store, nil // notices are acknowledged by later saves
	})
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	for _, step := range []struct {
		code string
		want int
	}{{"000000", 401}, {phone.Code(), 200}} {
		store.loads.Store(0)
		store.saves.Store(0)
		if r := b.verify(t, option, step.code); r.Code != step.want {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		if l, s := store.loads.Load(), store.saves.Load(); l != 1 || s != 1 {
			t.Errorf("%d: %d loads and %d saves", step.want, l, s)
		}
	}
}
