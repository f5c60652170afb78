package store

import (
	"context"
	"fmt"
)

// APIKey is a registered key. The key itself is never stored.
type APIKey struct {
	Hash     []byte // SHA-256 of the key
	Tenant   string
	Livemode bool
	Kind     string // secret, restricted or publishable
	Created  int64  // Unix seconds
	Revoked  int64  // Unix seconds, 0: not revoked
	Hint     string // masked form, for listing
}

// InsertAPIKey registers a key; ErrExists when it is registered already, revoked or not.
func (s *Store) InsertAPIKey(ctx context.Context, key APIKey) error {
	return s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.conn.Must(ctx, ErrExists, s.sql.InsertAPIKey,
			key.Hash, key.Tenant, key.Livemode, key.Kind, key.Created, key.Revoked, key.Hint); err != nil {
			return fmt.Errorf("inserting API key: %w", err)
		}
		return nil
	})
}

// APIKeyByHash returns the key with this hash, revoked or not; ErrNotFound when it is not registered. Nothing is
// cached: a key added or revoked by another process counts at once.
func (s *Store) APIKeyByHash(ctx context.Context, hash []byte) (APIKey, error) {
	key := APIKey{Hash: hash}
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.APIKeyByHash, []any{hash},
			&key.Tenant, &key.Livemode, &key.Kind, &key.Created, &key.Revoked, &key.Hint)
	}); err != nil {
		return APIKey{}, fmt.Errorf("reading API key: %w", err)
	}
	return key, nil
}

// APIKeys lists all keys, revoked ones too, by tenant, mode, and time of creation.
func (s *Store) APIKeys(ctx context.Context) ([]APIKey, error) {
	var keys []APIKey
	var key APIKey
	if err := s.read(ctx, func(conn Conn) error {
		return conn.Query(ctx, s.sql.APIKeys, nil,
			[]any{&key.Hash, &key.Tenant, &key.Livemode, &key.Kind, &key.Created, &key.Revoked, &key.Hint},
			func() error {
				keys = append(keys, key)
				key.Hash = nil
				return nil
			})
	}); err != nil {
		return nil, fmt.Errorf("listing API keys: %w", err)
	}
	return keys, nil
}

// RevokeAPIKey revokes a key from at (Unix seconds) on; ErrNotFound when it is not registered. Revoking again keeps
// the first time.
func (s *Store) RevokeAPIKey(ctx context.Context, hash []byte, at int64) error {
	return s.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.conn.Must(ctx, ErrNotFound, s.sql.RevokeAPIKey, hash, at); err != nil {
			return fmt.Errorf("revoking API key: %w", err)
		}
		return nil
	})
}
