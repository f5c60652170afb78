// Package impl is the implementation behind the generated interface: one file per resource, and here the way of a
// request, from the listener to the answer.
package impl

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fincon/gen"
	"fincon/impl/apikey"
	"fincon/impl/contract"
	"fincon/impl/idempotency"
	"fincon/impl/store"
	"fincon/openapi"
)

// MaxBody is the largest body that is read, in bytes.
const MaxBody = 1 << 20

// Config is what a server is made of.
type Config struct {
	Store *store.Store
	Keys  *apikey.Keys
	Now   func() time.Time // the server's time
	Log   *slog.Logger
}

// Server answers the operations of the document. It is an http.Handler; Run does the work that nobody waits for.
type Server struct {
	Config
	http.Handler
	contract    *contract.Contract
	idempotency *idempotency.Keys
}

// step is one thing that a request must pass before its operation runs.
type step func(echo.Context) error

// New builds the server: every route, and what a request passes on its way.
func New(config Config) (*Server, error) {
	document, err := contract.Load(openapi.JSON)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	s := &Server{Config: config, Handler: e, contract: document, idempotency: idempotency.New(config.Now)}
	e.Binder = contract.Binder{}
	e.HTTPErrorHandler = func(err error, ctx echo.Context) { s.writeError(err, ctx) }

	// A request's way. It is one middleware that takes the steps in turn: echo builds a chain anew for every request.
	e.Use(s.observe( // request id, panics, one log line
		limitBody,         // no more than MaxBody is read
		s.identify,        // key: who is calling
		s.version,         // Stripe-Version: a version at all
		idempotency.Check, // Idempotency-Key: a key at all
		document.Check,    // the document: decoded once, validated once
	))
	gen.RegisterHandlers(e, gen.NewStrictHandler(s, nil))

	e.GET("/openapi.yaml", serve("application/yaml; charset=utf-8", openapi.YAML))
	e.GET("/openapi.json", serve("application/json; charset=utf-8", openapi.JSON))
	return s, nil
}

// isAPI tells whether a request is for the API, which needs a key, or for what everybody may see.
func isAPI(request *http.Request) bool {
	return strings.HasPrefix(request.URL.Path, "/v1/")
}

// identify finds who is calling; all operations under /v1 so far are for secret and restricted keys.
func (s *Server) identify(ctx echo.Context) error {
	request := ctx.Request()
	if !isAPI(request) {
		return nil
	}
	caller, err := s.Keys.Caller(request.Context(), request.Header)
	if err != nil {
		return err
	}
	if err := apikey.RequireSecret(caller); err != nil {
		return err
	}
	if account := request.Header.Get("Stripe-Account"); account != "" {
		ctx.Response().Header().Set("Stripe-Account", account)
	}
	ctx.SetRequest(request.WithContext(apikey.With(request.Context(), caller)))
	return nil
}

func limitBody(ctx echo.Context) error {
	if request := ctx.Request(); request.Body != nil && request.Body != http.NoBody {
		request.Body = http.MaxBytesReader(ctx.Response(), request.Body, MaxBody)
	}
	return nil
}

func serve(contentType string, body []byte) echo.HandlerFunc {
	return func(ctx echo.Context) error { return ctx.Blob(http.StatusOK, contentType, body) }
}

// Run forgets idempotency keys that have expired, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	const pause, batch = time.Minute, 500
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for ctx.Err() == nil {
			pruned, err := s.Store.PruneIdempotent(ctx, s.Now().Add(-idempotency.Lifetime).Unix(), batch)
			if err != nil {
				s.Log.Error("forget expired idempotency keys", "cause", err)
			}
			if err != nil || pruned < batch {
				break
			}
		}
	}
}
