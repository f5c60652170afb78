// Package store keeps fincon's data. The nouns (sessions.go, idempotency.go, apikeys.go) are written once; what
// differs between databases is the SQL text (Statements) and how a transaction is run (Engine), both of which
// store/sqlite and store/postgres supply.
package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode/utf8"
)

var (
	// ErrNotFound: no such row in the scope that was asked.
	ErrNotFound = errors.New("not found")
	// ErrConflict: another request has saved its result under this idempotency key, and it has not expired.
	ErrConflict = errors.New("idempotency key is taken")
	// ErrExists: a row with this id (or hash) is already there.
	ErrExists = errors.New("already exists")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store is closed")
)

// Scope is whose data: tenant and mode. Every table and statement is keyed by it first.
type Scope struct {
	Tenant   string
	Livemode bool
}

// Store is what the server keeps. It is safe for concurrent use. Open one with sqlite.Open or postgres.Open.
type Store struct {
	engine Engine
	sql    *Statements
	cache  *cache
}

// New puts a store on an engine. cacheEntries bounds the read cache, 0 is none: a cache is right only where this
// process is the sole writer.
func New(engine Engine, sql *Statements, cacheEntries int) *Store {
	return &Store{engine: engine, sql: sql, cache: newCache(cacheEntries)}
}

// Close waits for writes that were accepted, then releases the database.
func (s *Store) Close() error { return s.engine.Close() }

// Write runs fn in one transaction and returns after its commit is durable. When fn returns an error or panics,
// nothing of it is kept and Write returns that error (ErrPanic for a panic). fn may be run more than once and must
// keep no side effects of its own. Inside fn use the Tx only: calling the Store there is refused, because it would
// wait for the very transaction it is called from.
//
// When ctx ends before the transaction has started, nothing is run. Once started, it is finished.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if err := outsideWrite(ctx); err != nil {
		return err
	}
	return s.engine.Write(ctx, &Tx{store: s, fn: fn})
}

// Tx is one transaction. A statement that fails may report so only at the commit, then Write returns its error: so
// decide nothing on the absence of an error from an insert, update or save.
type Tx struct {
	store   *Store
	fn      func(ctx context.Context, tx *Tx) error
	conn    Conn
	changes []change
}

type change struct {
	key    cacheKey
	row    cached // as it is now; nil: to be read anew
	update bool
	reset  bool // everything of the key's tenant is gone
}

// ErrPanic is what Write returns when its function panicked.
type ErrPanic struct {
	Value any
	Stack []byte
}

func (e *ErrPanic) Error() string { return fmt.Sprintf("panic in a transaction: %v", e.Value) }

// Run implements Work.
func (t *Tx) Run(ctx context.Context, conn Conn) (err error) {
	t.conn, t.changes = conn, t.changes[:0]
	defer func() {
		t.conn = nil
		if v := recover(); v != nil {
			err = &ErrPanic{Value: v, Stack: debug.Stack()}
		}
	}()
	return t.fn(context.WithValue(ctx, insideWrite{}, true), t)
}

// Committing implements Work.
func (t *Tx) Committing() { t.store.cache.committing(t.changes) }

// Committed implements Work.
func (t *Tx) Committed(err error) { t.store.cache.committed(t.changes, err) }

type insideWrite struct{}

func outsideWrite(ctx context.Context) error {
	if ctx.Value(insideWrite{}) != nil {
		return errors.New("store: inside Write, use its Tx")
	}
	return nil
}

// read runs fn on a connection for reading.
func (s *Store) read(ctx context.Context, fn func(Conn) error) error {
	if err := outsideWrite(ctx); err != nil {
		return err
	}
	return s.engine.Read(ctx, fn)
}

// storable tells whether text from outside can be in a text column at all. What cannot be stored is not found;
// PostgreSQL would answer with an error instead.
func storable(texts ...string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}
