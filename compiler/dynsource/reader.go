package dynsource

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/extract"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// reader reads one declaration. Faults are reported and leave zero values behind.
type reader struct {
	l    *loader
	n    *yamldoc.Node
	used map[string]bool
	file string
	id   string
}

var idPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// standardTimeout is that of HTTP and commands; maxTimeout the largest that a source may ask for.
const (
	standardTimeout = 30 * time.Second
	maxTimeout      = 10 * time.Minute
)

func (r *reader) declaration() *Declaration {
	r.id = r.text("id", "")
	d := &Declaration{ID: r.id, File: r.file, Pos: r.n.Pos}
	if !idPattern.MatchString(d.ID) {
		r.fault(r.at("id"), "id %q: want letters, digits and _, not a digit first", d.ID)
	}
	d.Type = Type(r.word("type", "", "file", "http", "command", "nats"))
	d.Format = r.word("format", "json", "json", "yaml", "lines", "csv")
	d.Extract = r.extract()
	d.Refresh = r.refresh(d.Type)
	d.Timeout = r.duration("timeout", standardTimeout)
	if d.Timeout > maxTimeout {
		r.fault(r.at("timeout"), "timeout: at most %s", maxTimeout)
	}
	d.OnError = OnError(r.word("on_error", "use_cached", "use_cached", "use_default", "fail"))
	d.Required = r.flag("required", true)
	if n := r.take("default"); n != nil {
		d.Default, d.HasDefault = plain(n), true
	}
	if d.OnError == UseDefault && !d.HasDefault {
		r.fault(r.at("on_error"), "on_error: use_default needs a default")
	}
	d.AllowNull, d.Literal = r.flag("allow_null", false), r.flag("literal", false)
	d.MaxSize = r.size(d.Type)
	d.MinItems, d.MaxItems, d.MinLength = r.count("min_items"), r.count("max_items"), r.count("min_length")
	d.CacheTTL = r.duration("cache_ttl", 0)
	d.digest, _ = hashOf(yamldoc.JSON(r.n) + " in " + r.file)
	if read := types[d.Type]; read != nil {
		d.fetch = read(r)
	}
	if f, ok := d.fetch.(*natsFetcher); ok && f.wait > d.Timeout {
		r.fault(r.at("initial_wait"), "initial_wait: at most the timeout, which is %s", d.Timeout)
	}
	r.rest()
	return d
}

// types are the readers of what only a type has. A new type is a line here.
var types = map[Type]func(*reader) fetcher{
	File: readFile, HTTP: readHTTP, Command: readCommand, NATS: readNATS,
}

// take returns the value of a key, which is then known, or nil.
func (r *reader) take(key string) *yamldoc.Node {
	r.used[key] = true
	return r.n.Get(key)
}

// at returns where the value of key stands.
func (r *reader) at(key string) diag.Pos {
	if n := r.n.Get(key); n != nil {
		return n.Pos
	}
	return r.n.Pos
}

func (r *reader) fault(pos diag.Pos, format string, args ...any) {
	if r.id != "" {
		format = "source %q: " + format
		args = append([]any{r.id}, args...)
	}
	r.l.fault(pos, "", format, args...)
}

// text returns a text.
func (r *reader) text(key, standard string) string {
	n := r.take(key)
	switch {
	case n == nil:
		return standard
	case n.Kind != yamldoc.KindString:
		r.fault(n.Pos, "%s: want a text, not a %s", key, n.Kind)
	}
	return n.Text
}

// word returns a text that must be one of words.
func (r *reader) word(key, standard string, words ...string) string {
	w := r.text(key, standard)
	switch {
	case w == "" && r.n.Get(key) == nil:
		r.fault(r.n.Pos, "%s is missing: want %s", key, oneOf(words))
	case !contains(words, w):
		r.l.fault(r.at(key), diag.Suggest(w, words), "source %q: %s %q: want %s", r.id, key, w, oneOf(words))
	}
	return w
}

func (r *reader) flag(key string, standard bool) bool {
	n := r.take(key)
	switch {
	case n == nil:
		return standard
	case n.Kind != yamldoc.KindBool:
		r.fault(n.Pos, "%s: want true or false", key)
	}
	return n.Bool
}

func (r *reader) count(key string) int {
	n := r.take(key)
	switch {
	case n == nil:
		return 0
	case n.Kind != yamldoc.KindInt || n.Int < 0 || n.Int > 1<<40:
		r.fault(n.Pos, "%s: want a number, 0 or more", key)
		return 0
	}
	return int(n.Int)
}

// size returns max_size, which types have other names for.
func (r *reader) size(t Type) int64 {
	names := []string{"max_size"}
	switch t {
	case HTTP:
		names = append(names, "max_body_size")
	case Command:
		names = append(names, "max_stdout")
	}
	for _, name := range names {
		if n := int64(r.count(name)); n > 0 {
			if n > r.l.opts.MaxSize {
				r.fault(r.at(name), "%s: at most %d (--max-source-size)", name, r.l.opts.MaxSize)
			}
			return n
		}
	}
	return standardSize
}

var durationPattern = regexp.MustCompile(`^([0-9]{1,9})(ms|s|m|h)?$`)

// parseDuration reads digits and a unit; without one they are seconds.
func parseDuration(text string) (time.Duration, bool) {
	m := durationPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // at most nine digits
	unit := map[string]time.Duration{"ms": time.Millisecond, "": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour}[m[2]]
	return time.Duration(n) * unit, n > 0
}

func (r *reader) duration(key string, standard time.Duration) time.Duration {
	n := r.take(key)
	if n == nil {
		return standard
	}
	d, ok := parseDuration(n.Text)
	if !ok || !n.IsScalar() {
		r.fault(n.Pos, "%s: want a duration greater than zero, such as 30s, 5m or 1h", key)
	}
	return d
}

// minInterval is the shortest refresh (dynamic-sources.md section 7).
const minInterval = time.Second

func (r *reader) refresh(t Type) Refresh {
	n := r.take("refresh")
	if t == NATS && (n == nil || n.Text != "push" && n.Text != "on_demand") {
		r.fault(r.at("refresh"), "refresh: a source of type nats needs push or on_demand")
		return Refresh{}
	}
	if n == nil || n.Text == "once" {
		return Refresh{}
	}
	switch n.Text {
	case "watch":
		if t != File {
			r.fault(n.Pos, "refresh: only files can be watched")
		}
		return Refresh{Policy: PolicyWatch}
	case "push":
		if t != NATS {
			r.fault(n.Pos, "refresh: push is for sources of type nats")
		}
		return Refresh{Policy: PolicyPush}
	case "on_demand":
		return Refresh{Policy: PolicyOnDemand}
	}
	d, ok := parseDuration(n.Text)
	if !ok || !n.IsScalar() {
		r.fault(n.Pos, "refresh %q: want once, a duration, watch or on_demand", n.Text)
	}
	if ok && d < minInterval {
		r.l.log.Add(diag.Diagnostic{Pos: n.Pos, Severity: diag.SeverityWarning, Code: code, Msg: "a source is read once a second at most"})
	}
	return Refresh{PolicyInterval, max(d, minInterval)}
}

// extractTime bounds a jq program (dynamic-sources.md section 5).
const extractTime = 2 * time.Second

// extract reads a jq program, or a map that names the language.
func (r *reader) extract() extractor {
	n := r.take("extract")
	if n == nil {
		return nil
	}
	language, expr := "jq", n
	if n.Kind == yamldoc.KindMapping {
		expr = n.Get("expr")
		if l := n.Get("type"); l != nil {
			language = l.Text
		}
		for _, p := range n.Pairs {
			if p.Key != "type" && p.Key != "expr" {
				r.fault(p.KeyPos, "extract: unknown key %q", p.Key)
			}
		}
	}
	if expr == nil || expr.Kind != yamldoc.KindString {
		r.fault(n.Pos, "extract: want an expression, or a mapping of type and expr")
		return nil
	}
	var out extractor
	var err error
	switch language {
	case "jq":
		var program *extract.JQ
		if program, err = extract.CompileJQ(expr.Text); err == nil {
			out = program.Within(extractTime, maxElements)
		}
	case "jsonpath":
		out, err = extract.CompileJSONPath(expr.Text)
	case "cel":
		r.fault(n.Pos, "extract: CEL is not part of this version; use jq or jsonpath")
	default:
		r.fault(n.Pos, "extract: type %q: want jq or jsonpath", language)
	}
	if err != nil {
		r.fault(expr.Pos, "extract: %v", err)
	}
	return out
}

// texts returns a mapping of texts.
func (r *reader) texts(key string) map[string]string {
	n := r.take(key)
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindMapping {
		r.fault(n.Pos, "%s: want a mapping of names to texts, not a %s", key, n.Kind)
		return nil
	}
	out := map[string]string{}
	for _, p := range n.Pairs {
		if !p.Value.IsScalar() || p.Value.Kind == yamldoc.KindNull {
			r.fault(p.Value.Pos, "%s: %s: want a text, not a %s", key, p.Key, p.Value.Kind)
		}
		out[p.Key] = p.Value.Text
	}
	return out
}

// rest reports keys that nobody has asked for.
func (r *reader) rest() {
	var known []string
	for key := range r.used {
		known = append(known, key)
	}
	for _, p := range r.n.Pairs {
		if !r.used[p.Key] {
			r.l.fault(p.KeyPos, diag.Suggest(p.Key, known), "source %q: unknown key %q", r.id, p.Key)
		}
	}
}

// relative returns a path from the directory of the declaring file, as reading it needs it.
func (r *reader) relative(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return join(r.file, path)
}
