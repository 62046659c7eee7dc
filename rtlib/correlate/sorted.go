package correlate

// A sorted is a multiset of 64-bit keys in order, for medians, percentiles and late times: a B+ tree over blocks of words.
// Equal keys share an entry. Its root is a leaf as long as that is enough, so small sets are one small block. Adding, removing
// and selecting cost O(log n) with a base of about 64.
//
// Nodes are not merged when they lose keys, only dropped when they are empty.
type sorted struct {
	root   node
	height uint8
	total  uint64 // keys, each as often as it was added
}

// A node is a block. A leaf holds keys in its first half and their times in the second. An inner node holds fanout packed
// children, then the keys below each, then separators: a lower bound of the keys of each child but the first, and an upper
// bound of those of the child before it.
type node struct {
	ref   uint32
	n     uint8 // keys or children
	class uint8
}

const (
	fanout   = 64
	leafKeys = 64
)

func pack(x node) uint64   { return uint64(x.ref)<<16 | uint64(x.n)<<8 | uint64(x.class) }
func unpack(w uint64) node { return node{uint32(w >> 16), uint8(w >> 8), uint8(w)} }

// tree gives access to sorted sets.
type tree struct{ words *arena[uint64] }

func (t tree) leaf(x *node) (keys, times []uint64) {
	b := t.words.block(x.ref, x.class)
	half := len(b) / 2
	return b[:half], b[half : 2*half]
}

func (t tree) inner(x *node) (children, below, seps []uint64) {
	b := t.words.block(x.ref, x.class)
	return b[:fanout], b[fanout : 2*fanout], b[2*fanout : 3*fanout]
}

// search returns the number of keys less than key.
func search(keys []uint64, key uint64) int {
	lo, hi := 0, len(keys)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); keys[mid] < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// childFor returns the child that key belongs to.
func childFor(seps []uint64, n uint8, key uint64) int {
	lo, hi := 1, int(n)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); seps[mid] <= key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// add puts key into s, times times.
func (t tree) add(s *sorted, key, times uint64) {
	if s.root.ref == 0 {
		s.root = node{class: classOf(2)}
		s.root.ref = t.words.alloc(s.root.class)
	}
	s.total += times
	right, sep := t.addBelow(&s.root, s.height, key, times)
	if right.ref == 0 {
		return
	}
	top := node{n: 2, class: classOf(3 * fanout)}
	top.ref = t.words.alloc(top.class)
	children, below, seps := t.inner(&top)
	children[0], children[1] = pack(s.root), pack(right)
	below[1] = t.count(&right, s.height)
	below[0] = s.total - below[1]
	seps[1] = sep
	s.root = top
	s.height++
}

// count returns the keys below x.
func (t tree) count(x *node, height uint8) (sum uint64) {
	_, list := []uint64(nil), []uint64(nil)
	if height == 0 {
		_, list = t.leaf(x)
	} else {
		_, list, _ = t.inner(x)
	}
	for _, c := range list[:x.n] {
		sum += c
	}
	return sum
}

// addBelow puts key below x. If x had to be split, right is its new neighbour and sep the separator between the two.
func (t tree) addBelow(x *node, height uint8, key, times uint64) (right node, sep uint64) {
	if height == 0 {
		return t.addLeaf(x, key, times)
	}
	children, below, seps := t.inner(x)
	i := childFor(seps, x.n, key)
	child := unpack(children[i])
	r, rsep := t.addBelow(&child, height-1, key, times)
	children[i] = pack(child)
	below[i] += times
	if r.ref == 0 {
		return node{}, 0
	}
	moved := t.count(&r, height-1)
	below[i] -= moved
	if x.n == fanout {
		right, sep = t.splitInner(x)
		if rsep >= sep {
			t.insertChild(&right, r, moved, rsep)
		} else {
			t.insertChild(x, r, moved, rsep)
		}
		return right, sep
	}
	t.insertChild(x, r, moved, rsep)
	return node{}, 0
}

func (t tree) splitInner(x *node) (right node, sep uint64) {
	right = node{n: fanout / 2, class: x.class}
	right.ref = t.words.alloc(right.class)
	children, below, seps := t.inner(x)
	c, b, s := t.inner(&right)
	copy(c, children[fanout/2:])
	copy(b, below[fanout/2:])
	copy(s, seps[fanout/2:])
	x.n = fanout / 2
	return right, seps[fanout/2]
}

func (t tree) insertChild(x *node, child node, keys, sep uint64) {
	children, below, seps := t.inner(x)
	i := childFor(seps, x.n, sep) + 1
	copy(children[i+1:], children[i:x.n])
	copy(below[i+1:], below[i:x.n])
	copy(seps[i+1:], seps[i:x.n])
	children[i], below[i], seps[i] = pack(child), keys, sep
	x.n++
}

func (t tree) addLeaf(x *node, key, times uint64) (right node, sep uint64) {
	keys, counts := t.leaf(x)
	i := search(keys[:x.n], key)
	if i < int(x.n) && keys[i] == key {
		counts[i] += times
		return node{}, 0
	}
	if x.n == leafKeys {
		right, sep = t.splitLeaf(x)
		if key >= sep {
			t.addLeaf(&right, key, times)
		} else {
			t.addLeaf(x, key, times)
		}
		return right, sep
	}
	if int(x.n) == len(keys) {
		t.resizeLeaf(x, min(uint32(x.n)*5/4+1, leafKeys))
		keys, counts = t.leaf(x)
	}
	copy(keys[i+1:], keys[i:x.n])
	copy(counts[i+1:], counts[i:x.n])
	keys[i], counts[i] = key, times
	x.n++
	return node{}, 0
}

func (t tree) resizeLeaf(x *node, size uint32) {
	to := node{n: x.n, class: classOf(2 * size)}
	to.ref = t.words.alloc(to.class)
	keys, counts := t.leaf(x)
	k, c := t.leaf(&to)
	copy(k, keys[:x.n])
	copy(c, counts[:x.n])
	t.words.release(x.ref, x.class)
	*x = to
}

func (t tree) splitLeaf(x *node) (right node, sep uint64) {
	right = node{n: leafKeys / 2, class: x.class}
	right.ref = t.words.alloc(right.class)
	keys, counts := t.leaf(x)
	k, c := t.leaf(&right)
	copy(k, keys[leafKeys/2:leafKeys])
	copy(c, counts[leafKeys/2:leafKeys])
	x.n = leafKeys / 2
	return right, k[0]
}

// remove takes key, which must be in s that often, out of it.
func (t tree) remove(s *sorted, key, times uint64) {
	s.total -= times
	t.removeBelow(&s.root, s.height, key, times)
	for s.height > 0 && s.root.n == 1 {
		children, _, _ := t.inner(&s.root)
		child := unpack(children[0])
		t.words.release(s.root.ref, s.root.class)
		s.root = child
		s.height--
	}
	if s.root.n == 0 {
		t.clear(s)
	}
}

func (t tree) removeBelow(x *node, height uint8, key, times uint64) {
	if height == 0 {
		t.removeLeaf(x, key, times)
		return
	}
	children, below, seps := t.inner(x)
	i := childFor(seps, x.n, key)
	child := unpack(children[i])
	t.removeBelow(&child, height-1, key, times)
	children[i] = pack(child)
	below[i] -= times
	if child.n > 0 {
		return
	}
	t.words.release(child.ref, child.class)
	copy(children[i:], children[i+1:x.n])
	copy(below[i:], below[i+1:x.n])
	copy(seps[i:], seps[i+1:x.n])
	x.n--
}

func (t tree) removeLeaf(x *node, key, times uint64) {
	keys, counts := t.leaf(x)
	i := search(keys[:x.n], key)
	if counts[i] -= times; counts[i] > 0 {
		return
	}
	copy(keys[i:], keys[i+1:x.n])
	copy(counts[i:], counts[i+1:x.n])
	x.n--
	if x.n >= 2 && int(x.n)*4 <= len(keys) {
		t.resizeLeaf(x, uint32(x.n)*2)
	}
}

// clear makes s empty.
func (t tree) clear(s *sorted) {
	if s.root.ref != 0 {
		t.dropNode(s.root, s.height)
	}
	*s = sorted{}
}

func (t tree) dropNode(x node, height uint8) {
	if height > 0 {
		children, _, _ := t.inner(&x)
		for _, w := range children[:x.n] {
			t.dropNode(unpack(w), height-1)
		}
	}
	t.words.release(x.ref, x.class)
}

// pick returns the key at position k of the order, counted from 0, and the one after it (or the same if there is none).
func (t tree) pick(s *sorted, k uint64) (key, next uint64) {
	key, after, ok := t.pickBelow(s.root, s.height, k)
	if !ok {
		if k+1 == s.total {
			return key, key
		}
		after, _, _ = t.pickBelow(s.root, s.height, k+1)
	}
	return key, after
}

// pickBelow is pick for a subtree; ok says that next was found in the same leaf.
func (t tree) pickBelow(x node, height uint8, k uint64) (key, next uint64, ok bool) {
	for ; height > 0; height-- {
		children, below, _ := t.inner(&x)
		i := 0
		for k >= below[i] {
			k -= below[i]
			i++
		}
		x = unpack(children[i])
	}
	keys, counts := t.leaf(&x)
	i := 0
	for k >= counts[i] {
		k -= counts[i]
		i++
	}
	switch {
	case k+1 < counts[i]:
		return keys[i], keys[i], true
	case i+1 < int(x.n):
		return keys[i], keys[i+1], true
	default:
		return keys[i], 0, false
	}
}

// atLeast returns the least key that is not less than key.
func (t tree) atLeast(s *sorted, key uint64) (found uint64, ok bool) {
	if s.root.ref == 0 {
		return 0, false
	}
	return t.atLeastBelow(s.root, s.height, key)
}

func (t tree) atLeastBelow(x node, height uint8, key uint64) (uint64, bool) {
	if height == 0 {
		keys, _ := t.leaf(&x)
		if i := search(keys[:x.n], key); i < int(x.n) {
			return keys[i], true
		}
		return 0, false
	}
	children, _, seps := t.inner(&x)
	i := childFor(seps, x.n, key)
	if found, ok := t.atLeastBelow(unpack(children[i]), height-1, key); ok || i+1 == int(x.n) {
		return found, ok
	}
	return t.atLeastBelow(unpack(children[i+1]), height-1, key)
}
