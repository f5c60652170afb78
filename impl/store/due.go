package store

import (
	"context"
	"errors"
	"fmt"
)

// Due is work to be done at a time.
type Due struct {
	Scope
	ID        string // names this row even after another was inserted in its place
	Kind, Key string // unique in their scope
	DueAt     int64  // Unix seconds
	Attempt   int    // how often it was rescheduled
	Payload   []byte
}

// DueStatements is the SQL about due work. "due" stands for the columns tenant, livemode, kind, key.
type DueStatements struct {
	InsertDue string // must: due, id, due_at, payload
	// DueToClaim keeps rows from other writers, and leaves out those that another one keeps: now, limit: due, id,
	// due_at, attempt, payload
	DueToClaim    string
	LeaseDue      string // must: due, id, leased_until
	DeleteDue     string // due, id
	RescheduleDue string // due, id, attempt before, due_at
	CancelDue     string // due
	NextDue       string // : due_at, of deliveries too
}

// InsertDue adds work. Where the scope has work of this kind and key, the new one takes its place: not yet attempted,
// nobody's, and not touched by who is at work on the old one.
func (t *Tx) InsertDue(ctx context.Context, d Due) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertDue,
		d.Tenant, d.Livemode, d.Kind, d.Key, d.ID, d.DueAt, full(d.Payload)); err != nil {
		return fmt.Errorf("inserting due work: %w", err)
	}
	return nil
}

// ClaimDue returns up to limit pieces of work that are due and nobody's, longest due first, and makes them the
// caller's until leaseUntil (Unix seconds, after now). Who has not finished one by then may find it claimed by another.
func (s *Store) ClaimDue(ctx context.Context, now, leaseUntil int64, limit int) (claimed []Due, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		claimed, err = tx.claimDue(ctx, now, leaseUntil, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claiming due work: %w", err)
	}
	return claimed, nil
}

func (t *Tx) claimDue(ctx context.Context, now, leaseUntil int64, limit int) ([]Due, error) {
	var claimed []Due
	var d Due
	var attempt int64
	if err := t.conn.Query(ctx, t.store.sql.DueToClaim, []any{now, int64(limit)},
		[]any{&d.Tenant, &d.Livemode, &d.Kind, &d.Key, &d.ID, &d.DueAt, &attempt, &d.Payload},
		func() error {
			d.Attempt = int(attempt)
			claimed = append(claimed, d)
			d.Payload = nil
			return nil
		}); err != nil {
		return nil, err
	}
	for _, d := range claimed {
		if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.LeaseDue, d.Tenant, d.Livemode, d.Kind, d.Key, d.ID, leaseUntil); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// DeleteDue removes work that is done; work that has taken its place stays.
func (t *Tx) DeleteDue(ctx context.Context, d Due) error {
	return t.changeDue(ctx, t.store.sql.DeleteDue, d.Tenant, d.Livemode, d.Kind, d.Key, d.ID)
}

// RescheduleDue gives claimed work back, to be done at dueAt (Unix seconds), and counts the attempt. It does nothing
// when the work is gone, or was rescheduled by another.
func (t *Tx) RescheduleDue(ctx context.Context, d Due, dueAt int64) error {
	return t.changeDue(ctx, t.store.sql.RescheduleDue, d.Tenant, d.Livemode, d.Kind, d.Key, d.ID, int64(d.Attempt), dueAt)
}

// CancelDue removes work of this kind and key, if there is any.
func (t *Tx) CancelDue(ctx context.Context, scope Scope, kind, key string) error {
	return t.changeDue(ctx, t.store.sql.CancelDue, scope.Tenant, scope.Livemode, kind, key)
}

func (t *Tx) changeDue(ctx context.Context, query string, args ...any) error {
	if err := t.conn.Send(ctx, query, args...); err != nil {
		return fmt.Errorf("changing due work: %w", err)
	}
	return nil
}

// NextDue returns the earliest time (Unix seconds) at which work or a delivery is due, whether or not it is somebody's
// already; ok is false when there is none.
func (s *Store) NextDue(ctx context.Context) (dueAt int64, ok bool, err error) {
	err = s.read(ctx, func(conn Conn) error { return conn.QueryRow(ctx, s.sql.NextDue, nil, &dueAt) })
	if errors.Is(err, ErrNotFound) {
		return 0, false, nil
	} else if err != nil {
		return 0, false, fmt.Errorf("looking for due work: %w", err)
	}
	return dueAt, true, nil
}
