package api

import (
	"fmt"
	"strings"
)

// AppendMarkdown appends the reference page of all endpoints.
func AppendMarkdown(dst []byte) []byte {
	dst = append(dst, markdownHead...)
	for _, r := range routes {
		permission := "open to all"
		if r.Permission != "" {
			permission = "`" + r.Permission + "`"
		}
		dst = fmt.Appendf(dst, "| `%s %s` | %s | %s |\n", r.Method, r.Pattern, permission, strings.ReplaceAll(r.Doc, "|", `\|`))
	}
	dst = append(dst, "\n## Replies\n\nOne regular answer of each; further keys may be added.\n"...)
	for _, r := range routes {
		dst = fmt.Appendf(dst, "\n`%s %s`\n\n```\n%s\n```\n", r.Method, r.Pattern, replies[r.Method+" "+r.Pattern])
	}
	return append(dst, markdownTail...)
}

const markdownHead = `# HTTP API

<!-- Made by "make generate" from daemon/api/routes.go. -->

One listener (` + "`--api-addr`" + `) serves everything, over HTTP/1.1 and HTTP/2, with TLS or in plaintext. Answers are JSON. An error is an object
with ` + "`error`" + `, sometimes with a ` + "`hint`" + `. Unknown paths are 404, known ones with another method 405; a query value that cannot be read is 400
and names its ` + "`parameter`" + `. ` + "`HEAD`" + ` works wherever ` + "`GET`" + ` does. The permission counts only if tokens are configured.

| Request | Permission | What it does |
| --- | --- | --- |
`

const markdownTail = `
## Examples

` + "```sh" + `
curl -s localhost:9090/api/v1/status
curl -s -X POST 'localhost:9090/api/v1/reload?wait=true'
curl -s --data-binary @events.ndjson 'localhost:9090/api/v1/events?sync=true'
curl -sN 'localhost:9090/api/v1/detections/stream?level=high'
` + "```" + `

## Who may call it

Without tokens everybody who can connect may do everything: keep the listener on loopback, behind a proxy, or ask for client certificates
(` + "`--tls-client-ca`" + `). ` + "`--api-token-env VAR`" + ` takes one token with all permissions from a variable; ` + "`daemon.api.auth`" + ` in the configuration
file names several, each with a role (` + "`reader`, `operator`, `ingest`, `admin`" + `) or permissions of its own. Clients send it as
` + "`Authorization: Bearer …`" + `. Requests that a browser makes for a foreign page are refused (403), and a listener on loopback answers only to loopback
names and those of ` + "`--api-host`" + ` (421).

## Taking events

` + "`POST /api/v1/events`" + ` reads the body line by line and never holds it as a whole. ` + "`accepted`" + ` counts the lines that were queued, also when the
request ends with an error, so that a client knows where to go on: 413 (a line over 1 MiB, or the body over ` + "`--max-body-bytes`" + `), 429 (the queue
stayed full for ` + "`--ingest-timeout`" + `), 503 (not ready, or shutting down), 400 (the body broke off). Lines that are queued and cannot be parsed are
counted and go to the dead letters; the answer does not tell. A plain 200 means *queued*: a crash loses such events. With ` + "`?sync=true`" + ` the answer
waits until every line is committed, and ` + "`failed`" + ` counts those that are not. With ` + "`--state-db`" + ` (durability ` + "`process`" + ` or ` + "`power`" + `) that is when its
results are in the state file: an output that hangs holds up no answer, and what it does not take later shows in the metrics and in the dead
letters. Otherwise it is when all outputs or the dead letters have them. A line that cannot be parsed is committed once it is in the dead letters.

A request that may be repeated: ` + "`?sync=true`" + ` and a header ` + "`Idempotency-Key`" + ` (1 to 128 printable ASCII characters, a new one for each request; needs
` + "`--state-db`" + `). Its lines, 16,384 at most, are read to the end before the first is queued, and committed all at once together with the answer; nothing of
a request that is refused counts, so ` + "`accepted`" + ` is 0 then. Whoever repeats key and body within ten minutes (of the last 100,000 keys) gets
the answer of the first time, with the header ` + "`Idempotent-Replay: true`" + `, and nothing is evaluated again, also after a crash. While the first request
is under way a repeated one waits for it. 503 *not committed in time* says that the outcome is unknown: repeat the request. A key with another
body is 422. With tokens, each of them has keys of its own.

` + "```sh" + `
curl -s --retry 10 -H "Idempotency-Key: $(uuidgen)" --data-binary @events.ndjson 'localhost:9090/api/v1/events?sync=true'
` + "```" + `
`
