package flow

// Result is one detection or one firing of a correlation.
type Result struct {
	JSON []byte // one object without a line break; nobody changes it
	// What live streams filter by.
	Title, ID, Level string
	Correlation      bool
}

// Unit is what came of one event: the unit of delivery and of acknowledgement. Sinks share it and do not change it.
type Unit struct {
	Results []Result
	Origin  *Origin
	Number  int64
	Ack     *Ack
}

// lines returns the results from number from on.
func (u *Unit) lines(dst [][]byte, from int) [][]byte {
	for i := from; i < len(u.Results); i++ {
		dst = append(dst, u.Results[i].JSON)
	}
	return dst
}

// AppendJSON appends the results from number from on as one JSON array.
func (u *Unit) AppendJSON(dst []byte, from int) []byte {
	dst = append(dst, '[')
	for i := from; i < len(u.Results); i++ {
		if i > from {
			dst = append(dst, ',')
		}
		dst = append(dst, u.Results[i].JSON...)
	}
	return append(dst, ']')
}

// size is what a unit weighs in a queue that is bounded in bytes.
func (u *Unit) size() int {
	n := 64
	for i := range u.Results {
		n += len(u.Results[i].JSON) + 64
	}
	return n
}
