package frame

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readAll returns the lines of s; a line over the limit shows as "!".
func readAll(t *testing.T, in io.Reader) []string {
	t.Helper()
	r := NewReader(in)
	var out []string
	for {
		line, err := r.Next()
		switch {
		case err == nil:
			out = append(out, string(line))
		case errors.Is(err, ErrTooLong):
			if len(line) != headSize {
				t.Errorf("head of a long line has %d bytes", len(line))
			}
			out = append(out, "!")
		case err == io.EOF:
			return out
		default:
			t.Fatal(err)
		}
	}
}

func TestLineEndsAreDroppedAndBlankLinesSkipped(t *testing.T) {
	t.Parallel()
	in := "\xEF\xBB\xBFa\r\n\n  \t\nb\nc\r\r\n\r\nlast"
	want := []string{"a", "b", "c\r", "last"}
	if diff := cmp.Diff(want, readAll(t, strings.NewReader(in))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, readAll(t, iotest.OneByteReader(strings.NewReader(in)))); diff != "" {
		t.Error(diff)
	}
}

func TestALineOverTheLimitCostsThatLineOnly(t *testing.T) {
	t.Parallel()
	for _, n := range []int{MaxLine - 1, MaxLine, MaxLine + 1, MaxLine + 2, MaxLine + 3, 3 * MaxLine} {
		long := strings.Repeat("x", n)
		want := "!"
		if n <= MaxLine {
			want = long
		}
		for _, end := range []string{"\n", "\r\n"} {
			got := readAll(t, strings.NewReader("a"+end+long+end+"b"+end))
			if !cmp.Equal(got, []string{"a", want, "b"}) {
				t.Errorf("line of %d bytes: got %d lines, middle of %d bytes", n, len(got), len(got[1]))
			}
		}
		if got := readAll(t, strings.NewReader("a\n"+long)); len(got) != 2 || got[1] != want {
			t.Errorf("last line of %d bytes without an end is wrong", n)
		}
	}
}

func TestLineNumbersCountBlankLines(t *testing.T) {
	t.Parallel()
	r := NewReader(strings.NewReader("\n\nx\n"))
	if _, err := r.Next(); err != nil || r.Number() != 3 {
		t.Errorf("number %d, error %v; want 3", r.Number(), err)
	}
}

func TestAReadErrorIsPassedOn(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	r := NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(boom)))
	if line, err := r.Next(); err != nil || string(line) != "a" {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := r.Next(); !errors.Is(err, boom) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

var errInterrupted = errors.New("interrupted")

// interruptible fails once after left bytes; what has not been read by then can be read by somebody else.
type interruptible struct {
	r    io.Reader
	left int
}

func (r *interruptible) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, errInterrupted
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

// TestAReaderGoesOnWhereAnotherOneWasInterrupted cuts a stream at random places, now and then while a line has been returned and more of
// them are buffered.
func TestAReaderGoesOnWhereAnotherOneWasInterrupted(t *testing.T) {
	t.Parallel()
	text := "\xEF\xBB\xBFa\r\n\nb\n" + strings.Repeat("x", MaxLine) + "\n\n" + strings.Repeat("y", MaxLine+3) + "\nc\n" + strings.Repeat("z", 2*MaxLine) + "\nd\r\nlast"
	type line struct {
		text   string
		number int64
	}
	// read reads up to limit lines.
	read := func(r *Reader, limit int) (out []line, err error) {
		for range limit {
			l, err := r.Next()
			if err != nil && !errors.Is(err, ErrTooLong) {
				return out, err
			}
			out = append(out, line{fmt.Sprintf("%.5s of %d: %v", l, len(l), err), r.Number()})
		}
		return out, nil
	}
	want, err := read(NewReader(strings.NewReader(text)), 100)
	if err != io.EOF || len(want) != 8 {
		t.Fatalf("%d lines, error %v", len(want), err)
	}
	seed := time.Now().UnixNano()
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	for range 10 {
		stream := strings.NewReader(text)
		cut := func() io.Reader { return &interruptible{stream, 1 + random.IntN(1<<(4+random.IntN(18)))} }
		r := NewReader(cut())
		var got []line
		for {
			part, err := read(r, random.IntN(4))
			if got = append(got, part...); err == io.EOF {
				break
			}
			r = Resume(r.Rest(), cut(), r.Number())
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}
