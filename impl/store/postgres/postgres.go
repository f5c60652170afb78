// Package postgres keeps a store in a PostgreSQL database, which several processes may share.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"fincon/impl/store"
	"fincon/impl/store/migration"
)

//go:embed migrations/*.sql
var files embed.FS

// Options for Open; the zero value is what a server uses.
type Options struct {
	// PoolSize is how many connections are opened at most, 0 for what the dsn says in
	// pool_max_conns, or else 4 per core and at least 24. PostgreSQL itself takes
	// 100 from all processes together unless it is configured otherwise.
	PoolSize int
}

// Open connects to the database that dsn names, as a URL or as key=value pairs, and migrates it. Errors never show
// the dsn: it may hold a password.
func Open(ctx context.Context, dsn string, options Options) (*store.Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The parser's own message repeats parts of the dsn.
		return nil, errors.New("the PostgreSQL address cannot be read: " +
			"expected postgres://user:password@host:5432/database?sslmode=require, special characters written as %XX")
	}
	if options.PoolSize > 0 {
		config.MaxConns = int32(options.PoolSize)
	} else if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = int32(max(24, 4*runtime.GOMAXPROCS(0)))
	}
	config.AfterConnect = planOnce
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err == nil {
		if err = migrate(ctx, pool); err == nil {
			return store.New(&engine{pool: pool}, &Statements, 0), nil
		}
		pool.Close()
	}
	return nil, fmt.Errorf("opening database %s on %s: %w", config.ConnConfig.Database, config.ConnConfig.Host, err)
}

// planOnce has statements planned without looking at their arguments: they are written so that there is one good plan,
// and planning a page of a list again takes longer than reading it. A server that knows no such setting plans as it does.
func planOnce(ctx context.Context, conn *pgx.Conn) error {
	_, _ = conn.Exec(ctx, "SET plan_cache_mode = force_generic_plan")
	return nil
}

// MigrationLock is the advisory lock that processes which start at the same time take in turn.
const MigrationLock = 0x66696e636f6e // "fincon"

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	newest, err := migration.Newest(migrations)
	if err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	found, err := version(ctx, conn.Conn())
	if err != nil || found == newest {
		return err
	}
	if err := migration.Check(found, newest); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(MigrationLock)); err != nil {
		return fmt.Errorf("waiting for others to migrate: %w", err)
	}
	defer func() { _, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", int64(MigrationLock)) }()
	db := stdlib.OpenDB(*pool.Config().ConnConfig)
	defer func() { _ = db.Close() }()
	return migration.Up(ctx, goose.DialectPostgres, db, migrations)
}

func version(ctx context.Context, conn *pgx.Conn) (version int64, err error) {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", migration.Table).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	err = conn.QueryRow(ctx, migration.Version).Scan(&version)
	return version, err
}
