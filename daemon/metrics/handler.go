package metrics

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// contentType is that of text format 0.0.4.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// ServeHTTP answers a scrape, compressed for clients that accept it. A HEAD gets the header only; other methods are the caller's to
// refuse. It is safe for concurrent use.
//
// Source: http-api.md section 3.3.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := s.page.render()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Vary", "Accept-Encoding")
	zipped := acceptsGzip(r.Header.Values("Accept-Encoding"))
	if zipped {
		w.Header().Set("Content-Encoding", "gzip")
	}
	if r.Method == http.MethodHead {
		return
	}
	if !zipped {
		w.Write(text)
		return
	}
	z := gzip.NewWriter(w)
	z.Write(text)
	z.Close()
}

// acceptsGzip reports whether a client asks for gzip by name. A weight of zero refuses it.
func acceptsGzip(headers []string) bool {
	for _, h := range headers {
		for coding := range strings.SplitSeq(h, ",") {
			name, weight, weighted := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(weight)), "q="), 64)
			return !weighted || err == nil && q > 0
		}
	}
	return false
}
