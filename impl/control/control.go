// Package control is what tests need and no client of the API may have: it moves the clock, waits until nothing is left to
// do, links accounts without a browser, plans faults and removes tenants' data. openapi/control.yaml describes it. It is
// served to its own machine alone.
package control

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	api "fincon/gen/control"
	"fincon/impl"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/contract"
	"fincon/impl/id"
	"fincon/openapi"
)

// Control answers the operations of the control listener's document.
type Control struct {
	http.Handler
	server    *impl.Server
	contract  *contract.Contract
	tenants   map[string]bool // the operations that act for a tenant, by name
	advancing sync.Mutex
}

// New controls a server, whose clock must be a test's and whose Faults must not be nil.
func New(server *impl.Server) (*Control, error) {
	document, err := contract.Load(openapi.ControlJSON)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	c := &Control{Handler: e, server: server, contract: document, tenants: tenantOperations(document)}
	e.Binder = contract.Binder{}
	e.Use(c.observe( // request id, panics, one log line
		local,          // no page in a browser has sent it
		limitBody,      // no more than impl.MaxBody is read
		c.identify,     // key: whom to act for
		document.Check, // the document: decoded once, validated once
	))
	api.RegisterHandlers(e, api.NewStrictHandler(c, nil))
	e.GET("/openapi.yaml", serve("application/yaml; charset=utf-8", openapi.ControlYAML))
	e.GET("/openapi.json", serve("application/json; charset=utf-8", openapi.ControlJSON))
	return c, nil
}

// tenantOperations are those that need a key.
func tenantOperations(document *contract.Contract) map[string]bool {
	tenants := map[string]bool{}
	for _, item := range document.Document().Paths.Map() {
		for _, operation := range item.Operations() {
			tenants[operation.OperationID] = operation.Security == nil // the document's own: a key
		}
	}
	return tenants
}

// observe takes a request through the steps to its operation, and writes one line about it. Every error leaves as the error
// object.
func (c *Control) observe(steps ...func(echo.Context) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ctx echo.Context) error {
			start := time.Now()
			ctx.Response().Header().Set("Request-Id", id.Request())
			var cause error
			if err := pass(ctx, steps, next); err != nil {
				fault := faultOf(err, ctx)
				cause = fault.Cause
				writeError(ctx, fault)
			}
			c.logRequest(ctx, cause, time.Since(start))
			return nil
		}
	}
}

func (c *Control) logRequest(ctx echo.Context, cause error, took time.Duration) {
	attributes := []slog.Attr{
		slog.String("request", ctx.Response().Header().Get("Request-Id")),
		slog.String("operation", c.contract.Operation(ctx.Request().Method, ctx.Path())),
		slog.Int("status", ctx.Response().Status),
		slog.Duration("duration", took),
	}
	level := slog.LevelInfo
	if cause != nil {
		level = slog.LevelError
		attributes = append(attributes, slog.Any("cause", cause))
	}
	c.server.Log.LogAttrs(ctx.Request().Context(), level, "control", attributes...)
}

func pass(ctx echo.Context, steps []func(echo.Context) error, next echo.HandlerFunc) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return next(ctx)
}

// faultOf makes the error object of any error.
func faultOf(err error, ctx echo.Context) *apierror.Error {
	if fault, ok := errors.AsType[*apierror.Error](err); ok {
		return fault
	}
	if fault, ok := errors.AsType[*echo.HTTPError](err); ok &&
		(fault.Code == http.StatusNotFound || fault.Code == http.StatusMethodNotAllowed) {
		fault := apierror.NoRoute(ctx.Request().Method, ctx.Request().URL.Path)
		fault.Message = "This is the control listener, whose operations are described at /openapi.yaml. " + fault.Message
		return fault
	}
	return apierror.Internal(ctx.Response().Header().Get("Request-Id"), err)
}

func writeError(ctx echo.Context, fault *apierror.Error) {
	if ctx.Response().Committed {
		return
	}
	if fault.Challenge {
		ctx.Response().Header().Set("WWW-Authenticate", `Basic realm="fincon"`)
	}
	_ = ctx.JSONBlob(fault.Status, fault.JSON()) // the client may be gone
}

// local refuses what pages in a browser send: a page from elsewhere could reach this listener by its address, or by a name
// of its own that was made to point here.
func local(ctx echo.Context) error {
	request := ctx.Request()
	host := request.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	if request.Header.Get("Origin") == "" && (strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()) {
		return nil
	}
	refused := apierror.Invalid("", "The control listener is for programs on its own machine that call it by its address: no "+
		"browser's Origin, no other Host.")
	refused.Status = http.StatusForbidden
	return refused
}

func limitBody(ctx echo.Context) error {
	if request := ctx.Request(); request.Body != nil && request.Body != http.NoBody {
		request.Body = http.MaxBytesReader(ctx.Response(), request.Body, impl.MaxBody)
	}
	return nil
}

// identify finds the tenant to act for. Any kind of key names it: whoever reaches this listener may do everything.
func (c *Control) identify(ctx echo.Context) error {
	request := ctx.Request()
	if !c.tenants[c.contract.Operation(request.Method, ctx.Path())] {
		return nil
	}
	caller, err := c.server.Keys.Caller(request.Context(), request.Header)
	if err != nil {
		return err
	}
	ctx.SetRequest(request.WithContext(withRequestID(apikey.With(request.Context(), caller), ctx)))
	return nil
}

func serve(contentType string, body []byte) echo.HandlerFunc {
	return func(ctx echo.Context) error { return ctx.Blob(http.StatusOK, contentType, body) }
}
