package store

import (
	"context"
	"fmt"
)

// Ownership is who owned an account when the bank was asked.
type Ownership struct {
	ID      string
	Account string // id
	Body    []byte // what the caller makes of it
}

// OwnershipStatements is the SQL about ownerships.
type OwnershipStatements struct {
	InsertOwnership string // must: tenant, livemode, id, account_id, body
	Ownership       string // tenant, livemode, id: account_id, body
}

// InsertOwnership adds an ownership; ErrExists when its id is taken.
func (t *Tx) InsertOwnership(ctx context.Context, scope Scope, o Ownership) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertOwnership,
		scope.Tenant, scope.Livemode, o.ID, o.Account, full(o.Body)); err != nil {
		return fmt.Errorf("inserting ownership: %w", err)
	}
	return nil
}

// Ownership returns an ownership; ErrNotFound when there is none.
func (s *Store) Ownership(ctx context.Context, scope Scope, id string) (o Ownership, err error) {
	err = s.read(ctx, func(conn Conn) error {
		o, err = ownership(ctx, conn, s.sql.Ownership, scope, id)
		return err
	})
	return o, err
}

// Ownership returns an ownership as this transaction sees it; ErrNotFound when there is none.
func (t *Tx) Ownership(ctx context.Context, scope Scope, id string) (Ownership, error) {
	return ownership(ctx, t.conn, t.store.sql.Ownership, scope, id)
}

func ownership(ctx context.Context, conn Conn, query string, scope Scope, id string) (Ownership, error) {
	o := Ownership{ID: id}
	if !storable(scope.Tenant, id) {
		return Ownership{}, ErrNotFound
	}
	if err := conn.QueryRow(ctx, query, []any{scope.Tenant, scope.Livemode, id}, &o.Account, &o.Body); err != nil {
		return Ownership{}, fmt.Errorf("reading ownership: %w", err)
	}
	return o, nil
}
