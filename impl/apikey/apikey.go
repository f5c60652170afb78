// Package apikey says who is calling. A key is a tenant: in open mode any well-formed key is one, named by the text
// after its prefix; otherwise only registered keys are, of which the SHA-256 hash is kept.
package apikey

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"fincon/impl/apierror"
	"fincon/impl/store"
)

// Kind is what a key may be used for.
type Kind string

// A secret key may do everything, a restricted key what it was made for, a publishable key only what a page needs.
const (
	Secret      Kind = "secret"
	Restricted  Kind = "restricted"
	Publishable Kind = "publishable"
)

var prefixes = map[string]Kind{"sk_": Secret, "rk_": Restricted, "pk_": Publishable}

// Caller is who sent a request.
type Caller struct {
	Kind  Kind
	Scope store.Scope
}

type callerKey struct{}

// With puts the caller into the context, From takes it out.
func With(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// From gives the caller that the key middleware found. It panics without one: no operation runs without a key.
func From(ctx context.Context) Caller {
	return ctx.Value(callerKey{}).(Caller)
}

// Find is From where there may be no caller: the request had no valid key.
func Find(ctx context.Context) (caller Caller, found bool) {
	caller, found = ctx.Value(callerKey{}).(Caller)
	return caller, found
}

// Registry is where registered keys are kept.
type Registry interface {
	APIKeyByHash(ctx context.Context, hash []byte) (store.APIKey, error)
}

// Keys recognises callers by their keys.
type Keys struct {
	registry Registry
	known    *expirable.LRU[[sha256.Size]byte, store.APIKey]
}

// Open takes every well-formed key: the text after the prefix names a tenant. It is for servers that only their own
// machine reaches.
func Open() *Keys { return &Keys{} }

// TakesAny tells whether every well-formed key is taken.
func (k *Keys) TakesAny() bool { return k.registry == nil }

// revocationDelay is how long a revoked key may go on working: it spares a look-up for every request.
const revocationDelay = 5 * time.Second

// Registered takes the keys that the registry knows, and no others.
func Registered(registry Registry) *Keys {
	return &Keys{registry: registry, known: expirable.NewLRU[[sha256.Size]byte, store.APIKey](4096, nil, revocationDelay)}
}

var connectedAccount = regexp.MustCompile(`^acct_[A-Za-z0-9_]{1,250}$`)

// Caller finds who sent the request from its Authorization and Stripe-Account headers (server-api 1.1). Errors are
// *apierror.Error: 401 when there is no valid key, 403 when the account is not one.
func (k *Keys) Caller(ctx context.Context, header http.Header) (Caller, error) {
	key, readable := fromHeader(header.Get("Authorization"))
	if key == "" {
		return Caller{}, unauthorized("You did not provide an API key. You need to provide your API key in the " +
			"Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See " +
			"https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.")
	}
	if !readable {
		return Caller{}, invalid(key)
	}
	caller, err := k.recognise(ctx, key)
	if err != nil {
		return Caller{}, err
	}
	if account := header.Get("Stripe-Account"); account != "" {
		if !connectedAccount.MatchString(account) {
			return Caller{}, noAccess(key, account)
		}
		caller.Scope.Tenant += "/" + account
	}
	return caller, nil
}

func (k *Keys) recognise(ctx context.Context, key string) (Caller, error) {
	caller, rest, ok := Parse(key)
	if !ok {
		return Caller{}, invalid(key)
	}
	if k.registry == nil {
		name := sha256.Sum256([]byte(rest))
		caller.Scope.Tenant = base64.RawURLEncoding.EncodeToString(name[:16])
		return caller, nil
	}
	registered, err := k.lookUp(ctx, sha256.Sum256([]byte(key)))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Caller{}, invalid(key)
	case err != nil:
		return Caller{}, fmt.Errorf("look up an API key: %w", err)
	case registered.Revoked != 0:
		return Caller{}, unauthorized("Expired API Key provided: " + Mask(key)).WithCode("api_key_expired")
	}
	caller.Scope.Tenant = registered.Tenant
	return caller, nil
}

func (k *Keys) lookUp(ctx context.Context, hash [sha256.Size]byte) (store.APIKey, error) {
	if known, ok := k.known.Get(hash); ok {
		return known, nil
	}
	found, err := k.registry.APIKeyByHash(ctx, hash[:])
	if err == nil {
		k.known.Add(hash, found)
	}
	return found, err
}

// Parse takes a key apart: its kind and mode, and the text after the prefix.
func Parse(key string) (caller Caller, rest string, ok bool) {
	if len(key) < 3 {
		return Caller{}, "", false
	}
	kind, ok := prefixes[key[:3]]
	if !ok {
		return Caller{}, "", false
	}
	rest, live := strings.CutPrefix(key[3:], "live_")
	if !live {
		rest, ok = strings.CutPrefix(key[3:], "test_")
	}
	return Caller{Kind: kind, Scope: store.Scope{Livemode: live}}, rest, ok && rest != ""
}

// fromHeader takes the key out of `Bearer KEY` or `Basic base64(KEY:)`; readable is false for a Basic that is not Base64.
func fromHeader(authorization string) (key string, readable bool) {
	scheme, credentials, _ := strings.Cut(authorization, " ")
	credentials = strings.TrimSpace(credentials)
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return credentials, true
	case strings.EqualFold(scheme, "Basic"):
		decoded, err := base64.StdEncoding.DecodeString(credentials)
		if err != nil {
			return credentials, false
		}
		user, _, _ := strings.Cut(string(decoded), ":")
		return user, true
	}
	return "", true
}

// Mask shows enough of a key to recognise it: the prefix and the last four characters.
func Mask(key string) string {
	const head, tail, longest = 8, 4, 40
	if len(key) <= head+2*tail {
		return strings.Repeat("*", min(len(key), longest))
	}
	return strings.ToValidUTF8(key[:head]+strings.Repeat("*", min(len(key)-head-tail, longest))+key[len(key)-tail:], "*")
}

func unauthorized(message string) *apierror.Error {
	return &apierror.Error{
		Status: http.StatusUnauthorized, Type: apierror.InvalidRequest, Message: message, Challenge: true,
	}
}

func invalid(key string) *apierror.Error {
	return unauthorized("Invalid API Key provided: " + Mask(key))
}

func noAccess(key, account string) *apierror.Error {
	const longest = 40
	e := apierror.Invalid("", fmt.Sprintf("The provided key '%s' does not have access to account '%s' (or that account "+
		"does not exist). A connected account's id begins with acct_.", Mask(key),
		strings.ToValidUTF8(account[:min(len(account), longest)], "?"))).WithCode("account_invalid")
	e.Status = http.StatusForbidden
	return e
}

// RequireSecret is the rule of the operations that a backend calls: a publishable key may not (server-api 1.1).
func RequireSecret(caller Caller) error {
	if caller.Kind != Publishable {
		return nil
	}
	e := apierror.Invalid("", "This API call cannot be made with a publishable API key. Please use a secret API key. "+
		"You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.").
		WithCode("secret_key_required")
	e.Status = http.StatusForbidden
	return e
}
