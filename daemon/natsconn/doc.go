// Package natsconn is what the NATS input, the NATS sink and other subscriptions share: how a connection is made and kept, what streams and
// consumers are called, and how the stream of a subject is found or made. What is read and checked without a connection is in natsconf. It
// reads no message and publishes none; packages input/nats, sink/nats and natssub do.
//
// Source: daemon.md sections 4.8 and 18.
package natsconn
