package cmdline

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
)

// natsFlags say how to reach NATS servers, for inputs, outputs, dead letters and dynamic sources, and where an input begins.
//
// Source: daemon.md section 4.8.
type natsFlags struct {
	NATSCreds      string `name:"nats-creds" env:"NATS_CREDS" placeholder:"FILE" help:"NATS: credentials file."`
	NATSToken      string `name:"nats-token" env:"NATS_TOKEN" placeholder:"TOKEN" help:"NATS: token. Better in the variable: other users can see command lines."`
	NATSUser       string `name:"nats-user" env:"NATS_USER" placeholder:"NAME" help:"NATS: user. Needs a password."`
	NATSPassword   string `name:"nats-password" env:"NATS_PASSWORD" placeholder:"TEXT" help:"NATS: password. Better in the variable."`
	NATSNKey       string `name:"nats-nkey" env:"NATS_NKEY" placeholder:"SEED" help:"NATS: seed of an nkey. Better in the variable."`
	NATSTLSCert    string `name:"nats-tls-cert" placeholder:"FILE" help:"NATS: client certificate, with any way to authenticate."`
	NATSTLSKey     string `name:"nats-tls-key" placeholder:"FILE" help:"NATS: key of the client certificate."`
	NATSRequireTLS bool   `name:"nats-require-tls" help:"NATS: connect with TLS only."`

	ReplayFromSequence uint64 `xor:"replay" placeholder:"N" help:"Begin with this message of the stream."`
	ReplayFromTime     string `xor:"replay" placeholder:"RFC3339" help:"Begin with the first message from this time on."`
	ReplayFromLatest   bool   `xor:"replay" help:"Begin with the newest message."`
	ConsumerGroup      string `env:"RSIGMA_CONSUMER_GROUP" placeholder:"NAME" help:"Share the messages with all daemons of this group. Correlations see only the messages of their own daemon."`
}

func (f *natsFlags) apply(c *daemon.Config) error {
	auth := natsconf.Auth{
		Creds: f.NATSCreds, Token: f.NATSToken, User: f.NATSUser, Password: f.NATSPassword, NKey: f.NATSNKey,
		TLSCert: f.NATSTLSCert, TLSKey: f.NATSTLSKey, RequireTLS: f.NATSRequireTLS,
	}.Environment(os.Getenv)
	if err := auth.Validate(); err != nil {
		return err
	}
	start, err := f.start()
	if err != nil {
		return err
	}
	if start.Mode != natsconf.StartResume && !strings.HasPrefix(c.Input, "nats://") {
		return errors.New("--replay-from-… needs an --input nats://…: nothing else can be replayed")
	}
	if f.ConsumerGroup != "" {
		if err := natsconf.ValidName(f.ConsumerGroup); err != nil {
			return fmt.Errorf("--consumer-group %q: %w", f.ConsumerGroup, err)
		}
	}
	c.NATS = daemon.NATS{Auth: auth, Start: start, Group: f.ConsumerGroup}
	return nil
}

// badTime begins the message that tools know.
const badTime = "Invalid --replay-from-time"

// start returns where the flags say to begin.
func (f *natsFlags) start() (natsconf.Start, error) {
	switch {
	case f.ReplayFromSequence > 0:
		return natsconf.Start{Mode: natsconf.StartSequence, Sequence: f.ReplayFromSequence}, nil
	case f.ReplayFromTime != "":
		t, err := time.Parse(time.RFC3339, f.ReplayFromTime)
		if err != nil {
			return natsconf.Start{}, fmt.Errorf("%s '%s': want a time such as 2026-11-26T08:00:00Z", badTime, f.ReplayFromTime)
		}
		return natsconf.Start{Mode: natsconf.StartTime, Time: t}, nil
	case f.ReplayFromLatest:
		return natsconf.Start{Mode: natsconf.StartLatest}, nil
	}
	return natsconf.Start{}, nil
}
