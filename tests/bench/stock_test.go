package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/sqlite"
	"fincon/impl/wire"
)

// TestStock reads back the pages that are reckoned from the stock's numbers.
func TestStock(t *testing.T) {
	t.Parallel()
	kept, err := sqlite.Open(t.Context(), ":memory:", sqlite.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, kept.Close()) }()
	s := stock{accounts: 120, transactions: 250}
	require.NoError(t, s.put(t.Context(), kept))
	scope, err := benchScope(t.Context())
	require.NoError(t, err)

	accounts, more, err := kept.ListAccounts(t.Context(), scope, store.AccountFilter{Holder: "customer:" + stockCustomer},
		store.Page{Limit: pageRows})
	require.NoError(t, err)
	require.Equal(t, s.accountPage(1).more, more)
	for i, want := range s.accountPage(1).ids {
		require.Equal(t, want, accounts[i].ID)
	}
	last := s.transactionPage(3)
	rows, more, err := kept.ListTransactions(t.Context(), scope, store.TransactionFilter{Account: s.accountID(0)},
		store.Page{Limit: pageRows, After: s.transactionPage(2).ids[pageRows-1]})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, rows, len(last.ids))
	for i, want := range last.ids {
		require.Equal(t, want, rows[i].ID)
	}
}

func TestTransactionsAreOfRealSize(t *testing.T) {
	t.Parallel()
	body, err := wire.JSON(stock{transactions: 1}.transaction(0))
	require.NoError(t, err)
	require.InDelta(t, 475, len(body), 50)
}
