// Package idempotency makes a request that is sent twice with one Idempotency-Key do its work once (server-api 1.9).
//
// There is no look-up before the work: the result is saved in the transaction that does the work, under a key that can be
// taken only once. Whoever comes second has its transaction rolled back and gives the first one's answer. So work and
// result are kept together or not at all, whatever dies in between, and the usual request pays for one insert.
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/contract"
	"fincon/impl/form"
	"fincon/impl/store"
)

// Lifetime is how long a key is remembered.
const Lifetime = 24 * time.Hour

const (
	header    = "Idempotency-Key"
	maxLength = 255 // characters
)

// Attempt is a request that carries an idempotency key.
type Attempt struct {
	scope       store.Scope
	key         string
	fingerprint []byte
	path        string
	requestID   string
	now         time.Time
}

// Replay is an earlier answer, to be given again. It travels as an error so that it reaches the one writer.
type Replay struct {
	Status          int
	Body            []byte
	OriginalRequest string
}

func (r *Replay) Error() string { return "an earlier answer, of " + r.OriginalRequest }

// Keys are the keys that this process is working on.
type Keys struct {
	now     func() time.Time
	mu      sync.Mutex
	running map[runningKey]struct{}
}

type runningKey struct {
	scope store.Scope
	key   string
}

// New starts without any key. now is the server's time.
func New(now func() time.Time) *Keys {
	return &Keys{now: now, running: map[runningKey]struct{}{}}
}

// Check refuses keys that cannot be one, and echoes the others. It runs before the request is looked at.
func Check(ctx echo.Context) error {
	keys, given := ctx.Request().Header[header]
	if !given || ctx.Request().Method != http.MethodPost {
		return nil
	}
	if keys[0] == "" || utf8.RuneCountInString(keys[0]) > maxLength {
		return apierror.Invalid("", fmt.Sprintf("Idempotency Key must be a non-empty string. (At most %d characters are "+
			"taken.)", maxLength))
	}
	ctx.Response().Header().Set(header, keys[0])
	return nil
}

// Run lets one request with a key run at a time. It comes after the validation, so that what is not valid is not
// remembered.
func (k *Keys) Run(ctx echo.Context, next echo.HandlerFunc) error {
	request := ctx.Request()
	key := request.Header.Get(header)
	if key == "" || request.Method != http.MethodPost {
		return next(ctx)
	}
	running := runningKey{apikey.From(request.Context()).Scope, key}
	if !k.begin(running) {
		return inUse(key)
	}
	defer k.end(running)

	requestID := ctx.Response().Header().Get("Request-Id")
	ctx.Response().Header().Set("Original-Request", requestID)
	attempt := &Attempt{
		scope: running.scope, key: key, fingerprint: fingerprint(ctx), path: request.URL.Path,
		requestID: requestID, now: k.now(),
	}
	ctx.SetRequest(request.WithContext(context.WithValue(request.Context(), attemptKey{}, attempt)))
	return next(ctx)
}

func (k *Keys) begin(key runningKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, taken := k.running[key]; taken {
		return false
	}
	k.running[key] = struct{}{}
	return true
}

func (k *Keys) end(key runningKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.running, key)
}

type attemptKey struct{}

// From gives the attempt that a request is, nil when it carries no key.
func From(ctx context.Context) *Attempt {
	attempt, _ := ctx.Value(attemptKey{}).(*Attempt)
	return attempt
}

// Key is the request's idempotency key, "" when it carries none.
func (a *Attempt) Key() string {
	if a == nil {
		return ""
	}
	return a.key
}

// Save keeps the answer with what the transaction wrote. A key that is taken fails the transaction with
// store.ErrConflict. A nil attempt saves nothing.
func (a *Attempt) Save(ctx context.Context, tx *store.Tx, status int, body []byte) error {
	if a == nil {
		return nil
	}
	return tx.SaveIdempotent(ctx, a.scope, store.IdempotentResult{
		Key: a.key, Fingerprint: a.fingerprint, Path: a.path, RequestID: a.requestID,
		Status: status, Body: body, Created: a.now.Unix(),
	}, a.now.Add(-Lifetime).Unix())
}

// Replay gives the answer that is stored under the attempt's key, when it was for the same request.
func (a *Attempt) Replay(ctx context.Context, kept *store.Store) error {
	result, err := kept.Idempotent(ctx, a.scope, a.key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return inUse(a.key) // it was pruned in between: the client's next try will run
	case err != nil:
		return err
	case result.Path != a.path:
		return misuse(fmt.Sprintf("Keys for idempotent requests can only be used for the same endpoint they were first "+
			"used for ('%s' vs '%s'). Try using a key other than '%s' if you meant to execute a different request.",
			a.path, result.Path, a.key))
	case !bytes.Equal(result.Fingerprint, a.fingerprint):
		return misuse(fmt.Sprintf("Keys for idempotent requests can only be used with the same parameters they were first "+
			"used with. Try using a key other than '%s' if you meant to execute a different request.", a.key))
	}
	return &Replay{Status: result.Status, Body: result.Body, OriginalRequest: result.RequestID}
}

// fingerprint is of what was asked: method, path and parameters, in whatever order or body type they were sent.
func fingerprint(ctx echo.Context) []byte {
	request := ctx.Request()
	sum := sha256.Sum256([]byte(request.Method + " " + request.URL.Path + "\n" + form.Encode(contract.Value(ctx))))
	return sum[:]
}

func inUse(key string) error {
	e := apierror.Invalid("", "There is currently another in-progress request using this Idempotent Key (that probably "+
		"means you submitted twice, and the other request is still going through): "+key+". Please try again later.").
		WithCode("idempotency_key_in_use")
	e.Status = http.StatusConflict
	return e
}

func misuse(message string) error {
	return &apierror.Error{Status: http.StatusBadRequest, Type: apierror.Idempotency, Message: message}
}
