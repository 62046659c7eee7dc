package natsconn

import (
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
)

func seed(t *testing.T) (seed, public string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	s, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err = pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return string(s), public
}

func TestMethodsOfAuthenticationExcludeEachOther(t *testing.T) {
	t.Parallel()
	key, _ := seed(t)
	methods := []Auth{{Creds: "f"}, {Token: "t0ps"}, {User: "u", Password: "p4ss"}, {NKey: key}}
	for i, a := range methods {
		if err := a.Validate(); err != nil {
			t.Errorf("%d alone: %v", i, err)
		}
		for j, b := range methods {
			both := Auth{Creds: a.Creds + b.Creds, Token: a.Token + b.Token, User: a.User + b.User, Password: a.Password + b.Password, NKey: a.NKey + b.NKey}
			if err := both.Validate(); i != j && (err == nil || !strings.Contains(err.Error(), "exclude each other")) {
				t.Errorf("%d and %d: %v", i, j, err)
			}
		}
	}
	for name, c := range map[string]struct {
		auth Auth
		want string
	}{
		"user alone":         {Auth{User: "u"}, "needs --nats-password"},
		"password alone":     {Auth{Password: "p4ss"}, "needs --nats-user"},
		"password and token": {Auth{Password: "p4ss", Token: "t0ps"}, "needs --nats-user"},
		"certificate alone":  {Auth{TLSCert: "c"}, "need each other"},
		"key alone":          {Auth{TLSKey: "k"}, "need each other"},
		"no seed":            {Auth{NKey: "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"}, "not a seed"},
	} {
		err := c.auth.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
			continue
		}
		for _, secret := range []string{"p4ss", "t0ps", "UDXU4"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells %s", name, secret)
			}
		}
	}
	for name, a := range map[string]Auth{
		"certificate and token": {Token: "t", TLSCert: "c", TLSKey: "k"}, "nothing": {}, "TLS": {RequireTLS: true},
	} {
		if err := a.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheEnvironmentFillsGapsAndCountsForTheExclusions(t *testing.T) {
	t.Parallel()
	env := map[string]string{"NATS_TOKEN": "t", "NATS_USER": "u", "NATS_PASSWORD": "p", "NATS_CREDS": "c", "NATS_NKEY": "n"}
	got := Auth{Token: "flag", TLSCert: "x"}.Environment(func(k string) string { return env[k] })
	if want := (Auth{Creds: "c", Token: "flag", User: "u", Password: "p", NKey: "n", TLSCert: "x"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	one := Auth{Token: "flag"}.Environment(func(k string) string { return map[string]string{"NATS_CREDS": "c"}[k] })
	if err := one.Validate(); err == nil {
		t.Error("a token and credentials from the environment are accepted")
	}
}
