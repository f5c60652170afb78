package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/migration"
	"fincon/impl/store/sqlite"
	"fincon/impl/store/storetest"
)

func TestFile(t *testing.T) {
	t.Parallel()
	exercise(t, sqlite.Options{})
}

func TestSharedFile(t *testing.T) {
	t.Parallel()
	exercise(t, sqlite.Options{Shared: true})
}

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t *testing.T) (*store.Store, func() *store.Store) {
		s := open(t, ":memory:", sqlite.Options{})
		t.Cleanup(func() { _ = s.Close() })
		return s, nil
	})
}

func exercise(t *testing.T, options sqlite.Options) {
	storetest.Exercise(t, func(t *testing.T) (*store.Store, func() *store.Store) {
		path := filepath.Join(t.TempDir(), "a? #%41'.db") // a path is only a path
		s := open(t, path, options)
		t.Cleanup(func() { _ = s.Close() })
		return s, func() *store.Store {
			require.NoError(t, s.Close())
			s = open(t, path, options)
			return s
		}
	})
}

func open(t *testing.T, path string, options sqlite.Options) *store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, options)
	require.NoError(t, err)
	return s
}

func TestStatementsAreComplete(t *testing.T) {
	t.Parallel()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Statements]()) {
		require.NotZero(t, reflect.ValueOf(sqlite.Statements).FieldByIndex(field.Index).Interface(), field.Name)
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "fincon.db"), sqlite.Options{})
	require.NoError(t, s.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{1}}))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 4, "file, log, its index, lock")
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), entry.Name())
	}
	require.NoError(t, s.Close())
}

func TestMemoriesAreSeparate(t *testing.T) {
	t.Parallel()
	one, two := open(t, ":memory:", sqlite.Options{}), open(t, ":memory:", sqlite.Options{})
	require.NoError(t, one.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{1}}))
	keys, err := two.APIKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys)
	require.NoError(t, one.Close())
	require.NoError(t, two.Close())
}

func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	s := open(t, path, sqlite.Options{})
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	require.ErrorContains(t, err, "opening database "+path+": it is in use by another fincon")

	// It has left the first one's locks alone.
	require.NoError(t, s.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{1}}))
	require.NoError(t, s.Close())
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
}

func TestToolBesideServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	server := open(t, path, sqlite.Options{})
	var wg sync.WaitGroup
	errs := make(chan error, 10)
	for i := range byte(10) {
		wg.Go(func() {
			tool, err := sqlite.Open(t.Context(), path, sqlite.Options{Shared: true})
			if err == nil {
				err = tool.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{i}})
				_ = tool.Close()
			}
			errs <- err
		})
	}
	for i := range byte(10) {
		require.NoError(t, server.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{100 + i}}))
	}
	wg.Wait()
	for range 10 {
		require.NoError(t, <-errs)
	}
	keys, err := server.APIKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 20)
	require.NoError(t, server.Close())
}

func TestMigratingAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for i := range byte(8) {
		wg.Go(func() {
			s, err := sqlite.Open(t.Context(), path, sqlite.Options{Shared: i > 0})
			if err == nil {
				err = s.InsertAPIKey(t.Context(), store.APIKey{Hash: []byte{i}})
				_ = s.Close()
			}
			errs <- err
		})
	}
	wg.Wait()
	for range 8 {
		require.NoError(t, <-errs)
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	require.NoError(t, open(t, path, sqlite.Options{}).Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "INSERT INTO "+migration.Table+" (version_id, is_applied) VALUES (999, 1)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for _, options := range []sqlite.Options{{}, {Shared: true}} {
		_, err = sqlite.Open(t.Context(), path, options)
		require.ErrorContains(t, err, "opening database "+path+": schema version 999 is newer than 10")
		require.ErrorContains(t, err, "run the newer fincon")
	}
}

func TestCannotOpen(t *testing.T) {
	t.Parallel()
	_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "missing", "fincon.db"), sqlite.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)

	path := filepath.Join(t.TempDir(), "not a database")
	require.NoError(t, os.WriteFile(path, []byte("this is not a database, but it is long enough"), 0o600))
	_, err = sqlite.Open(t.Context(), path, sqlite.Options{})
	require.ErrorContains(t, err, "not a database")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = sqlite.Open(ctx, filepath.Join(t.TempDir(), "fincon.db"), sqlite.Options{})
	require.ErrorIs(t, err, context.Canceled)
}
