package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/sqlite"
)

// BenchmarkDeliveries is the outbox when one of ten endpoints has not received anything for long: looking which
// endpoints have something due; and for another one, an event with its delivery, claimed and finished.
func BenchmarkDeliveries(b *testing.B) {
	const backlog = 100_000
	scope, body := store.Scope{Tenant: "bench"}, []byte(strings.Repeat("x", 1000))
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "fincon.db"), sqlite.Options{})
	require.NoError(b, err)
	insert := func(ctx context.Context, tx *store.Tx, n int, endpoint string) error {
		id := fmt.Sprintf("evt_%024d", n)
		event := store.Event{ID: id, Type: "financial_connections.account.created", Created: 1000, Pending: 1, Body: body}
		if err := tx.InsertEvent(ctx, scope, event); err != nil {
			return err
		}
		return tx.InsertDelivery(ctx, scope, id, endpoint, 1000)
	}
	require.NoError(b, s.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
		for i := range 10 {
			id := fmt.Sprint("we_", i)
			if err := tx.InsertWebhookEndpoint(ctx, scope, store.WebhookEndpoint{ID: id, Enabled: true}); err != nil {
				return err
			}
			if err := insert(ctx, tx, i, id); err != nil {
				return err
			}
		}
		for n := 10; n < backlog; n++ {
			if err := insert(ctx, tx, n, "we_5"); err != nil {
				return err
			}
		}
		return nil
	}))
	b.Run("endpoints", func(b *testing.B) {
		for range b.N {
			keys, err := s.EndpointsWithDueDeliveries(b.Context(), 1000)
			if err != nil || len(keys) != 10 {
				b.Fatal(len(keys), err)
			}
		}
	})
	next := backlog
	b.Run("deliveries", func(b *testing.B) {
		const batch = 50
		for done := 0; done < b.N; done += batch {
			require.NoError(b, s.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
				for i := range batch {
					if err := insert(ctx, tx, next+i, "we_9"); err != nil {
						return err
					}
				}
				return nil
			}))
			next += batch
			claimed, err := s.ClaimDeliveries(b.Context(), store.EndpointKey{Scope: scope, ID: "we_9"}, 1000, 2000, batch)
			require.NoError(b, err)
			require.Len(b, claimed, batch)
			require.NoError(b, s.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
				for _, d := range claimed {
					if err := tx.FinishDelivery(ctx, d.Delivery); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	})
	require.NoError(b, s.Close())
}
