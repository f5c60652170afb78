package store

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// IdempotentResult is the first answer to a request that carried an Idempotency-Key, kept to be given again.
type IdempotentResult struct {
	Key         string
	Fingerprint []byte // of method, path and parameters
	Path        string
	RequestID   string
	Status      int
	Body        []byte
	Created     int64 // Unix seconds
}

// SaveIdempotent keeps the result with what the same transaction wrote. When the key is taken it fails with
// ErrConflict, and with it the whole transaction: the caller then gives the answer that is stored. A result created
// before notBefore (Unix seconds) has expired and is replaced.
func (t *Tx) SaveIdempotent(ctx context.Context, scope Scope, r IdempotentResult, notBefore int64) error {
	if err := t.conn.Must(ctx, ErrConflict, t.store.sql.SaveIdempotent,
		scope.Tenant, scope.Livemode, digest(r.Key), r.Fingerprint, []byte(r.Path), r.RequestID, int64(r.Status), r.Body,
		r.Created, notBefore); err != nil {
		return fmt.Errorf("saving idempotent result: %w", err)
	}
	return nil
}

// Idempotent returns what is stored under the key, expired or not; ErrNotFound when there is nothing.
func (s *Store) Idempotent(ctx context.Context, scope Scope, key string) (IdempotentResult, error) {
	r := IdempotentResult{Key: key}
	if !storable(scope.Tenant) {
		return r, ErrNotFound
	}
	var path []byte
	var status int64
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.Idempotent, []any{scope.Tenant, scope.Livemode, digest(key)},
			&r.Fingerprint, &path, &r.RequestID, &status, &r.Body, &r.Created)
	}); err != nil {
		return IdempotentResult{}, fmt.Errorf("reading idempotent result: %w", err)
	}
	r.Path, r.Status = string(path), int(status)
	return r, nil
}

// PruneIdempotent removes up to limit results created before the given time (Unix seconds), oldest first, over all
// scopes, and returns how many. On SQLite it looks at the
// limit oldest rows only; other writes wait for it, some 50 µs per row, so that 100 at a time is a good limit.
func (s *Store) PruneIdempotent(ctx context.Context, before int64, limit int) (n int, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		n, err = tx.PruneIdempotent(ctx, before, limit)
		return err
	})
	return n, err
}

// PruneIdempotent is Store.PruneIdempotent within a transaction.
func (t *Tx) PruneIdempotent(ctx context.Context, before int64, limit int) (int, error) {
	n, err := t.conn.Exec(ctx, t.store.sql.PruneIdempotent, before, int64(limit))
	if err != nil {
		return 0, fmt.Errorf("pruning idempotent results: %w", err)
	}
	return int(n), nil
}

// digest is what a key is stored as. Keys are random and as long as their sender likes; their index, which is written
// all over, is the smaller for it, and a save among 100,000 a tenth cheaper. It is also any bytes a header can
// hold, where a text column takes UTF-8 only.
func digest(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:16]
}
