package storetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var flowTests = map[string]func(*testing.T, *store.Store){
	"flows": flows,
	"sessions by the beginnings of their ids": beginnings,
	"sandbox grants": sandboxGrants,
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

func beginnings(t *testing.T, s *store.Store) {
	const beginning = "fcsess_1abc"
	for _, id := range []string{"fcsess_1abcD1", "fcsess_1abcz2", "fcsess_1abb3", "fcsess_1abd4", "fcsess_1ABC5", "fcsess_1ab6"} {
		insert(t, s, scope, id, "old")
		require.NoError(t, update(t.Context(), s, scope, id, "body of "+id))
	}
	found, err := s.SessionsBeginning(t.Context(), scope, beginning)
	require.NoError(t, err)
	require.Len(t, found, 2)
	for i, id := range []string{"fcsess_1abcD1", "fcsess_1abcz2"} {
		require.Equal(t, id, found[i].ID)
		require.Equal(t, "body of "+id, string(found[i].Body))
	}
	for _, other := range []store.Scope{otherTenant, otherMode, {Tenant: "\xff"}} {
		found, err = s.SessionsBeginning(t.Context(), other, beginning)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	for _, none := range []string{"fcsess_1abcD1_", "nothing", "\xff", "a\x00"} {
		found, err = s.SessionsBeginning(t.Context(), scope, none)
		require.NoError(t, err)
		require.Empty(t, found)
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
