package correlate

import "math"

func payloadNumber(payload uint64) float64 { return math.Float64frombits(payload) }

// orderedBits maps the bits of doubles to keys that are in the order of the doubles.
func orderedBits(bits uint64) uint64 {
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}

// orderedNumber is the inverse of orderedBits.
func orderedNumber(key uint64) float64 {
	if key>>63 != 0 {
		return math.Float64frombits(key &^ (1 << 63))
	}
	return math.Float64frombits(^key)
}

// median returns the middle value, or the mean of the two in the middle.
func (e *Engine) median(q *queue) float64 {
	order := &e.extras.at(q.extra).order
	n := order.total
	if n%2 == 1 {
		key, _ := e.tree.pick(order, n/2)
		return orderedNumber(key)
	}
	a, b := e.tree.pick(order, n/2-1)
	return middle(orderedNumber(a), orderedNumber(b))
}

// middle is the mean of two numbers, also where their sum overflows.
func middle(a, b float64) float64 {
	if sum := a + b; !math.IsInf(sum, 0) {
		return sum / 2
	}
	return a/2 + b/2
}

// percentile interpolates linearly between the values next to rank p/100·(n-1).
func (e *Engine) percentile(q *queue, p float64) float64 {
	order := &e.extras.at(q.extra).order
	rank := p / 100 * float64(order.total-1)
	low := math.Floor(rank)
	a, b := e.tree.pick(order, uint64(low))
	return interpolate(orderedNumber(a), orderedNumber(b), rank-low)
}

// interpolate returns the number that lies the fraction f of the way from a to b. The conversions keep compilers from fusing
// the operations, so that all machines agree.
func interpolate(a, b, f float64) float64 {
	if f == 0 {
		return a
	}
	if d := b - a; !math.IsInf(d, 0) {
		return a + float64(f*d)
	}
	return float64(a*(1-f)) + float64(b*f)
}
