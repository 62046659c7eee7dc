package correlate

// A dueHeap orders groups by the time at which they are due, those with equal times by their last feed. Each group knows its
// place in it.
type dueHeap struct {
	groups *slab[group]
	list   []uint32
}

func (h *dueHeap) at(i int) *group { return h.groups.at(h.list[i]) }

// sooner reports whether g is due before x.
func (g *group) sooner(x *group) bool { return g.due < x.due || g.due == x.due && g.fed < x.fed }

func (h *dueHeap) put(i int, id uint32) {
	h.list[i] = id
	h.groups.at(id).place = uint32(i)
}

func (h *dueHeap) add(id uint32) {
	h.list = append(h.list, id)
	h.put(len(h.list)-1, id)
	h.up(len(h.list) - 1)
}

// fix restores the order after the due time of a group has changed.
func (h *dueHeap) fix(id uint32) {
	i := int(h.groups.at(id).place)
	if !h.up(i) {
		h.down(i)
	}
}

func (h *dueHeap) remove(id uint32) {
	i, last := int(h.groups.at(id).place), len(h.list)-1
	moved := h.list[last]
	h.list = h.list[:last]
	if i < last {
		h.put(i, moved)
		h.fix(moved)
	}
}

func (h *dueHeap) up(i int) (moved bool) {
	id := h.list[i]
	g := h.groups.at(id)
	for i > 0 && g.sooner(h.at((i-1)/2)) {
		h.put(i, h.list[(i-1)/2])
		i = (i - 1) / 2
		moved = true
	}
	if moved {
		h.put(i, id)
	}
	return moved
}

func (h *dueHeap) down(i int) {
	id := h.list[i]
	g := h.groups.at(id)
	for {
		child := 2*i + 1
		if child >= len(h.list) {
			break
		}
		if child+1 < len(h.list) && h.at(child+1).sooner(h.at(child)) {
			child++
		}
		if !h.at(child).sooner(g) {
			break
		}
		h.put(i, h.list[child])
		i = child
	}
	h.put(i, id)
}
