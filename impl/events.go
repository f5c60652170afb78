package impl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const eventsPath = "/v1/events"

// eventJSON is an event, or a list of events, as it is served.
type eventJSON []byte

func (b eventJSON) VisitListEventsResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

func (b eventJSON) VisitRetrieveEventResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, b)
	return nil
}

// ListEvents lists events of the last 30 days, newest first (GET /v1/events).
func (s *Server) ListEvents(ctx context.Context, request gen.ListEventsRequestObject) (gen.ListEventsResponseObject, error) {
	params := request.Params
	filter, err := s.eventFilter(params)
	if err != nil {
		return nil, err
	}
	page, err := pageOf(params.Limit, params.StartingAfter, params.EndingBefore)
	if err != nil {
		return nil, err
	}
	found, more, err := s.Store.ListEvents(ctx, apikey.From(ctx).Scope, filter, page)
	if errors.Is(err, store.ErrNoCursor) {
		return nil, noCursor(page, "event")
	}
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(found))
	for i, one := range found {
		bodies[i] = event.Render(one.Body, "", one.Pending)
	}
	return eventJSON(wire.List(bodies, more, eventsPath)), nil
}

// RetrieveEvent gives back an event of the last 30 days (GET /v1/events/{id}).
func (s *Server) RetrieveEvent(ctx context.Context, request gen.RetrieveEventRequestObject) (gen.RetrieveEventResponseObject, error) {
	scope := apikey.From(ctx).Scope
	found, err := s.event(ctx, scope, request.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, s.noEvent(ctx, scope, request.ID)
	}
	if err != nil {
		return nil, err
	}
	return eventJSON(event.Render(found.Body, "", found.Pending)), nil
}

// event reads an event; those of more than 30 days ago are not found, whether or not they were removed yet.
func (s *Server) event(ctx context.Context, scope store.Scope, id string) (store.Event, error) {
	found, err := s.Store.Event(ctx, scope, id)
	if err == nil && found.Created < s.oldestEvent() {
		return store.Event{}, store.ErrNotFound
	}
	return found, err
}

// oldestEvent is when the oldest events that are served happened, in Unix seconds.
func (s *Server) oldestEvent() int64 { return s.Clock.Now().Add(-event.Lifetime).Unix() }

// noEvent says whether the id exists in the key's other mode.
func (s *Server) noEvent(ctx context.Context, scope store.Scope, id string) error {
	_, err := s.event(ctx, store.Scope{Tenant: scope.Tenant, Livemode: !scope.Livemode}, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return apierror.NoSuch("event", id, "id")
	case err != nil:
		return err
	}
	return apierror.NoSuchInMode("event", id, "id", scope.Livemode)
}

func (s *Server) eventFilter(params gen.ListEventsParams) (filter store.EventFilter, err error) {
	if params.Type != nil && len(params.Types) > 0 {
		return filter, apierror.Exclusive("type", "types")
	}
	filter = store.EventFilter{DeliverySuccess: params.DeliverySuccess, NotBefore: s.oldestEvent(), Types: params.Types}
	if params.Type != nil {
		// An asterisk at the end stands for any text; anywhere else it is in no event's type.
		if prefix, wild := strings.CutSuffix(*params.Type, "*"); wild {
			filter.TypePrefix = prefix
		} else {
			filter.Types = []string{*params.Type}
		}
	}
	filter.From, filter.To, err = timeRange(params.Created)
	return filter, err
}

// timeRange is the first and the last second of a range, nil where it is open. One that is empty stays so.
func timeRange(asked *gen.TimeRange) (from, to *int64, err error) {
	if asked == nil {
		return nil, nil, nil
	}
	if at, err := asked.AsTimeRange0(); err == nil {
		return &at, &at, nil
	}
	ends, err := asked.AsTimeRangeEnds()
	if err != nil {
		return nil, nil, fmt.Errorf("read a range of times: %w", err)
	}
	from, to = ends.Gte, ends.Lte
	if ends.Gt != nil {
		after := *ends.Gt
		if after < math.MaxInt64 {
			after++
		}
		from = later(from, after)
	}
	if ends.Lt != nil {
		before := *ends.Lt
		if before > math.MinInt64 {
			before--
		}
		to = earlier(to, before)
	}
	return from, to, nil
}

func later(one *int64, other int64) *int64 {
	if one == nil || *one < other {
		return &other
	}
	return one
}

func earlier(one *int64, other int64) *int64 {
	if one == nil || *one > other {
		return &other
	}
	return one
}
