package impl

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fincon/gen"
	"fincon/impl/activity"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const requestsPath = "/v1/fincon/requests"

// How much of a request's texts is remembered, in bytes. They are the caller's.
const (
	longestPath = 200
	longestText = 500
)

// unlisted is the header of requests that only look on.
const unlisted = "Fincon-Unlisted"

// rememberRequest keeps what a request of test mode was, for ListRequests. What nobody could be told of is not kept: requests
// without a valid key.
func (s *Server) rememberRequest(ctx echo.Context, requestID string, fault *apierror.Error, took time.Duration) {
	request := ctx.Request()
	caller, known := apikey.Find(request.Context())
	if !known || caller.Scope.Livemode || request.Header.Get(unlisted) != "" {
		return
	}
	method, path := request.Method, request.URL.Path
	if len(request.RequestURI) > longestPath { // they are parts of the request's first line, query and all
		method, path = clip(method, longestPath), clip(path, longestPath)
	}
	s.requests.Add(caller.Scope.Tenant, activity.Request{
		ID: requestID, Method: method, Path: path,
		Operation: s.contract.Operation(request.Method, ctx.Path()), Status: ctx.Response().Status,
		Answered: s.Clock.Now().Unix(), Took: took, IdempotencyKey: request.Header.Get("Idempotency-Key") != "",
		Fault: faultOf(fault),
	})
}

func faultOf(fault *apierror.Error) *activity.Fault {
	if fault == nil {
		return nil
	}
	return &activity.Fault{
		Type: string(fault.Type), Code: fault.Code, Param: clip(fault.Param, longestText), Message: clip(fault.Message, longestText),
	}
}

// clip is a copy of the text's beginning: it does not hold in memory what the text is a part of, such as a whole body.
func clip(text string, longest int) string {
	if len(text) <= longest {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// ListRequests lists the latest requests, newest first (GET /v1/fincon/requests).
func (s *Server) ListRequests(ctx context.Context, request gen.ListRequestsRequestObject) (gen.ListRequestsResponseObject, error) {
	scope, err := testScope(ctx)
	if err != nil {
		return nil, err
	}
	page, err := pageOf(request.Params.Limit, request.Params.StartingAfter, request.Params.EndingBefore)
	if err != nil {
		return nil, err
	}
	entries, more, found := requestsOf(s.requests.Latest(scope.Tenant), page)
	if !found {
		return nil, noCursor(page, "request")
	}
	bodies := make([][]byte, len(entries))
	for i, entry := range entries {
		if bodies[i], err = wire.JSON(requestObject(entry)); err != nil {
			return nil, err
		}
	}
	return activityJSON(wire.List(bodies, more, requestsPath)), nil
}

// requestsOf is a page of entries, newest first, and whether there are more in its direction; found is false when its cursor is
// none of them.
func requestsOf(entries []activity.Request, page store.Page) (part []activity.Request, more, found bool) {
	cursor := page.After + page.Before // one of them is empty
	at := slices.IndexFunc(entries, func(entry activity.Request) bool { return entry.ID == cursor })
	switch {
	case cursor == "":
	case at < 0:
		return nil, false, false
	case page.Before != "":
		first := max(0, at-page.Limit)
		return entries[first:at], first > 0, true
	default:
		entries = entries[at+1:]
	}
	return entries[:min(len(entries), page.Limit)], len(entries) > page.Limit, true
}

func requestObject(entry activity.Request) gen.Request {
	object := gen.Request{
		ID: entry.ID, Object: gen.RequestObjectFinconRequest, Created: entry.Answered, Duration: entry.Took.Microseconds(),
		IdempotencyKey: entry.IdempotencyKey, Method: entry.Method, Operation: nonEmpty(entry.Operation), Path: masked(entry.Path),
		Status: int64(entry.Status),
	}
	if fault := entry.Fault; fault != nil {
		object.Error = &gen.RequestError{
			Code: nonEmpty(fault.Code), Message: masked(fault.Message), Param: nonEmpty(masked(fault.Param)), Type: fault.Type,
		}
	}
	return object
}

func nonEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// secrets are what a caller may have put in a wrong place, such as a path.
var secrets = regexp.MustCompile(`(_secret_|\b[sr]k_(?:test|live)_|\bwhsec_)[^\s'"/&?]+`)

func masked(text string) string { return secrets.ReplaceAllString(text, "$1…") }
