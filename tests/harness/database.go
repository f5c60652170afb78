package harness

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"fincon/impl/store"
	"fincon/impl/store/postgres"
	"fincon/impl/store/sqlite"
)

// Kind is a kind of database.
type Kind string

// Memory is gone with the server; the others are durable.
const (
	Memory   Kind = "memory"
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// OnEach runs a test on every durable kind of database, side by side.
func OnEach(t *testing.T, test func(t *testing.T, kind Kind)) {
	t.Helper()
	for _, kind := range []Kind{SQLite, Postgres} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

// Database is a database of one test. Besides being served it can be looked at and disturbed.
type Database struct {
	Kind Kind
	// DSN is what --db takes.
	DSN string

	t testing.TB
}

// NewDatabase makes an empty database, which is removed at the end of the test.
func NewDatabase(t testing.TB, kind Kind) *Database {
	t.Helper()
	database := &Database{Kind: kind, t: t}
	switch kind {
	case Memory:
		database.DSN = ":memory:"
	case SQLite:
		database.DSN = filepath.Join(t.TempDir(), "fincon.db")
	case Postgres:
		database.DSN = newPostgres(t)
	}
	return database
}

var postgresDatabases atomic.Int64

// newPostgres creates a database in the PostgreSQL that FINCON_TEST_POSTGRES names.
func newPostgres(t testing.TB) (dsn string) {
	t.Helper()
	server := os.Getenv("FINCON_TEST_POSTGRES")
	if server == "" {
		require.Fail(t, "FINCON_TEST_POSTGRES names no PostgreSQL: run `make test`, which starts one for the tests")
	}
	parsed, err := url.Parse(server)
	require.NoError(t, err, "FINCON_TEST_POSTGRES must be a postgres:// URL")
	name := fmt.Sprintf("fincon_%d_%d", os.Getpid(), postgresDatabases.Add(1))

	admin, err := sql.Open("pgx", server)
	require.NoError(t, err)
	_, err = admin.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
		_ = admin.Close()
	})
	parsed.Path = "/" + name
	return parsed.String()
}

// Open opens the database as a server does.
func (d *Database) Open() *store.Store {
	d.t.Helper()
	var kept *store.Store
	var err error
	if d.Kind == Postgres {
		kept, err = postgres.Open(context.Background(), d.DSN, postgres.Options{})
	} else {
		kept, err = sqlite.Open(context.Background(), d.DSN, sqlite.Options{})
	}
	require.NoError(d.t, err)
	return kept
}

// connect opens the database beside the server, as any other program could.
func (d *Database) connect() *sql.DB {
	d.t.Helper()
	driver, dsn := "pgx", d.DSN
	switch d.Kind {
	case Memory:
		require.Fail(d.t, "a database in memory cannot be reached from outside")
	case SQLite:
		driver, dsn = "sqlite", "file:"+d.DSN+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	require.NoError(d.t, err)
	return db
}

// Exec runs a statement that both kinds of database understand.
func (d *Database) Exec(statement string) {
	d.t.Helper()
	db := d.connect()
	defer func() { _ = db.Close() }()
	_, err := db.Exec(statement)
	require.NoError(d.t, err, statement)
}

// Sessions counts the sessions that are stored, of all tenants.
func (d *Database) Sessions() (count int) {
	d.t.Helper()
	db := d.connect()
	defer func() { _ = db.Close() }()
	require.NoError(d.t, db.QueryRow("SELECT count(*) FROM sessions").Scan(&count))
	return count
}

// RequireSound checks an SQLite file from end to end. PostgreSQL looks after its own files.
func (d *Database) RequireSound() {
	d.t.Helper()
	if d.Kind != SQLite {
		return
	}
	db := d.connect()
	defer func() { _ = db.Close() }()
	var found string
	require.NoError(d.t, db.QueryRow("PRAGMA integrity_check").Scan(&found))
	require.Equal(d.t, "ok", found)
}

// HoldWrites makes every write wait until release is called: a server that works on one keeps its request in flight.
// SQLite's writers give up after five seconds.
func (d *Database) HoldWrites() (release func()) {
	d.t.Helper()
	db := d.connect()
	conn, err := db.Conn(context.Background())
	require.NoError(d.t, err)
	statements := []string{"BEGIN IMMEDIATE"}
	if d.Kind == Postgres {
		statements = []string{"BEGIN", "LOCK TABLE sessions, idempotency_keys IN SHARE ROW EXCLUSIVE MODE"}
	}
	for _, statement := range statements {
		_, err := conn.ExecContext(context.Background(), statement)
		require.NoError(d.t, err, statement)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			d.t.Errorf("let writes go on: %v", err)
		}
		_ = conn.Close()
		_ = db.Close()
	}
}
