package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var eventTests = map[string]func(*testing.T, *store.Store){
	"events":            events,
	"events, pruning":   eventPruning,
	"webhook endpoints": webhookEndpoints,
}

func event(id string, created int64, pending int) store.Event {
	return store.Event{ID: id, Type: "account.created", Created: created, Pending: pending, Body: []byte("body of " + id)}
}

func insertEvent(t *testing.T, s *store.Store, scope store.Scope, e store.Event, endpoints ...string) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		e.Pending = len(endpoints)
		if err := tx.InsertEvent(ctx, scope, e); err != nil {
			return err
		}
		for _, endpoint := range endpoints {
			if err := tx.InsertDelivery(ctx, scope, e.ID, endpoint, e.Created); err != nil {
				return err
			}
		}
		return nil
	})
}

func requirePending(t *testing.T, s *store.Store, scope store.Scope, id string, pending int) {
	t.Helper()
	e, err := s.Event(t.Context(), scope, id)
	require.NoError(t, err)
	require.Equal(t, pending, e.Pending)
}

func events(t *testing.T, s *store.Store) {
	e := event("evt_1", 1000, 0)
	insertEvent(t, s, scope, e)
	got, err := s.Event(t.Context(), scope, "evt_1")
	require.NoError(t, err)
	require.Equal(t, e, got)
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertEvent(ctx, scope, e)
	}), store.ErrExists)
	for _, other := range []store.Scope{otherTenant, otherMode} {
		_, err = s.Event(t.Context(), other, "evt_1")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	_, err = s.Event(t.Context(), scope, "\x00")
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, filter := range []store.EventFilter{{TypePrefix: "\xff"}, {Types: []string{"\x00"}}} {
		rows, more, err := s.ListEvents(t.Context(), scope, filter, store.Page{Limit: 1})
		require.NoError(t, err)
		require.False(t, more)
		require.Empty(t, rows)
	}
}

func eventPruning(t *testing.T, s *store.Store) {
	for i := range int64(9) {
		insertEndpoint(t, s, []store.Scope{scope, otherTenant, otherMode}[i%3], fmt.Sprint("we_", i))
		insertEvent(t, s, []store.Scope{scope, otherTenant, otherMode}[i%3], event(fmt.Sprint("evt_", i), 1000+i, 0), fmt.Sprint("we_", i))
	}
	left := func() (ids string) {
		for i := range 9 {
			for _, scope := range []store.Scope{scope, otherTenant, otherMode} {
				if _, err := s.Event(t.Context(), scope, fmt.Sprint("evt_", i)); err == nil {
					ids += fmt.Sprint(i)
				}
			}
		}
		return ids
	}
	for _, step := range []struct {
		before int64
		limit  int
		n      int
		left   string
	}{
		{1000, 100, 0, "012345678"},
		{1005, 3, 3, "345678"},
		{1005, 3, 2, "5678"},
		{1005, 3, 0, "5678"},
		{2000, 100, 4, ""},
		{2000, 100, 0, ""},
	} {
		n, err := s.PruneEvents(t.Context(), step.before, step.limit)
		require.NoError(t, err)
		require.Equal(t, step.n, n)
		require.Equal(t, step.left, left())
		keys, err := s.EndpointsWithDueDeliveries(t.Context(), 5000)
		require.NoError(t, err)
		require.Len(t, keys, len(step.left))
	}
}

func insertEndpoint(t *testing.T, s *store.Store, scope store.Scope, id string) store.WebhookEndpoint {
	t.Helper()
	e := store.WebhookEndpoint{ID: id, Enabled: true, Events: []string{"a.created", "b.deleted"},
		Body: []byte("body of " + id), Secret: []byte{0, 255}, Created: 1000}
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.InsertWebhookEndpoint(ctx, scope, e) })
	return e
}

func webhookEndpoints(t *testing.T, s *store.Store) {
	first, second := insertEndpoint(t, s, scope, "we_1"), insertEndpoint(t, s, scope, "we_2")
	insertEndpoint(t, s, otherMode, "we_1")
	got, err := s.WebhookEndpoint(t.Context(), scope, "we_1")
	require.NoError(t, err)
	require.Equal(t, first, got)
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertWebhookEndpoint(ctx, scope, first)
	}), store.ErrExists)

	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.EnabledWebhookEndpoints(ctx, scope)
		require.NoError(t, err)
		require.Equal(t, []store.WebhookEndpoint{first, second}, rows)
		first.Enabled, first.Events, first.Body, first.Secret = false, []string{"*"}, []byte("new"), []byte("newer")
		if err := tx.UpdateWebhookEndpoint(ctx, scope, first); err != nil {
			return err
		}
		got, err := tx.WebhookEndpoint(ctx, scope, "we_1")
		require.NoError(t, err)
		require.Equal(t, first, got)
		rows, err = tx.EnabledWebhookEndpoints(ctx, scope)
		require.NoError(t, err)
		require.Equal(t, []store.WebhookEndpoint{second}, rows)
		return nil
	})
	rows, more, err := s.ListWebhookEndpoints(t.Context(), scope, store.Page{Limit: 5})
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, []store.WebhookEndpoint{second, first}, rows)

	missing := store.WebhookEndpoint{ID: "we_3"}
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.UpdateWebhookEndpoint(ctx, scope, missing)
	}), store.ErrNotFound)

	insertEvent(t, s, scope, event("evt_1", 1000, 0), "we_1", "we_2")
	remove := func() error {
		return s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWebhookEndpoint(ctx, scope, "we_1") })
	}
	require.NoError(t, remove())
	require.ErrorIs(t, remove(), store.ErrNotFound)
	_, err = s.WebhookEndpoint(t.Context(), scope, "we_1")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.WebhookEndpoint(t.Context(), otherMode, "we_1")
	require.NoError(t, err)
	keys, err := s.EndpointsWithDueDeliveries(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, []store.EndpointKey{{Scope: scope, ID: "we_2"}}, keys)
	requirePending(t, s, scope, "evt_1", 2)
}
