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

// BenchmarkListTransactions is a page of 100 transactions with bodies of 450 bytes: the first one and the thousandth,
// of an account with a million, and of one among 100,000 with ten each; and what 100 of a million have changed.
func BenchmarkListTransactions(b *testing.B) {
	const rows = 1_000_000
	scope, body := store.Scope{Tenant: "bench"}, []byte(`{"id": "`+strings.Repeat("x", 440)+`"}`)
	for _, accounts := range []int{1, 100_000} {
		s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "fincon.db"), sqlite.Options{})
		require.NoError(b, err)
		name := func(i int) string { return fmt.Sprintf("fca_1%023d", i%accounts) }
		for first := 0; first < rows; first += 10_000 {
			require.NoError(b, s.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
				for i := first; i < first+10_000; i++ {
					// A day of every account after the other; a hundred rows have been updated since.
					row := store.Transaction{ID: fmt.Sprintf("fctxn_1%023d", i), BankID: fmt.Sprintf("bank-%015d", i*7919%rows),
						TransactedAt: int64(i * 20), Sequence: 1, Status: "posted", Body: body}
					if i%(rows/100) == 0 {
						row.Sequence = 2
					}
					if err := tx.PutTransactions(ctx, scope, name(i), []store.Transaction{row}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		after := int64(1)
		pages := map[string]struct {
			filter store.TransactionFilter
			page   store.Page
			rows   int
		}{
			"page=1":    {store.TransactionFilter{}, store.Page{}, min(100, rows/accounts)},
			"changed":   {store.TransactionFilter{AfterSequence: &after}, store.Page{}, 100},
			"page=1000": {store.TransactionFilter{}, store.Page{After: fmt.Sprintf("fctxn_1%023d", rows-100*999)}, 100},
			"to":        {store.TransactionFilter{To: ptr(int64(rows * 5))}, store.Page{}, 100},
		}
		for _, kind := range []string{"page=1", "page=1000", "to", "changed"} {
			if accounts > 1 && kind != "page=1" {
				continue
			}
			b.Run(fmt.Sprintf("accounts=%d/%s", accounts, kind), func(b *testing.B) {
				b.ReportAllocs()
				c := pages[kind]
				c.page.Limit = 100
				for i := range b.N {
					c.filter.Account = name(i * 7919)
					got, _, err := s.ListTransactionBodies(b.Context(), scope, c.filter, c.page)
					if err != nil || len(got) != c.rows {
						b.Fatal(len(got), err)
					}
				}
			})
		}
		require.NoError(b, s.Close())
	}
}

func ptr[T any](v T) *T { return &v }
