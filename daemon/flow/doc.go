// Package flow is what inputs, the engine and sinks of the daemon have in common: the messages that travel between them, the
// acknowledgements that travel along, the bounded queues in between, and the workers that deliver results. It knows no transport,
// no rule and no clock but the one that delays retries. An input or a sink implements a narrow interface of this package; everything
// that is hard about delivery (retries, order, dead letters, shutdown) is here, once.
//
// Source: daemon.md sections 1, 6, 11 and 13; reliability.md section 3.
package flow
