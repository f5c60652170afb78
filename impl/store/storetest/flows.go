package storetest

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var flowTests = map[string]func(*testing.T, *store.Store){
	"flows":                     flows,
	"sessions by their secrets": secrets,
	"sandbox grants":            sandboxGrants,
}

func flows(t *testing.T, s *store.Store) {
	_, err := s.Flow(t.Context(), scope, "fcsess_1")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Flow(t.Context(), scope, "fcsess_\xff")
	require.ErrorIs(t, err, store.ErrNotFound)

	for _, want := range []store.Flow{
		{Session: "fcsess_1", State: []byte("{}"), Sealed: []byte{0, 1, 255}},
		{Session: "fcsess_1", State: []byte("[]"), Sealed: []byte{}},
	} {
		write(t, s, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.PutFlow(ctx, scope, want); err != nil {
				return err
			}
			seen, err := tx.Flow(ctx, scope, "fcsess_1")
			if err == nil && string(seen.State) != string(want.State) {
				t.Errorf("the transaction sees %s", seen.State)
			}
			return err
		})
		got, err := s.Flow(t.Context(), scope, "fcsess_1")
		require.NoError(t, err)
		require.Equal(t, string(want.State), string(got.State))
		require.Equal(t, string(want.Sealed), string(got.Sealed))
	}
	for _, other := range []store.Scope{otherTenant, otherMode} {
		_, err = s.Flow(t.Context(), other, "fcsess_1")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

func secrets(t *testing.T, s *store.Store) {
	hash := sha256.Sum256([]byte("fcsess_1"))
	_, err := s.SessionBySecret(t.Context(), scope, hash[:])
	require.ErrorIs(t, err, store.ErrNotFound)
	insert(t, s, scope, "fcsess_1", "old")
	insert(t, s, scope, "fcsess_2", "another")
	require.NoError(t, update(t.Context(), s, scope, "fcsess_1", "body"))

	found, err := s.SessionBySecret(t.Context(), scope, hash[:])
	require.NoError(t, err)
	require.Equal(t, "fcsess_1", found.ID)
	require.Equal(t, "body", string(found.Body))
	for _, other := range []store.Scope{otherTenant, otherMode, {Tenant: "\xff"}} {
		_, err = s.SessionBySecret(t.Context(), other, hash[:])
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	for _, hash := range [][]byte{nil, hash[:16], append(hash[:], 0)} {
		_, err = s.SessionBySecret(t.Context(), scope, hash)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

func sandboxGrants(t *testing.T, s *store.Store) {
	ctx := t.Context()
	steps := []struct {
		from, to int64
		advanced bool
		now      int64
	}{{0, 1, true, 1}, {0, 1, false, 1}, {2, 3, false, 1}, {1, 2, true, 2}, {2, -1, true, -1}, {2, 3, false, -1}}
	for _, step := range steps {
		advanced, err := s.AdvanceSandboxGrant(ctx, "grant", step.from, step.to, 1000)
		require.NoError(t, err)
		require.Equal(t, step.advanced, advanced)
		generation, err := s.SandboxGrant(ctx, "grant")
		require.NoError(t, err)
		require.Equal(t, step.now, generation)
	}
	for _, want := range []int{0, 1, 0} {
		before := int64(1000)
		if want == 1 {
			before = 1001
		}
		pruned, err := s.PruneSandboxGrants(ctx, before, 10)
		require.NoError(t, err)
		require.Equal(t, want, pruned)
	}
	generation, err := s.SandboxGrant(ctx, "grant")
	require.NoError(t, err)
	require.Zero(t, generation)
}
