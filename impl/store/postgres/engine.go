package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"fincon/impl/store"
)

// SQLSTATE codes.
const (
	divisionByZero       = "22012" // a statement that had to change a row changed none, see statements
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// attempts is how often a transaction is tried when PostgreSQL ends it to let another one through.
const attempts = 10

// patience bounds a transaction, which the end of the request it serves does not stop.
const patience = 30 * time.Second

type engine struct {
	pool   *pgxpool.Pool
	closed atomic.Bool
}

// Close implements store.Engine.
func (e *engine) Close() error {
	if e.closed.Swap(true) {
		return store.ErrClosed
	}
	e.pool.Close()
	return nil
}

// Read implements store.Engine.
func (e *engine) Read(ctx context.Context, fn func(store.Conn) error) error {
	return e.acquire(ctx, func(c *pgx.Conn) error { return fn(&conn{pgx: c}) })
}

// Write implements store.Engine, at READ COMMITTED, PostgreSQL's default.
func (e *engine) Write(ctx context.Context, work store.Work) error {
	for attempt := 1; ; attempt++ {
		err := e.acquire(ctx, func(c *pgx.Conn) error { return write(ctx, c, work) })
		if code := sqlState(err); attempt == attempts || code != serializationFailure && code != deadlockDetected {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt)*time.Millisecond + rand.N(5*time.Millisecond)): // lets the other go first
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *engine) acquire(ctx context.Context, fn func(*pgx.Conn) error) error {
	c, err := e.pool.Acquire(ctx)
	if err != nil {
		if e.closed.Load() {
			return store.ErrClosed
		}
		return err
	}
	defer c.Release()
	return fn(c.Conn())
}

func write(ctx context.Context, c *pgx.Conn, work store.Work) error {
	// Cancelling a statement would leave open whether it was committed, and cost the connection.
	started, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	tx := &conn{pgx: c, transaction: true}
	err := work.Run(started, tx)
	if err == nil {
		err = tx.failed
	}
	if err == nil {
		work.Committing()
		err = tx.commit(started)
		work.Committed(err)
	}
	if err != nil && tx.begun {
		_, rollback := c.Exec(started, "ROLLBACK")
		if rollback != nil {
			_ = c.Close(started) // the pool replaces it
		}
	}
	return err
}

// conn sends statements, in a transaction as few times as can be: statements that must change a row wait until
// something has to be read, or for the commit, and then travel together. What is sent without having begun a
// transaction is one by itself, so that a write which reads nothing is one round trip, its commit included.
type conn struct {
	pgx         *pgx.Conn
	transaction bool
	begun       bool // BEGIN has been sent
	waiting     []statement
	failed      error
}

type statement struct {
	query string
	args  []any
	none  error
}

// Must implements store.Conn.
func (c *conn) Must(_ context.Context, none error, query string, args ...any) error {
	c.waiting = append(c.waiting, statement{query, args, none})
	return c.failed
}

// Send implements store.Conn.
func (c *conn) Send(ctx context.Context, query string, args ...any) error {
	return c.Must(ctx, nil, query, args...)
}

// Exec implements store.Conn.
func (c *conn) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = c.send(ctx, func(batch *pgx.Batch) { batch.Queue(query, args...) }, func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// QueryRow implements store.Conn.
func (c *conn) QueryRow(ctx context.Context, query string, args []any, dest ...any) error {
	found := false
	err := c.Query(ctx, query, args, dest, func() error {
		found = true
		return nil
	})
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// Query implements store.Conn.
func (c *conn) Query(ctx context.Context, query string, args, dest []any, each func() error) error {
	if !c.transaction {
		rows, err := c.pgx.Query(ctx, query, args...)
		if err == nil {
			_, err = pgx.ForEachRow(rows, dest, each)
		}
		return err
	}
	return c.send(ctx, func(batch *pgx.Batch) { batch.Queue(query, args...) }, func(results pgx.BatchResults) error {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, dest, each)
		return err
	})
}

// commit sends what waits, and ends the transaction if one was begun.
func (c *conn) commit(ctx context.Context) error {
	if !c.begun {
		if len(c.waiting) == 0 {
			return nil
		}
		return c.flush(ctx, &pgx.Batch{}, nil, nil)
	}
	err := c.flush(ctx, &pgx.Batch{}, func(batch *pgx.Batch) { batch.Queue("COMMIT") },
		func(results pgx.BatchResults) error {
			_, err := results.Exec()
			return err
		})
	c.begun = err != nil
	return err
}

// send sends what waits and one statement more, inside the transaction.
func (c *conn) send(ctx context.Context, more func(*pgx.Batch), read func(pgx.BatchResults) error) error {
	if c.failed != nil {
		return c.failed
	}
	batch := &pgx.Batch{}
	if c.transaction && !c.begun {
		batch.Queue("BEGIN")
	}
	return c.flush(ctx, batch, more, read)
}

func (c *conn) flush(ctx context.Context, batch *pgx.Batch, more func(*pgx.Batch), read func(pgx.BatchResults) error) (err error) {
	begin := batch.Len() > 0
	for _, s := range c.waiting {
		batch.Queue(s.query, s.args...)
	}
	if more != nil {
		more(batch)
	}
	c.begun = c.begun || begin
	results := c.pgx.SendBatch(ctx, batch)
	defer func() {
		// An implicit transaction is committed by what Close waits for.
		if closing := results.Close(); err == nil {
			err = closing
		}
		if err != nil && c.failed == nil {
			c.failed = err
		}
		c.waiting = c.waiting[:0]
	}()
	if begin {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	for _, s := range c.waiting {
		if _, err := results.Exec(); sqlState(err) == divisionByZero {
			return s.none
		} else if err != nil {
			return err
		}
	}
	if read != nil {
		return read(results)
	}
	return nil
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
