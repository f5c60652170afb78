package impl

import (
	"errors"
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
// writes one line about it: never a key, a client_secret, a body or a query.
func (s *Server) observe(steps ...step) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ctx echo.Context) error {
			start := time.Now()
			requestID := id.Request()
			ctx.Response().Header().Set("Request-Id", requestID)
			err := s.pass(ctx, steps, next)
			if err != nil {
				s.writeError(err, ctx)
			}
			s.logRequest(ctx, requestID, err, time.Since(start))
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
	return s.idempotency.Run(ctx, next)
}

func (s *Server) logRequest(ctx echo.Context, requestID string, err error, took time.Duration) {
	status := ctx.Response().Status
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !s.Log.Enabled(ctx.Request().Context(), level) {
		return
	}
	operation := s.contract.Operation(ctx.Request().Method, ctx.Path())
	if operation == "" {
		operation = ctx.Request().Method // the path of what does not exist is the caller's text: it stays out
	}
	attributes := []slog.Attr{
		slog.String("request", requestID),
		slog.String("operation", operation),
		slog.Int("status", status),
		slog.Duration("duration", took),
	}
	if fault, ok := errors.AsType[*apierror.Error](err); ok {
		attributes = append(attributes, slog.String("type", string(fault.Type)), slog.String("code", fault.Code))
	}
	if level == slog.LevelError {
		attributes = append(attributes, slog.Any("cause", err))
	}
	s.Log.LogAttrs(ctx.Request().Context(), level, "request", attributes...)
}
