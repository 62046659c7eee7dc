package correlate

// A ring is a queue of entries in arrival order. An entry is one word, or two where entries carry a payload; equal entries in
// a row share one. The first word of an entry is its time and how often it came, the second the payload.
type ring struct {
	ref, head, n uint32 // block, first entry, number of entries (runs)
	class        uint8  // of the block
}

// An entry's time has 40 bits: until the year 36812. Later times count as that.
const (
	timesBits = 24
	maxTimes  = 1<<timesBits - 1
	maxTime   = 1<<(64-timesBits) - 1
)

// A run is one or more equal entries in a row.
type run struct {
	time    int64
	times   uint64
	payload uint64
}

// runs gives access to rings: the memory of their entries, and the words of each.
type runs struct {
	words *arena[uint64]
	width uint32
}

func (w runs) capacity(r *ring) uint32 {
	if r.ref == 0 {
		return 0
	}
	return sizeOf(r.class) / w.width
}

// slot returns the words of entry i, counted from the front.
func (w runs) slot(r *ring, i uint32) []uint64 {
	i += r.head
	if size := sizeOf(r.class) / w.width; i >= size {
		i -= size
	}
	return w.words.block(r.ref, r.class)[i*w.width:][:w.width]
}

func (w runs) at(r *ring, i uint32) run {
	s := w.slot(r, i)
	x := run{time: int64(s[0] >> timesBits), times: s[0] & maxTimes}
	if w.width == 2 {
		x.payload = s[1]
	}
	return x
}

func (w runs) first(r *ring) run { return w.at(r, 0) }
func (w runs) last(r *ring) run  { return w.at(r, r.n-1) }

// parts returns the words of all entries in order: those up to the end of the block, and those that follow at its beginning.
func (w runs) parts(r *ring) [2][]uint64 {
	if r.n == 0 {
		return [2][]uint64{}
	}
	size := w.capacity(r)
	block := w.words.block(r.ref, r.class)
	to := r.head + r.n
	if to <= size {
		return [2][]uint64{block[r.head*w.width : to*w.width]}
	}
	return [2][]uint64{block[r.head*w.width : size*w.width], block[:(to-size)*w.width]}
}

// push adds entries and reports whether they joined the last run.
func (w runs) push(r *ring, x run) (joined bool) {
	if r.n > 0 {
		s := w.slot(r, r.n-1)
		if int64(s[0]>>timesBits) == x.time && s[0]&maxTimes+x.times <= maxTimes && (w.width == 1 || s[1] == x.payload) {
			s[0] += x.times
			return true
		}
	}
	w.pushRun(r, x)
	return false
}

// pushRun adds a run of its own.
func (w runs) pushRun(r *ring, x run) {
	if r.n == w.capacity(r) {
		w.resize(r, r.n+1+slack(r.n))
	}
	r.n++
	s := w.slot(r, r.n-1)
	s[0] = uint64(x.time)<<timesBits | x.times
	if w.width == 2 {
		s[1] = x.payload
	}
}

// slack returns for how many more entries than n a ring that grows makes room: few while it is small, since most are.
func slack(n uint32) uint32 {
	if n < 64 {
		return n / 8
	}
	return n / 2
}

// resize moves the entries to the smallest block that holds size of them.
func (w runs) resize(r *ring, size uint32) {
	to := ring{n: r.n, class: classOf(size * w.width)}
	for sizeOf(to.class)/w.width < size {
		to.class++
	}
	to.ref = w.words.alloc(to.class)
	if r.ref != 0 {
		for i := range r.n {
			copy(w.slot(&to, i), w.slot(r, i))
		}
		w.words.release(r.ref, r.class)
	}
	*r = to
}

// popRun removes the first run.
func (w runs) popRun(r *ring) {
	r.head++
	r.n--
	if r.head == w.capacity(r) {
		r.head = 0
	}
	w.shrink(r)
}

// popLastRun removes the last run.
func (w runs) popLastRun(r *ring) {
	r.n--
	w.shrink(r)
}

// shrink gives back what a burst has left behind.
func (w runs) shrink(r *ring) {
	switch {
	case r.n == 0:
		w.clear(r)
	case r.n >= 4 && r.n*4 <= w.capacity(r):
		w.resize(r, r.n*2)
	}
}

// take lowers the times of run i, which must have more.
func (w runs) take(r *ring, i uint32, times uint64) { w.slot(r, i)[0] -= times }

// removeSecond removes the second run.
func (w runs) removeSecond(r *ring) {
	copy(w.slot(r, 1), w.slot(r, 0))
	w.popRun(r)
}

func (w runs) clear(r *ring) {
	if r.ref != 0 {
		w.words.release(r.ref, r.class)
	}
	*r = ring{}
}
