// Package natsconf is what command lines and configuration say about NATS: addresses, authentication, and where an input begins. It reads
// and checks, and connects to nothing, so that a program without NATS can tell what it was asked for and refuse it. Package natsconn
// connects.
//
// Source: daemon.md sections 4.8 and 18.
package natsconf
