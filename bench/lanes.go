// Package bench measures the detector on event files: the scan alone, which is the floor, and the whole evaluation with generated
// and with interpreted rules. It is driven by go test -bench; bench/run.sh puts SigmaHQ's rules behind it.
package bench

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// Lane is a named set of event lines, held in memory.
type Lane struct {
	Name  string
	Lines [][]byte
	Bytes int64
}

// LoadLanes reads every NDJSON file in the given files and directories, at most limit lines of each.
func LoadLanes(paths []string, limit int) ([]*Lane, error) {
	var out []*Lane
	for _, p := range paths {
		files, err := eventFiles(p)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			lane, err := loadLane(f, limit)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f, err)
			}
			out = append(out, lane)
		}
	}
	return out, nil
}

func eventFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	plain, err := filepath.Glob(filepath.Join(path, "*.ndjson"))
	if err != nil {
		return nil, err
	}
	zipped, err := filepath.Glob(filepath.Join(path, "*.ndjson.gz"))
	return append(plain, zipped...), err
}

func loadLane(path string, limit int) (*Lane, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := frame.NewReader(f)
	if strings.HasSuffix(path, ".gz") {
		zr, err := gzip.NewReader(bufio.NewReader(f))
		if err != nil {
			return nil, err
		}
		r = frame.NewReader(zr)
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	lane := &Lane{Name: name}
	for len(lane.Lines) < limit {
		line, err := r.Next()
		if err != nil {
			break
		}
		lane.Lines = append(lane.Lines, append([]byte(nil), line...))
		lane.Bytes += int64(len(line))
	}
	return lane, nil
}
