package impl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// activityJSON is what the operations for people who look on answer.
type activityJSON []byte

func (b activityJSON) write(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b activityJSON) VisitListDeliveriesResponse(w http.ResponseWriter) error { return b.write(w) }
func (b activityJSON) VisitListRequestsResponse(w http.ResponseWriter) error   { return b.write(w) }
func (b activityJSON) VisitListSessionsResponse(w http.ResponseWriter) error   { return b.write(w) }
func (b activityJSON) VisitRetrieveServerResponse(w http.ResponseWriter) error { return b.write(w) }

// testScope is the caller's, in test mode: nobody looks on in live mode.
func testScope(ctx context.Context) (store.Scope, error) {
	scope := apikey.From(ctx).Scope
	if !scope.Livemode {
		return scope, nil
	}
	e := apierror.Invalid("", "What happened lately is shown in test mode alone, and this is a live key. Use a test key "+
		"(sk_test_…) of the same tenant.").WithCode("livemode_mismatch")
	e.Status = http.StatusForbidden
	return scope, e
}

// RetrieveServer tells what is running (GET /v1/fincon/server).
func (s *Server) RetrieveServer(ctx context.Context, _ gen.RetrieveServerRequestObject) (gen.RetrieveServerResponseObject, error) {
	if _, err := testScope(ctx); err != nil {
		return nil, err
	}
	keys := gen.ServerKeysRegistered
	if s.Keys.TakesAny() {
		keys = gen.ServerKeysAny
	}
	answer, err := wire.JSON(gen.Server{
		Object: gen.ServerObjectFinconServer, APIVersion: s.contract.Version(), Database: s.About.Database, Keys: keys,
		Now: s.Clock.Now().Unix(), Version: s.About.Version,
	})
	return activityJSON(answer), err
}

const sessionSummariesPath = "/v1/fincon/sessions"

// ListSessions lists sessions in short, newest first (GET /v1/fincon/sessions).
func (s *Server) ListSessions(ctx context.Context, request gen.ListSessionsRequestObject) (gen.ListSessionsResponseObject, error) {
	scope, err := testScope(ctx)
	if err != nil {
		return nil, err
	}
	page, err := pageOf(request.Params.Limit, request.Params.StartingAfter, request.Params.EndingBefore)
	if err != nil {
		return nil, err
	}
	rows, more, err := s.Store.ListSessions(ctx, scope, page)
	if errors.Is(err, store.ErrNoCursor) {
		return nil, noCursor(page, "session")
	}
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(rows))
	for i, row := range rows {
		if bodies[i], err = summary(row); err != nil {
			return nil, err
		}
	}
	return activityJSON(wire.List(bodies, more, sessionSummariesPath)), nil
}

func summary(row store.Session) ([]byte, error) {
	var session gen.Session
	if err := json.Unmarshal(row.Body, &session); err != nil {
		return nil, fmt.Errorf("read a stored session: %w", err)
	}
	return wire.JSON(gen.SessionSummary{
		ID: row.ID, Object: gen.SessionSummaryObjectFinconSessionSummary, AccountHolder: session.AccountHolder,
		Accounts: session.Accounts.TotalCount, Created: id.Created(row.ID), Permissions: session.Permissions,
	})
}
