package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// What a server turned away with nothing done is tried again, on the server that
// it named or on whichever is master by then. Not for as long as a failover may
// take: the engine and the person have more patience than a connection should.
const (
	tries      = 6
	firstPause = 10 * time.Millisecond // before the second try; doubled for each that follows
)

// onMaster does something on the master of a key, again if an error says that it may be.
func (s *Store) onMaster(ctx context.Context, name string, do func(node *redis.Client, asking bool) error, again func(error) bool) error {
	wait := firstPause
	var asked *redis.Client // has to be asked, this once, while a slot moves there
	for try := 1; ; try++ {
		node := asked
		if node == nil {
			var err error
			if node, err = s.servers.master(ctx, name); err != nil {
				return err
			}
		}
		err := do(node, asked != nil)
		if err == nil || try == tries || !again(err) || pause(ctx, wait) != nil {
			return err
		}
		wait *= 2
		asked = nil
		if addr, ask := redis.IsAskError(err); ask {
			asked = s.servers.at(ctx, addr)
		} else if s.servers.renew(ctx) != nil {
			return err
		}
	}
}

// write runs a script on the master of a key, and waits for the replicas. It
// returns what the script answered.
func (s *Store) write(ctx context.Context, sc script, key string, args ...any) (done bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	name := s.name(key)
	err = s.onMaster(ctx, name, func(node *redis.Client, asking bool) error {
		var err error
		done, err = s.send(ctx, node, asking, sc, name, args)
		return err
	}, turnedAway)
	if err != nil && !answered(err) {
		s.servers.suspect(ctx)
	}
	return done, err
}

// send runs a script on one node, once, with the WAIT behind it. Its error has said
// already what is known of the outcome.
func (s *Store) send(ctx context.Context, node *redis.Client, asking bool, sc script, name string, args []any) (bool, error) {
	answer, wait := s.exec(ctx, node, asking, append([]any{"evalsha", sc.sum, 1, name}, args...))
	if redis.HasErrorPrefix(answer.Err(), "NOSCRIPT") {
		answer, wait = s.exec(ctx, node, asking, append([]any{"eval", sc.text, 1, name}, args...))
	}
	done, err := answer.Int()
	switch {
	case err != nil && (answered(err) || neverSent(err)):
		return false, quiet(err)
	case err != nil:
		return false, s.unknown(err)
	case done == 0 || s.options.InsecureAsync:
		return done != 0, nil
	}
	have, err := wait.Int()
	if err != nil || have < s.options.Replicas {
		return true, &unreplicated{have: have, want: s.options.Replicas, wait: s.options.WaitTimeout, cause: quiet(err)}
	}
	return true, nil
}

// exec sends a command and its WAIT together, on one connection.
func (s *Store) exec(ctx context.Context, node *redis.Client, asking bool, command []any) (answer, wait *redis.Cmd) {
	pipe := node.Pipeline()
	if asking {
		_ = pipe.Process(ctx, redis.NewCmd(ctx, "asking")) // queues; so do the others
	}
	answer = redis.NewCmd(ctx, command...)
	_ = pipe.Process(ctx, once{answer})
	if !s.options.InsecureAsync {
		wait = redis.NewCmd(ctx, "wait", s.options.Replicas, s.options.WaitTimeout.Milliseconds())
		_ = pipe.Process(ctx, once{wait})
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	return answer, wait
}

// once is a command that go-redis does not repeat by itself. A Save that had
// happened and was repeated by a connection that knows nothing of the first would be
// answered with a conflict, or be waited for without a write.
type once struct{ *redis.Cmd }

// NoRetry is asked by go-redis before it repeats the pipeline that the command is in.
func (once) NoRetry() bool { return true }

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
