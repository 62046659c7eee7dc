package config

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Auth is daemon.api.auth: who may use the API. Secrets come from variables that it names.
//
// Source: http-api.md section 9.
type Auth struct {
	Anonymous []string
	Roles     map[string][]string // beside the built-in ones
	Tokens    []Token
}

// Token is a bearer token. It has a role or permissions.
type Token struct {
	Name, Role  string
	Permissions []string
	Secret      string
	Origin      string // where it is declared
}

// authReader reads the section.
type authReader struct {
	env map[string]string
	log *diag.List
}

// readAuth reads the section; what is wrong is reported.
func readAuth(n *yamldoc.Node, env map[string]string, log *diag.List) *Auth {
	r := authReader{env, log}
	out := &Auth{Roles: map[string][]string{}}
	if n.Kind == yamldoc.KindNull {
		return nil
	}
	r.mapping(n, authPath, map[string]func(*yamldoc.Node){
		"anonymous_permissions": func(n *yamldoc.Node) { out.Anonymous = r.texts(n, "anonymous_permissions") },
		"roles": func(n *yamldoc.Node) {
			for _, p := range n.Pairs {
				if out.Roles[p.Key] = r.texts(p.Value, p.Key); len(out.Roles[p.Key]) == 0 {
					report(log, p.KeyPos, "", "role %q has no permissions", p.Key)
				}
			}
			if n.Kind != yamldoc.KindMapping {
				report(log, n.Pos, "", "roles: want a mapping of names to lists of permissions, not a %s", n.Kind)
			}
		},
		"tokens": func(n *yamldoc.Node) {
			if n.Kind != yamldoc.KindSequence {
				report(log, n.Pos, "", "tokens: want a list, not a %s", n.Kind)
			}
			for _, item := range n.Items {
				out.Tokens = append(out.Tokens, r.token(item))
			}
		},
	})
	return out
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

func (r *authReader) token(n *yamldoc.Node) Token {
	t := Token{Origin: n.Pos.String()}
	variable := ""
	text := func(to *string) func(*yamldoc.Node) {
		return func(n *yamldoc.Node) {
			if n.Kind != yamldoc.KindString {
				report(r.log, n.Pos, "", "want a text, not a %s", n.Kind)
			}
			*to = n.Text
		}
	}
	r.mapping(n, "a token", map[string]func(*yamldoc.Node){
		"name": text(&t.Name), "role": text(&t.Role), "token_env": text(&variable),
		"permissions": func(n *yamldoc.Node) { t.Permissions = r.texts(n, "permissions") },
		"token": func(n *yamldoc.Node) {
			report(r.log, n.Pos, "", "secrets are not read from a file; name a variable in token_env")
		},
	})
	switch t.Secret = r.env[variable]; {
	case variable == "":
		report(r.log, n.Pos, "", "token %q: token_env is missing, which names the variable with the secret", t.Name)
	case t.Secret == "":
		report(r.log, n.Pos, "", "token %q: the variable %s is not set, or empty", t.Name, variable)
	case (t.Role == "") == (len(t.Permissions) == 0):
		report(r.log, n.Pos, "", "token %q: give either a role or permissions", t.Name)
	}
	return t
}

// texts reads a list of texts.
func (r *authReader) texts(n *yamldoc.Node, what string) []string {
	list, ok := listOf(n)
	if !ok {
		report(r.log, n.Pos, "", "%s: want a list of texts, not %s", what, describe(n))
		return nil
	}
	var out []string
	for _, x := range list.([]any) {
		out = append(out, x.(string))
	}
	return out
}

// Auth returns daemon.api.auth, nil if it is not there.
func (l *Layers) Auth() *Auth { return l.auth }
