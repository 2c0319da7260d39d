package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// oldest is the first version of Redis that this package was made for: what a
// script does reaches the replicas as its effects.
const oldest = 6

// check looks at the servers, and leaves the scripts with them.
func (s *Store) check(ctx context.Context) error {
	err := s.servers.masters(ctx, func(ctx context.Context, node *redis.Client) error {
		if err := s.checkMaster(ctx, node); err != nil {
			return fmt.Errorf("server %s: %w", addressOf(node), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.servers.replicas(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx).Result()
		if err != nil {
			return nil // one that is down is found missing by its master
		}
		if err := s.options.checkKeeping(parseInfo(info)); err != nil {
			return fmt.Errorf("replica %s: %w", addressOf(node), err)
		}
		return nil
	})
}

// addressOf is empty where Sentinel says it.
func addressOf(node *redis.Client) string { return node.Options().Addr }

func (s *Store) checkMaster(ctx context.Context, node *redis.Client) error {
	text, err := node.Info(ctx).Result()
	if err != nil {
		return fmt.Errorf("INFO: %w", err)
	}
	info := parseInfo(text)
	if err := s.options.checkRole(info, s.servers.clustered()); err != nil {
		return err
	}
	if err := s.options.checkKeeping(info); err != nil {
		return err
	}
	for _, sc := range []script{saveScript, deleteScript} {
		if err := node.ScriptLoad(ctx, sc.text).Err(); err != nil {
			return fmt.Errorf("SCRIPT LOAD: %w", err)
		}
	}
	if s.options.InsecureAsync {
		return nil
	}
	if err := node.Do(ctx, "wait", 0, 1).Err(); err != nil { // for none: whether it may be asked at all
		return fmt.Errorf("WAIT: %w", err)
	}
	return nil
}

// serverInfo is what INFO tells of a server.
type serverInfo struct {
	version    string
	role       string
	policy     string
	appendOnly bool
	cluster    bool
	replicas   int // that are connected and up to date
}

func parseInfo(text string) serverInfo {
	var info serverInfo
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		switch name {
		case "redis_version":
			info.version = value
		case "role":
			info.role = value
		case "maxmemory_policy":
			info.policy = value
		case "aof_enabled":
			info.appendOnly = value == "1"
		case "cluster_enabled":
			info.cluster = value == "1"
		default:
			if number, ok := strings.CutPrefix(name, "slave"); ok && isNumber(number) && strings.Contains(value, "state=online") {
				info.replicas++
			}
		}
	}
	return info
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 31)
	return err == nil
}

// checkRole says whether a server is a master that writes can be sent to and
// waited for.
func (o Options) checkRole(info serverInfo, clustered bool) error {
	major, _, _ := strings.Cut(info.version, ".")
	version, err := strconv.Atoi(major)
	switch {
	case err != nil || version < oldest:
		return fmt.Errorf("%w: version %q, want Redis %d or later, or Valkey", ErrSettings, info.version, oldest)
	case info.role != "master":
		return fmt.Errorf("%w: its role is %q: what a replica holds is behind its master; connect to the master, without ReplicaOnly", ErrSettings, info.role)
	case info.cluster && !clustered:
		return fmt.Errorf("%w: it is part of a cluster, and the client is for one server; make it with IsClusterMode, or as a redis.ClusterClient", ErrSettings)
	case info.replicas < o.Replicas && !o.InsecureAsync:
		return fmt.Errorf("%w: it has %d replicas connected, and a write is acknowledged once %d have it (Options.Replicas); "+
			"a server without a replica loses what was acknowledged when it is lost, which only InsecureAsync accepts", ErrSettings, info.replicas, o.Replicas)
	}
	return nil
}

// checkKeeping says whether a server keeps what it has.
func (o Options) checkKeeping(info serverInfo) error {
	switch {
	case info.policy == "noeviction":
	case strings.HasPrefix(info.policy, "volatile-") && o.InsecureMayEvict:
	case strings.HasPrefix(info.policy, "volatile-"):
		return fmt.Errorf("%w: maxmemory-policy %s: when memory is short it drops what expires: marks of spent passkey challenges, "+
			"and limits on messages and failures, which then hold no more; set noeviction (InsecureMayEvict accepts this)", ErrSettings, info.policy)
	case info.policy == "":
		return fmt.Errorf("%w: INFO does not tell maxmemory_policy, so that it may be one that drops users; want noeviction", ErrSettings)
	default:
		return fmt.Errorf("%w: maxmemory-policy %s: when memory is short it drops users, who then have not enrolled; set noeviction", ErrSettings, info.policy)
	}
	if !info.appendOnly && !o.InsecureAsync && !o.InsecureMayForget {
		return fmt.Errorf("%w: it has no append-only file: a master that is started again is then empty, and so are the replicas that follow it; "+
			"set appendonly yes (InsecureMayForget accepts this)", ErrSettings)
	}
	return nil
}

// checkTimeout keeps the client from hanging up on a server that is still waiting
// for its replicas. Negative and zero: the client waits without end.
func checkTimeout(read time.Duration, o Options) error {
	if read > 0 && read <= o.WaitTimeout && !o.InsecureAsync {
		return fmt.Errorf("%w: the client's ReadTimeout is %v, and WaitTimeout %v: it would hang up on a server that waits for its replicas", ErrSettings, read, o.WaitTimeout)
	}
	return nil
}
