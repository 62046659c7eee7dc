package correlate

// judge reports whether the condition of c holds for g.
//
// Source: sigma-language.md section 14.6.
func (e *Engine) judge(c *corr, g *group) bool {
	switch c.kind {
	case kindTemporal:
		return e.judgeTemporal(c, g)
	case kindSum:
		return e.judgeSum(c, g)
	default:
		return c.accepts(e.aggregate(c, g))
	}
}

func (e *Engine) judgeTemporal(c *corr, g *group) bool {
	n := e.present(c, g)
	switch {
	case c.when != nil:
		if !c.when.holds(e.scratch.present) {
			return false
		}
	case c.rule.Type == TemporalOrdered && n < len(c.queueOf):
		return false
	case len(c.rule.Thresholds) == 0:
		if n < len(c.queueOf) {
			return false
		}
	case !c.accepts(float64(n)):
		return false
	}
	return c.rule.Type != TemporalOrdered || e.inOrder(c, g)
}

// judgeSum walks over the values only if nothing less decides.
func (e *Engine) judgeSum(c *corr, g *group) bool {
	s, q := e.sums.at(g.ext), &g.queue
	if sum, ok := s.exact(); ok {
		return c.accepts(c.sumOrMean(sum, q.count))
	}
	low, high := s.bounds(q.count)
	low, high = c.sumOrMean(low, q.count), c.sumOrMean(high, q.count)
	sure := true
	for _, t := range c.rule.Thresholds {
		switch holds, decided := t.between(low, high); {
		case !decided:
			sure = false
		case !holds:
			return false
		}
	}
	return sure || c.accepts(c.sumOrMean(e.walk(s, q), q.count))
}

func (c *corr) sumOrMean(sum float64, n uint64) float64 {
	if c.rule.Type == ValueAvg {
		return sum / float64(n)
	}
	return sum
}

// aggregate returns the value that a firing of g reports.
func (e *Engine) aggregate(c *corr, g *group) float64 {
	switch c.rule.Type {
	case EventCount:
		return float64(g.count)
	case ValueCount:
		return float64(g.ext)
	case ValueSum, ValueAvg:
		return c.sumOrMean(e.sum(e.sums.at(g.ext), &g.queue), g.count)
	case ValueMedian:
		return e.median(&g.queue)
	case ValuePercentile:
		return e.percentile(&g.queue, c.percent)
	default:
		return float64(e.present(c, g))
	}
}

// accepts reports whether v passes all thresholds.
func (c *corr) accepts(v float64) bool {
	for _, t := range c.rule.Thresholds {
		if !t.holds(v) {
			return false
		}
	}
	return true
}

func (t Threshold) holds(v float64) bool {
	switch t.Op {
	case Greater:
		return v > t.Value
	case GreaterEqual:
		return v >= t.Value
	case Less:
		return v < t.Value
	case LessEqual:
		return v <= t.Value
	case EqualTo:
		return v == t.Value
	case NotEqualTo:
		return v != t.Value
	default:
		return false
	}
}

// between reports whether t holds for all values from low to high, or for none; else it is not decided.
func (t Threshold) between(low, high float64) (holds, decided bool) {
	if t.Op == EqualTo || t.Op == NotEqualTo {
		if low <= t.Value && t.Value <= high {
			return false, false
		}
		return t.Op == NotEqualTo, true
	}
	holds = t.holds(low)
	return holds, holds == t.holds(high)
}
