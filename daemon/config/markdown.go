package config

import (
	"fmt"
	"strings"
)

// AppendMarkdown appends the reference page of the configuration file.
func AppendMarkdown(dst []byte) []byte {
	dst = append(dst, markdownHead...)
	top := ""
	for i := range keys {
		k := &keys[i]
		steps := strings.Split(k.Path, ".")
		if s := strings.Join(steps[:min(2, len(steps)-1)], "."); s != top {
			top = s
			dst = fmt.Appendf(dst, "\n## `%s`\n\n| Key | Type | Flag | Meaning |\n| --- | --- | --- | --- |\n", s)
		}
		dst = fmt.Appendf(dst, "| `%s` | %s | `--%s` | %s |\n", k.Path, k.Kind, k.Flag, k.Doc)
	}
	return append(dst, markdownTail...)
}

const markdownHead = `# Configuration file and environment

<!-- Made by "make generate" from daemon/config/keys.go. -->

Every setting of the daemon is a flag. Below the flags, what is not on the command line comes from these layers, the first that has it:

1. variables ` + "`RSIGMA_DAEMON__SECTION__KEY`" + `, such as ` + "`RSIGMA_DAEMON__API__ADDR=127.0.0.1:9191`" + `; the text is a YAML value, a list is ` + "`[a, b]`" + `;
2. the project's file: ` + "`./rsigma.yaml`, `./rsigma.yml`" + `, else the nearest ` + "`.rsigmarc`" + ` in this directory or above;
3. the user's: ` + "`$XDG_CONFIG_HOME/rsigma/config.yaml`" + `, which is ` + "`~/.config/rsigma/config.yaml`" + ` as a rule;
4. the system's: ` + "`/etc/rsigma/config.yaml`" + `;
5. the default of the flag.

Layers are merged setting by setting; a list is one setting. ` + "`--config PATH`" + ` reads that file instead of 2 to 4. Unknown keys and values of the
wrong type are errors with their place. Secrets never stand in a file: name a variable. ` + "`rsigmad --dry-run`" + ` prints what is in force and where it
comes from; ` + "`rsigmad config-schema`" + ` prints the JSON Schema, for editors.

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

A permission is ` + "`RESOURCE:ACTION`" + `, either part may be ` + "`*`" + `; ` + "`*`" + ` alone is everything. Built-in roles: ` + "`reader`" + ` (` + "`*:read`" + `), ` + "`operator`" + `
(` + "`*:read`" + ` and writing of sources), ` + "`ingest`" + ` (` + "`events:ingest`" + `), ` + "`admin`" + ` (` + "`*`" + `).
`
