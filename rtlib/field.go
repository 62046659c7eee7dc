package rtlib

import (
	"strconv"
	"strings"
	"sync"
)

// Field is the name of an event field as a rule uses it. An ordinary name is looked up as sigma-language.md section 6.3
// says: the whole name as a key of the event, else the path that it spells with dots.
type Field string

// Special fields. No rule can spell them: they begin with a NUL.
const (
	// Self is the member itself inside an Each body.
	Self Field = "\x00."
	// AnyString stands for every string value of the event at any depth, as an array: the field of keyword items.
	AnyString Field = "\x00*"
	// Indexed, put in front of a path, makes its brackets select array elements: Indexed + "args[0]".
	Indexed Field = "\x00[]"
	// Literal, put in front of a name, makes it a key of the event itself and never a path: Literal + "event.id".
	Literal Field = "\x00="
)

// FieldID is the small number that a Field is interned under. IDs are dense, start at 1 and live as long as the process.
type FieldID int32

// Step is one step of a path: take Key of an object, then the elements Index one after the other (negative: from the back).
type Step struct {
	Key   string
	Index []int
}

// Path says how a field is found. Name is the whole name, which wins if the event has it as a key. Steps is nil if the name
// has neither dot nor index.
type Path struct {
	Name  string
	Steps []Step
}

var fields = struct {
	sync.RWMutex
	ids   map[Field]FieldID
	names []Field
	paths []*Path
}{ids: map[Field]FieldID{}, names: []Field{""}, paths: []*Path{nil}}

// The special fields are interned first, so that their IDs are constants.
const (
	selfID      FieldID = 1
	anyStringID FieldID = 2
)

func init() {
	if Self.ID() != selfID || AnyString.ID() != anyStringID {
		panic("rtlib: special fields are not interned first")
	}
}

// ID interns f. It is safe for concurrent use and takes a lock: rules do it once, when they are prepared.
func (f Field) ID() FieldID {
	fields.RLock()
	id, ok := fields.ids[f]
	fields.RUnlock()
	if ok {
		return id
	}
	fields.Lock()
	defer fields.Unlock()
	if id, ok := fields.ids[f]; ok {
		return id
	}
	id = FieldID(len(fields.names))
	fields.ids[f] = id
	fields.names = append(fields.names, f)
	fields.paths = append(fields.paths, newPath(f))
	return id
}

// Field returns the field that id stands for.
func (id FieldID) Field() Field {
	fields.RLock()
	defer fields.RUnlock()
	return fields.names[id]
}

// Path returns how the field is found, or nil for Self and AnyString. The caller must not change it.
func (id FieldID) Path() *Path {
	fields.RLock()
	defer fields.RUnlock()
	return fields.paths[id]
}

// NumFields returns the number of interned fields, plus one for the unused ID 0: the length of a slice indexed by FieldID.
func NumFields() int {
	fields.RLock()
	defer fields.RUnlock()
	return len(fields.names)
}

// Name returns the name to show to people: as the rule's author wrote it, "." for Self and "keyword" for AnyString.
func (f Field) Name() string {
	switch {
	case f == Self:
		return "."
	case f == AnyString:
		return "keyword"
	default:
		return strings.TrimPrefix(strings.TrimPrefix(string(f), string(Indexed)), string(Literal))
	}
}

func newPath(f Field) *Path {
	if f == Self || f == AnyString {
		return nil
	}
	if name, ok := strings.CutPrefix(string(f), string(Indexed)); ok {
		return indexedPath(name)
	}
	if name, ok := strings.CutPrefix(string(f), string(Literal)); ok {
		return &Path{Name: name}
	}
	p := &Path{Name: string(f)}
	if !strings.Contains(p.Name, ".") {
		return p
	}
	for key := range strings.SplitSeq(p.Name, ".") {
		p.Steps = append(p.Steps, Step{Key: key})
	}
	return p
}

// indexedPath reads a path whose brackets the compiler has found well formed: segments end at dots, each may carry
// [n] selectors at its end, and \[ \] are literal brackets.
func indexedPath(name string) *Path {
	unescape := strings.NewReplacer(`\[`, `[`, `\]`, `]`)
	p := &Path{Name: unescape.Replace(name)}
	for seg := range strings.SplitSeq(name, ".") {
		key, rest := seg, ""
		if i := openBracket(seg); i >= 0 {
			key, rest = seg[:i], seg[i:]
		}
		step := Step{Key: unescape.Replace(key)}
		for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return r == '[' || r == ']' }) {
			if n, err := strconv.Atoi(part); err == nil {
				step.Index = append(step.Index, n)
			}
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

// openBracket returns the position of the first bracket that is not escaped, or -1.
func openBracket(seg string) int {
	for i := range len(seg) {
		if seg[i] == '[' && (i == 0 || seg[i-1] != '\\') {
			return i
		}
	}
	return -1
}
