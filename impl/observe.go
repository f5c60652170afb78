package impl

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"fincon/impl/apierror"
	"fincon/impl/id"
)

// observe gives the request its id, takes it through the steps to its operation, turns a panic into the API's error, and
// writes one line about it, and in test mode remembers it: never a key, a client_secret, a body or a query.
func (s *Server) observe(steps ...step) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ctx echo.Context) error {
			start := time.Now()
			requestID := id.Request()
			ctx.Response().Header().Set("Request-Id", requestID)
			var fault *apierror.Error
			if err := s.pass(ctx, steps, next); err != nil {
				fault = s.writeError(err, ctx)
			}
			took := time.Since(start)
			s.logRequest(ctx, requestID, fault, start, took)
			s.rememberRequest(ctx, requestID, fault, took)
			return nil
		}
	}
}

// pass takes the steps and runs the operation; a panic is an error like any other.
func (s *Server) pass(ctx echo.Context, steps []step, next echo.HandlerFunc) (err error) {
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v) // the way to drop a connection
			}
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if !isAPI(ctx.Request()) {
		return next(ctx)
	}
	if s.Faults != nil {
		if fault, planned := s.planned(ctx); planned {
			return s.fail(ctx, fault, next)
		}
	}
	return s.idempotency.Run(ctx, next)
}

func (s *Server) logRequest(ctx echo.Context, requestID string, fault *apierror.Error, start time.Time, took time.Duration) {
	status := ctx.Response().Status
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !s.Log.Enabled(ctx.Request().Context(), level) {
		return
	}
	// The logger's own methods also find out which line of code they were called from, which nobody asks here.
	line := slog.NewRecord(start.Add(took), level, "request", 0)
	line.AddAttrs(
		slog.String("request", requestID),
		slog.String("operation", s.operation(ctx)),
		slog.Int("status", status),
		slog.Duration("duration", took),
	)
	if fault != nil {
		line.AddAttrs(slog.String("type", string(fault.Type)), slog.String("code", fault.Code))
		if fault.Cause != nil {
			line.AddAttrs(slog.Any("cause", fault.Cause))
		}
	}
	_ = s.Log.Handler().Handle(ctx.Request().Context(), line) // there is nowhere left to say that the log cannot be written
}

// operation names what was called, in the document's words. The path and even the method of what does not exist are the
// caller's text: they stay out of the log.
func (s *Server) operation(ctx echo.Context) string {
	if operation := s.contract.Operation(ctx.Request().Method, ctx.Path()); operation != "" {
		return operation
	}
	switch method := ctx.Request().Method; method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "unknown"
}
