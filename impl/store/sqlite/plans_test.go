package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/sqlite"
)

// TestPlans: no statement goes through a whole table, or sorts. On SQLite this does not depend on the data.
func TestPlans(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	excused := map[string]bool{
		"APIKeys":         true, // all there are
		"PruneIdempotent": true, // a limited number, in the order of the table
		"EventsToPrune":   true, // likewise
		"NextDue":         true, // the first of an index, twice
	}
	queries := map[string]string{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Statements]()) {
		if field.Type.Kind() == reflect.String && !excused[field.Name] {
			queries[field.Name] = reflect.ValueOf(sqlite.Statements).FieldByIndex(field.Index).String()
		}
	}
	for i, query := range sqlite.Statements.ResetTenant {
		queries["ResetTenant "+strconv.Itoa(i)] = query
	}
	// What is looked at besides tables: queries within the query, and the first row of the endpoints' index.
	bad := regexp.MustCompile(`TEMP B-TREE|AUTOMATIC|SCAN [a-z]`)
	good := regexp.MustCompile(`SCAN (first|d)$|SCAN deliveries USING COVERING INDEX deliveries_endpoint`)
	for name, query := range queries {
		for _, step := range plan(t, db, query) {
			require.True(t, !bad.MatchString(step) || good.MatchString(step), "%s: %s", name, step)
		}
	}
	require.Contains(t, plan(t, db, sqlite.Statements.EndpointsWithDueDeliveries),
		"SEARCH later USING COVERING INDEX deliveries_endpoint ((tenant,livemode,endpoint_id,due_at)>(?,?,?,?))")
	for _, query := range []string{sqlite.Statements.OlderTransactionsBySequence, sqlite.Statements.NewerTransactionsBySequence} {
		require.Equal(t, []string{"SEARCH transactions USING INDEX transactions_sequence (tenant=? AND livemode=? AND " +
			"account_id=? AND sequence=? AND (transacted_at,id)>(?,?) AND (transacted_at,id)<(?,?))"}, plan(t, db, query))
	}
}

func plan(t *testing.T, db *sql.DB, query string) (steps []string) {
	t.Helper()
	var args []any
	for i, parameter := range regexp.MustCompile(`\?\d*`).FindAllString(query, -1) {
		number, err := strconv.Atoi(parameter[1:])
		if err != nil {
			number = i + 1
		}
		for len(args) < number {
			args = append(args, 1)
		}
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	require.NoError(t, err, query)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var id, parent, unused int
		var step string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
		steps = append(steps, step)
	}
	require.NoError(t, rows.Err())
	return steps
}

// TestResetKnowsEveryTable: whoever adds a table with a tenant adds it there.
func TestResetKnowsEveryTable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), "SELECT m.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c "+
		"WHERE m.type = 'table' AND c.name = 'tenant' AND m.name <> 'api_keys'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var want []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		want = append(want, "DELETE FROM "+name+" WHERE tenant BETWEEN ? AND ?")
	}
	require.NoError(t, rows.Err())
	require.ElementsMatch(t, want, sqlite.Statements.ResetTenant)
}
