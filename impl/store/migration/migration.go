// Package migration brings a database's schema to the newest version that is embedded in the binary.
package migration

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Table is where goose keeps the versions that have been applied, and Version the query for the newest of them.
const (
	Table   = "goose_db_version"
	Version = "SELECT COALESCE(MAX(version_id), 0) FROM " + Table + " WHERE is_applied"
)

// Newest returns the newest version among the migrations in files.
func Newest(files fs.FS) (newest int64, err error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// Check refuses a database that a newer fincon has migrated: what this one writes may be wrong there.
func Check(found, newest int64) error {
	if found > newest {
		return fmt.Errorf("schema version %d is newer than %d, the newest that this fincon knows: "+
			"run the newer fincon that migrated it, or restore a backup from before", found, newest)
	}
	return nil
}

// Up applies what is missing. It does not lock: the caller keeps others from migrating at the same time.
func Up(ctx context.Context, dialect goose.Dialect, db *sql.DB, files fs.FS) error {
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return nil
}
