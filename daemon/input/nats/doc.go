// Package nats is the input that reads the messages of a NATS JetStream subject through a durable pull consumer, with explicit
// acknowledgements: a message is acknowledged once everything that came of it is committed, and is delivered again if it is not.
// It keeps no position of its own; the consumer does. The daemon opens it for an input nats://HOST:PORT/SUBJECT.
//
// Source: daemon.md sections 6, 13.2 and 18; reliability.md section 3.1.
package nats
