package rtlib

// CountTrue returns how many of bs are true. Generated code uses it for conditions such as "2 of them".
func CountTrue(bs ...bool) int {
	n := 0
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}
