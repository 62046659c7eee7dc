package cmdline

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/listen"
	"github.com/rsigma-go/rsigma/daemon/metrics"
)

// apiFlags say where the API listens and who may use it.
//
// Source: daemon.md sections 4.4 and 4.9.
type apiFlags struct {
	APIAddr        string   `name:"api-addr" placeholder:"ADDR" help:"Where the API listens: HOST:PORT or unix:///PATH. Default: 127.0.0.1:9090, and 0.0.0.0:9090 with TLS or --allow-plaintext."`
	TLSCert        string   `name:"tls-cert" placeholder:"FILE" help:"Certificate of the API, with its chain, as PEM. Needs --tls-key."`
	TLSKey         string   `name:"tls-key" placeholder:"FILE" help:"Key of the certificate, as PEM, not encrypted."`
	TLSClientCA    string   `name:"tls-client-ca" placeholder:"FILE" help:"Let only clients in that have a certificate of this authority."`
	TLSMinVersion  string   `name:"tls-min-version" default:"1.3" placeholder:"V" help:"Oldest version of TLS: 1.2 or 1.3."`
	TLSKeyPassword string   `name:"tls-key-password" env:"RSIGMA_TLS_KEY_PASSWORD" hidden:"" help:"Not supported: keys must not be encrypted."`
	AllowPlaintext bool     `help:"Let the API listen without TLS on an address that other machines reach."`
	APIHost        []string `name:"api-host" sep:"none" placeholder:"NAME" help:"Name by which a loopback listener may be called, besides those of loopback. Repeatable."`
	APITokenEnv    string   `name:"api-token-env" placeholder:"VAR" help:"Environment variable that holds a bearer token, without which the API refuses everything but probes."`

	UpgradeBinary string `placeholder:"PATH" help:"Program that takes over after SIGUSR2 and POST /api/v1/upgrade. Default: the path of the running one."`
	WatchBinary   string `placeholder:"PATH" help:"Have the program at this path take over by itself, once it is there and has as code exactly the rules that are loaded."`

	EnableTap       bool          `help:"Let clients watch events (GET /api/v1/tap)."`
	TapBufferEvents int           `default:"8192" placeholder:"N" help:"Events that a tap may be behind before it loses some."`
	TapMaxSessions  int           `default:"2" placeholder:"N" help:"Taps at the same time."`
	TapMaxDuration  time.Duration `default:"5m" placeholder:"DUR" help:"Longest tap."`

	EnableTail       bool `help:"Let clients watch results (GET /api/v1/detections/stream)."`
	TailBufferEvents int  `default:"8192" placeholder:"N" help:"Events whose results a tail may be behind before it loses some."`
	TailMaxSessions  int  `default:"2" placeholder:"N" help:"Tails at the same time."`

	MetricsExtended bool `help:"Show more than the 38 metrics that every release has."`
	MetricsRuntime  bool `help:"Show metrics of the Go runtime and of the process."`
}

func (f *apiFlags) apply(c *daemon.Config) (err error) {
	for name, n := range map[string]int{
		"--tap-buffer-events": f.TapBufferEvents, "--tap-max-sessions": f.TapMaxSessions,
		"--tail-buffer-events": f.TailBufferEvents, "--tail-max-sessions": f.TailMaxSessions,
	} {
		if n < 1 {
			return fmt.Errorf("%s %d: want 1 or more", name, n)
		}
	}
	if f.TapMaxDuration <= 0 {
		return errors.New("--tap-max-duration: want more than 0")
	}
	c.Listen = listen.Options{
		Addr: f.APIAddr, AllowPlaintext: f.AllowPlaintext, CertFile: f.TLSCert, KeyFile: f.TLSKey, ClientCAFile: f.TLSClientCA,
		MinVersion: f.TLSMinVersion, KeyPassword: f.TLSKeyPassword,
	}
	c.APIHosts = f.APIHost
	if c.Upgrade, err = f.upgrade(); err != nil {
		return err
	}
	c.Tap = daemon.Live{Enabled: f.EnableTap, Buffer: f.TapBufferEvents, Sessions: f.TapMaxSessions, MaxDuration: f.TapMaxDuration}
	c.Tail = daemon.Live{Enabled: f.EnableTail, Buffer: f.TailBufferEvents, Sessions: f.TailMaxSessions}
	c.Metrics = metrics.Options{Extended: f.MetricsExtended, Runtime: f.MetricsRuntime}
	return f.token(c)
}

// token reads --api-token-env.
func (f *apiFlags) token(c *daemon.Config) error {
	if f.APITokenEnv == "" {
		return nil
	}
	secret := os.Getenv(f.APITokenEnv)
	if secret == "" {
		return fmt.Errorf("--api-token-env: the variable %s is not set, or empty", f.APITokenEnv)
	}
	admin, _ := api.Role("admin")
	c.Auth = &api.Auth{Tokens: []api.Token{{Name: "admin", Permissions: admin, Secret: secret}}}
	return nil
}
