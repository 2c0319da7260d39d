package redisstore

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
)

var item = mfa.Item{Value: []byte("the value, which is nobody's business"), Version: 2}

// What a Save makes of a server's answers: what it returns, and what it sends.
func TestWhatSaveMakesOfAnswers(t *testing.T) {
	durable, conflict, other := mfa.ErrNotDurable, mfa.ErrConflict, errors.New("neither")
	for _, tt := range []struct {
		name    string
		answers map[string]replay
		want    error
		says    string
		sent    string
	}{
		{"written and replicated", nil, nil, "", "evalsha wait"},
		{"more replicas than asked", map[string]replay{"wait": {":5\r\n"}}, nil, "", "evalsha wait"},
		{"conflict", map[string]replay{"evalsha": {":0\r\n"}, "wait": {":0\r\n"}}, conflict, "", "evalsha wait"},
		{"no replica has it", map[string]replay{"wait": {":0\r\n"}}, durable, "written, but 0 of 1 replicas had it within 1s", "evalsha wait"},
		{"WAIT fails", map[string]replay{"wait": {"-UNBLOCKED force unblock\r\n"}}, durable, "written, but not known to be replicated: UNBLOCKED", "evalsha wait"},
		{"WAIT fails by a word that elsewhere means again", map[string]replay{"wait": {"-READONLY You can't\r\n"}}, durable, "READONLY", "evalsha wait"},
		{"WAIT makes no sense", map[string]replay{"wait": {"+many\r\n"}}, durable, "not known to be replicated", "evalsha wait"},
		{"the answer is lost", map[string]replay{"evalsha": {"cut"}}, durable, "the answer was lost; it may have been written", "evalsha"},
		{"WAIT's answer is lost", map[string]replay{"wait": {"cut"}}, durable, "the answer was lost; it may have been written", "evalsha wait"},
		{"the answer makes no sense", map[string]replay{"evalsha": {"?the value\r\n"}}, durable, "the answer was lost", ""},
		{"the script is not there", map[string]replay{"evalsha": {"-NOSCRIPT No matching script.\r\n"}}, nil, "", "evalsha wait eval wait"},
		{"the script is not there, and a conflict", map[string]replay{"evalsha": {"-NOSCRIPT No matching script.\r\n"}, "eval": {":0\r\n"}}, conflict, "", "evalsha wait eval wait"},
		{"the script is not there, and the answer is lost", map[string]replay{"evalsha": {"-NOSCRIPT No matching script.\r\n"}, "eval": {"cut"}}, durable, "", "evalsha wait eval"},
		{"full", map[string]replay{"evalsha": {"-OOM command not allowed when used memory > 'maxmemory'.\r\n"}}, other, "save: OOM", "evalsha wait"},
		{"too few replicas for the server itself", map[string]replay{"evalsha": {"-NOREPLICAS Not enough good replicas to write.\r\n"}}, other, "save: NOREPLICAS", "evalsha wait"},
		{"another program's value", map[string]replay{"evalsha": {"-MFAFORMAT\r\n"}}, ErrFormat, "another program", "evalsha wait"},
		{"loading, then not", map[string]replay{"evalsha": {"-LOADING Redis is loading\r\n", "-LOADING Redis is loading\r\n", ":1\r\n"}}, nil, "", "evalsha wait evalsha wait evalsha wait"},
		{"a replica, then not", map[string]replay{"evalsha": {"-READONLY You can't write against a read only replica.\r\n", ":1\r\n"}}, nil, "", "evalsha wait evalsha wait"},
		{"the cluster is down, then a conflict", map[string]replay{"evalsha": {"-CLUSTERDOWN The cluster is down\r\n", ":0\r\n"}}, conflict, "", "evalsha wait evalsha wait"},
		{"turned away for good", map[string]replay{"evalsha": {"-MASTERDOWN Link with MASTER is down\r\n"}}, other, "save: MASTERDOWN", strings.TrimSpace(strings.Repeat("evalsha wait ", tries))},
		{"turned away, then lost", map[string]replay{"evalsha": {"-TRYAGAIN later\r\n", "cut"}}, durable, "", "evalsha wait evalsha"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, tt.answers)
			s := f.open(Options{})
			f.commands()
			err := s.Save(t.Context(), "user/a", 1, item)
			kind := err
			for _, known := range []error{durable, conflict, ErrFormat} {
				if errors.Is(err, known) {
					kind = known
				}
			}
			if kind != tt.want && (tt.want != other || err == nil || errors.Is(err, durable) || errors.Is(err, conflict)) {
				t.Errorf("Save: %v, want %v", err, tt.want)
			}
			if err != nil {
				if text := err.Error(); !strings.Contains(text, tt.says) || !strings.HasPrefix(text, "redisstore: save: ") || strings.Contains(text, "value, which") {
					t.Errorf("Save: %q", text)
				}
			}
			if sent := f.commands(); tt.sent != "" && sent != tt.sent {
				t.Errorf("sent %q, want %q", sent, tt.sent)
			}
		})
	}
}

// A host that lives without WAIT gets outcomes that the engine resolves by
// reading back, as with any database.
func TestWithoutWaitALostAnswerIsUnknown(t *testing.T) {
	f := newFake(t, map[string]replay{"evalsha": {"cut", ":1\r\n"}, "wait": {"-ERR must not be sent\r\n"}})
	s := f.open(Options{InsecureAsync: true})
	err := s.Save(t.Context(), "user/a", 1, item)
	if err == nil || errors.Is(err, mfa.ErrNotDurable) || errors.Is(err, mfa.ErrConflict) {
		t.Errorf("Save: %v", err)
	}
	if sent := f.commands(); sent != "evalsha" {
		t.Errorf("sent %q: it is not to be repeated", sent)
	}
	if err := s.Save(t.Context(), "user/a", 1, item); err != nil {
		t.Errorf("Save: %v", err)
	}
	if sent := f.commands(); sent != "evalsha" {
		t.Errorf("sent %q", sent)
	}
}

// What never left is no ErrNotDurable: the engine may try again.
func TestWhatWasNotSentIsNotWritten(t *testing.T) {
	f := newFake(t, nil)
	s := f.open(Options{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(over, "user/a", 1, item); !errors.Is(err, context.Canceled) || errors.Is(err, mfa.ErrNotDurable) {
		t.Errorf("with a context that is over: %v", err)
	}
	if sent := f.commands(); sent != "" {
		t.Errorf("sent %q", sent)
	}

	gone := newFake(t, nil)
	s = gone.open(Options{})
	_ = gone.listener.Close()
	client := redis.NewClient(&redis.Options{Addr: gone.listener.Addr().String(), DialerRetries: 1})
	s.client, s.servers = client, single{client}
	for name, err := range map[string]error{"no server": s.Save(t.Context(), "user/a", 1, item), "a client that is closed": func() error {
		_ = client.Close()
		return s.Save(t.Context(), "user/a", 1, item)
	}()} {
		if err == nil || errors.Is(err, mfa.ErrNotDurable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A caller who gives up while a server turns the write away is told that nothing
// was written, and is not kept.
func TestTurnedAwayUntilTheContextEnds(t *testing.T) {
	f := newFake(t, map[string]replay{"evalsha": {"-LOADING Redis is loading\r\n"}})
	s := f.open(Options{})
	f.commands()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.whenSeen("wait", cancel)
	err := s.Save(ctx, "user/a", 1, item)
	if err == nil || errors.Is(err, mfa.ErrNotDurable) || errors.Is(err, mfa.ErrConflict) {
		t.Errorf("Save: %v", err)
	}
	if sent := f.commands(); sent != "evalsha wait" {
		t.Errorf("sent %q", sent)
	}
}

func TestDeleteMakesTheSameOfAnswers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers map[string]replay
		want    error
	}{
		{"deleted", nil, nil},
		{"conflict", map[string]replay{"evalsha": {":0\r\n"}}, mfa.ErrConflict},
		{"not replicated", map[string]replay{"wait": {":0\r\n"}}, mfa.ErrNotDurable},
		{"lost", map[string]replay{"evalsha": {"cut"}}, mfa.ErrNotDurable},
	} {
		err := newFake(t, tt.answers).open(Options{}).Delete(t.Context(), "user/a", 1)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "redisstore: delete: ") {
			t.Errorf("%s: %q", tt.name, err)
		}
	}
}

// No error holds what was sent, however the server or the client puts it.
func TestErrorsHoldNoValue(t *testing.T) {
	f := newFake(t, map[string]replay{"evalsha": {}, "eval": {}, "get": {"?the value, which is nobody's business\r\n"}})
	s := f.open(Options{})
	_, loadErr := s.Load(t.Context(), "user/a")
	for name, err := range map[string]error{"Save": s.Save(t.Context(), "user/a", 1, item), "Load": loadErr} {
		if err == nil || strings.Contains(err.Error(), "business") || strings.Contains(err.Error(), "user/a") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTurnedAway(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	reset := &net.OpError{Op: "read", Err: errors.New("connection reset")}
	for _, tt := range []struct {
		err   error
		again bool
	}{
		{nil, false},
		{refused, true},
		{reset, false},
		{context.DeadlineExceeded, false},
		{&unreplicated{lost: true, cause: refused}, false},
	} {
		if again := turnedAway(tt.err); again != tt.again {
			t.Errorf("%v: again is %v", tt.err, again)
		}
	}
}
