package correlate

// A slab hands out elements that are addressed by 32-bit numbers and stay where they are. Number 0 is none.
type slab[T any] struct {
	chunks []*[slabChunk]T
	free   []uint32
	n      uint32 // numbers given out so far
}

const slabChunk = 1 << 8

func (s *slab[T]) at(i uint32) *T { return &s.chunks[i/slabChunk][i%slabChunk] }

// alloc returns the number of a zero element.
func (s *slab[T]) alloc() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.n++
	if int(s.n/slabChunk) == len(s.chunks) {
		s.chunks = append(s.chunks, new([slabChunk]T))
	}
	return s.n
}

// release takes element i back.
func (s *slab[T]) release(i uint32) {
	var zero T
	*s.at(i) = zero
	s.free = append(s.free, i)
}
