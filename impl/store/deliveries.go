package store

import (
	"context"
	"fmt"
	"strings"
)

// Delivery is an event on its way to an endpoint. There is one of the two at most.
type Delivery struct {
	Scope
	Event, Endpoint string // ids
	DueAt           int64  // Unix seconds
	Attempt         int    // how often it was tried again
	Leased          int64  // Unix seconds: until when it is somebody's, 0 for nobody's
}

// EndpointKey names an endpoint.
type EndpointKey struct {
	Scope
	ID string
}

// ClaimedDelivery is a delivery that belongs to who has claimed it, until its lease ends.
type ClaimedDelivery struct {
	Delivery
	Content Event // as it is now
	To      WebhookEndpoint
}

// OutstandingDelivery is a delivery that its endpoint has not received.
type OutstandingDelivery struct {
	Delivery         // Leased is not read
	EventType string // of the event
	Abandoned bool   // whether it is attempted no more
}

// DeliveryStatements is the SQL about deliveries. "delivery" stands for tenant, livemode, event_id, endpoint_id.
type DeliveryStatements struct {
	InsertDelivery string // must: delivery, due_at
	// EndpointsWithDueDeliveries jumps from one endpoint to the next: now: tenant, livemode, endpoint_id
	EndpointsWithDueDeliveries string
	// DeliveriesToClaim keeps rows from other writers, and leaves out those that another one keeps: tenant, livemode,
	// endpoint_id, now, limit: event_id, due_at, attempt, and of the event id, type, created, pending, body
	DeliveriesToClaim  string
	LeaseDelivery      string // must: delivery, leased_until
	FinishDelivery     string // delivery
	RetryDelivery      string // delivery, attempt before, due_at
	AbandonDelivery    string // delivery, attempt before
	RestartDelivery    string // delivery, due_at
	DeleteDeliveriesTo string // tenant, livemode, endpoint_id
	// OlderDeliveries: tenant, livemode, from, to, limit: event_id, endpoint_id, due_at, attempt, abandoned, type of the
	// event; newest first. "from" and "to" are two parameters each, event_id and endpoint_id, and exclusive.
	OlderDeliveries    string
	NewerDeliveries    string // the same, oldest first
	DeliveryExists     string // delivery: bool
	DeleteDeliveriesOf string // tenant, livemode, event_id
}

// InsertDelivery puts an event on its way to an endpoint; the event's Pending already counts it. ErrExists when it is.
func (t *Tx) InsertDelivery(ctx context.Context, scope Scope, event, endpoint string, dueAt int64) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertDelivery,
		scope.Tenant, scope.Livemode, event, endpoint, dueAt); err != nil {
		return fmt.Errorf("inserting delivery: %w", err)
	}
	return nil
}

// EndpointsWithDueDeliveries returns the endpoints for which something is due that is nobody's. It takes as long as
// there are endpoints with deliveries, however many these have.
func (s *Store) EndpointsWithDueDeliveries(ctx context.Context, now int64) (keys []EndpointKey, err error) {
	var key EndpointKey
	if err := s.read(ctx, func(conn Conn) error {
		return conn.Query(ctx, s.sql.EndpointsWithDueDeliveries, []any{now}, []any{&key.Tenant, &key.Livemode, &key.ID},
			func() error {
				keys = append(keys, key)
				return nil
			})
	}); err != nil {
		return nil, fmt.Errorf("looking for due deliveries: %w", err)
	}
	return keys, nil
}

// ClaimDeliveries returns up to limit deliveries to the endpoint that are due and nobody's, and makes them the
// caller's until leaseUntil (Unix seconds, after now). Who has not finished one by then may find it claimed by another.
func (s *Store) ClaimDeliveries(ctx context.Context, endpoint EndpointKey, now, leaseUntil int64, limit int) (claimed []ClaimedDelivery, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		claimed, err = tx.claimDeliveries(ctx, endpoint, now, leaseUntil, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claiming deliveries: %w", err)
	}
	return claimed, nil
}

func (t *Tx) claimDeliveries(ctx context.Context, key EndpointKey, now, leaseUntil int64, limit int) ([]ClaimedDelivery, error) {
	endpoints, err := webhookEndpoints(ctx, t.conn, t.store.sql.WebhookEndpoint, key.Tenant, key.Livemode, key.ID)
	if err != nil {
		return nil, err
	}
	if len(endpoints) == 0 {
		// It was deleted while a transaction that had found it enabled was recording an event: nobody is there to receive it.
		return nil, t.conn.Send(ctx, t.store.sql.DeleteDeliveriesTo, key.Tenant, key.Livemode, key.ID)
	}
	c := ClaimedDelivery{Delivery: Delivery{Scope: key.Scope, Endpoint: key.ID, Leased: leaseUntil}, To: endpoints[0]}
	var claimed []ClaimedDelivery
	var attempt, pending int64
	if err := t.conn.Query(ctx, t.store.sql.DeliveriesToClaim, []any{key.Tenant, key.Livemode, key.ID, now, int64(limit)},
		[]any{&c.Event, &c.DueAt, &attempt, &c.Content.Type, &c.Content.Created, &pending, &c.Content.Body},
		func() error {
			c.Attempt, c.Content.ID, c.Content.Pending = int(attempt), c.Event, int(pending)
			claimed = append(claimed, c)
			c.Content.Body = nil
			return nil
		}); err != nil {
		return nil, err
	}
	for _, c := range claimed {
		if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.LeaseDelivery, c.Tenant, c.Livemode, c.Event, c.Endpoint, leaseUntil); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// FinishDelivery notes that the endpoint has received the event.
func (t *Tx) FinishDelivery(ctx context.Context, d Delivery) error {
	n, err := t.conn.Exec(ctx, t.store.sql.FinishDelivery, d.Tenant, d.Livemode, d.Event, d.Endpoint)
	if err == nil && n > 0 {
		err = t.conn.Send(ctx, t.store.sql.AddPending, d.Tenant, d.Livemode, d.Event, int64(-1))
	}
	if err != nil {
		return fmt.Errorf("finishing delivery: %w", err)
	}
	return nil
}

// RetryDelivery gives a claimed delivery back, to be tried again at dueAt (Unix seconds), and counts the attempt. It
// does nothing when the delivery is no longer the caller's.
func (t *Tx) RetryDelivery(ctx context.Context, d Delivery, dueAt int64) error {
	if err := t.conn.Send(ctx, t.store.sql.RetryDelivery, d.Tenant, d.Livemode, d.Event, d.Endpoint, int64(d.Attempt), dueAt); err != nil {
		return fmt.Errorf("delaying delivery: %w", err)
	}
	return nil
}

// AbandonDelivery ends the attempts of a claimed delivery. The event stays Pending, until the delivery is asked for
// again and succeeds. It does nothing when the delivery is no longer the caller's.
func (t *Tx) AbandonDelivery(ctx context.Context, d Delivery) error {
	if err := t.conn.Send(ctx, t.store.sql.AbandonDelivery, d.Tenant, d.Livemode, d.Event, d.Endpoint, int64(d.Attempt)); err != nil {
		return fmt.Errorf("abandoning delivery: %w", err)
	}
	return nil
}

// ResendDelivery puts an event on its way to an endpoint once more, whether it was received, abandoned or is on its
// way, with the first attempt at dueAt (Unix seconds).
func (t *Tx) ResendDelivery(ctx context.Context, scope Scope, event, endpoint string, dueAt int64) error {
	n, err := t.conn.Exec(ctx, t.store.sql.RestartDelivery, scope.Tenant, scope.Livemode, event, endpoint, dueAt)
	if err == nil && n == 0 {
		if err = t.InsertDelivery(ctx, scope, event, endpoint, dueAt); err == nil {
			err = t.conn.Send(ctx, t.store.sql.AddPending, scope.Tenant, scope.Livemode, event, int64(1))
		}
	}
	if err != nil {
		return fmt.Errorf("resending delivery: %w", err)
	}
	return nil
}

// ListDeliveries returns a page of the deliveries that were not received, by event and then by endpoint, newest first,
// and whether there are more in the direction of paging. The page's cursors are texts that DeliveryID made; they stand
// for a place in the list, for a delivery that was received since is in it no more. ErrNoCursor when one is no such text.
func (s *Store) ListDeliveries(ctx context.Context, scope Scope, page Page) (rows []OutstandingDelivery, more bool, err error) {
	if !storable(scope.Tenant) {
		return nil, false, nil
	}
	from, to := [2]string{}, [2]string{newest.id, ""}
	if cursor := page.cursor(); cursor != "" {
		event, endpoint, ok := strings.Cut(cursor, ".")
		if !ok || !storable(cursor) {
			return nil, false, ErrNoCursor
		}
		if page.newer() {
			from = [2]string{event, endpoint}
		} else {
			to = [2]string{event, endpoint}
		}
	}
	query := s.sql.OlderDeliveries
	if page.newer() {
		query = s.sql.NewerDeliveries
	}
	row := OutstandingDelivery{Delivery: Delivery{Scope: scope}}
	var attempt int64
	if err := s.read(ctx, func(conn Conn) error {
		return conn.Query(ctx, query,
			[]any{scope.Tenant, scope.Livemode, from[0], from[1], to[0], to[1], int64(page.Limit) + 1},
			[]any{&row.Event, &row.Endpoint, &row.DueAt, &attempt, &row.Abandoned, &row.EventType}, func() error {
				row.Attempt = int(attempt)
				rows = append(rows, row)
				return nil
			})
	}); err != nil {
		return nil, false, fmt.Errorf("listing deliveries: %w", err)
	}
	rows, more = cut(rows, page)
	return rows, more, nil
}

// DeliveryExists tells whether a delivery, by the name that DeliveryID gave it, was not received yet.
func (s *Store) DeliveryExists(ctx context.Context, scope Scope, id string) (exists bool, err error) {
	event, endpoint, ok := strings.Cut(id, ".")
	if !ok || !storable(scope.Tenant, id) {
		return false, nil
	}
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.DeliveryExists, []any{scope.Tenant, scope.Livemode, event, endpoint}, &exists)
	}); err != nil {
		return false, fmt.Errorf("looking for delivery: %w", err)
	}
	return exists, nil
}

// DeliveryID names the delivery of an event to an endpoint. Such names sort as the list of deliveries does.
func DeliveryID(event, endpoint string) string { return event + "." + endpoint }
