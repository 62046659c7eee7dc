package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Auth says who may do what.
//
// Source: http-api.md section 9.
type Auth struct {
	Anonymous []string // permissions of requests without a token
	Tokens    []Token
}

// Token is a bearer token.
type Token struct {
	Name        string
	Permissions []string
	Secret      string
}

// roles are the built-in ones.
var roles = map[string][]string{
	"reader":   {"*:read"},
	"operator": {"*:read", "silences:write", "dispositions:write", "sources:write", "fields:write", "schemas:write"},
	"ingest":   {"events:ingest"},
	"admin":    {"*"},
}

// Role returns the permissions of a built-in role. The slice belongs to the caller.
func Role(name string) ([]string, bool) {
	p, ok := roles[name]
	return slices.Clone(p), ok
}

// permissionPattern is *, or RESOURCE:ACTION where either may be *.
var permissionPattern = regexp.MustCompile(`^(\*|(\*|[a-z0-9-]+):(\*|[a-z0-9-]+))$`)

// Validate says what is wrong with a.
func (a *Auth) Validate() error {
	names, secrets := map[string]bool{}, map[string]bool{}
	for _, t := range a.Tokens {
		switch {
		case t.Name == "":
			return errors.New("api.auth: a token has no name")
		case names[t.Name]:
			return fmt.Errorf("api.auth: two tokens are named %q", t.Name)
		case t.Secret == "":
			return fmt.Errorf("api.auth: the secret of token %q is empty or its variable is not set", t.Name)
		case secrets[t.Secret]:
			return fmt.Errorf("api.auth: token %q has the secret of another one", t.Name)
		case len(t.Permissions) == 0:
			return fmt.Errorf("api.auth: token %q has no permissions", t.Name)
		}
		names[t.Name], secrets[t.Secret] = true, true
		if err := validPermissions(t.Permissions); err != nil {
			return fmt.Errorf("api.auth: token %q: %w", t.Name, err)
		}
	}
	return validPermissions(a.Anonymous)
}

func validPermissions(list []string) error {
	for _, p := range list {
		if !permissionPattern.MatchString(p) {
			return fmt.Errorf("permission %q: want RESOURCE:ACTION, such as rules:read, or *", p)
		}
	}
	return nil
}

// grants reports whether one of the permissions in list covers want; only * covers the empty one.
func grants(list []string, want string) bool {
	resource, action, _ := strings.Cut(want, ":")
	for _, p := range list {
		r, a, _ := strings.Cut(p, ":")
		if p == "*" || want != "" && (r == "*" || r == resource) && (a == "*" || a == action) {
			return true
		}
	}
	return false
}

// authenticator checks requests in front of the routes.
type authenticator struct {
	s       *server
	next    *router
	digests [][sha256.Size]byte // of the secrets
	refused limits
	warn    refusalLog
}

func (s *server) authenticate(next *router) http.Handler {
	a := &authenticator{s: s, next: next, refused: limits{by: map[string]*rate.Limiter{}}}
	for _, t := range s.Auth.Tokens {
		a.digests = append(a.digests, sha256.Sum256([]byte(t.Secret)))
	}
	return a
}

// ServeHTTP implements http.Handler.
func (a *authenticator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want, open := a.permission(r)
	if open {
		a.next.ServeHTTP(w, r)
		return
	}
	name, permissions, ok := a.who(r)
	switch {
	case ok && grants(permissions, want):
		if name != "" {
			r = r.WithContext(context.WithValue(r.Context(), clientKey{}, name))
		}
		a.next.ServeHTTP(w, r)
	case !ok || name == "":
		a.unauthorized(w, r)
	default:
		a.forbidden(w, r, name, want)
	}
}

// clientKey is the key of the name of a token in the context of a request.
type clientKey struct{}

// Client returns the name of the token that r came with, empty without one.
func Client(r *http.Request) string {
	name, _ := r.Context().Value(clientKey{}).(string)
	return name
}

// permission returns what r needs; open says that it needs nothing. What no route is for needs *, so that nobody can find out which
// paths there are.
func (a *authenticator) permission(r *http.Request) (want string, open bool) {
	route := a.next.route(r)
	if route == nil {
		return "", false
	}
	return route.Permission, route.Permission == ""
}

// who returns the token of r and what it may do. It is false if there is a token and it is wrong. Without one the name is empty.
func (a *authenticator) who(r *http.Request) (name string, permissions []string, ok bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", a.s.Auth.Anonymous, true
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", nil, false
	}
	digest := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	found := -1
	for i := range a.digests { // all of them, so that time tells nothing
		if subtle.ConstantTimeCompare(digest[:], a.digests[i][:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return "", nil, false
	}
	t := &a.s.Auth.Tokens[found]
	return t.Name, t.Permissions, true
}

func (a *authenticator) unauthorized(w http.ResponseWriter, r *http.Request) {
	a.count("unauthorized")
	a.warn.warn(a.s.Log, r)
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if !a.refused.wait(r.Context(), host) {
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusTooManyRequests, failure{Error: "too many requests without a valid bearer token"})
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	answer(w, http.StatusUnauthorized, failure{Error: "missing or invalid bearer token"})
}

func (a *authenticator) forbidden(w http.ResponseWriter, r *http.Request, name, want string) {
	a.count("forbidden")
	a.s.Log.Warn("Request refused", "token", name, "method", r.Method, "path", r.URL.Path)
	if want == "" {
		want = "*"
	}
	answer(w, http.StatusForbidden, failure{Error: fmt.Sprintf("token lacks required permission '%s'", want)})
}

func (a *authenticator) count(reason string) {
	if f := a.s.Hooks.AuthFailure; f != nil {
		f(reason)
	}
}

// Refusals of one address (reliability.md T12).
const (
	refusals     = 10 // a second
	maxAddresses = 10_000
)

// limits slow down addresses that guess.
type limits struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

// wait waits until address may hear another refusal. It is false if that would take more than a second.
func (l *limits) wait(ctx context.Context, address string) bool {
	l.mu.Lock()
	limiter := l.by[address]
	if limiter == nil {
		if len(l.by) >= maxAddresses {
			clear(l.by)
		}
		limiter = rate.NewLimiter(refusals, refusals)
		l.by[address] = limiter
	}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return limiter.Wait(ctx) == nil
}

// refusalLog logs refused requests, one a second at most: whoever guesses must not fill the log.
type refusalLog struct {
	mu         sync.Mutex
	last       time.Time
	suppressed int
}

// warn logs that r was refused for want of a valid token, with how many warnings were left out since the last one.
func (l *refusalLog) warn(log *slog.Logger, r *http.Request) {
	l.mu.Lock()
	now := time.Now()
	if !l.last.IsZero() && now.Sub(l.last) < time.Second {
		l.suppressed++
		l.mu.Unlock()
		return
	}
	suppressed := l.suppressed
	l.last, l.suppressed = now, 0
	l.mu.Unlock()
	log.Warn("Request without a valid token refused", "method", r.Method, "path", r.URL.Path, "address", r.RemoteAddr, "suppressed", suppressed)
}
