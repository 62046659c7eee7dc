package dynsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// httpFetcher asks an HTTP server. It sends validators, so that an unchanged value costs little.
type httpFetcher struct {
	method, url, body string
	headers           map[string]string
	client            *http.Client
	agent             string

	mu        sync.Mutex
	now, next validators
}

// validators say which version of a value is known. Those of a fetch count once its value is accepted.
type validators struct{ etag, modified string }

var methodPattern = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z-]+$`)

func readHTTP(r *reader) fetcher {
	f := &httpFetcher{url: r.text("url", ""), body: r.text("body", ""), headers: r.texts("headers"), agent: r.l.opts.UserAgent}
	standard := http.MethodGet
	if r.n.Get("body") != nil {
		standard = http.MethodPost
	}
	f.method = strings.ToUpper(r.text("method", standard))
	if !methodPattern.MatchString(f.method) {
		r.fault(r.at("method"), "method %q is no token", f.method)
	}
	// Variables may stand anywhere in it, so only its beginning can be checked now.
	if !strings.HasPrefix(f.url, "http://") && !strings.HasPrefix(f.url, "https://") {
		r.fault(r.at("url"), "url: want an absolute URL with http:// or https://")
	}
	f.client = &http.Client{Transport: r.l.opts.transport(r.tls()), CheckRedirect: checkRedirect}
	return f
}

// transport returns a transport that keeps to the egress policy.
func (o *LoadOptions) transport(c *tls.Config) *http.Transport {
	t := &http.Transport{
		DialContext: o.Egress.Dialer().DialContext, ForceAttemptHTTP2: true, TLSClientConfig: c, DisableKeepAlives: true,
	}
	if o.AllowProxy {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}

// tls reads the tls section.
func (r *reader) tls() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	n := r.take("tls")
	if n == nil {
		return c
	}
	sub := &reader{l: r.l, n: n, used: map[string]bool{}, file: r.file, id: r.id}
	if n.Kind != yamldoc.KindMapping {
		r.fault(n.Pos, "tls: want a mapping, not a %s", n.Kind)
		return c
	}
	ca, cert, key := sub.text("ca_file", ""), sub.text("cert_file", ""), sub.text("key_file", "")
	c.InsecureSkipVerify = sub.flag("insecure_skip_verify", false)
	sub.rest()
	if ca != "" {
		pem, err := os.ReadFile(r.relative(ca))
		c.RootCAs = x509.NewCertPool()
		if err != nil || !c.RootCAs.AppendCertsFromPEM(pem) {
			r.fault(sub.at("ca_file"), "tls: ca_file %s: no certificate can be read", ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(r.relative(cert), r.relative(key))
		if err != nil {
			r.fault(n.Pos, "tls: %v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// maxRedirects is how many redirects are followed.
const maxRedirects = 3

// checkRedirect follows redirects within the rules: few, to HTTP only, never from TLS to plaintext. What authenticates at one host is
// not for another.
func checkRedirect(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case next.URL.Scheme != "http" && next.URL.Scheme != "https":
		return fmt.Errorf("redirect to %s", next.URL.Scheme)
	case last.URL.Scheme == "https" && next.URL.Scheme == "http":
		return errors.New("redirect from https to http")
	}
	if next.URL.Host != via[0].URL.Host {
		for _, name := range []string{"Authorization", "Cookie", "Referer"} { // Referer holds the URL, with secrets of its query
			next.Header.Del(name)
		}
	}
	return nil
}

func (f *httpFetcher) fetch(ctx context.Context, d *Declaration) ([]byte, bool, error) {
	req, err := f.request(ctx)
	if err != nil {
		return nil, false, err
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && conditional(resp.Request) {
		return nil, true, nil
	}
	data, err := readResponse(resp, d)
	if err != nil {
		return nil, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = validators{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}
	return data, false, nil
}

// readResponse reads the body of a success.
func readResponse(resp *http.Response, d *Declaration) ([]byte, error) {
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // for people
		return nil, failf(KindFetch, "status %d: %s", resp.StatusCode, strings.ToValidUTF8(string(text), "\uFFFD"))
	case resp.ContentLength > d.MaxSize:
		return nil, failf(KindResource, "larger than %d bytes (max_size)", d.MaxSize)
	}
	return readAll(resp.Body, d)
}

// request makes the request, with its variables filled in.
func (f *httpFetcher) request(ctx context.Context) (*http.Request, error) {
	target, err := fill(f.url)
	if err != nil {
		return nil, err
	}
	body, err := fill(f.body)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return nil, failf(KindFetch, "the URL cannot be parsed")
	}
	req, err := http.NewRequestWithContext(ctx, f.method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, failf(KindFetch, "the request cannot be made")
	}
	if body == "" {
		req.Body = http.NoBody
	}
	req.Header.Set("User-Agent", f.agent)
	for name, text := range f.headers {
		value, err := fill(text)
		if err != nil {
			return nil, err
		}
		if req.Header.Set(name, value); strings.EqualFold(name, "Host") {
			req.Host = value
		}
	}
	if f.method != http.MethodGet {
		return req, nil // servers refuse other methods with validators
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.etag != "" {
		req.Header.Set("If-None-Match", f.now.etag)
	}
	if f.now.modified != "" {
		req.Header.Set("If-Modified-Since", f.now.modified)
	}
	return req, nil
}

// conditional reports whether req asks for what is newer than something.
func conditional(req *http.Request) bool {
	return req.Header.Get("If-None-Match") != "" || req.Header.Get("If-Modified-Since") != ""
}

// inherit takes over the validators of the fetcher of an equal declaration. Its certificates are not: they may have been renewed.
func (f *httpFetcher) inherit(old fetcher) {
	o, ok := old.(*httpFetcher)
	if !ok || o == f {
		return
	}
	o.mu.Lock()
	now := o.now
	o.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
}

// forget drops the validators, since the value they are for is gone.
func (f *httpFetcher) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.next = validators{}, validators{}
}

// accept says that the value of the last fetch is good.
func (f *httpFetcher) accept() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.next
}

var variablePattern = regexp.MustCompile(`\$\{([A-Z_][A-Z0-9_]*)\}`)

// fill replaces ${VAR} by variables of the environment. One that is not set is an error: a request without its credentials would go out.
func fill(text string) (string, error) {
	var missing error
	out := variablePattern.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		value, ok := os.LookupEnv(name)
		if !ok && missing == nil {
			missing = failf(KindFetch, "the environment variable %s is not set", name)
		}
		return value
	})
	return out, missing
}
