package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"

	"fincon/impl/store"
)

// conn is one SQLite connection with its prepared statements, used by one goroutine at a time. It stands directly on
// the driver: the pools, locks and conversions of database/sql are not needed here, and are felt at these rates.
type conn struct {
	driver  driver.Conn
	stmts   map[string]stmt
	args    []driver.NamedValue
	failed  error // why the unit of work under way cannot be kept, whatever its function makes of it
	changed bool  // whether it has changed a row, or may have
}

type stmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func openConn(dsn string, pragmas []string) (*conn, error) {
	d, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, err
	}
	c := &conn{driver: d, stmts: map[string]stmt{}}
	for _, pragma := range pragmas {
		if err := c.once("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(fmt.Errorf("PRAGMA %s: %w", pragma, err), c.Close())
		}
	}
	return c, nil
}

func (c *conn) Close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.driver.Close())...)
}

// once runs a statement that is not worth preparing.
func (c *conn) once(query string) error {
	_, err := c.driver.(driver.ExecerContext).ExecContext(context.Background(), query, nil)
	return err
}

// run runs a statement without arguments.
func (c *conn) run(query string) error {
	s, named, err := c.prepare(query, nil)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), named)
	return err
}

func (c *conn) prepare(query string, args []any) (stmt, []driver.NamedValue, error) {
	s, ok := c.stmts[query]
	if !ok {
		prepared, err := c.driver.Prepare(query)
		if err != nil {
			return nil, nil, err
		}
		if s, ok = prepared.(stmt); !ok {
			return nil, nil, fmt.Errorf("the driver's %T is not what it was", prepared)
		}
		c.stmts[query] = s
	}
	c.args = c.args[:0]
	for i, arg := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: arg})
	}
	return s, c.args, nil
}

// Must implements store.Conn.
func (c *conn) Must(ctx context.Context, none error, query string, args ...any) error {
	n, err := c.Exec(ctx, query, args...)
	if err == nil && n == 0 {
		if c.failed == nil {
			c.failed = none
		}
		return none
	}
	return err
}

// Send implements store.Conn.
func (c *conn) Send(ctx context.Context, query string, args ...any) error {
	_, err := c.Exec(ctx, query, args...)
	return err
}

// Exec implements store.Conn. The driver is not given the context: it would start a goroutine per statement to watch
// it, and a statement here takes microseconds.
func (c *conn) Exec(_ context.Context, query string, args ...any) (int64, error) {
	s, named, err := c.prepare(query, args)
	if err != nil {
		return 0, c.fail(err)
	}
	result, err := s.ExecContext(context.Background(), named)
	if err != nil {
		return 0, c.fail(err)
	}
	n, err := result.RowsAffected()
	c.changed = c.changed || n != 0
	return n, err
}

// QueryRow implements store.Conn.
func (c *conn) QueryRow(ctx context.Context, query string, args []any, dest ...any) error {
	found := false
	err := c.Query(ctx, query, args, dest, func() error {
		found = true
		return io.EOF
	})
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// Query implements store.Conn. When each returns io.EOF, the rest of the rows is left.
func (c *conn) Query(_ context.Context, query string, args, dest []any, each func() error) (err error) {
	s, named, err := c.prepare(query, args)
	if err != nil {
		return c.fail(err)
	}
	rows, err := s.QueryContext(context.Background(), named)
	if err != nil {
		return c.fail(err)
	}
	defer func() {
		if closing := rows.Close(); err == nil && closing != nil {
			err = c.fail(closing)
		}
	}()
	var buffer [12]driver.Value
	row := buffer[:min(len(dest), len(buffer))]
	if len(dest) > len(buffer) {
		row = make([]driver.Value, len(dest))
	}
	for {
		if err := rows.Next(row); err == io.EOF {
			return nil
		} else if err != nil {
			return c.fail(err)
		}
		for i, value := range row {
			if err := assign(dest[i], value); err != nil {
				return c.fail(fmt.Errorf("column %d: %w", i+1, err))
			}
		}
		if err := each(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// fail keeps the error of a statement, after which SQLite may have undone the transaction.
func (c *conn) fail(err error) error {
	c.changed = true
	if c.failed == nil {
		c.failed = err
	}
	return err
}

func assign(dest any, value driver.Value) error {
	switch dest := dest.(type) {
	case *[]byte:
		if v, ok := value.([]byte); ok {
			*dest = v
			return nil
		}
	case *string:
		if v, ok := value.(string); ok {
			*dest = v
			return nil
		}
	case *int64:
		if v, ok := value.(int64); ok {
			*dest = v
			return nil
		}
	case *bool:
		if v, ok := value.(int64); ok {
			*dest = v != 0
			return nil
		}
	}
	return fmt.Errorf("a %T for a %T", value, dest)
}
