// Package sqlite keeps a store in one SQLite file, or in memory.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"

	"fincon/impl/store"
	"fincon/impl/store/migration"
)

//go:embed migrations/*.sql
var files embed.FS

// Options for Open; the zero value is what a server uses.
type Options struct {
	// Shared is for command-line tools: the file may be in use by a server. There is no read cache then, and the
	// server's own is not told of changes, so a tool writes only what the server never caches (API keys).
	Shared bool
}

const (
	memory       = ":memory:"
	readers      = 4      // connections for reading, opened when first needed
	cacheEntries = 16_384 // bodies, see store.New
	lockPatience = 500 * time.Millisecond
)

var (
	common = []string{"busy_timeout = 5000", "temp_store = MEMORY"}
	// The log is copied into the file when it has 32 MB, and is then written from its start again.
	writerPragmas = []string{"journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 8000",
		"journal_size_limit = 67108864", "cache_size = -8000"}
	readerPragmas = []string{"query_only = ON", "cache_size = -8000"}
	memoryPragmas = []string{"journal_mode = MEMORY", "synchronous = OFF"}
)

// Open opens, creates if need be, and migrates the database in the file at path, or a new one in memory for
// ":memory:". A server holds a lock on path + ".lock" until Close: a second server on the same file is refused,
// since each would go on answering from its cache what the other has changed.
func Open(ctx context.Context, path string, options Options) (*store.Store, error) {
	e, err := open(ctx, path, options)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if options.Shared {
		return store.New(e, &Statements, 0), nil
	}
	return store.New(e, &Statements, cacheEntries), nil
}

func open(ctx context.Context, path string, options Options) (_ *engine, err error) {
	e := &engine{queue: make(chan *request, maxGroup), stopped: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.free())
		}
	}()
	if path == memory {
		e.dsn = fmt.Sprintf("file:/fincon-%d?vfs=memdb", memories.Add(1))
		if e.writer, err = openConn(e.dsn, slices.Concat(common, memoryPragmas)); err != nil {
			return nil, err
		}
		if err := e.migrate(ctx, path); err != nil {
			return nil, err
		}
		// One connection for all from here: several on one database in memory would find it locked.
		e.readers = newPool(1, nil)
		e.readers.idle = append(e.readers.idle, e.writer)
		e.writer = nil
	} else {
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		// As a URI no character of the path means anything.
		e.dsn = "file:" + (&url.URL{Path: path}).EscapedPath()
		if err := create(path); err != nil {
			return nil, err
		}
		if !options.Shared {
			if e.lock, err = lock(ctx, path); err != nil {
				return nil, err
			}
		}
		if err := registerGathering(); err != nil {
			return nil, err
		}
		if e.writer, err = openConn(e.dsn+"?vfs="+gatheringVFS, slices.Concat(common, writerPragmas)); err != nil {
			return nil, err
		}
		if err := e.migrate(ctx, path); err != nil {
			return nil, err
		}
		e.readers = newPool(readers, func() (*conn, error) {
			return openConn(e.dsn, slices.Concat(common, readerPragmas))
		})
	}
	go e.write()
	return e, nil
}

var memories atomic.Int64

// create makes a file that only its owner can read; SQLite gives its companions the same mode. A file that is there
// is not opened: closing it again would take away the locks that SQLite holds on it in this process.
func create(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	return f.Close()
}

var errInUse = errors.New("it is in use")

// lock waits a little: the server that has the file may be about to end.
func lock(ctx context.Context, path string) (*flock.Flock, error) {
	l := flock.New(path+".lock", flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	ok, err := l.TryLockContext(ctx, 10*time.Millisecond)
	if ok {
		return l, nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w by another fincon (%s is locked): stop that one, or give this one another file",
			errInUse, l.Path())
	}
	return nil, errors.Join(err, l.Close())
}

// migrate applies what is missing, under the server's lock.
func (e *engine) migrate(ctx context.Context, path string) error {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	newest, err := migration.Newest(migrations)
	if err != nil {
		return err
	}
	found, err := version(ctx, e.writer)
	if err != nil || found == newest {
		return err
	}
	if err := migration.Check(found, newest); err != nil {
		return err
	}
	if e.lock == nil && path != memory {
		l, err := lock(ctx, path)
		if errors.Is(err, errInUse) {
			// Another process may just have been migrating it.
			if found, again := version(ctx, e.writer); again == nil && found == newest {
				return nil
			}
			return fmt.Errorf("its schema version is %d, this fincon needs %d: %w", found, newest, err)
		} else if err != nil {
			return err
		}
		defer func() { _ = l.Close() }()
	}
	db, err := sql.Open("sqlite", e.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	// A migration need not be durable of itself: nothing is acknowledged before the next commit makes it so.
	for _, pragma := range slices.Concat(common, []string{"synchronous = NORMAL"}) {
		if _, err := db.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return err
		}
	}
	return migration.Up(ctx, goose.DialectSQLite3, db, migrations)
}

func version(ctx context.Context, c *conn) (version int64, err error) {
	var exists bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)",
		[]any{migration.Table}, &exists); err != nil || !exists {
		return 0, err
	}
	err = c.QueryRow(ctx, migration.Version, nil, &version)
	return version, err
}

// engine is one database: a goroutine that writes, and connections that read.
type engine struct {
	dsn     string
	lock    *flock.Flock // nil: shared
	writer  *conn        // nil in memory: there the only connection is among the readers
	readers *pool

	queue   chan *request
	mu      sync.RWMutex // held for reading while using queue or readers
	closed  bool
	stopped chan struct{} // closed when the writer has ended
	careful int           // how many groups more to run with savepoints; the writer's own
}

// Read implements store.Engine.
func (e *engine) Read(ctx context.Context, fn func(store.Conn) error) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return store.ErrClosed
	}
	c, err := e.readers.acquire(ctx)
	if err != nil {
		return err
	}
	defer e.readers.release(c)
	return fn(c)
}

// Close implements store.Engine.
func (e *engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return store.ErrClosed
	}
	e.closed = true
	close(e.queue)
	e.mu.Unlock()
	<-e.stopped
	return e.free()
}

// free closes what is open; nobody uses it any more.
func (e *engine) free() error {
	var errs []error
	if e.readers != nil {
		errs = append(errs, e.readers.close())
	}
	if e.writer != nil {
		errs = append(errs, e.writer.Close())
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
	}
	return errors.Join(errs...)
}
