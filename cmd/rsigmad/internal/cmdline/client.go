package cmdline

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
)

// clientFlags say how a command reaches a running daemon.
type clientFlags struct {
	URL      string `env:"RSIGMA_API_URL" default:"http://127.0.0.1:9090" placeholder:"URL" help:"Where the daemon listens: http://, https:// or unix:///path."`
	TokenEnv string `placeholder:"VAR" help:"Environment variable that holds the bearer token."`
	CA       string `name:"ca" placeholder:"FILE" help:"Certificates to trust instead of the system's."`
	Cert     string `placeholder:"FILE" help:"Client certificate, for a daemon with --tls-client-ca."`
	Key      string `placeholder:"FILE" help:"Key of the client certificate."`
	JSON     bool   `help:"Print what the daemon answers, also on a terminal."`
}

// connectTimeout bounds everything but the body of an answer.
const connectTimeout = 10 * time.Second

// client talks to a daemon.
type client struct {
	base  string
	token string
	http  *http.Client
}

// client makes a client of the flags.
func (f *clientFlags) client() (*client, error) {
	c := &client{base: strings.TrimSuffix(f.URL, "/")}
	transport := &http.Transport{TLSHandshakeTimeout: connectTimeout, ForceAttemptHTTP2: true}
	u, err := url.Parse(f.URL)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	switch u.Scheme {
	case "http", "https":
	case "unix":
		c.base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", u.Path)
		}
	default:
		return nil, fmt.Errorf("--url %q: want http://HOST:PORT, https://HOST:PORT or unix:///PATH", f.URL)
	}
	if transport.TLSClientConfig, err = f.tls(); err != nil {
		return nil, err
	}
	if f.TokenEnv != "" {
		if c.token = os.Getenv(f.TokenEnv); c.token == "" {
			return nil, fmt.Errorf("--token-env: the variable %s is not set", f.TokenEnv)
		}
	}
	c.http = &http.Client{Transport: transport}
	return c, nil
}

func (f *clientFlags) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca %s: no certificate in it", f.CA)
		}
	}
	if (f.Cert == "") != (f.Key == "") {
		return nil, errors.New("--cert and --key go together")
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("--cert: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// refusal is an answer with an error status.
type refusal struct {
	status int
	body   []byte
}

func (r *refusal) Error() string {
	var text struct{ Error, Hint, Status string }
	if json.Unmarshal(r.body, &text) == nil && text.Error+text.Status != "" {
		msg := text.Error
		if msg == "" {
			msg = strings.ReplaceAll(text.Status, "_", " ")
		}
		if text.Hint != "" {
			msg += "; " + text.Hint
		}
		return fmt.Sprintf("the daemon answers %d: %s", r.status, msg)
	}
	return fmt.Sprintf("the daemon answers %d", r.status)
}

// maxAnswer bounds an answer that is read as a whole.
const maxAnswer = 64 << 20

// do sends a request and returns the answer, which the caller closes. An error status is a *refusal.
func (c *client) do(ctx context.Context, method, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no daemon answers: %w (is it running? --url names another address)", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		return nil, errors.Join(&refusal{resp.StatusCode, body}, err)
	}
	return resp.Body, nil
}

// fetch reads a whole answer.
func (c *client) fetch(ctx context.Context, method, path string) ([]byte, error) {
	body, err := c.do(ctx, method, path)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxAnswer))
}

// readable reports whether to print for people.
func (f *clientFlags) readable(s streams) bool { return !f.JSON && isatty.IsTerminal(s.out.Fd()) }

// colored reports whether to print in colour (https://no-color.org).
func colored(s streams) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isatty.IsTerminal(s.out.Fd())
}

// interruptible returns a context that ends with the first interrupt.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}
