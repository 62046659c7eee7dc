// Package natstest starts real NATS servers for tests: one on the loopback with its store in a directory of the test, a cluster of
// three, and one in a process of its own that can be killed. Only files that end in _test.go may import it: the server is no part of a
// binary. It knows nothing of the daemon.
package natstest
