package natstest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// Cluster is three servers that replicate streams.
type Cluster struct {
	Servers []*Server

	t testing.TB
}

// StartCluster runs a cluster of three until the test ends, and returns when it can make streams.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	const size = 3
	ports, routes := freePorts(t, size)
	c := &Cluster{t: t}
	for i, port := range ports {
		c.Servers = append(c.Servers, Start(t, server.Options{
			JetStream: true, ServerName: fmt.Sprintf("n%d", i+1), Routes: server.RoutesFromStr(routes),
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port},
		}))
	}
	c.await("a cluster", func() bool {
		return c.find(func(s *Server) bool { return s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == size }) != nil
	})
	return c
}

// freePorts returns ports of the loopback that nobody uses, and the addresses of all of them.
func freePorts(t testing.TB, n int) (ports []int, urls string) {
	t.Helper()
	var all []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports, all = append(ports, l.Addr().(*net.TCPAddr).Port), append(all, "nats://"+l.Addr().String())
	}
	return ports, strings.Join(all, ",")
}

// URL names all servers.
func (c *Cluster) URL() string {
	var all []string
	for _, s := range c.Servers {
		all = append(all, s.Addr().String())
	}
	return "nats://" + strings.Join(all, ",")
}

// Client returns a JetStream client that finds a server that is there.
func (c *Cluster) Client() jetstream.JetStream {
	c.t.Helper()
	return client(c.t, c.URL())
}

// Named returns the server of that name.
func (c *Cluster) Named(name string) *Server {
	c.t.Helper()
	s := c.find(func(s *Server) bool { return s.opts.ServerName == name })
	if s == nil {
		c.t.Fatalf("no server is called %q", name)
	}
	return s
}

// StreamLeader returns the server that leads stream, once there is one.
func (c *Cluster) StreamLeader(stream string) *Server {
	c.t.Helper()
	return c.leader(stream, func(s *Server) bool { return s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) })
}

// ConsumerLeader returns the server that leads consumer, once there is one.
func (c *Cluster) ConsumerLeader(stream, consumer string) *Server {
	c.t.Helper()
	return c.leader(consumer, func(s *Server) bool {
		return s.JetStreamIsConsumerLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream, consumer)
	})
}

// Current waits until every server runs and has all of stream.
func (c *Cluster) Current(stream string) {
	c.t.Helper()
	c.await("every server has all of "+stream, func() bool {
		return c.find(func(s *Server) bool {
			return !s.Running() || !s.JetStreamIsCurrent() || !s.JetStreamIsStreamCurrent(server.DEFAULT_GLOBAL_ACCOUNT, stream)
		}) == nil
	})
}

func (c *Cluster) leader(of string, leads func(*Server) bool) (s *Server) {
	c.t.Helper()
	c.await("a leader of "+of, func() bool {
		s = c.find(func(s *Server) bool { return s.Running() && leads(s) })
		return s != nil
	})
	return s
}

func (c *Cluster) find(is func(*Server) bool) *Server {
	for _, s := range c.Servers {
		if is(s) {
			return s
		}
	}
	return nil
}

func (c *Cluster) await(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(startLimit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s: waited in vain", what)
		}
	}
}
