// Package nats is the sink that publishes each result, or each dead letter, as one message to a subject of a NATS JetStream stream and
// waits until the server has stored it. Every message carries an id, so that one that had to be sent again is stored once, as long as
// the duplicate window of the stream lasts. The daemon opens it for nats://HOST:PORT/SUBJECT.
//
// Source: daemon.md sections 12 and 18; reliability.md sections 3.2 and 3.3.
package nats
