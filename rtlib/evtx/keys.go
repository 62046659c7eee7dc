package evtx

import (
	"bytes"
	"strconv"
)

// span is a key in the output.
type span struct{ start, end int }

// keys are the keys of an object that is being written.
type keys struct {
	start int            // of the members in the output
	key   int            // where the key begins that is being written
	first int            // of the keys in writer.spans
	used  map[string]int // of a large object: its keys, and the last suffix that each was given
}

// fewKeys is up to how many keys an object is searched one by one.
const fewKeys = 64

// open begins an object.
func (w *writer) open() keys {
	w.out = append(w.out, '{')
	return keys{start: len(w.out), first: len(w.spans)}
}

// close ends an object.
func (w *writer) close(k *keys) {
	w.out = append(w.out, '}')
	w.spans = w.spans[:k.first]
}

// key writes a key. The second one of a name gets the suffix _1, and so on.
func (w *writer) key(k *keys, name string) {
	w.begin(k)
	w.out = appendString(w.out, name)
	w.end(k)
}

// begin begins a key, whose text the caller appends.
func (w *writer) begin(k *keys) {
	if len(w.out) > k.start {
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, '"')
	k.key = len(w.out)
}

// end makes the key differ from those before it and ends it.
func (w *writer) end(k *keys) {
	if end := len(w.out); w.taken(k) {
		name := string(w.out[k.key:end])
		n := k.used[name]
		for taken := true; taken; taken = w.taken(k) {
			n++
			w.out = strconv.AppendInt(append(w.out[:end], '_'), int64(n), 10)
		}
		if k.used != nil {
			k.used[name] = n
		}
	}
	if k.used != nil {
		k.used[string(w.out[k.key:])] = 0
	} else if w.spans = append(w.spans, span{k.key, len(w.out)}); len(w.spans)-k.first > fewKeys {
		k.used = map[string]int{}
		for _, s := range w.spans[k.first:] {
			k.used[string(w.out[s.start:s.end])] = 0
		}
	}
	w.out = append(w.out, `":`...)
}

// taken reports whether the object has the key that stands at the end of the output.
func (w *writer) taken(k *keys) bool {
	key := w.out[k.key:]
	if k.used != nil {
		_, ok := k.used[string(key)]
		return ok
	}
	for _, s := range w.spans[k.first:] {
		if bytes.Equal(w.out[s.start:s.end], key) {
			return true
		}
	}
	return false
}
