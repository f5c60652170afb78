package store

import (
	"context"
	"fmt"
)

// Session is a stored session.
type Session struct {
	ID   string // time-ordered, so that inserts append
	Body []byte // the API object as the JSON it is served as
}

// InsertSession adds a session; ErrExists when its id is taken.
func (t *Tx) InsertSession(ctx context.Context, scope Scope, session Session) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertSession,
		scope.Tenant, scope.Livemode, session.ID, session.Body); err != nil {
		return fmt.Errorf("inserting session: %w", err)
	}
	t.changed(change{key: cacheKey{scope, session.ID}, row: sessionBody(session.Body)})
	return nil
}

// UpdateSession replaces a session's body; ErrNotFound when there is no such session.
func (t *Tx) UpdateSession(ctx context.Context, scope Scope, id string, body []byte) error {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.UpdateSession,
		scope.Tenant, scope.Livemode, id, body); err != nil {
		return fmt.Errorf("updating session: %w", err)
	}
	t.changed(change{key: cacheKey{scope, id}, row: sessionBody(body), update: true})
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
	kept, epoch, _ := s.cache.get(key)
	if body, ok := kept.(sessionBody); ok {
		return body, nil
	}
	var body []byte
	if err := s.read(ctx, func(conn Conn) (err error) {
		body, err = session(ctx, conn, s.sql.Session, scope, id)
		return err
	}); err != nil {
		return nil, err
	}
	s.cache.add(key, sessionBody(body), epoch)
	return body, nil
}

// SessionExists tells whether there is such a session.
func (s *Store) SessionExists(ctx context.Context, scope Scope, id string) (bool, error) {
	if kept, _, _ := s.cache.get(cacheKey{scope, id}); kept != nil {
		if _, ok := kept.(sessionBody); ok {
			return true, nil
		}
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

// SessionsBeginning returns the sessions whose ids begin with the text, at most a few.
func (s *Store) SessionsBeginning(ctx context.Context, scope Scope, beginning string) ([]Session, error) {
	if !storable(scope.Tenant, beginning) {
		return nil, nil
	}
	var found []Session
	if err := s.read(ctx, func(conn Conn) error {
		var row Session
		return conn.Query(ctx, s.sql.NewerSessions, []any{scope.Tenant, scope.Livemode, beginning, beginning + "~", int64(fewSessions)},
			[]any{&row.ID, &row.Body}, func() error {
				found = append(found, row)
				return nil
			})
	}); err != nil {
		return nil, fmt.Errorf("finding sessions by the beginning of their ids: %w", err)
	}
	return found, nil
}

// fewSessions is far more than are made in the same microsecond; "~" is behind all characters of ids.
const fewSessions = 100

// ListSessions returns a page of sessions, newest first, and whether there are more in the direction of paging;
// ErrNoCursor when the page's cursor is no session of the scope.
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
