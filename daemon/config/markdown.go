package config

import (
	"fmt"
	"strings"
)

// AppendMarkdown appends the reference page of the configuration file and the variables, docs/reference/configuration.md, to dst.
func AppendMarkdown(dst []byte) []byte {
	dst = append(dst, markdownHead...)
	top := ""
	for i := range keys {
		k := &keys[i]
		steps := strings.Split(k.Path, ".")
		if s := strings.Join(steps[:min(2, len(steps)-1)], "."); s != top {
			top = s
			dst = fmt.Appendf(dst, "\n## `%s`\n\n| Key | Type | Flag | Default | Meaning |\n| --- | --- | --- | --- | --- |\n", s)
		}
		dst = fmt.Appendf(dst, "| `%s` | %s | `--%s` | %s | %s |\n", k.Path, kindMarkdown(k), k.Flag, defaultMarkdown(k), docMarkdown(k))
	}
	return append(dst, markdownTail...)
}

func kindMarkdown(k *Key) string {
	if k.Kind == Enum {
		return "`" + strings.Join(k.Values, "`, `") + "`"
	}
	return string(k.Kind)
}

func defaultMarkdown(k *Key) string {
	if k.Default == "" {
		return "–"
	}
	return "`" + k.Default + "`"
}

func docMarkdown(k *Key) string {
	if k.Env == "" {
		return k.Doc
	}
	return k.Doc + " Also the variable `" + k.Env + "`."
}

const markdownHead = `# Configuration file and environment

<!-- Made by "make generate" from daemon/config/keys.go. -->

Every setting of the daemon is a flag. Below the flags, what is not on the command line comes from these layers, the first that has it:

1. variables ` + "`RSIGMA_DAEMON__SECTION__KEY`" + `, such as ` + "`RSIGMA_DAEMON__API__ADDR=127.0.0.1:9191`" + `; the text is a YAML value, a list is ` + "`[a, b]`" + `;
   an empty variable is as if it were not set; of two names for one setting the one with ` + "`__`" + ` wins;
2. the project's file: ` + "`./rsigma.yaml`, `./rsigma.yml`" + `, else the nearest ` + "`.rsigmarc`" + ` in this directory or above;
3. the user's: ` + "`$XDG_CONFIG_HOME/rsigma/config.yaml`" + `, which is ` + "`~/.config/rsigma/config.yaml`" + ` as a rule;
4. the system's: ` + "`/etc/rsigma/config.yaml`" + `;
5. the default of the flag.

Layers are merged setting by setting; a list is one setting. ` + "`--config PATH`" + ` reads that file instead of 2 to 4. Unknown keys, values of the
wrong type and files that cannot be read are errors with their place; keys of rsigma that this version has no feature for are named as such.
Secrets never stand in a file, not in URLs either: use variables. ` + "`rsigmad --dry-run`" + ` prints what is in force and where it comes from;
` + "`rsigmad config-schema`" + ` prints the JSON Schema, for editors.

` + "```yaml" + `
version: 1
daemon:
  rules: [/etc/rsigma/rules]
  pipelines: [ecs_windows]
  input: {source: http, format: json}
  output:
    sinks: [stdout, "file:///var/log/rsigma/detections.ndjson"]
    dlq: file:///var/log/rsigma/dlq.ndjson
  api:
    addr: 127.0.0.1:9090
` + "```" + `

A change of the file takes effect at the next start; a reload reads rules, pipelines, sources and certificates only.
`

const markdownTail = `
## ` + "`daemon.api.auth`" + `

` + "```yaml" + `
daemon:
  api:
    auth:
      anonymous_permissions: [metrics:read]
      roles:
        pager: [status:read, reload:execute]
      tokens:
        - {name: agent, role: ingest, token_env: AGENT_TOKEN}
        - {name: oncall, role: pager, token_env: ONCALL_TOKEN}
        - {name: script, permissions: ["rules:read"], token_env: SCRIPT_TOKEN}
` + "```" + `

Of several files with this section each gives what the ones above leave open: the permissions of requests without a token, single roles, the list
of tokens. Names and secrets of tokens differ; lists of permissions are not empty.

A permission is ` + "`RESOURCE:ACTION`" + `, either part may be ` + "`*`" + `; ` + "`*`" + ` alone is everything. Built-in roles: ` + "`reader`" + ` (` + "`*:read`" + `), ` + "`operator`" + `
(` + "`*:read`" + ` and writing of sources), ` + "`ingest`" + ` (` + "`events:ingest`" + `), ` + "`admin`" + ` (` + "`*`" + `).
`
