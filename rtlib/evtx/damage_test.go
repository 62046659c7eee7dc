package evtx_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/rtlib/evtx"
	"github.com/rsigma-go/rsigma/rtlib/evtx/evtxtest"
)

// five returns a log with two chunks of five records each, numbered on, and where its records begin.
func five() (log []byte, starts []int) {
	var chunks [][]byte
	for n := range 2 {
		c := newChunk()
		for i := range 5 {
			starts = append(starts, 4096+n*64<<10+len(c.Buf))
			c.Record(uint64(5*n+i+1), 0, instance("t", elem("Event", elem("A", sub(0))), str(fmt.Sprint("event ", i))))
		}
		chunks = append(chunks, c.Bytes())
	}
	return logOf(chunks...), starts
}

func TestDamageIsReportedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	_, at := five()
	all := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	const second = 4096 + 64<<10 // where the second chunk begins
	tests := []struct {
		name   string
		damage func(log []byte) []byte
		ids    []uint64
		errors []string
	}{
		{"a sound log", func(log []byte) []byte { return log }, all, nil},
		{"an empty file", func([]byte) []byte { return nil }, nil,
			[]string{"offset 0: no event log: the file has 0 bytes, its header alone 4096"}},
		{"a cut header", func(log []byte) []byte { return log[:127] }, nil,
			[]string{"offset 0: no event log: the file has 127 bytes, its header alone 4096"}},
		{"a header alone", func(log []byte) []byte { return log[:4096] }, nil, []string{"offset 4096: the file ends after 0 of 2 chunks"}},
		{"no signature", func(log []byte) []byte { clear(log[:4096]); return log }, all,
			[]string{"offset 0: the file header has no signature"}},
		{"a wrong checksum of the header", func(log []byte) []byte { log[30]++; return log }, all,
			[]string{"offset 0: the checksum of the file header is wrong"}},
		{"a chunk is missing", func(log []byte) []byte { return log[:second] }, all[:5],
			[]string{"offset 69632: the file ends after 1 of 2 chunks"}},
		{"reserved space", func(log []byte) []byte { return append(log, make([]byte, 100_000)...) }, all, nil},
		{"a cut chunk", func(log []byte) []byte { return log[:at[8]+40] }, all[:8],
			[]string{"offset 69632: the chunk is cut off after", fmt.Sprintf("offset %d: a record goes beyond", at[8])}},
		{"a chunk that is cut inside its header", func(log []byte) []byte { return log[:second+300] }, all[:5],
			[]string{"offset 69632: the chunk is cut off after 300 of 65536 bytes"}},
		{"a chunk without a signature", func(log []byte) []byte { log[4096]++; return log }, all,
			[]string{"offset 4096: the chunk has no signature"}},
		{"a wrong checksum of a chunk header", func(log []byte) []byte { log[4096+200]++; return log }, all,
			[]string{"offset 4096: the checksum of the chunk header is wrong"}},
		{"a chunk header that leads nowhere", func(log []byte) []byte {
			le.PutUint32(log[4096+48:], 70_000)
			evtxtest.SealHeader(log[4096:])
			return log
		}, all, []string{"offset 4096: the chunk header says that the records end at 70000"}},
		{"a bit of a text", func(log []byte) []byte { log[at[1]+bytes.Index(log[at[1]:], utf16le("event"))] ^= 1; return log }, all,
			[]string{"offset 4096: the checksum of the records of the chunk is wrong"}},
		{"the signature of a record", func(log []byte) []byte { log[at[2]]++; seal(log); return log }, []uint64{1, 2, 4, 5, 6, 7, 8, 9, 10},
			[]string{fmt.Sprintf("offset %d: no record signature", at[2])}},
		{"the size of a record", func(log []byte) []byte { log[at[2]+4] ^= 8; seal(log); return log }, []uint64{1, 2, 4, 5, 6, 7, 8, 9, 10},
			[]string{fmt.Sprintf("offset %d: the two sizes of a record differ", at[2])}},
		{"a tiny size", func(log []byte) []byte { log[at[2]+4] = 3; seal(log); return log }, []uint64{1, 2, 4, 5, 6, 7, 8, 9, 10},
			[]string{fmt.Sprintf("offset %d: a record has an impossible size", at[2])}},
		{"a huge size", func(log []byte) []byte { log[at[2]+7] = 0xff; seal(log); return log }, []uint64{1, 2, 4, 5, 6, 7, 8, 9, 10},
			[]string{fmt.Sprintf("offset %d: a record goes beyond its chunk", at[2])}},
		{"the second size of a record", func(log []byte) []byte { log[at[3]-4]++; seal(log); return log }, all, nil},
		{"a token of a record", func(log []byte) []byte { log[at[2]+28] = 0x3f; seal(log); return log }, []uint64{1, 2, 4, 5, 6, 7, 8, 9, 10},
			[]string{fmt.Sprintf("offset %d: unknown BinXML token 0x3f", at[2]+28)}},
		{"the template of all records", func(log []byte) []byte { log[at[0]+66] = 0x3f; seal(log); return log }, all[5:],
			slices5(fmt.Sprintf("offset %d: unknown BinXML token 0x3f", at[0]+66))},
		{"records behind the end that a sound header names", func(log []byte) []byte {
			le.PutUint32(log[4096+48:], uint32(at[3]-4096))
			seal(log)
			return log
		}, []uint64{1, 2, 3, 6, 7, 8, 9, 10}, nil},
		{"a log that was being written", func(log []byte) []byte {
			log[120] = 1
			evtxtest.SealFile(log)
			le.PutUint32(log[second+48:], uint32(at[7]-second))
			return log
		}, all, nil},
		{"a log that was being written, with reserved space", func(log []byte) []byte {
			log[120] = 1
			evtxtest.SealFile(log)
			le.PutUint32(log[second+48:], uint32(at[7]-second))
			return append(log, make([]byte, 64<<10)...)
		}, all, nil},
		{"damage in an older chunk of a log that was being written", func(log []byte) []byte {
			log[120] = 1
			evtxtest.SealFile(log)
			log[4096+200]++
			return log
		}, all, []string{"offset 4096: the checksum of the chunk header is wrong"}},
		{"old records behind those of a log that was being written", func(log []byte) []byte {
			log[120] = 1
			evtxtest.SealFile(log)
			le.PutUint32(log[second+48:], uint32(at[7]-second))
			log[at[8]+8] = 77 // its number
			return log
		}, all[:8], nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, _ := five()
			records, damage := read(tt.damage(log))
			var ids []uint64
			for _, r := range records {
				ids = append(ids, r.ID)
			}
			if diff := cmp.Diff(tt.ids, ids); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if len(damage) != len(tt.errors) {
				t.Fatalf("errors %q, want %q", damage, tt.errors)
			}
			for i, want := range tt.errors {
				if !strings.HasPrefix(damage[i], want) {
					t.Errorf("error %q, want %q", damage[i], want)
				}
			}
		})
	}
}

func slices5(s string) []string { return []string{s, s, s, s, s} }

// seal renews the checksums of the first chunk, for damage that they do not show.
func seal(log []byte) { evtxtest.Seal(log[4096 : 4096+64<<10]) }

func TestRecordsThatMakeNoSenseCostThemselvesOnly(t *testing.T) {
	t.Parallel()
	deep := text("x")
	for range 97 {
		deep = elem("A", deep)
	}
	tests := []struct {
		name string
		body part
		want string
	}{
		{"nothing", raw(), "no element"},
		{"text alone", text("x"), "no element"},
		{"an element that does not end", raw(0x01, 0xff, 0xff, 9, 0, 0, 0, 0, 2, 0, 0, 0x02), "ends inside an element"},
		{"a start tag that does not end", raw(0x01, 0xff, 0xff, 9, 0, 0, 0, 0, 2, 0, 0, 0x05), "a start tag does not end"},
		{"an end tag alone", raw(0x04), "closed that was not opened"},
		{"a name outside of the chunk", raw(0x01, 0xff, 0xff, 9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), "name lies outside"},
		{"a name beyond the chunk", raw(0x01, 0xff, 0xff, 9, 0, 0, 0, 0xf0, 0xff, 0, 0), ""},
		{"a literal that is no text", elem("Event", raw(0x05, 0x08, 0, 0)), "a literal value has the type 0x08"},
		{"a substitution outside of a template", elem("Event", sub(0)), "outside of a template"},
		{"a substitution without a value", instance("t", elem("Event", sub(3)), str("x")), "asks for value 3, but the event has 1"},
		{"more values than bytes", raw(0x0c, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0xff), ""},
		{"a template outside of the chunk", raw(0x0c, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), "template lies outside"},
		{"a template inside a template", instance("t", elem("Event", raw(0x0c))), "template inside a template"},
		{"text that ends early", elem("Event", raw(0x05, 0x01, 0xff, 0xff)), "ends early"},
		{"elements that nest too deep", deep, "nest deeper than 96"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newChunk()
			c.Record(1, 0, tt.body)
			c.Record(2, 0, elem("Event"))
			records, damage := read(logOf(c.Bytes()))
			if len(records) != 1 || records[0].ID != 2 {
				t.Errorf("%d records", len(records))
			}
			if len(damage) != 1 || !strings.Contains(damage[0], tt.want) {
				t.Errorf("errors %q, want %q", damage, tt.want)
			}
		})
	}
}

// bomb returns a chunk whose records repeat themselves: each template uses its value width times, and the value of each is an
// instance of the one before, depth levels of it.
func bomb(width, depth int, core evtxtest.Value) []byte {
	c := newChunk()
	subs := make([]part, width)
	for i := range subs {
		subs[i] = sub(0)
	}
	def := elem("E", subs...)
	c.Record(1, 0, instance("t", def, core))
	v := core
	for range depth {
		v = nested(c, instance("t", def, v))
	}
	c.Record(2, 0, instance("t", def, v))
	c.Record(3, 0, elem("Event"))
	return logOf(c.Bytes())
}

func TestEventsThatRepeatThemselvesAreBounded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		width, depth int
		core         evtxtest.Value
		ids          []uint64
		want         string
	}{
		{"harmless", 2, 3, str("x"), []uint64{1, 2, 3}, ""},
		{"many elements", 10, 8, str("x"), []uint64{1, 3}, "an event"},
		{"nothing, many times", 10, 8, val(0, nil), []uint64{1, 3}, "an event takes more than"},
		{"deep", 1, 20, str("x"), []uint64{1, 3}, "nests deeper than 16"},
		{"a long text, many times", 1000, 0, str(strings.Repeat("x", 5000)), []uint64{3}, "more than 1048576 bytes"},
		{"a long array, many times", 1000, 0, val(0x84, make([]byte, 9000)), []uint64{3}, "more than 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			records, damage := read(bomb(tt.width, tt.depth, tt.core))
			var ids []uint64
			for _, r := range records {
				ids = append(ids, r.ID)
				if !json.Valid(r.JSON) {
					t.Errorf("record %d is no JSON", r.ID)
				}
			}
			if diff := cmp.Diff(tt.ids, ids); diff != "" {
				t.Errorf("records (-want +got):\n%s\n%q", diff, damage)
			}
			for _, d := range damage {
				if !strings.Contains(d, tt.want) {
					t.Errorf("error %q, want %q", d, tt.want)
				}
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	log, _ := five()
	f.Add(log[4096 : 4096+2000])
	c := newChunk()
	def := elemAttrs("Event", []attribute{attr("a", sub(0))}, elem("EventData", data("x", sub(1)), elem("Data", optional(2))))
	c.Record(1, 0, instance("t", def, val(0x13, []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}), val(0x81, utf16le("a\x00b\x00")), str("x")))
	c.Record(2, 0, instance("t", def, val(0x0c, make([]byte, 8)), nested(c, elem("EventData", char('x'))), val(0x11, make([]byte, 8))))
	f.Add(c.Bytes()[:len(c.Buf)])
	for typ := range 0x24 {
		c := newChunk()
		for _, array := range []byte{0, 0x80} {
			c.Record(uint64(array), 0, instance("t", elem("Event", sub(0), entity("amp")), val(byte(typ)|array, make([]byte, 16))))
		}
		f.Add(c.Bytes()[:len(c.Buf)])
	}
	// The input is a chunk, or several; header and checksums are added, so that the fuzzer gets past them.
	f.Fuzz(func(t *testing.T, chunks []byte) {
		log := logOf(chunks)
		if len(log) >= 4096+64<<10 && le.Uint32(log[4096+48:]) >= 512 && le.Uint32(log[4096+48:]) <= 64<<10 {
			seal(log)
		}
		last := int64(-1)
		for r, err := range evtx.Records(bytes.NewReader(log)) {
			if err != nil {
				continue
			}
			if !json.Valid(r.JSON) || !bytes.HasPrefix(r.JSON, []byte("{")) {
				t.Fatalf("record %d is no JSON: %q", r.ID, r.JSON)
			}
			if r.Offset <= last || r.Offset >= int64(len(log)) {
				t.Fatalf("record at %d after %d", r.Offset, last)
			}
			if r.Written.Location() != time.UTC {
				t.Fatal("a time that is not UTC")
			}
			last = r.Offset
		}
	})
}
