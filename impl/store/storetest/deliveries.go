package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var deliveryTests = map[string]func(*testing.T, *store.Store){
	"deliveries":                  deliveries,
	"deliveries of endpoints":     endpointsWithDue,
	"deliveries, leases":          deliveryLeases,
	"deliveries, sent again":      resending,
	"deliveries, taken away":      deliveriesTakenAway,
	"deliveries, claimed at once": deliveryClaims,
	"deliveries, to nobody":       deliveriesToNobody,
	"deliveries, listed":          deliveriesListed,
}

func claim(t *testing.T, s *store.Store, endpoint string, now, leaseUntil int64, limit int) []store.ClaimedDelivery {
	t.Helper()
	claimed, err := s.ClaimDeliveries(t.Context(), store.EndpointKey{Scope: scope, ID: endpoint}, now, leaseUntil, limit)
	require.NoError(t, err)
	return claimed
}

func deliveries(t *testing.T, s *store.Store) {
	endpoint := insertEndpoint(t, s, scope, "we_1")
	insertEndpoint(t, s, scope, "we_2")
	first, second := event("evt_1", 1000, 2), event("evt_2", 1001, 1)
	insertEvent(t, s, scope, second, "we_1")
	insertEvent(t, s, scope, first, "we_1", "we_2")

	require.Empty(t, claim(t, s, "we_1", 999, 2000, 10))
	claimed := claim(t, s, "we_1", 1001, 2000, 10)
	require.Equal(t, []store.ClaimedDelivery{
		{Delivery: store.Delivery{Scope: scope, Event: "evt_1", Endpoint: "we_1", DueAt: 1000, Leased: 2000}, Content: first, To: endpoint},
		{Delivery: store.Delivery{Scope: scope, Event: "evt_2", Endpoint: "we_1", DueAt: 1001, Leased: 2000}, Content: second, To: endpoint},
	}, claimed)

	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.FinishDelivery(ctx, claimed[0].Delivery); err != nil {
			return err
		}
		return tx.RetryDelivery(ctx, claimed[1].Delivery, 1500)
	})
	requirePending(t, s, scope, "evt_1", 1)
	requirePending(t, s, scope, "evt_2", 1)
	require.Empty(t, claim(t, s, "we_1", 1499, 2000, 10))
	claimed = claim(t, s, "we_1", 1500, 2000, 10)
	require.Len(t, claimed, 1)
	require.Equal(t, 1, claimed[0].Attempt)
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.AbandonDelivery(ctx, claimed[0].Delivery) })
	require.Empty(t, claim(t, s, "we_1", 5000, 9000, 10))
	requirePending(t, s, scope, "evt_2", 1)

	require.Len(t, claim(t, s, "we_2", 2000, 3000, 10), 1)
	require.Empty(t, claim(t, s, "we_3", 2000, 3000, 10))
}

func endpointsWithDue(t *testing.T, s *store.Store) {
	requireKeys := func(now int64, want ...store.EndpointKey) {
		t.Helper()
		keys, err := s.EndpointsWithDueDeliveries(t.Context(), now)
		require.NoError(t, err)
		require.Equal(t, want, keys)
	}
	requireKeys(5000)
	var want []store.EndpointKey
	for _, scope := range []store.Scope{scope, otherMode, otherTenant} {
		for _, id := range []string{"we_1", "we_2", "we_3"} {
			insertEndpoint(t, s, scope, id)
			want = append(want, store.EndpointKey{Scope: scope, ID: id})
		}
		for i := range 3 {
			insertEvent(t, s, scope, event(fmt.Sprint("evt_", i), 1000, 0), "we_1", "we_2", "we_3")
		}
	}
	requireKeys(999)
	requireKeys(1000, want...)
	// One whose deliveries are all somebody's has none, until a lease ends.
	require.Len(t, claim(t, s, "we_1", 1000, 2000, 2), 2)
	requireKeys(1000, want...)
	last := claim(t, s, "we_1", 1000, 1500, 2)
	require.Len(t, last, 1)
	requireKeys(1499, want[1:]...)
	requireKeys(1500, want...)
	// One whose deliveries were abandoned has none.
	for _, d := range claim(t, s, "we_2", 1000, 2000, 10) {
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.AbandonDelivery(ctx, d.Delivery) })
	}
	requireKeys(9000, append(want[:1:1], want[2:]...)...)
}

func deliveryLeases(t *testing.T, s *store.Store) {
	insertEndpoint(t, s, scope, "we_1")
	insertEvent(t, s, scope, event("evt_1", 1000, 0), "we_1")
	first := claim(t, s, "we_1", 1000, 1100, 10)[0].Delivery
	require.Empty(t, claim(t, s, "we_1", 1099, 1200, 10))
	second := claim(t, s, "we_1", 1100, 1200, 10)[0].Delivery // the first has not been heard of
	require.Equal(t, first.Attempt, second.Attempt)
	next, ok, err := s.NextDue(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, int64(1000), next)

	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.RetryDelivery(ctx, second, 1300) })
	// Now the first is heard of: it counts no second time.
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.RetryDelivery(ctx, first, 1900) })
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.AbandonDelivery(ctx, first) })
	third := claim(t, s, "we_1", 1300, 1400, 10)[0].Delivery
	require.Equal(t, 1, third.Attempt)

	for range 2 { // finishing twice is no error, and counts once
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.FinishDelivery(ctx, third) })
		requirePending(t, s, scope, "evt_1", 0)
	}
	_, ok, err = s.NextDue(t.Context())
	require.NoError(t, err)
	require.False(t, ok)
}

func resending(t *testing.T, s *store.Store) {
	insertEndpoint(t, s, scope, "we_1")
	insertEvent(t, s, scope, event("evt_1", 1000, 0), "we_1")
	resend := func(dueAt int64) {
		t.Helper()
		write(t, s, func(ctx context.Context, tx *store.Tx) error {
			return tx.ResendDelivery(ctx, scope, "evt_1", "we_1", dueAt)
		})
	}
	end := func(end func(*store.Tx, context.Context, store.Delivery) error, d store.Delivery) {
		t.Helper()
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return end(tx, ctx, d) })
	}
	// One that waits is moved.
	resend(900)
	d := claim(t, s, "we_1", 900, 1000, 10)[0].Delivery
	requirePending(t, s, scope, "evt_1", 1)
	// One that is being sent is sent again, however that ends.
	resend(950)
	end((*store.Tx).FinishDelivery, d)
	end((*store.Tx).AbandonDelivery, d)
	d = claim(t, s, "we_1", 950, 1000, 10)[0].Delivery
	requirePending(t, s, scope, "evt_1", 1)
	// One that was abandoned starts anew.
	end(func(tx *store.Tx, ctx context.Context, d store.Delivery) error { return tx.RetryDelivery(ctx, d, 960) }, d)
	d = claim(t, s, "we_1", 960, 1000, 10)[0].Delivery
	require.Equal(t, 1, d.Attempt)
	end((*store.Tx).AbandonDelivery, d)
	resend(970)
	requirePending(t, s, scope, "evt_1", 1)
	d = claim(t, s, "we_1", 970, 1000, 10)[0].Delivery
	require.Equal(t, 0, d.Attempt)
	// One that was received is pending again.
	end((*store.Tx).FinishDelivery, d)
	requirePending(t, s, scope, "evt_1", 0)
	resend(980)
	requirePending(t, s, scope, "evt_1", 1)
	end((*store.Tx).FinishDelivery, claim(t, s, "we_1", 980, 1000, 10)[0].Delivery)
	requirePending(t, s, scope, "evt_1", 0)
}

// deliveriesTakenAway: what became of a delivery while it was being made is no error.
func deliveriesTakenAway(t *testing.T, s *store.Store) {
	insertEndpoint(t, s, scope, "we_1")
	insertEvent(t, s, scope, event("evt_1", 1000, 0), "we_1")
	d := claim(t, s, "we_1", 1000, 1100, 10)[0].Delivery
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWebhookEndpoint(ctx, scope, "we_1") })
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		require.NoError(t, tx.FinishDelivery(ctx, d))
		require.NoError(t, tx.RetryDelivery(ctx, d, 1200))
		return tx.AbandonDelivery(ctx, d)
	})
	requirePending(t, s, scope, "evt_1", 1)
	require.Empty(t, claim(t, s, "we_1", 5000, 6000, 10))
}

// deliveryClaims: nothing is claimed twice.
func deliveryClaims(t *testing.T, s *store.Store) {
	const n, goroutines = 60, 6
	insertEndpoint(t, s, scope, "we_1")
	for i := range n {
		insertEvent(t, s, scope, event(fmt.Sprintf("evt_%02d", i), 1000, 0), "we_1")
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	claims := map[string]int{}
	errs := make(chan error, goroutines)
	for range goroutines {
		wg.Go(func() {
			for {
				claimed, err := s.ClaimDeliveries(t.Context(), store.EndpointKey{Scope: scope, ID: "we_1"}, 1000, 2000, 4)
				mu.Lock()
				for _, d := range claimed {
					claims[d.Event]++
				}
				all := len(claims) == n
				mu.Unlock()
				if err != nil || all {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	for range goroutines {
		require.NoError(t, <-errs)
	}
	for id, times := range claims {
		require.Equal(t, 1, times, id)
	}
}

// An endpoint can be deleted while an event for it is being recorded: such a delivery must not be due for ever.
func deliveriesToNobody(t *testing.T, s *store.Store) {
	insertEvent(t, s, scope, event("evt_1", 1000, 1), "we_gone")
	keys, err := s.EndpointsWithDueDeliveries(t.Context(), 1000)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.Empty(t, claim(t, s, "we_gone", 1000, 2000, 10))
	_, found, err := s.NextDue(t.Context())
	require.NoError(t, err)
	require.False(t, found)
}

// What waits and what was given up is listed, with how far it is; what was received is not.
func deliveriesListed(t *testing.T, s *store.Store) {
	insertEndpoint(t, s, scope, "we_1")
	insertEndpoint(t, s, scope, "we_2")
	insertEvent(t, s, scope, event("evt_1", 1000, 2), "we_1", "we_2")
	insertEvent(t, s, scope, event("evt_2", 1001, 1), "we_1")
	insertEvent(t, s, otherMode, event("evt_3", 1001, 1), "we_1")
	insertEvent(t, s, otherTenant, event("evt_4", 1001, 1), "we_1")
	for _, d := range claim(t, s, "we_1", 1001, 2000, 10) {
		write(t, s, func(ctx context.Context, tx *store.Tx) error {
			if d.Event == "evt_1" {
				return tx.AbandonDelivery(ctx, d.Delivery)
			}
			return tx.RetryDelivery(ctx, d.Delivery, 1500)
		})
	}
	kind := event("evt_1", 0, 0).Type
	listed := func(event, endpoint string, dueAt int64, attempt int, abandoned bool) store.OutstandingDelivery {
		return store.OutstandingDelivery{EventType: kind, Abandoned: abandoned, Delivery: store.Delivery{
			Scope: scope, Event: event, Endpoint: endpoint, DueAt: dueAt, Attempt: attempt,
		}}
	}
	requireListed := func(want ...store.OutstandingDelivery) {
		t.Helper()
		rows, more, err := s.ListDeliveries(t.Context(), scope, store.Page{Limit: 10})
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, want, rows)
	}
	second := listed("evt_1", "we_2", 1000, 0, false)
	requireListed(listed("evt_2", "we_1", 1500, 1, false), second, listed("evt_1", "we_1", 1000, 0, true))
	for _, d := range claim(t, s, "we_1", 1500, 2000, 10) {
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.FinishDelivery(ctx, d.Delivery) })
	}
	requireListed(second, listed("evt_1", "we_1", 1000, 0, true))
	for id, want := range map[string]bool{
		store.DeliveryID("evt_1", "we_1"): true, store.DeliveryID("evt_2", "we_1"): false,
		store.DeliveryID("evt_4", "we_1"): false, "evt_1": false, "\x00.\xff": false,
	} {
		exists, err := s.DeliveryExists(t.Context(), scope, id)
		require.NoError(t, err)
		require.Equal(t, want, exists, "%q", id)
	}
	for _, id := range []string{"none", "\x00.", "\xff.we_1"} {
		_, _, err := s.ListDeliveries(t.Context(), scope, store.Page{Limit: 1, After: id})
		require.ErrorIs(t, err, store.ErrNoCursor, "%q", id)
	}
}
