package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"fincon/impl/store"
	"fincon/impl/store/postgres"
	"fincon/impl/store/sqlite"
)

// A place is where one server runs: a fresh directory, and an empty database for servers that keep anything.
type place struct {
	target *target
	dir    string
	db     string // what --db takes
	// drop removes a database that is not in the directory; nil when there is none.
	drop func() error
}

// newPlace makes a place for a server of this kind.
func (b *bench) newPlace(ctx context.Context, t *target) (*place, error) {
	dir, err := os.MkdirTemp(b.work, "db-")
	if err != nil {
		return nil, err
	}
	p := &place{target: t, dir: dir, db: filepath.Join(dir, "fincon.db")}
	if t.postgres == "" {
		return p, nil
	}
	if p.db, p.drop, err = createDatabase(ctx, t.postgres); err != nil {
		p.remove()
		return nil, fmt.Errorf("making a database for %s: %w", t.name, err)
	}
	return p, nil
}

func (p *place) open(ctx context.Context) (*store.Store, error) {
	if p.target.postgres != "" {
		return postgres.Open(ctx, p.db, postgres.Options{})
	}
	return sqlite.Open(ctx, p.db, sqlite.Options{})
}

// fill opens the database, puts something into it, and closes it.
func (p *place) fill(ctx context.Context, put func(context.Context, *store.Store) error) error {
	kept, err := p.open(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(put(ctx, kept), kept.Close()); err != nil || p.target.postgres == "" {
		return err
	}
	// PostgreSQL does so by itself within a minute or two, which may be in the midst of a measurement.
	return execPostgres(ctx, p.db, "ANALYZE")
}

func (p *place) remove() {
	if p.drop != nil {
		if err := p.drop(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: a database is left behind:", err)
		}
	}
	_ = os.RemoveAll(p.dir)
}

var databasesMade atomic.Int64

// createDatabase makes a database in the PostgreSQL that the URL names.
func createDatabase(ctx context.Context, server string) (db string, drop func() error, err error) {
	parsed, err := url.Parse(server)
	if err != nil {
		return "", nil, fmt.Errorf("FINCON_TEST_POSTGRES must be a postgres:// URL")
	}
	name := fmt.Sprintf("fincon_bench_%d_%d", os.Getpid(), databasesMade.Add(1))
	if err := execPostgres(ctx, server, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	parsed.Path = "/" + name
	return parsed.String(), func() error {
		// Also when the run was interrupted.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return execPostgres(ctx, server, "DROP DATABASE "+name+" WITH (FORCE)")
	}, nil
}

func execPostgres(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}
