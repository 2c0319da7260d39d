package redisstore

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A fake is a server that answers as it is told, to reach what real ones do
// rarely: package internal/e2e/redis has those.
type fake struct {
	t        testing.TB
	listener net.Listener

	mu     sync.Mutex
	seen   []string                   // the commands, but for those that begin a connection and those of Open
	answer map[string]replay          // by command, in lower case
	notice map[string]func()          // called when a command is seen
	handle func(args []string) string // asked first; "" leaves it to answer
}

// A replay is what one command is answered, time after time; the last is for all that follow.
// "cut" closes the connection instead.
type replay []string

const goodInfo = "redis_version:7.2.4\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nslave0:ip=::1,port=1,state=online,offset=1,lag=0\r\n"

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// newFake answers as a master with one replica does.
func newFake(t testing.TB, answers map[string]replay) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, listener: l, answer: map[string]replay{
		"hello": {"-ERR unknown command\r\n"}, "client": {"+OK\r\n"}, "ping": {"+PONG\r\n"},
		"info": {bulk(goodInfo)}, "script": {bulk(saveScript.sum)}, "wait 0": {":1\r\n"}, "wait": {":1\r\n"}, "evalsha": {":1\r\n"}, "eval": {":1\r\n"},
	}}
	for command, a := range answers {
		f.answer[command] = a
	}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.serve(c) })
		}
	})
	return f
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		args, err := readCommand(in)
		if err != nil {
			return
		}
		reply := f.reply(args)
		if reply == "cut" {
			return
		}
		if _, err := io.WriteString(c, reply); err != nil {
			return
		}
	}
}

func (f *fake) reply(args []string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	command := strings.ToLower(args[0])
	if command == "wait" && args[1] == "0" {
		command = "wait 0" // by which Open finds out whether it may be asked
	}
	switch command {
	case "hello", "client", "ping", "info", "script", "wait 0":
	default:
		f.seen = append(f.seen, command)
	}
	if f.notice[command] != nil {
		f.notice[command]()
	}
	if f.handle != nil {
		if reply := f.handle(args); reply != "" {
			return reply
		}
	}
	list := f.answer[command]
	if len(list) == 0 {
		return "-ERR unknown command '" + args[0] + "', with args beginning with: '" + strings.Join(args[1:], "' '") + "'\r\n"
	}
	if len(list) > 1 {
		f.answer[command] = list[1:]
	}
	return list[0]
}

// whenSeen calls do, before the command is answered.
func (f *fake) whenSeen(command string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notice = map[string]func(){command: do}
}

// commands returns what has come since it was last asked.
func (f *fake) commands() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := strings.Join(f.seen, " ")
	f.seen = nil
	return all
}

// readCommand reads an array of bulk strings.
func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readNumber(in, '*')
	if err != nil || n == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	args := make([]string, n)
	for i := range args {
		size, err := readNumber(in, '$')
		if err != nil {
			return nil, err
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		args[i] = string(b[:size])
	}
	return args, nil
}

func readNumber(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil || line[0] != kind {
		return 0, io.ErrUnexpectedEOF
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

func (f *fake) client() *redis.Client {
	f.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: f.listener.Addr().String(), DialerRetries: 1, DialTimeout: time.Second})
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (f *fake) open(o Options) *Store {
	f.t.Helper()
	s, err := Open(f.t.Context(), f.client(), o)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}
