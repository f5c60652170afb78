package postgres_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/postgres"
)

// filling is enough of everything for PostgreSQL to see what pays: most of it belongs to one account.
var filling = []string{
	`INSERT INTO accounts (tenant, livemode, id, holder, authorization_id, bank_key, created, body, state)
	 SELECT 'one', false, 'fca_' || n, 'h' || n % 50, 'a' || n % 5000, 'b' || n, n, 'body', ''
	 FROM generate_series(1, 20000) AS n`,
	`INSERT INTO session_accounts SELECT 'one', false, 's' || n % 5000, 'fca_' || n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO transactions (tenant, livemode, id, account_id, bank_id, transacted_at, sequence, status, body)
	 SELECT 'one', false, 't' || n, CASE WHEN n % 3 = 0 THEN 'fca_' || n ELSE 'fca_1' END, 'b' || n,
	 n * 7919 % 100000, n % 100, 'posted', repeat('x', 450) FROM generate_series(1, 30000) AS n`,
	`INSERT INTO events SELECT 'one', false, 'e' || n, 'type' || n % 10, n, CASE WHEN n % 100 = 0 THEN 1 ELSE 0 END,
	 repeat('x', 900) FROM generate_series(1, 20000) AS n`,
	`INSERT INTO webhook_endpoints (tenant, livemode, id, enabled, events, created, body, secret)
	 SELECT 'one', false, 'w' || n, true, '*', n, 'body', '' FROM generate_series(1, 5000) AS n`,
	`INSERT INTO deliveries SELECT 'one', false, 'e' || n, 'w' || n % 20, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO due SELECT 'one', false, 'kind', 'k' || n, 'd' || n, n, 0, 0, '' FROM generate_series(1, 20000) AS n`,
	`ANALYZE`,
}

// TestPlans: no statement goes through a whole table, and no list is sorted.
func TestPlans(t *testing.T) {
	t.Parallel()
	dsn := schema(t)
	open(t, dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	// The plan for any arguments, as the store has it.
	_, err = conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan")
	require.NoError(t, err)
	requireGoodPlans(t, conn) // of tables that are new
	for _, query := range filling {
		_, err := conn.Exec(t.Context(), query)
		require.NoError(t, err)
	}
	requireGoodPlans(t, conn)
}

func requireGoodPlans(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	filled := regexp.MustCompile(`accounts|transactions|events|webhook_endpoints|deliveries|due`)
	// The query for the next of all sorts two numbers.
	bad := regexp.MustCompile(`Seq Scan|Sort Key: [^(]|Filter: .*tenant`)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Statements]()) {
		if field.Type.Kind() != reflect.String {
			continue
		}
		query := reflect.ValueOf(postgres.Statements).FieldByIndex(field.Index).String()
		if filled.MatchString(query) {
			require.NotRegexp(t, bad, explain(t, conn, query), field.Name)
		}
	}
}

func explain(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()
	parameters := map[string]bool{}
	for _, parameter := range regexp.MustCompile(`\$\d+`).FindAllString(query, -1) {
		parameters[parameter] = true
	}
	_, err := conn.Exec(t.Context(), "PREPARE statement AS "+query)
	require.NoError(t, err)
	execute := "EXECUTE statement"
	if n := len(parameters); n > 0 {
		execute += "(NULL" + strings.Repeat(", NULL", n-1) + ")"
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN "+execute)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "DEALLOCATE statement")
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}
