package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var dueTests = map[string]func(*testing.T, *store.Store){
	"due work":                          due,
	"due work, leases":                  dueLeases,
	"due work, put in another's place":  dueReplaced,
	"due work, claimed at once":         dueClaims,
	"due work, a claim that is refused": dueNested,
}

func work(scope store.Scope, key string, dueAt int64) store.Due {
	return store.Due{Scope: scope, ID: "due_" + key, Kind: "refresh", Key: key, DueAt: dueAt, Payload: []byte{0, 255}}
}

func insertDue(t *testing.T, s *store.Store, works ...store.Due) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for _, work := range works {
			if err := tx.InsertDue(ctx, work); err != nil {
				return err
			}
		}
		return nil
	})
}

func requireClaimed(t *testing.T, s *store.Store, now, leaseUntil int64, limit int, want ...store.Due) {
	t.Helper()
	claimed, err := s.ClaimDue(t.Context(), now, leaseUntil, limit)
	require.NoError(t, err)
	require.Equal(t, want, claimed)
}

func requireNext(t *testing.T, s *store.Store, want int64) {
	t.Helper()
	next, ok, err := s.NextDue(t.Context())
	require.NoError(t, err)
	require.Equal(t, want != 0, ok)
	require.Equal(t, want, next)
}

func due(t *testing.T, s *store.Store) {
	requireNext(t, s, 0)
	first, second, third := work(scope, "1", 1000), work(otherMode, "1", 1001), work(otherTenant, "1", 1002)
	insertDue(t, s, third, second, first)
	requireNext(t, s, 1000)
	requireClaimed(t, s, 999, 2000, 10)
	requireClaimed(t, s, 1002, 2000, 2, first, second)
	requireClaimed(t, s, 1002, 2000, 2, third)
	requireNext(t, s, 1000) // also what is somebody's

	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for range 2 { // twice is no error
			if err := tx.DeleteDue(ctx, first); err != nil {
				return err
			}
		}
		return tx.RescheduleDue(ctx, second, 1500)
	})
	requireNext(t, s, 1002)
	requireClaimed(t, s, 1499, 2000, 10)
	second.DueAt, second.Attempt = 1500, 1
	requireClaimed(t, s, 1500, 2000, 10, second)

	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for range 2 {
			if err := tx.CancelDue(ctx, otherTenant, "refresh", "1"); err != nil {
				return err
			}
		}
		if err := tx.RescheduleDue(ctx, third, 5000); err != nil { // it is gone, that is no error
			return err
		}
		return tx.CancelDue(ctx, otherMode, "other", "1")
	})
	requireNext(t, s, 1500)

	insertEndpoint(t, s, scope, "we_1")
	insertEvent(t, s, scope, event("evt_1", 1200, 0), "we_1")
	requireNext(t, s, 1200)
}

func dueLeases(t *testing.T, s *store.Store) {
	first := work(scope, "1", 1000)
	insertDue(t, s, first)
	requireClaimed(t, s, 1000, 1100, 10, first)
	requireClaimed(t, s, 1099, 1200, 10)
	requireClaimed(t, s, 1100, 1200, 10, first) // the first has not been heard of
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.RescheduleDue(ctx, first, 1300) })
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.RescheduleDue(ctx, first, 1900) }) // and now is
	first.Attempt, first.DueAt = 1, 1300
	requireClaimed(t, s, 1300, 1400, 10, first)
}

func dueReplaced(t *testing.T, s *store.Store) {
	first := work(scope, "1", 1000)
	insertDue(t, s, first)
	requireClaimed(t, s, 1000, 1100, 10, first)
	second := first
	second.ID, second.DueAt, second.Payload = "due_2", 1050, []byte("new")
	insertDue(t, s, second)
	requireNext(t, s, 1050)
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.RescheduleDue(ctx, first, 3000) })
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDue(ctx, first) })
	requireClaimed(t, s, 1050, 1200, 10, second)
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDue(ctx, second) })
	requireNext(t, s, 0)
}

// dueClaims: nothing is claimed twice.
func dueClaims(t *testing.T, s *store.Store) {
	const n, goroutines = 60, 6
	var works []store.Due
	for i := range n {
		works = append(works, work(scope, fmt.Sprint(i), 1000))
	}
	insertDue(t, s, works...)
	var mu sync.Mutex
	var wg sync.WaitGroup
	claims := map[string]int{}
	errs := make(chan error, goroutines)
	for range goroutines {
		wg.Go(func() {
			for {
				claimed, err := s.ClaimDue(t.Context(), 1000, 2000, 4)
				mu.Lock()
				for _, d := range claimed {
					claims[d.ID]++
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

func dueNested(t *testing.T, s *store.Store) {
	require.ErrorContains(t, s.Write(t.Context(), func(ctx context.Context, _ *store.Tx) error {
		_, err := s.ClaimDue(ctx, 1000, 2000, 1)
		return err
	}), "use its Tx")
}
