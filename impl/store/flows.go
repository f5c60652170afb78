package store

import (
	"context"
	"fmt"
)

// Flow is how far a person is in the linking flow of a session.
type Flow struct {
	Session string // id
	State   []byte // JSON of impl/link, never served
	Sealed  []byte // what is secret about it, sealed by the caller; empty if there is nothing
}

// FlowStatements is the SQL about flows.
type FlowStatements struct {
	PutFlow       string // must: tenant, livemode, session_id, state, sealed
	Flow          string // tenant, livemode, session_id: state, sealed
	FlowForUpdate string // the same, keeping the row from other writers to the end of the transaction
}

// PutFlow adds a session's flow, or replaces it.
func (t *Tx) PutFlow(ctx context.Context, scope Scope, flow Flow) error {
	if err := t.conn.Must(ctx, ErrConflict, t.store.sql.PutFlow, scope.Tenant, scope.Livemode,
		flow.Session, full(flow.State), full(flow.Sealed)); err != nil {
		return fmt.Errorf("writing flow: %w", err)
	}
	return nil
}

// Flow returns a session's flow as this transaction sees it; ErrNotFound when it has not begun. On PostgreSQL it holds
// the row against other transactions until this one ends; one that is not there yet cannot be held, so hold the
// session's row first.
func (t *Tx) Flow(ctx context.Context, scope Scope, session string) (Flow, error) {
	return flow(ctx, t.conn, t.store.sql.FlowForUpdate, scope, session)
}

// Flow returns a session's flow; ErrNotFound when it has not begun.
func (s *Store) Flow(ctx context.Context, scope Scope, session string) (f Flow, err error) {
	err = s.read(ctx, func(conn Conn) error {
		f, err = flow(ctx, conn, s.sql.Flow, scope, session)
		return err
	})
	return f, err
}

func flow(ctx context.Context, conn Conn, query string, scope Scope, session string) (Flow, error) {
	f := Flow{Session: session}
	if !storable(scope.Tenant, session) {
		return Flow{}, ErrNotFound
	}
	if err := conn.QueryRow(ctx, query, []any{scope.Tenant, scope.Livemode, session}, &f.State, &f.Sealed); err != nil {
		return Flow{}, fmt.Errorf("reading flow: %w", err)
	}
	return f, nil
}
