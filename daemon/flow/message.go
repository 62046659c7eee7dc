package flow

import "github.com/rsigma-go/rsigma/rtlib"

// Message is one event on its way from an input to the engine.
type Message struct {
	// Data is the event as it came in. It belongs to the message and nobody changes it.
	Data []byte
	// Source, if not nil, is the event in place of Data: one that came in as something else than text.
	Source Source
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
	// Time is when the source got the message, in nanoseconds since the epoch; 0 if it does not say.
	Time int64
	// More says that further events of the same source message follow, with the same Ack. They are committed together: a source that
	// knows only whole messages must not find half of one committed.
	More bool
	// Reply, if not nil, is kept with the commit of the message.
	Reply *Reply
}

// Reply is what a request was answered, for the client that asks again because it did not get to see it.
type Reply struct {
	Key  string
	Body []byte
}

// Origin names a source of messages. All messages of an input share one.
type Origin struct {
	Type   string // stdin, http, nats, otlp or unix
	Stream string // for NATS
	// Identity tells the source from every other one, also from one of its name that was made anew; empty if its messages have no
	// position that outlives the process.
	Identity string
	// Cursor, if not nil, follows what is committed. All messages of an input share it.
	Cursor Cursor
	// AtCommit says that a message is done with once a commit holds its results (Unit.Row), whatever becomes of them later. If none does
	// it means nothing: then whoever waits for a message waits for the sinks.
	AtCommit bool
}

// size is what a message weighs in a queue that is bounded in bytes.
func (m *Message) size() int {
	n := len(m.Data) + 64
	if m.Source != nil {
		n += m.Source.Size()
	}
	return n
}

// Source is an event that is no text yet. It is immutable and safe for concurrent use.
type Source interface {
	// AppendJSON appends the event as a JSON object, as decode.Plan.Written wants it, to dst, and to places where its members are in
	// dst. These may share memory with the event.
	AppendJSON(dst []byte, places []rtlib.Place) ([]byte, []rtlib.Place)
	// Size is how many bytes of memory the event takes. What it shares with other events counts in full.
	Size() int
}

// Text returns the event as text: Data, or what the Source makes of it.
func (m *Message) Text() []byte {
	if m.Source == nil {
		return m.Data
	}
	text, _ := m.Source.AppendJSON(nil, nil)
	return text
}
