package testserver

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A Cluster is a Redis cluster of three masters, each with one replica, of a
// test's own, which may kill any of them.
type Cluster struct {
	t     testing.TB
	nodes []*Redis
}

// StartRedisCluster starts a cluster, and returns when all its nodes say that it
// is whole and each replica follows its master. A node that does not answer for
// two seconds is taken for dead.
func StartRedisCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	for range 6 {
		c.nodes = append(c.nodes, StartRedis(t, "cluster-enabled=yes", "cluster-node-timeout=2000"))
	}
	c.arrange()
	c.AwaitWhole()
	return c
}

// arrange does what redis-cli --cluster create does, without its pauses of
// whole seconds.
func (c *Cluster) arrange() {
	c.t.Helper()
	masters, replicas := c.nodes[:3], c.nodes[3:]
	for i, node := range c.nodes {
		node.CLI("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		for _, other := range c.nodes[:i] {
			node.CLI("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.port))
		}
	}
	for i, master := range masters {
		master.CLI("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(slots*i/3), strconv.Itoa(slots*(i+1)/3-1))
		id := master.CLI("CLUSTER", "MYID")
		Until(c.t, "a replica to know its master", func() bool { return replicas[i].CLI("CLUSTER", "REPLICATE", id) == "OK" })
	}
}

// slots are those of every Redis cluster, over which the keys are spread.
const slots = 16384

// whole says whether every node knows every other one, and each has its master
// or its replica.
func (c *Cluster) whole() bool {
	c.t.Helper()
	for _, node := range c.nodes {
		told := node.CLI("CLUSTER", "INFO")
		if !strings.Contains(told, "cluster_state:ok") || !strings.Contains(told, "cluster_known_nodes:6") || !node.follows() && !node.leads() {
			return false
		}
	}
	return true
}

// AwaitWhole waits until all nodes say that the cluster is whole, and each replica
// follows its master again.
func (c *Cluster) AwaitWhole() {
	c.t.Helper()
	Until(c.t, "the Redis cluster", c.whole)
}

// Nodes are all servers of the cluster, whatever they are at the moment.
func (c *Cluster) Nodes() []*Redis { return slices.Clone(c.nodes) }

// Addrs are the nodes' addresses, as host:port.
func (c *Cluster) Addrs() []string {
	var list []string
	for _, node := range c.nodes {
		list = append(list, node.Addr())
	}
	return list
}

// MasterOf is the node that a key is written on, as those that live agree. While
// the master of a key is dead and no other has taken its place, it waits.
func (c *Cluster) MasterOf(key string) *Redis {
	c.t.Helper()
	var master *Redis
	Until(c.t, "a master for the key", func() bool {
		master = nil
		for _, node := range c.nodes {
			if node.server.gone() {
				continue
			}
			named := c.masterBy(node, key)
			if named == nil || named.server.gone() || master != nil && master != named {
				return false
			}
			master = named
		}
		return master != nil
	})
	return master
}

// masterBy is the master of a key as one node sees it; nil: none.
func (c *Cluster) masterBy(node *Redis, key string) *Redis {
	c.t.Helper()
	slot, err := strconv.Atoi(node.CLI("CLUSTER", "KEYSLOT", key))
	if err != nil {
		c.t.Fatal(err)
	}
	// id host:port@bus flags master ping pong epoch link slot slot-slot …
	for line := range strings.Lines(node.CLI("CLUSTER", "NODES")) {
		fields := strings.Fields(line)
		if len(fields) < 9 || !slices.Contains(strings.Split(fields[2], ","), "master") || strings.Contains(fields[2], "fail") {
			continue
		}
		if !slices.ContainsFunc(fields[8:], func(held string) bool { return covers(held, slot) }) {
			continue
		}
		addr, _, _ := strings.Cut(fields[1], "@")
		if i := slices.Index(c.Addrs(), addr); i >= 0 {
			return c.nodes[i]
		}
	}
	return nil
}

// covers says whether a slot is among those of a range, as CLUSTER NODES writes one.
func covers(held string, slot int) bool {
	from, to, several := strings.Cut(held, "-")
	if !several {
		to = from
	}
	first, err := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	return err == nil && err2 == nil && first <= slot && slot <= last
}
