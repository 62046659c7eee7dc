package flow

// Mark is how far a sink is with what was committed: all results of the rows before Row are done, and the first Lines of Row. Done is
// what is delivered, dropped, or known to the dead letters.
type Mark struct {
	Row   int64
	Lines int
	// Place is where a PlacedSink was at that moment.
	Place []byte
}

// before reports whether m is less far than o, wherever the sink was.
func (m Mark) before(o Mark) bool { return m.Row < o.Row || m.Row == o.Row && m.Lines < o.Lines }

// PlacedSink is a Sink that finds out after a crash what it had written.
//
// Source: reliability.md section 3.3.
type PlacedSink interface {
	Sink
	// Place returns where the next line goes, in a form that outlives the process; nil if that cannot be said. It is called on the
	// goroutine of Deliver, between its calls, or before the first one.
	Place() []byte
	// Written says which of lines, which are in the order in which they were to be delivered, stand behind place already. If the sink
	// no longer writes to what place is in, that is none of them. It is called at the start, before Deliver.
	Written(place []byte, lines [][]byte) ([]bool, error)
}

// Mark returns how far the sender is. While a dead letter of one of its results is not written it stays where it was before that.
func (s *Sender) Mark() Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mark
}

// Begin sets the mark at the start, before Run: what an earlier process had reached, or the zero Mark. If the place of the sink was not
// known then, it is where the sink is now, so that what is delivered next is found again.
func (s *Sender) Begin(m Mark) {
	if len(m.Place) == 0 {
		m.Place = s.place()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark, s.reached = m, m
}

// Written says which of lines, all results behind the mark, the sink finds that it had written behind place. A sink that cannot know
// says none. It is called before Run; the results that are missing are put next. The mark stays where it is until something is done that
// comes after all written ones: a later place would hide these from another search.
func (s *Sender) Written(place []byte, lines [][]byte) ([]bool, error) {
	p, ok := s.sink.(PlacedSink)
	if !ok || len(place) == 0 {
		return make([]bool, len(lines)), nil
	}
	written, err := p.Written(place, lines)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gaps = 0
	missing := 0
	for _, yes := range written {
		if yes {
			s.gaps = missing
		} else {
			missing++
		}
	}
	return written, nil
}

// At returns the mark of a sink that is done with the first lines results of row, and has just been opened.
func (s *Sender) At(row int64, lines int) Mark { return Mark{row, lines, s.place()} }

// place returns where the sink is, nil if it does not know.
func (s *Sender) place() []byte {
	if p, ok := s.sink.(PlacedSink); ok {
		return p.Place()
	}
	return nil
}

// reach notes that n more results are done, which are the last ones before result number lines of u. s.mu is held.
func (s *Sender) reach(u *Unit, n, lines int, place []byte) {
	if s.gaps > 0 && n <= s.gaps {
		s.gaps -= n
		return
	}
	s.gaps = 0
	to := Mark{u.Row, u.First + lines, place}
	if u.Row == 0 || to.before(s.reached) {
		return
	}
	s.reached = to
	if s.held == 0 {
		s.mark = to
	}
}

// drop notes that u found the queue full and is dropped. The mark passes it when everything in the queue is done.
func (s *Sender) drop(u *Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped, s.gaps = u, max(s.gaps-len(u.Results), 0)
	s.passDropped()
}

// passDropped moves the mark behind the unit that was dropped last, if everything before it is done. s.mu is held.
func (s *Sender) passDropped() {
	if u := s.dropped; u != nil && len(s.batch) == 0 {
		if n, _ := s.queue.Len(); n == 0 {
			s.dropped = nil
			s.reach(u, 0, len(u.Results), s.reached.Place)
		}
	}
}

// hold keeps the mark where it is until release is called, once. A letter that was lost counts as dropped, unless that is because the
// daemon stops: then the mark stays, and the next start delivers its results again. s.mu is held.
func (s *Sender) hold() (release func(written bool)) {
	s.held++
	return func(written bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !written && s.queue.isClosed() {
			return
		}
		if s.held--; s.held == 0 {
			s.mark = s.reached
		}
	}
}
