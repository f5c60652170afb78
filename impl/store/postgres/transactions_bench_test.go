package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/postgres"
)

// BenchmarkListTransactions is a page of 100 transactions with bodies of 450 bytes: the first one and the thousandth,
// of an account with a million, and of one among 100,000 with ten each; and what 100 of a million have changed.
func BenchmarkListTransactions(b *testing.B) {
	const rows = 1_000_000
	scope := store.Scope{Tenant: "bench"}
	for _, accounts := range []int{1, 100_000} {
		dsn := schema(b)
		s, err := postgres.Open(b.Context(), dsn, postgres.Options{})
		require.NoError(b, err)
		// A day of every account after the other; a hundred rows have been updated since.
		exec(b, dsn, fmt.Sprintf(`
INSERT INTO transactions (tenant, livemode, id, account_id, bank_id, transacted_at, sequence, status, body)
SELECT 'bench', false, 'fctxn_1' || lpad(n::text, 23, '0'), 'fca_1' || lpad((n %% %d)::text, 23, '0'),
    'bank-' || lpad((n::bigint * 7919 %% %d)::text, 15, '0'), n * 20,
    CASE WHEN n %% %d = 0 THEN 2 ELSE 1 END, 'posted', repeat('x', 450)
FROM generate_series(0, %d) AS n`, accounts, rows, rows/100, rows-1))
		exec(b, dsn, "VACUUM ANALYZE transactions")
		after, to := int64(1), int64(rows*5)
		filters := map[string]store.TransactionFilter{"changed": {AfterSequence: &after}, "to": {To: &to}}
		pages := map[string]store.Page{"page=1000": {After: fmt.Sprintf("fctxn_1%023d", rows-100*999)}}
		for _, kind := range []string{"page=1", "page=1000", "to", "changed"} {
			if accounts > 1 && kind != "page=1" {
				continue
			}
			b.Run(fmt.Sprintf("accounts=%d/%s", accounts, kind), func(b *testing.B) {
				b.ReportAllocs()
				filter, page := filters[kind], pages[kind]
				page.Limit = 100
				for i := range b.N {
					filter.Account = fmt.Sprintf("fca_1%023d", i*7919%accounts)
					got, _, err := s.ListTransactionBodies(b.Context(), scope, filter, page)
					if err != nil || len(got) != min(100, rows/accounts) {
						b.Fatal(len(got), err)
					}
				}
			})
		}
		require.NoError(b, s.Close())
	}
}
