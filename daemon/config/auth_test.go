package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// authFile returns a file whose section daemon.api.auth is body, in flow style. The body begins at column 23 of line 1.
func authFile(body string) string { return "daemon: {api: {auth: " + body + "}}\n" }

func TestTokensThatCannotWorkAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"[]":                                         "1:22: error: daemon.api.auth: want a mapping, not a list",
		"{anonymous_permissions: []}":                "1:46: error: anonymous_permissions: the list of permissions is empty",
		"{anonymous_permissions: [Read]}":            `1:46: error: anonymous_permissions: permission "Read": want RESOURCE:ACTION`,
		"{anonymous_permissions: {a: b}}":            "1:46: error: anonymous_permissions: want a list of permissions, not a mapping",
		"{roles: [a]}":                               "1:30: error: roles: want a mapping",
		"{roles: {r: ['a:b:c']}}":                    `role r: permission "a:b:c"`,
		"{tokens: {a: b}}":                           "1:31: error: tokens: want a list, not a mapping",
		"{tokens: [a]}":                              "1:32: error: a token: want a mapping, not a string",
		"{tokens: [{role: reader, token_env: ONE}]}": "1:32: error: a token has no name",
		"{tokens: [{name: '', role: reader, token_env: ONE}]}":                                              "1:39: error: name is empty",
		"{tokens: [{name: [a], role: reader, token_env: ONE}]}":                                             "1:39: error: name: want a text, not a list",
		"{tokens: [{name: a, role: reader, permissions: ['*'], token_env: ONE}]}":                           `1:32: error: token "a": give either a role or permissions`,
		"{tokens: [{name: a, role: reader, permissions: [], token_env: ONE}]}":                              "1:69: error: permissions: the list of permissions is empty",
		"{tokens: [{name: a, role: reader, token_env: EMPTY}]}":                                             "the variable EMPTY is not set, or empty",
		"{tokens: [{name: a, role: reader, token_env: ONE}, {name: a, role: reader, token_env: TWO}]}":      `1:73: error: two tokens are named "a"`,
		"{tokens: [{name: a, role: reader, token_env: ONE}, {name: b, role: reader, token_env: ALSO_ONE}]}": `1:73: error: token "b" has the secret of another one`,
	} {
		_, err := newTree(t, map[string]string{"system.yaml": authFile(body)}).load("ONE=first", "ALSO_ONE=first", "TWO=second", "EMPTY=")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "system.yaml:1:") {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "first") {
			t.Errorf("%s: the secret is in the message: %v", body, err)
		}
	}
}

func TestASecretThatStandsInAFileIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		authFile("{tokens: [{name: a, role: reader, token: open-sesame}]}"),
		authFile("{tokens: [{name: a, role: reader, secret: open-sesame}]}"),
		authFile("{tokens: [{name: a, role: reader, token_env: open-sesame}]}"),
		"daemon: {api: {token: open-sesame}}\n",
		"daemon: {api: {tls: {key_password: open-sesame}}}\n",
		"daemon: {nats: {token: open-sesame}}\n",
		"daemon: {input: {source: 'nats://u:open-sesame@h:1/x'}}\n",
		"daemon: {output: {sinks: [stdout, 'nats://h:1,open-sesame@i:1']}}\n",
		"daemon: {output: {dlq: 'nats://open-sesame@h/x'}}\n",
		"daemon: {nats: {password: open-sesame}}\n",
	} {
		_, err := newTree(t, map[string]string{"system.yaml": text}).load()
		if err == nil || !strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: the secret is in the message: %v", text, err)
		}
	}
}

func TestOfSeveralFilesEachGivesWhatTheOnesAboveLeaveOpen(t *testing.T) {
	t.Parallel()
	l, err := newTree(t, map[string]string{
		"project/sub/rsigma.yaml":         authFile("{roles: {pager: ['status:read']}, anonymous_permissions: ['metrics:read']}"),
		"home/.config/rsigma/config.yaml": authFile("{tokens: [{name: mine, role: pager, token_env: MINE}], roles: {pager: ['*'], other: ['a:b']}}"),
		"system.yaml":                     authFile("{tokens: [{name: theirs, role: admin, token_env: NOT_SET}], anonymous_permissions: ['*']}"),
	}).load("MINE=m")
	if err != nil {
		t.Fatalf("a token that does not count needs no secret: %v", err)
	}
	want := &Auth{
		Anonymous: []string{"metrics:read"},
		Roles:     map[string][]string{"pager": {"status:read"}, "other": {"a:b"}},
		Tokens:    []Token{{Name: "mine", Role: "pager", Secret: "m"}},
	}
	ignore := cmpopts.IgnoreFields(Token{}, "Origin", "variable", "pos")
	if diff := cmp.Diff(want, l.Auth(), ignore); diff != "" {
		t.Error(diff)
	}
	l, err = newTree(t, map[string]string{"system.yaml": "daemon: {api: {auth: }}\n"}).load()
	if err != nil || l.Auth() != nil {
		t.Errorf("an empty section: %v, %v", l, err)
	}
}

func TestAnAddressWithoutCredentialsMayStandInAFile(t *testing.T) {
	t.Parallel()
	text := "daemon: {input: {source: 'nats://h:1/a.b', jq: '\"a://b@c\"'}, output: {sinks: ['file:///a@b', 'unix:///x@y'], dlq: 'nats://h:1/x@y'}}\n"
	if _, err := newTree(t, map[string]string{"system.yaml": text}).load(); err != nil {
		t.Error(err)
	}
	if _, err := newTree(t, nil).load("RSIGMA_DAEMON__INPUT__SOURCE=nats://u:p@h:1/x"); err != nil {
		t.Errorf("a variable may hold a secret: %v", err)
	}
}
