package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/store"
	"fincon/impl/store/sqlite"
)

// TestGatheredLog: a transaction of many times what is gathered, and of more than SQLite keeps in memory, reads what it
// has written; what it commits is there for other connections and the system's own file system, and what it takes back is
// nowhere.
func TestGatheredLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.db")
	s := open(t, path, sqlite.Options{})
	scope := store.Scope{Tenant: "one"}
	const sessions = 300
	name := func(round, i int) string { return fmt.Sprintf("fcsess_%d_%04d", round, i) }
	body := func(round, i int) []byte { return bytes.Repeat([]byte(name(round, i)), 8000) } // 128 kB
	taken := errors.New("taken back")

	for round, outcome := range []error{nil, taken, nil} {
		err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := range sessions {
				if err := tx.InsertSession(ctx, scope, store.Session{ID: name(round, i), Body: body(round, i)}); err != nil {
					return err
				}
			}
			for i := range sessions {
				found, err := tx.Session(ctx, scope, name(round, i))
				if err != nil {
					return err
				}
				if !bytes.Equal(body(round, i), found) {
					return fmt.Errorf("%s is not what was written", name(round, i))
				}
			}
			return outcome
		})
		require.ErrorIs(t, err, outcome)
		for i := range sessions {
			found, err := s.Session(t.Context(), scope, name(round, i))
			if outcome != nil {
				require.ErrorIs(t, err, store.ErrNotFound)
				continue
			}
			require.NoError(t, err)
			require.True(t, bytes.Equal(body(round, i), found))
		}
	}

	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var verdict string
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	require.Equal(t, "ok", verdict)
	var count int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM sessions").Scan(&count))
	require.Equal(t, 2*sessions, count)
	require.NoError(t, s.Close())
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM sessions").Scan(&count))
	require.Equal(t, 2*sessions, count)
}
