package flow

// Message is one event on its way from an input to the engine.
type Message struct {
	// Data is the event as it came in. It belongs to the message and nobody changes it.
	Data []byte
	// Err says that Data cannot be an event, for instance because it is only the beginning of a line over the limit. The engine
	// counts it as a parse error and hands Data to the dead letters.
	Err error
	// JSON says that Data is a JSON event, whatever the configured format of lines.
	JSON bool
	// Ack is released when everything that came of the message is committed. It may be nil.
	Ack *Ack
	// Origin is where the message came from, Number which of its messages it is: the line, or the sequence in the stream.
	Origin *Origin
	Number int64
	// Line is which event of the message with that number it is, from 0, where one holds several.
	Line int
}

// Origin names a source of messages. All messages of an input share one.
type Origin struct {
	Type   string // stdin, http, nats, otlp or unix
	Stream string // for NATS
	// Identity tells the source from every other one, also from one of its name that was made anew; empty if its messages have no
	// position that outlives the process.
	Identity string
}

// size is what a message weighs in a queue that is bounded in bytes.
func (m *Message) size() int { return len(m.Data) + 64 }
