package store

import (
	"context"
	"fmt"
	"strings"
)

// WebhookEndpoint is an address that events are delivered to.
type WebhookEndpoint struct {
	ID      string // time-ordered
	Enabled bool
	Events  []string // types of events, or "*"
	Body    []byte   // the API object
	Secret  []byte   // signs what is delivered; as the caller gave it
	Created int64    // Unix seconds
}

// WebhookEndpointStatements is the SQL about webhook endpoints. "endpoint" stands for the columns id, enabled, events
// (comma-separated), body, secret, created.
type WebhookEndpointStatements struct {
	InsertWebhookEndpoint    string // must: tenant, livemode, endpoint
	UpdateWebhookEndpoint    string // must: tenant, livemode, endpoint
	DeleteWebhookEndpoint    string // must: tenant, livemode, id
	WebhookEndpoint          string // tenant, livemode, id: endpoint
	WebhookEndpointForUpdate string // the same, keeping the row from other writers to the end of the transaction
	WebhookEndpointExists    string // tenant, livemode, id: bool
	OlderWebhookEndpoints    string // tenant, livemode, from, to, limit: endpoint, newest first
	NewerWebhookEndpoints    string // the same, oldest first
	EnabledWebhookEndpoints  string // tenant, livemode: endpoint, oldest first
}

// InsertWebhookEndpoint adds an endpoint; ErrExists when its id is taken.
func (t *Tx) InsertWebhookEndpoint(ctx context.Context, scope Scope, e WebhookEndpoint) error {
	return t.putWebhookEndpoint(ctx, ErrExists, t.store.sql.InsertWebhookEndpoint, scope, e)
}

// UpdateWebhookEndpoint replaces an endpoint; ErrNotFound when there is none. Deliveries that wait stay as they are.
func (t *Tx) UpdateWebhookEndpoint(ctx context.Context, scope Scope, e WebhookEndpoint) error {
	return t.putWebhookEndpoint(ctx, ErrNotFound, t.store.sql.UpdateWebhookEndpoint, scope, e)
}

func (t *Tx) putWebhookEndpoint(ctx context.Context, none error, query string, scope Scope, e WebhookEndpoint) error {
	if err := t.conn.Must(ctx, none, query, scope.Tenant, scope.Livemode,
		e.ID, e.Enabled, strings.Join(e.Events, ","), full(e.Body), full(e.Secret), e.Created); err != nil {
		return fmt.Errorf("writing webhook endpoint: %w", err)
	}
	return nil
}

// DeleteWebhookEndpoint removes an endpoint and the deliveries that wait for it; ErrNotFound when there is none.
// Their events keep their Pending.
func (t *Tx) DeleteWebhookEndpoint(ctx context.Context, scope Scope, id string) error {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.DeleteWebhookEndpoint, scope.Tenant, scope.Livemode, id); err != nil {
		return fmt.Errorf("deleting webhook endpoint: %w", err)
	}
	if err := t.conn.Send(ctx, t.store.sql.DeleteDeliveriesTo, scope.Tenant, scope.Livemode, id); err != nil {
		return fmt.Errorf("deleting deliveries: %w", err)
	}
	return nil
}

// WebhookEndpoint returns an endpoint as this transaction sees it; ErrNotFound when there is none. On PostgreSQL it
// holds the row against other transactions until this one ends.
func (t *Tx) WebhookEndpoint(ctx context.Context, scope Scope, id string) (WebhookEndpoint, error) {
	return webhookEndpoint(ctx, t.conn, t.store.sql.WebhookEndpointForUpdate, scope, id)
}

// WebhookEndpoint returns an endpoint; ErrNotFound when there is none.
func (s *Store) WebhookEndpoint(ctx context.Context, scope Scope, id string) (e WebhookEndpoint, err error) {
	err = s.read(ctx, func(conn Conn) error {
		e, err = webhookEndpoint(ctx, conn, s.sql.WebhookEndpoint, scope, id)
		return err
	})
	return e, err
}

// ListWebhookEndpoints returns a page of endpoints, newest first, and whether there are more in the direction of
// paging; ErrNoCursor when the page's cursor is no endpoint of the scope.
func (s *Store) ListWebhookEndpoints(ctx context.Context, scope Scope, page Page) (rows []WebhookEndpoint, more bool, err error) {
	if !storable(scope.Tenant) {
		return nil, false, nil
	}
	err = s.read(ctx, func(conn Conn) error {
		if err := s.checkCursor(ctx, conn, s.sql.WebhookEndpointExists, scope, page); err != nil {
			return err
		}
		query := s.sql.OlderWebhookEndpoints
		if page.newer() {
			query = s.sql.NewerWebhookEndpoints
		}
		from, to := page.ids()
		rows, err = webhookEndpoints(ctx, conn, query, scope.Tenant, scope.Livemode, from, to, int64(page.Limit)+1)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	rows, more = cut(rows, page)
	return rows, more, nil
}

// EnabledWebhookEndpoints returns the endpoints of the scope that are enabled, oldest first.
func (t *Tx) EnabledWebhookEndpoints(ctx context.Context, scope Scope) ([]WebhookEndpoint, error) {
	return webhookEndpoints(ctx, t.conn, t.store.sql.EnabledWebhookEndpoints, scope.Tenant, scope.Livemode)
}

func webhookEndpoint(ctx context.Context, conn Conn, query string, scope Scope, id string) (WebhookEndpoint, error) {
	if !storable(scope.Tenant, id) {
		return WebhookEndpoint{}, ErrNotFound
	}
	rows, err := webhookEndpoints(ctx, conn, query, scope.Tenant, scope.Livemode, id)
	if err != nil {
		return WebhookEndpoint{}, err
	}
	if len(rows) == 0 {
		return WebhookEndpoint{}, fmt.Errorf("reading webhook endpoint: %w", ErrNotFound)
	}
	return rows[0], nil
}

func webhookEndpoints(ctx context.Context, conn Conn, query string, args ...any) (rows []WebhookEndpoint, err error) {
	var row WebhookEndpoint
	var events string
	if err := conn.Query(ctx, query, args, []any{&row.ID, &row.Enabled, &events, &row.Body, &row.Secret, &row.Created},
		func() error {
			row.Events = strings.FieldsFunc(events, func(r rune) bool { return r == ',' })
			rows = append(rows, row)
			row.Body, row.Secret = nil, nil
			return nil
		}); err != nil {
		return nil, fmt.Errorf("reading webhook endpoints: %w", err)
	}
	return rows, nil
}
