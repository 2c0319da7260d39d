package redisstore

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
)

// answered says whether an error is a server's answer. A script that was answered
// with an error has written nothing: its one write is its last step.
func answered(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// neverSent says whether a command can be known not to have reached a server:
// there was no connection to send it on.
func neverSent(err error) bool {
	return notDialled(err) || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, redis.ErrClosed)
}

func notDialled(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// turnedAway says whether something was not done and may be done elsewhere or
// later.
func turnedAway(err error) bool {
	if err == nil || errors.Is(err, mfa.ErrNotDurable) {
		return false
	}
	_, moved := redis.IsMovedError(err)
	_, ask := redis.IsAskError(err)
	return moved || ask || notDialled(err) || redis.IsReadOnlyError(err) || redis.IsLoadingError(err) || redis.IsClusterDownError(err) ||
		redis.IsMasterDownError(err) || redis.IsTryAgainError(err) || redis.IsMaxClientsError(err)
}

// unknown is the error of a command that may have reached a server and whose answer
// did not come. With WAIT it is not left to be resolved by reading, which shows what
// one server has.
func (s *Store) unknown(err error) error {
	if s.options.InsecureAsync {
		return quiet(err)
	}
	return &unreplicated{lost: true, cause: quiet(err)}
}

// unreplicated is an [mfa.ErrNotDurable].
type unreplicated struct {
	lost       bool // the answer did not come: it is not even known to be written
	have, want int
	wait       time.Duration
	cause      error // nil: the replicas were too slow, or are not there
}

func (e *unreplicated) Error() string {
	switch {
	case e.lost:
		return fmt.Sprintf("the answer was lost; it may have been written, and is not known to be replicated: %v", e.cause)
	case e.cause != nil:
		return fmt.Sprintf("written, but not known to be replicated: %v", e.cause)
	}
	return fmt.Sprintf("written, but %d of %d replicas had it within %v", e.have, e.want, e.wait)
}

func (e *unreplicated) Is(target error) bool { return target == mfa.ErrNotDurable }
func (e *unreplicated) Unwrap() error        { return e.cause }

// quiet keeps what was sent out of an error. A server that does not have a
// command, and a client that has lost its place in the stream, quote it.
func quiet(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case redis.HasErrorPrefix(err, "MFAFORMAT"):
		return fmt.Errorf("%w: another program wrote what is there, or a newer version of this package", ErrFormat)
	case answered(err) && strings.Contains(text, "with args"):
		head, _, _ := strings.Cut(text, "with args")
		return errors.New(strings.TrimRight(head, ", "))
	case strings.HasPrefix(text, "redis: can't parse"), strings.HasPrefix(text, "redis: invalid reply"):
		return errors.New("redis: the answer makes no sense")
	}
	return err
}
