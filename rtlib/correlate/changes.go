package correlate

// changes tracks which groups have changed.
type changes struct{}

func (e *Engine) touched(uint32, *group) {}
func (e *Engine) gone(*group)            {}
