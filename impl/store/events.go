package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Event is something that has happened.
type Event struct {
	ID      string // time-ordered
	Type    string
	Created int64  // Unix seconds
	Pending int    // endpoints that have not received it
	Body    []byte // the API object as created; its pending_webhooks is not kept up to date, Pending is
}

// EventFilter selects events; a zero field selects all.
type EventFilter struct {
	From, To        *int64   // bounds of Created, Unix seconds, inclusive; nil: none
	Types           []string // any of them, by their exact names
	TypePrefix      string   // instead of Types
	DeliverySuccess *bool    // whether all endpoints have received it
	NotBefore       int64    // Unix seconds: a bound of Created like From; the later one counts
}

// EventStatements is the SQL about events. "event" stands for the columns id, type, created, pending, body. "from"
// and "to" are two parameters each, created and id, and exclusive.
type EventStatements struct {
	InsertEvent   string // must: tenant, livemode, event
	Event         string // tenant, livemode, id: event
	EventTime     string // tenant, livemode, id: created
	NextEventType string // tenant, livemode, type: the type at or after it, ErrNotFound at the end

	OlderEvents            string // tenant, livemode, from, to, delivered only (bool), limit: event, newest first
	NewerEvents            string // the same, oldest first
	OlderEventsByType      string // tenant, livemode, type, from, to, delivered only (bool), limit: event, newest first
	NewerEventsByType      string // the same, oldest first
	OlderUndeliveredEvents string // tenant, livemode, from, to, types (",a,b,", "" for all), limit: event, newest first
	NewerUndeliveredEvents string // the same, oldest first

	AddPending string // tenant, livemode, id, number

	EventsToPrune string // before, limit: tenant, livemode, id
	DeleteEvent   string // tenant, livemode, id
}

func (e *Event) position() position { return position{e.Created, e.ID} }

// InsertEvent adds an event; ErrExists when its id is taken.
func (t *Tx) InsertEvent(ctx context.Context, scope Scope, e Event) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertEvent, scope.Tenant, scope.Livemode,
		e.ID, e.Type, e.Created, int64(e.Pending), full(e.Body)); err != nil {
		return fmt.Errorf("inserting event: %w", err)
	}
	return nil
}

// Event returns an event; ErrNotFound when there is none.
func (s *Store) Event(ctx context.Context, scope Scope, id string) (Event, error) {
	if !storable(scope.Tenant, id) {
		return Event{}, ErrNotFound
	}
	var rows []Event
	if err := s.read(ctx, func(conn Conn) (err error) {
		rows, err = events(ctx, conn, s.sql.Event, scope.Tenant, scope.Livemode, id)
		return err
	}); err != nil {
		return Event{}, err
	}
	if len(rows) == 0 {
		return Event{}, fmt.Errorf("reading event: %w", ErrNotFound)
	}
	return rows[0], nil
}

// ListEvents returns a page of events, by Created and then by id, newest first, and whether there are more in the
// direction of paging; ErrNoCursor when the page's cursor is no event of the scope.
func (s *Store) ListEvents(ctx context.Context, scope Scope, filter EventFilter, page Page) (rows []Event, more bool, err error) {
	if !storable(scope.Tenant, filter.TypePrefix) || !storable(filter.Types...) {
		return nil, false, nil
	}
	err = s.read(ctx, func(conn Conn) error {
		cursor, err := lookUp(ctx, conn, s.sql.EventTime, scope, page)
		if err != nil {
			return err
		}
		part := between(filter.From, filter.To)
		if first := (position{filter.NotBefore, ""}); part.from.before(first) {
			part.from = first
		}
		rows, err = s.events(ctx, conn, scope, filter, part.page(page, cursor), page)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	rows, more = cut(rows, page)
	return rows, more, nil
}

// events reads the part of the list in the direction of paging, up to one row more than the page has.
func (s *Store) events(ctx context.Context, conn Conn, scope Scope, filter EventFilter, part span, page Page) ([]Event, error) {
	types, err := s.eventTypes(ctx, conn, scope, filter)
	if err != nil {
		return nil, err
	}
	filtered := len(filter.Types) > 0 || filter.TypePrefix != ""
	if filtered && len(types) == 0 {
		return nil, nil
	}
	all, byType, undelivered := s.sql.OlderEvents, s.sql.OlderEventsByType, s.sql.OlderUndeliveredEvents
	if page.newer() {
		all, byType, undelivered = s.sql.NewerEvents, s.sql.NewerEventsByType, s.sql.NewerUndeliveredEvents
	}
	bounds := []any{part.from.at, part.from.id, part.to.at, part.to.id}
	args, limit := []any{scope.Tenant, scope.Livemode}, int64(page.Limit)+1
	delivered := filter.DeliverySuccess != nil && *filter.DeliverySuccess
	switch {
	case filter.DeliverySuccess != nil && !delivered:
		list := ""
		if filtered {
			list = "," + strings.Join(types, ",") + ","
		}
		return events(ctx, conn, undelivered, slices.Concat(args, bounds, []any{list, limit})...)
	case !filtered:
		return events(ctx, conn, all, slices.Concat(args, bounds, []any{delivered, limit})...)
	}
	// Each type has its part of an index; what comes first of all is among what comes first of each.
	var merged []Event
	for _, kind := range types {
		rows, err := events(ctx, conn, byType, slices.Concat(args, []any{kind}, bounds, []any{delivered, limit})...)
		if err != nil {
			return nil, err
		}
		merged = append(merged, rows...)
	}
	slices.SortFunc(merged, func(a, b Event) int {
		if a.position().before(b.position()) == page.newer() {
			return -1
		}
		return 1
	})
	return merged[:min(len(merged), page.Limit+1)], nil
}

// eventTypes is what types the filter selects by name, or of those there are by prefix. None has a comma in it.
func (s *Store) eventTypes(ctx context.Context, conn Conn, scope Scope, filter EventFilter) ([]string, error) {
	if filter.TypePrefix == "" {
		types := slices.Sorted(slices.Values(filter.Types))
		return slices.DeleteFunc(slices.Compact(types), func(kind string) bool { return strings.Contains(kind, ",") }), nil
	}
	var types []string
	for next := filter.TypePrefix; ; next = types[len(types)-1] + "\x01" { // what follows it, and is no type
		var kind string
		err := conn.QueryRow(ctx, s.sql.NextEventType, []any{scope.Tenant, scope.Livemode, next}, &kind)
		if errors.Is(err, ErrNotFound) || err == nil && !strings.HasPrefix(kind, filter.TypePrefix) {
			return types, nil
		} else if err != nil {
			return nil, fmt.Errorf("looking for event types: %w", err)
		}
		types = append(types, kind)
	}
}

// PruneEvents removes up to limit events created before the given time (Unix seconds), oldest first, over all scopes,
// with their deliveries, and returns how many.
func (s *Store) PruneEvents(ctx context.Context, before int64, limit int) (n int, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		n, err = tx.PruneEvents(ctx, before, limit)
		return err
	})
	return n, err
}

// PruneEvents is Store.PruneEvents within a transaction.
func (t *Tx) PruneEvents(ctx context.Context, before int64, limit int) (int, error) {
	type key struct {
		Scope
		id string
	}
	var keys []key
	var k key
	if err := t.conn.Query(ctx, t.store.sql.EventsToPrune, []any{before, int64(limit)}, []any{&k.Tenant, &k.Livemode, &k.id},
		func() error {
			keys = append(keys, k)
			return nil
		}); err != nil {
		return 0, fmt.Errorf("looking for old events: %w", err)
	}
	for _, k := range keys {
		for _, query := range []string{t.store.sql.DeleteDeliveriesOf, t.store.sql.DeleteEvent} {
			if err := t.conn.Send(ctx, query, k.Tenant, k.Livemode, k.id); err != nil {
				return 0, fmt.Errorf("pruning events: %w", err)
			}
		}
	}
	return len(keys), nil
}

func events(ctx context.Context, conn Conn, query string, args ...any) (rows []Event, err error) {
	var row Event
	var pending int64
	if err := conn.Query(ctx, query, args, []any{&row.ID, &row.Type, &row.Created, &pending, &row.Body}, func() error {
		row.Pending = int(pending)
		rows = append(rows, row)
		row.Body = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("listing events: %w", err)
	}
	return rows, nil
}
