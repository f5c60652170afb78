package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/migration"
	"fincon/impl/store/postgres"
	"fincon/impl/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t *testing.T) (*store.Store, func() *store.Store) {
		dsn := schema(t)
		s := open(t, dsn)
		return s, func() *store.Store {
			require.NoError(t, s.Close())
			s = open(t, dsn)
			return s
		}
	})
}

var schemas atomic.Int64

// schema makes an empty schema, dropped at the end, and returns the address of a database where it is all there is.
func schema(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("FINCON_TEST_POSTGRES")
	require.NotEmpty(t, dsn, "FINCON_TEST_POSTGRES is not set: run make test")
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	exec(t, dsn, "CREATE SCHEMA "+name)
	t.Cleanup(func() { exec(t, dsn, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

func exec(t testing.TB, dsn, query string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also for cleaning up
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, query)
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
}

func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, postgres.Options{PoolSize: 8})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStatementsAreComplete(t *testing.T) {
	t.Parallel()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Statements]()) {
		require.NotZero(t, reflect.ValueOf(postgres.Statements).FieldByIndex(field.Index).Interface(), field.Name)
	}
}

// TestMigratingAtOnce: several processes find an empty database, and migrate it one after the other.
func TestMigratingAtOnce(t *testing.T) {
	t.Parallel()
	const processes = 8
	dsn := schema(t)
	gate, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = gate.Exec(t.Context(), "SELECT pg_advisory_lock($1)", int64(postgres.MigrationLock))
	require.NoError(t, err)

	name := "migrating_" + fmt.Sprint(os.Getpid())
	var wg sync.WaitGroup
	errs := make(chan error, processes)
	for i := range byte(processes) {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), dsn+"&application_name="+name, postgres.Options{PoolSize: 2})
			if err == nil {
				err = s.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{i}})
				_ = s.Close()
			}
			errs <- err
		})
	}
	for waiting := 0; waiting < processes; {
		require.Empty(t, errs, "nobody migrates while another holds the lock")
		require.NoError(t, gate.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "+
			"WHERE locktype = 'advisory' AND NOT granted AND application_name = $1", name).Scan(&waiting))
	}
	require.NoError(t, gate.Close(t.Context()))
	wg.Wait()
	for range processes {
		require.NoError(t, <-errs)
	}
	keys, err := open(t, dsn).APIKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, processes)
}

func TestNewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	dsn := schema(t)
	require.NoError(t, open(t, dsn).Close())
	exec(t, dsn, "INSERT INTO "+migration.Table+" (version_id, is_applied) VALUES (999, true)")
	_, err := postgres.Open(t.Context(), dsn, postgres.Options{})
	require.ErrorContains(t, err, "opening database postgres on 127.0.0.1: schema version 999 is newer than 10")
	require.ErrorContains(t, err, "run the newer fincon")
}

// TestErrorAtCommit: what PostgreSQL finds only when it commits fails the write, with and without a read in it.
func TestErrorAtCommit(t *testing.T) {
	t.Parallel()
	dsn := schema(t)
	s := open(t, dsn)
	exec(t, dsn, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$")
	exec(t, dsn, "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON sessions DEFERRABLE INITIALLY DEFERRED "+
		"FOR EACH ROW EXECUTE FUNCTION refuse()")
	for _, reads := range []bool{false, true} {
		require.ErrorContains(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			session := store.Session{ID: "fcsess_1", Body: []byte("a")}
			if err := tx.InsertSession(ctx, store.Scope{}, session); err != nil || !reads {
				return err
			}
			_, err := tx.Session(ctx, store.Scope{}, "fcsess_1")
			return err
		}), "refused")
		exists, err := s.SessionExists(t.Context(), store.Scope{}, "fcsess_1")
		require.NoError(t, err)
		require.False(t, exists)
	}
}

// TestDeadlock: two transactions that take two rows in opposite orders both succeed.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	dsn := schema(t)
	s := open(t, dsn)
	scope := store.Scope{Tenant: "one"}
	ids := []string{"fcsess_1", "fcsess_2"}
	for _, id := range ids {
		require.NoError(t, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertSession(ctx, scope, store.Session{ID: id, Body: []byte("a")})
		}))
	}
	var both sync.WaitGroup // each waits, the first time, until the other has taken its first row
	both.Add(2)
	var wg sync.WaitGroup
	var runs atomic.Int64
	errs := make(chan error, 2)
	for _, order := range [][]string{{ids[0], ids[1]}, {ids[1], ids[0]}} {
		wg.Go(func() {
			first := true
			errs <- s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				runs.Add(1)
				for _, id := range order {
					body, err := tx.Session(ctx, scope, id)
					if err != nil {
						return err
					}
					if first {
						first = false
						both.Done()
						both.Wait()
					}
					if err := tx.UpdateSession(ctx, scope, id, append(body, 'b')); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	wg.Wait()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	// More often when the one that was ended takes its first row again before the other has woken up.
	require.GreaterOrEqual(t, runs.Load(), int64(3))
	for _, id := range ids {
		body, err := s.Session(t.Context(), scope, id)
		require.NoError(t, err)
		require.Equal(t, "abb", string(body))
	}
}

func TestErrorsDoNotShowThePassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://user:geheim@127.0.0.1:1/db",
		"postgres://user:ge%heim@127.0.0.1/db",
		"postgres://user:geheim@127.0.0.1:port/db",
		"postgres://user:geheim/x@127.0.0.1/db",
		"postgres://user:geheim@127.0.0.1/db?sslmode=geheim",
		"postgres://user:geheim@127.0.0.1/db?pool_max_conns=x",
		"host=127.0.0.1 port=1 user=u password=geheim",
		"host=127.0.0.1 port=1 user=u password='geheim",
		"geheim",
	} {
		_, err := postgres.Open(t.Context(), dsn, postgres.Options{})
		require.Error(t, err)
		require.NotContains(t, strings.ReplaceAll(err.Error(), "%", ""), "heim", dsn)
	}
}
