// Package natsconn is what the NATS input, the NATS sink and other subscriptions share: how an address, the authentication and the names
// of streams and consumers are read and checked, how a connection is made and kept, and how the stream of a subject is found or made. It
// reads no message and publishes none; packages input/nats, sink/nats and natssub do, and the daemon's configuration calls Validate.
//
// Source: daemon.md sections 4.8 and 18.
package natsconn
