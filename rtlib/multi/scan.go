package multi

// The loops over a text. There is one of each for the small and for the large filter: only with the filter's size known does a
// lookup compile to a few instructions without a bounds check, and these loops are where most of the time of an event goes.

const threeBytes = 1<<24 - 1

// find looks the grams of s up and appends the literals found.
func (g *grams) find(dst []int32, s string, lits []string) []int32 {
	switch {
	case g.small != nil && g.stride == 4:
		return g.find4Small(g.small, dst, s, lits)
	case g.small != nil && g.stride == 2:
		return g.find32Small(g.small, dst, s, lits)
	case g.small != nil:
		return g.find31Small(g.small, dst, s, lits)
	case g.stride == 4:
		return g.find4Large(g.large, dst, s, lits)
	case g.stride == 2:
		return g.find32Large(g.large, dst, s, lits)
	default:
		return g.find31Large(g.large, dst, s, lits)
	}
}

// find4Small looks at every fourth byte. Two grams come out of one load.
func (g *grams) find4Small(f *smallFilter, dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		if f.may(uint32(w)) {
			dst = g.verify(dst, s, lits, uint32(w), i)
		}
		if f.may(uint32(w >> 32)) {
			dst = g.verify(dst, s, lits, uint32(w>>32), i+4)
		}
	}
	if i+4 <= len(s) {
		if a := load32(s, i); f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}

// find32Small looks for grams of three bytes at every second byte. Three of them come out of one load.
func (g *grams) find32Small(f *smallFilter, dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 6 {
		w := load64(s, i)
		if a := uint32(w) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
		if a := uint32(w>>16) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+2)
		}
		if a := uint32(w>>32) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+4)
		}
	}
	for ; i+3 <= len(s); i += 2 {
		if a := gramKey(s, i, 3); f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}

// find31Small looks for grams of three bytes at every byte. Six of them come out of one load.
func (g *grams) find31Small(f *smallFilter, dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 6 {
		w := load64(s, i)
		if a := uint32(w) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
		if a := uint32(w>>8) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+1)
		}
		if a := uint32(w>>16) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+2)
		}
		if a := uint32(w>>24) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+3)
		}
		if a := uint32(w>>32) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+4)
		}
		if a := uint32(w>>40) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+5)
		}
	}
	for ; i+3 <= len(s); i++ {
		if a := gramKey(s, i, 3); f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}

// find4Large looks at every fourth byte. Two grams come out of one load.
func (g *grams) find4Large(f *largeFilter, dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		if f.may(uint32(w)) {
			dst = g.verify(dst, s, lits, uint32(w), i)
		}
		if f.may(uint32(w >> 32)) {
			dst = g.verify(dst, s, lits, uint32(w>>32), i+4)
		}
	}
	if i+4 <= len(s) {
		if a := load32(s, i); f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}

// find32Large looks for grams of three bytes at every second byte. Three of them come out of one load.
func (g *grams) find32Large(f *largeFilter, dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 6 {
		w := load64(s, i)
		if a := uint32(w) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
		if a := uint32(w>>16) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+2)
		}
		if a := uint32(w>>32) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+4)
		}
	}
	for ; i+3 <= len(s); i += 2 {
		if a := gramKey(s, i, 3); f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}

// find31Large looks for grams of three bytes at every byte. Six of them come out of one load.
func (g *grams) find31Large(f *largeFilter, dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 6 {
		w := load64(s, i)
		if a := uint32(w) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
		if a := uint32(w>>8) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+1)
		}
		if a := uint32(w>>16) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+2)
		}
		if a := uint32(w>>24) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+3)
		}
		if a := uint32(w>>32) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+4)
		}
		if a := uint32(w>>40) & threeBytes; f.may(a) {
			dst = g.verify(dst, s, lits, a, i+5)
		}
	}
	for ; i+3 <= len(s); i++ {
		if a := gramKey(s, i, 3); f.may(a) {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}
