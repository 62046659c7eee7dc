package cmdline

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// progress shows how much of a file has been read. The zero value shows nothing.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress returns a bar for f if errs is a terminal and f a regular file large enough to be worth it.
func newProgress(errs *os.File, f *os.File, quiet bool) progress {
	info, err := f.Stat()
	if quiet || err != nil || !info.Mode().IsRegular() || info.Size() < 8<<20 || !isatty.IsTerminal(errs.Fd()) {
		return progress{}
	}
	return progress{progressbar.NewOptions64(info.Size(),
		progressbar.OptionSetWriter(errs),
		progressbar.OptionSetDescription(info.Name()),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

func (p progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	return io.TeeReader(r, p.bar)
}

func (p progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
