package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrNoCursor: the row that a page is to start after, or to end before, is not in the list's scope.
var ErrNoCursor = errors.New("no such cursor")

// Page says which part of a list is asked for. Lists are newest first, whatever the direction of paging.
type Page struct {
	Limit  int    // rows at most, at least 1
	After  string // id: the rows that follow it, older ones ("starting_after")
	Before string // id: the rows just before it, newer ones ("ending_before"); After counts when both are given
}

// newer tells whether the page is asked for from its end.
func (p Page) newer() bool { return p.After == "" && p.Before != "" }

func (p Page) cursor() string {
	if p.After != "" {
		return p.After
	}
	return p.Before
}

// position is a place in a list that is ordered by time, then by id.
type position struct {
	at int64 // Unix seconds
	id string
}

// The places before and after all rows. No id is larger: ids are ASCII.
var (
	oldest = position{math.MinInt64, ""}
	newest = position{math.MaxInt64, "\U0010FFFF"}
)

func (p position) before(q position) bool { return p.at < q.at || p.at == q.at && p.id < q.id }

// span is what lies between two positions, both exclusive.
type span struct{ from, to position }

// between is the span of the times from..to, both inclusive, nil for no bound.
func between(from, to *int64) span {
	s := span{oldest, newest}
	if from != nil {
		s.from = position{*from, ""}
	}
	if to != nil {
		s.to = position{*to, newest.id}
	}
	return s
}

// page narrows the span to what lies beyond the cursor.
func (s span) page(page Page, cursor position) span {
	switch {
	case page.cursor() == "":
	case page.newer() && s.from.before(cursor):
		s.from = cursor
	case !page.newer() && cursor.before(s.to):
		s.to = cursor
	}
	return s
}

// lookUp finds the page's cursor with a query that returns its time, or is the zero position if there is no cursor.
func lookUp(ctx context.Context, conn Conn, query string, scope Scope, page Page) (position, error) {
	id := page.cursor()
	if id == "" {
		return position{}, nil
	}
	if !storable(id) {
		return position{}, ErrNoCursor
	}
	cursor := position{id: id}
	err := conn.QueryRow(ctx, query, []any{scope.Tenant, scope.Livemode, id}, &cursor.at)
	if errors.Is(err, ErrNotFound) {
		return position{}, ErrNoCursor
	} else if err != nil {
		return position{}, fmt.Errorf("looking for cursor: %w", err)
	}
	return cursor, nil
}

// cut makes a page of rows that were read in the direction of paging, one more than the limit if there are more.
func cut[T any](rows []T, page Page) ([]T, bool) {
	more := len(rows) > page.Limit
	if more {
		rows = rows[:page.Limit]
	}
	if page.newer() {
		slices.Reverse(rows)
	}
	return rows, more
}

// ids is the part of a list ordered by id that the page asks for: both bounds are exclusive.
func (p Page) ids() (from, to string) {
	switch {
	case p.After != "":
		return "", p.After
	case p.Before != "":
		return p.Before, newest.id
	}
	return "", newest.id
}

// full is never nil: nil is stored as NULL, which no column takes.
func full(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// exists runs a query for whether there is a row with this id.
func (s *Store) exists(ctx context.Context, query string, scope Scope, id string) (exists bool, err error) {
	if !storable(scope.Tenant, id) {
		return false, nil
	}
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, query, []any{scope.Tenant, scope.Livemode, id}, &exists)
	}); err != nil {
		return false, fmt.Errorf("looking for %q: %w", id, err)
	}
	return exists, nil
}

// checkCursor returns ErrNoCursor when the page has a cursor for which the query says that it does not exist.
func (s *Store) checkCursor(ctx context.Context, conn Conn, query string, scope Scope, page Page) error {
	id := page.cursor()
	if id == "" {
		return nil
	}
	if !storable(id) {
		return ErrNoCursor
	}
	var exists bool
	if err := conn.QueryRow(ctx, query, []any{scope.Tenant, scope.Livemode, id}, &exists); err != nil {
		return fmt.Errorf("looking for cursor: %w", err)
	}
	if !exists {
		return ErrNoCursor
	}
	return nil
}
