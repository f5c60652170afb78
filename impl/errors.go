package impl

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"fincon/impl/apierror"
	"fincon/impl/idempotency"
)

// writeError is the one way out for everything that is not the answer of an operation that went well: faults of any
// step, routes that do not exist, panics, and earlier answers that are given again. It gives back the fault it wrote.
func (s *Server) writeError(err error, ctx echo.Context) *apierror.Error {
	response := ctx.Response()
	header := response.Header()
	if replay, ok := errors.AsType[*idempotency.Replay](err); ok {
		header.Set("Idempotent-Replayed", "true")
		header.Set("Original-Request", replay.OriginalRequest)
		writeJSON(response, replay.Status, replay.Body)
		return nil
	}
	fault := s.fault(err, ctx)
	if response.Committed {
		return fault // the answer has begun: the client sees it cut off
	}
	header.Set("Stripe-Should-Retry", strconv.FormatBool(fault.ShouldRetry()))
	if fault.Challenge {
		header.Set("WWW-Authenticate", `Basic realm="fincon"`)
	}
	writeJSON(response, fault.Status, fault.JSON())
	return fault
}

// fault makes the API's error of any error.
func (s *Server) fault(err error, ctx echo.Context) *apierror.Error {
	if fault, ok := errors.AsType[*apierror.Error](err); ok {
		return fault
	}
	if fault, ok := errors.AsType[*echo.HTTPError](err); ok &&
		(fault.Code == http.StatusNotFound || fault.Code == http.StatusMethodNotAllowed) {
		return apierror.NoRoute(ctx.Request().Method, ctx.Request().URL.Path)
	}
	return apierror.Internal(ctx.Response().Header().Get("Request-Id"), err)
}

func writeJSON(response http.ResponseWriter, status int, body []byte) {
	response.Header().Set("Content-Type", "application/json")
	response.Header().Set("Content-Length", strconv.Itoa(len(body))) // long ones would go out in chunks
	response.WriteHeader(status)
	_, _ = response.Write(body) // the client may be gone
}
