package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
)

var transactionTests = map[string]func(*testing.T, *store.Store){
	"transactions":                   transactions,
	"transactions, what has changed": changedTransactions,
	"transactions, sequences":        sequences,
	"transactions, many at once":     manyTransactions,
}

func transaction(id string, at, sequence int64) store.Transaction {
	return store.Transaction{ID: id, BankID: "bank_" + id, TransactedAt: at, Sequence: sequence, Status: "posted",
		Body: []byte("body of " + id)}
}

func put(t *testing.T, s *store.Store, account string, rows ...store.Transaction) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.PutTransactions(ctx, scope, account, rows) })
}

func listed(t *testing.T, s *store.Store, filter store.TransactionFilter) []store.Transaction {
	t.Helper()
	rows, more, err := s.ListTransactions(t.Context(), scope, filter, store.Page{Limit: 100})
	require.NoError(t, err)
	require.False(t, more)
	return rows
}

func transactions(t *testing.T, s *store.Store) {
	first, second := transaction("fctxn_1", 100, 1), transaction("fctxn_2", 100, 1)
	put(t, s, "fca_1", second, first)
	put(t, s, "fca_2", transaction("fctxn_3", 100, 1))
	first.Account, second.Account = "fca_1", "fca_1"
	got, err := s.Transaction(t.Context(), scope, "fctxn_1")
	require.NoError(t, err)
	require.Equal(t, first, got)
	exists, err := s.TransactionExists(t.Context(), scope, "fctxn_1")
	require.NoError(t, err)
	require.True(t, exists)
	for _, other := range []store.Scope{otherTenant, otherMode} {
		_, err = s.Transaction(t.Context(), other, "fctxn_1")
		require.ErrorIs(t, err, store.ErrNotFound)
		exists, err = s.TransactionExists(t.Context(), other, "fctxn_1")
		require.NoError(t, err)
		require.False(t, exists)
	}
	require.Equal(t, []store.Transaction{second, first}, listed(t, s, store.TransactionFilter{Account: "fca_1"}))

	// It is replaced in place, and where its time puts it.
	first.Status, first.Sequence, first.TransactedAt, first.Body = "void", 2, 200, []byte("new")
	put(t, s, "fca_1", first)
	require.Equal(t, []store.Transaction{first, second}, listed(t, s, store.TransactionFilter{Account: "fca_1"}))
	// Its id may change too, the bank's counts.
	renamed := first
	renamed.ID = "fctxn_4"
	put(t, s, "fca_1", renamed)
	require.Equal(t, []store.Transaction{renamed, second}, listed(t, s, store.TransactionFilter{Account: "fca_1"}))
	exists, err = s.TransactionExists(t.Context(), scope, "fctxn_1")
	require.NoError(t, err)
	require.False(t, exists)

	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		for since, want := range map[int64][]store.Transaction{0: {renamed, second}, 100: {renamed, second}, 101: {renamed}, 201: nil} {
			rows, err := tx.TransactionsSince(ctx, scope, "fca_1", since)
			require.NoError(t, err)
			require.Equal(t, want, rows)
		}
		return nil
	})
	require.Empty(t, listed(t, s, store.TransactionFilter{Account: "fca_3"}))
	require.Empty(t, listed(t, s, store.TransactionFilter{Account: "\x00"}))
}

func changedTransactions(t *testing.T, s *store.Store) {
	var rows []store.Transaction
	for i := range int64(50) {
		rows = append(rows, transaction(fmt.Sprintf("fctxn_%02d", i), 1000+i, 1))
	}
	put(t, s, "fca_1", rows...)
	after := int64(1)
	filter := store.TransactionFilter{Account: "fca_1", AfterSequence: &after}
	require.Empty(t, listed(t, s, filter))
	third, second := transaction("fctxn_03", 1003, 3), transaction("fctxn_40", 1040, 2)
	put(t, s, "fca_1", second)
	put(t, s, "fca_1", third)
	third.Account, second.Account = "fca_1", "fca_1"
	require.Equal(t, []store.Transaction{second, third}, listed(t, s, filter))
	after = 2
	require.Equal(t, []store.Transaction{third}, listed(t, s, filter))
}

func sequences(t *testing.T, s *store.Store) {
	insertAccounts(t, s, scope, account("fca_1", "h"), account("fca_2", "h"))
	const goroutines = 10
	var wg sync.WaitGroup
	errs := make(chan error, goroutines)
	for range goroutines {
		wg.Go(func() {
			errs <- s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				n, err := tx.NextTransactionSequence(ctx, scope, "fca_1")
				if err != nil {
					return err
				}
				return tx.InsertTransactionRefresh(ctx, scope,
					store.TransactionRefresh{ID: fmt.Sprint("fctxnref_", n), Account: "fca_1", Sequence: n})
			})
		})
	}
	wg.Wait()
	for range goroutines {
		require.NoError(t, <-errs)
	}
	for n := int64(1); n <= goroutines; n++ {
		want := store.TransactionRefresh{ID: fmt.Sprint("fctxnref_", n), Account: "fca_1", Sequence: n}
		got, err := s.TransactionRefresh(t.Context(), scope, want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, id := range []string{"fctxnref_0", "\xff"} {
		_, err := s.TransactionRefresh(t.Context(), scope, id)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.NextTransactionSequence(ctx, scope, "fca_2")
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		return nil
	})
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.NextTransactionSequence(ctx, otherMode, "fca_1")
		return err
	}), store.ErrNotFound)
	// What failed has not counted.
	require.ErrorIs(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.NextTransactionSequence(ctx, scope, "fca_2"); err != nil {
			return err
		}
		return errExpected
	}), errExpected)
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.NextTransactionSequence(ctx, scope, "fca_2")
		require.NoError(t, err)
		require.Equal(t, int64(2), n)
		return nil
	})
}

func manyTransactions(t *testing.T, s *store.Store) {
	const n = 2000
	var rows []store.Transaction
	for i := range int64(n) {
		rows = append(rows, transaction(fmt.Sprintf("fctxn_%04d", i*7919%n), i*31%500, 1))
	}
	for range 2 { // the second time in place of the first
		put(t, s, "fca_1", rows...)
	}
	write(t, s, func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.TransactionsSince(ctx, scope, "fca_1", 0)
		require.NoError(t, err)
		require.Len(t, got, n)
		return nil
	})
}
