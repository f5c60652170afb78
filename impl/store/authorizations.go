package store

import (
	"context"
	"fmt"
)

// Authorization is what a holder has granted at an institution.
type Authorization struct {
	ID          string
	Holder      string // as Account.Holder; with Institution and Subject unique in its scope
	Institution string // id
	Subject     string // who it is at the bank
	Body        []byte // the API object
	Grant       []byte // what the bank gave, sealed by the caller
	State       []byte // what is kept about it and never served
}

// AuthorizationStatements is the SQL about authorizations. "authorization" stands for the columns id, holder,
// institution, subject, body, grant_sealed, state.
type AuthorizationStatements struct {
	InsertAuthorization    string // must: tenant, livemode, authorization
	UpdateAuthorization    string // must: tenant, livemode, id, body, grant_sealed, state
	Authorization          string // tenant, livemode, id: authorization
	AuthorizationForUpdate string // the same, keeping the row from other writers to the end of the transaction
	AuthorizationByHolder  string // tenant, livemode, holder, institution, subject: authorization, kept likewise
}

// InsertAuthorization adds an authorization; ErrExists when its id is taken, or its holder has one of the institution
// for this subject.
func (t *Tx) InsertAuthorization(ctx context.Context, scope Scope, a Authorization) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertAuthorization, scope.Tenant, scope.Livemode,
		a.ID, a.Holder, a.Institution, a.Subject, full(a.Body), full(a.Grant), full(a.State)); err != nil {
		return fmt.Errorf("inserting authorization: %w", err)
	}
	return nil
}

// UpdateAuthorization replaces what an authorization holds; ErrNotFound when there is no such authorization.
func (t *Tx) UpdateAuthorization(ctx context.Context, scope Scope, id string, body, grant, state []byte) error {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.UpdateAuthorization,
		scope.Tenant, scope.Livemode, id, full(body), full(grant), full(state)); err != nil {
		return fmt.Errorf("updating authorization: %w", err)
	}
	return nil
}

// Authorization returns an authorization as this transaction sees it; ErrNotFound when there is none. On PostgreSQL
// it holds the row against other transactions until this one ends.
func (t *Tx) Authorization(ctx context.Context, scope Scope, id string) (Authorization, error) {
	return authorization(ctx, t.conn, t.store.sql.AuthorizationForUpdate, scope, id)
}

// Authorization returns an authorization; ErrNotFound when there is none.
func (s *Store) Authorization(ctx context.Context, scope Scope, id string) (a Authorization, err error) {
	err = s.read(ctx, func(conn Conn) error {
		a, err = authorization(ctx, conn, s.sql.Authorization, scope, id)
		return err
	})
	return a, err
}

// AuthorizationByHolder returns what the holder has granted at the institution as this subject; ErrNotFound when
// there is none. It holds the row as Authorization does.
func (t *Tx) AuthorizationByHolder(ctx context.Context, scope Scope, holder, institution, subject string) (Authorization, error) {
	return authorization(ctx, t.conn, t.store.sql.AuthorizationByHolder, scope, holder, institution, subject)
}

func authorization(ctx context.Context, conn Conn, query string, scope Scope, by ...string) (a Authorization, err error) {
	args := []any{scope.Tenant, scope.Livemode}
	for _, text := range by {
		args = append(args, text)
	}
	if !storable(scope.Tenant) || !storable(by...) {
		return Authorization{}, ErrNotFound
	}
	if err := conn.QueryRow(ctx, query, args,
		&a.ID, &a.Holder, &a.Institution, &a.Subject, &a.Body, &a.Grant, &a.State); err != nil {
		return Authorization{}, fmt.Errorf("reading authorization: %w", err)
	}
	return a, nil
}
