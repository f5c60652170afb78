package store

import (
	"context"
	"fmt"
)

// Session is a stored session.
type Session struct {
	ID   string // time-ordered, so that inserts append
	Body []byte // the API object as the JSON it is served as

	// ClientSecretHash is what a session is found by from its client_secret; unique in its scope. An insert is a
	// fifth cheaper when it starts with bytes that grow with time (some that the client_secret shows as well), as its
	// index then appends too.
	ClientSecretHash []byte
}

// InsertSession adds a session; ErrExists when its id or its client secret is taken.
func (t *Tx) InsertSession(ctx context.Context, scope Scope, session Session) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertSession,
		scope.Tenant, scope.Livemode, session.ID, session.ClientSecretHash, session.Body); err != nil {
		return fmt.Errorf("inserting session: %w", err)
	}
	t.changed(change{key: cacheKey{scope, session.ID}, body: session.Body})
	return nil
}

// UpdateSession replaces a session's body; ErrNotFound when there is no such session.
func (t *Tx) UpdateSession(ctx context.Context, scope Scope, id string, body []byte) error {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.UpdateSession,
		scope.Tenant, scope.Livemode, id, body); err != nil {
		return fmt.Errorf("updating session: %w", err)
	}
	t.changed(change{key: cacheKey{scope, id}, body: body, update: true})
	return nil
}

// Session returns a session's body as this transaction sees it; ErrNotFound when there is none. On PostgreSQL it
// holds the row against other transactions until this one ends, so that what is read here can be updated here.
func (t *Tx) Session(ctx context.Context, scope Scope, id string) ([]byte, error) {
	return session(ctx, t.conn, t.store.sql.SessionForUpdate, scope, id)
}

// Session returns a session's body; ErrNotFound when there is none. It sees every acknowledged write. The body is
// shared, the caller must not change it.
func (s *Store) Session(ctx context.Context, scope Scope, id string) ([]byte, error) {
	key := cacheKey{scope, id}
	body, epoch, ok := s.cache.get(key)
	if ok {
		return body, nil
	}
	if err := s.read(ctx, func(conn Conn) (err error) {
		body, err = session(ctx, conn, s.sql.Session, scope, id)
		return err
	}); err != nil {
		return nil, err
	}
	s.cache.add(key, body, epoch)
	return body, nil
}

// SessionExists tells whether there is such a session.
func (s *Store) SessionExists(ctx context.Context, scope Scope, id string) (bool, error) {
	if _, _, ok := s.cache.get(cacheKey{scope, id}); ok {
		return true, nil
	}
	if !storable(scope.Tenant, id) {
		return false, nil
	}
	var exists bool
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.SessionExists, []any{scope.Tenant, scope.Livemode, id}, &exists)
	}); err != nil {
		return false, fmt.Errorf("looking for session: %w", err)
	}
	return exists, nil
}

// SessionBySecret returns the session whose client secret has the hash; ErrNotFound when there is none. The body is as
// the database has it, and the hash a part of one: whoever asks compares the secrets themselves.
func (s *Store) SessionBySecret(ctx context.Context, scope Scope, hash []byte) (Session, error) {
	found := Session{ClientSecretHash: hash}
	if !storable(scope.Tenant) {
		return Session{}, ErrNotFound
	}
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.SessionBySecret, []any{scope.Tenant, scope.Livemode, full(hash)}, &found.ID, &found.Body)
	}); err != nil {
		return Session{}, fmt.Errorf("finding session by its secret: %w", err)
	}
	return found, nil
}

// ListSessions returns a page of sessions, newest first, and whether there are more in the direction of paging;
// ErrNoCursor when the page's cursor is no session of the scope. Their ClientSecretHash is not read.
func (s *Store) ListSessions(ctx context.Context, scope Scope, page Page) (rows []Session, more bool, err error) {
	if !storable(scope.Tenant) {
		return nil, false, nil
	}
	query := s.sql.OlderSessions
	if page.newer() {
		query = s.sql.NewerSessions
	}
	from, to := page.ids()
	var row Session
	err = s.read(ctx, func(conn Conn) error {
		if err := s.checkCursor(ctx, conn, s.sql.SessionExists, scope, page); err != nil {
			return err
		}
		return conn.Query(ctx, query, []any{scope.Tenant, scope.Livemode, from, to, int64(page.Limit) + 1},
			[]any{&row.ID, &row.Body}, func() error {
				rows = append(rows, row)
				row.Body = nil
				return nil
			})
	})
	if err != nil {
		return nil, false, fmt.Errorf("listing sessions: %w", err)
	}
	rows, more = cut(rows, page)
	return rows, more, nil
}

func session(ctx context.Context, conn Conn, query string, scope Scope, id string) (body []byte, err error) {
	if !storable(scope.Tenant, id) {
		return nil, ErrNotFound
	}
	if err := conn.QueryRow(ctx, query, []any{scope.Tenant, scope.Livemode, id}, &body); err != nil {
		return nil, fmt.Errorf("reading session: %w", err)
	}
	return body, nil
}
