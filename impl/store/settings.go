package store

import (
	"context"
	"fmt"
)

// SettingStatements is the SQL about settings.
type SettingStatements struct {
	SetSetting string // must: name, value
	Setting    string // name: value
}

// SetSetting keeps a value of the whole server, such as how far its clock was moved.
func (t *Tx) SetSetting(ctx context.Context, name string, value []byte) error {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.SetSetting, name, full(value)); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

// Setting returns what SetSetting has kept; ErrNotFound when it has kept nothing.
func (s *Store) Setting(ctx context.Context, name string) (value []byte, err error) {
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.Setting, []any{name}, &value)
	}); err != nil {
		return nil, fmt.Errorf("reading setting %s: %w", name, err)
	}
	return value, nil
}
