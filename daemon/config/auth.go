package config

import (
	"regexp"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Auth is daemon.api.auth: who may use the API. It is plain data, with permissions of the right form, names and secrets that are there and
// occur once. Whether a role exists is for the caller to find out, who knows the built-in ones.
//
// Source: http-api.md section 9.
type Auth struct {
	Anonymous []string            // permissions of requests without a token
	Roles     map[string][]string // permissions by name, beside the built-in roles
	Tokens    []Token             // in the order of the file
}

// Token is a bearer token. It has either a role or permissions.
type Token struct {
	Name, Role  string
	Permissions []string
	Secret      string // from the variable that the file names
	Origin      string // where it is declared, as file:line:col

	variable string
	pos      diag.Pos
}

// Auth returns daemon.api.auth, nil if it is not there. It is shared: callers only read it.
func (l *Layers) Auth() *Auth { return l.auth }

// below returns a where the file below it adds what a leaves open: the permissions of requests without a token, single roles, the tokens.
func (a *Auth) below(lower *Auth) *Auth {
	if a == nil || lower == nil {
		if a == nil {
			return lower
		}
		return a
	}
	if a.Anonymous == nil {
		a.Anonymous = lower.Anonymous
	}
	if a.Tokens == nil {
		a.Tokens = lower.Tokens
	}
	for name, permissions := range lower.Roles {
		if a.Roles[name] == nil {
			a.Roles[name] = permissions
		}
	}
	return a
}

// finish gives the tokens their secrets and reports names and secrets that occur twice. A secret is never part of a message.
func (a *Auth) finish(env map[string]string, log *diag.List) {
	if a == nil {
		return
	}
	names, secrets := map[string]bool{}, map[string]bool{}
	for i := range a.Tokens {
		t := &a.Tokens[i]
		if t.variable != "" {
			t.Secret = env[t.variable]
			if t.Secret == "" {
				report(log, t.pos, "", "token %q: the variable %s is not set, or empty", t.Name, t.variable)
			}
		}
		if t.Name != "" && names[t.Name] {
			report(log, t.pos, "", "two tokens are named %q", t.Name)
		}
		if t.Secret != "" && secrets[t.Secret] {
			report(log, t.pos, "", "token %q has the secret of another one", t.Name)
		}
		names[t.Name], secrets[t.Secret] = true, true
	}
}

// authReader reads the section.
type authReader struct{ log *diag.List }

// readAuth reads the section; what is wrong is reported. It returns nil if the section is null.
func readAuth(n *yamldoc.Node, log *diag.List) *Auth {
	if n.Kind == yamldoc.KindNull {
		return nil
	}
	r := authReader{log}
	out := &Auth{Roles: map[string][]string{}}
	r.mapping(n, authPath, map[string]func(*yamldoc.Node){
		"anonymous_permissions": func(n *yamldoc.Node) { out.Anonymous = r.permissions(n, "anonymous_permissions") },
		"roles":                 func(n *yamldoc.Node) { r.roles(n, out.Roles) },
		"tokens": func(n *yamldoc.Node) {
			if n.Kind != yamldoc.KindSequence {
				report(log, n.Pos, "", "tokens: want a list, not a %s", n.Kind)
			}
			out.Tokens = []Token{}
			for _, item := range n.Items {
				out.Tokens = append(out.Tokens, r.token(item))
			}
		},
	})
	return out
}

func (r *authReader) roles(n *yamldoc.Node, into map[string][]string) {
	if n.Kind != yamldoc.KindMapping {
		report(r.log, n.Pos, "", "roles: want a mapping of names to lists of permissions, not a %s", n.Kind)
	}
	for _, p := range n.Pairs {
		into[p.Key] = r.permissions(p.Value, "role "+p.Key)
	}
}

// mapping calls the function of each key of n.
func (r *authReader) mapping(n *yamldoc.Node, what string, keys map[string]func(*yamldoc.Node)) {
	if n.Kind != yamldoc.KindMapping {
		report(r.log, n.Pos, "", "%s: want a mapping, not a %s", what, n.Kind)
		return
	}
	var known []string
	for k := range keys {
		known = append(known, k)
	}
	for _, p := range n.Pairs {
		if f := keys[p.Key]; f != nil {
			f(p.Value)
		} else {
			unknown(r.log, p.KeyPos, p.Key, known)
		}
	}
}

// token reads one token. A file that holds a secret by mistake must not have it shown, so values of the wrong form are not repeated.
func (r *authReader) token(n *yamldoc.Node) Token {
	t := Token{Origin: n.Pos.String(), pos: n.Pos}
	seen := map[string]bool{}
	text := func(key string, to *string) func(*yamldoc.Node) {
		return func(n *yamldoc.Node) {
			seen[key] = true
			switch {
			case n.Kind != yamldoc.KindString:
				report(r.log, n.Pos, "", "%s: want a text, not a %s", key, n.Kind)
			case n.Text == "":
				report(r.log, n.Pos, "", "%s is empty", key)
			}
			*to = n.Text
		}
	}
	variable := text("token_env", &t.variable)
	faults := r.log.Errors()
	r.mapping(n, "a token", map[string]func(*yamldoc.Node){
		"name": text("name", &t.Name),
		"role": text("role", &t.Role),
		"token_env": func(n *yamldoc.Node) {
			variable(n)
			if n.Kind == yamldoc.KindString && n.Text != "" && !variablePattern.MatchString(n.Text) {
				report(r.log, n.Pos, "", "token_env: want the name of a variable, which holds the secret")
				t.variable = ""
			}
		},
		"permissions": func(n *yamldoc.Node) {
			seen["permissions"] = true
			t.Permissions = r.permissions(n, "permissions")
		},
		"token": secretInFile(r.log), "secret": secretInFile(r.log),
	})
	if r.log.Errors() > faults {
		return t // what is missing may be what is misspelt
	}
	switch {
	case !seen["name"]:
		report(r.log, n.Pos, "", "a token has no name")
	case !seen["token_env"]:
		report(r.log, n.Pos, "", "token %q: token_env is missing, which names the variable with the secret", t.Name)
	case seen["role"] == seen["permissions"]:
		report(r.log, n.Pos, "", "token %q: give either a role or permissions", t.Name)
	}
	return t
}

func secretInFile(log *diag.List) func(*yamldoc.Node) {
	return func(n *yamldoc.Node) {
		report(log, n.Pos, "", "secrets are not read from a file; name a variable in token_env")
	}
}

var (
	// permissionPattern is *, or RESOURCE:ACTION where either may be *.
	permissionPattern = regexp.MustCompile(`^(\*|(\*|[a-z0-9-]+):(\*|[a-z0-9-]+))$`)
	variablePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// permissions reads a list of permissions, which is not empty.
func (r *authReader) permissions(n *yamldoc.Node, what string) []string {
	list, ok := listOf(n)
	if !ok {
		report(r.log, n.Pos, "", "%s: want a list of permissions, not %s", what, describe(n))
		return nil
	}
	var out []string
	for _, x := range list.([]any) {
		p := x.(string)
		if !permissionPattern.MatchString(p) {
			report(r.log, n.Pos, "", "%s: permission %q: want RESOURCE:ACTION, such as rules:read, or *", what, p)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		report(r.log, n.Pos, "", "%s: the list of permissions is empty", what)
	}
	return out
}
