package dynsource

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"
)

// Limits bound a single fetch that no declaration stands for.
type Limits struct {
	MaxSize int64         // 0 is 10 MiB
	Timeout time.Duration // 0 is 30 s
}

func (l Limits) declaration() *Declaration {
	d := &Declaration{MaxSize: l.MaxSize, Timeout: l.Timeout}
	if d.MaxSize <= 0 {
		d.MaxSize = standardSize
	}
	if d.Timeout <= 0 {
		d.Timeout = standardTimeout
	}
	return d
}

// FetchHTTP makes req under the rules for sources: the egress policy, redirects, limits. Only a status of success is one.
func FetchHTTP(ctx context.Context, req *http.Request, opts LoadOptions, limits Limits) ([]byte, *Error) {
	d := limits.declaration()
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	req.Header.Set("User-Agent", opts.UserAgent)
	client := &http.Client{Transport: opts.transport(&tls.Config{MinVersion: tls.VersionTLS12}), CheckRedirect: checkRedirect}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, fetchError(err)
	}
	defer resp.Body.Close()
	data, err := readResponse(resp, d)
	if err != nil {
		return nil, fetchError(err)
	}
	return data, nil
}

// RunCommand runs argv in dir under the rules for sources: no shell, an empty environment, limits, and the end of the whole process group.
func RunCommand(ctx context.Context, argv []string, dir string, limits Limits) ([]byte, *Error) {
	d := limits.declaration()
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	data, _, err := (&commandFetcher{argv: argv, dir: dir}).fetch(ctx, d)
	if err != nil {
		return nil, fetchError(err)
	}
	return data, nil
}
