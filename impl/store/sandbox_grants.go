package store

import (
	"context"
	"errors"
	"fmt"
)

// SandboxGrantStatements is the SQL about the grants of the sandbox bank's authorization server. They are the bank's: the
// bank knows no tenants.
type SandboxGrantStatements struct {
	SandboxGrant        string // id: generation
	InsertSandboxGrant  string // id, generation, expires
	AdvanceSandboxGrant string // id, generation before, generation after, expires
	PruneSandboxGrants  string // before, limit
}

// SandboxGrant returns the number that is kept for a grant; 0 when none is.
func (s *Store) SandboxGrant(ctx context.Context, grant string) (generation int64, err error) {
	err = s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.SandboxGrant, []any{grant}, &generation)
	})
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading a sandbox grant: %w", err)
	}
	return generation, nil
}

// AdvanceSandboxGrant changes the number from one to another, and tells whether it did: not if it is another. After
// expires (Unix seconds) it may be forgotten.
func (s *Store) AdvanceSandboxGrant(ctx context.Context, grant string, from, to, expires int64) (advanced bool, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		query, args := s.sql.AdvanceSandboxGrant, []any{grant, from, to, expires}
		if from == 0 {
			query, args = s.sql.InsertSandboxGrant, []any{grant, to, expires}
		}
		changed, err := tx.conn.Exec(ctx, query, args...)
		advanced = changed > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("changing a sandbox grant: %w", err)
	}
	return advanced, nil
}

// PruneSandboxGrants forgets up to limit grants that expired before a time (Unix seconds).
func (s *Store) PruneSandboxGrants(ctx context.Context, before int64, limit int) (pruned int, err error) {
	err = s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		changed, err := tx.conn.Exec(ctx, s.sql.PruneSandboxGrants, before, int64(limit))
		pruned = int(changed)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("pruning sandbox grants: %w", err)
	}
	return pruned, nil
}
