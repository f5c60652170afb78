package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Transaction is one movement on an account.
type Transaction struct {
	ID           string
	Account      string // id
	BankID       string // the bank's own; unique in its account
	TransactedAt int64  // Unix seconds
	Sequence     int64  // of the refresh that created it or last updated it
	Status       string
	Body         []byte // the API object as the JSON that stands in a list
}

// TransactionFilter selects transactions of one account.
type TransactionFilter struct {
	Account       string // id
	From, To      *int64 // bounds of TransactedAt, Unix seconds, inclusive; nil: none
	AfterSequence *int64 // only those with a higher Sequence; nil: all
}

// TransactionRefresh is a refresh of an account's transactions.
type TransactionRefresh struct {
	ID       string
	Account  string // id
	Sequence int64  // 1, 2, … per account
}

// TransactionStatements is the SQL about transactions. "transaction" stands for the columns id, account_id, bank_id,
// transacted_at, sequence, status, body. "from" and "to" are two parameters each, transacted_at and id, and exclusive.
type TransactionStatements struct {
	PutTransaction    string // must: tenant, livemode, transaction
	Transaction       string // tenant, livemode, id: transaction
	TransactionExists string // tenant, livemode, id: bool
	TransactionTime   string // tenant, livemode, id, account_id: transacted_at
	TransactionsSince string // tenant, livemode, account_id, transacted_at: transaction, newest first

	OlderTransactions string // tenant, livemode, account_id, from, to, limit: transaction, newest first
	NewerTransactions string // the same, oldest first

	OlderTransactionBodies string // as OlderTransactions: body
	// These two find the cursor's place themselves, and nothing if it is not there: tenant, livemode, account_id, from,
	// to, cursor, limit: body, newest first
	TransactionBodiesAfter  string
	TransactionBodiesBefore string // the same, oldest first

	NextSequence                string // tenant, livemode, account_id, sequence: the next higher sequence that has rows
	OlderTransactionsBySequence string // tenant, livemode, account_id, sequence, from, to, limit: transaction, newest first
	NewerTransactionsBySequence string // the same, oldest first

	InsertTransactionRefresh string // must: tenant, livemode, id, account_id, sequence
	TransactionRefresh       string // tenant, livemode, id: account_id, sequence
}

func (t *Transaction) columns() []any {
	return []any{&t.ID, &t.Account, &t.BankID, &t.TransactedAt, &t.Sequence, &t.Status, &t.Body}
}

func (t *Transaction) position() position { return position{t.TransactedAt, t.ID} }

// PutTransactions adds transactions to an account. One that the account has under the same BankID is replaced, its id
// included. It sorts the rows.
func (t *Tx) PutTransactions(ctx context.Context, scope Scope, account string, rows []Transaction) error {
	// What is read together is then written together.
	slices.SortFunc(rows, func(a, b Transaction) int {
		if a.position().before(b.position()) {
			return -1
		}
		return 1
	})
	for _, row := range rows {
		if err := t.conn.Must(ctx, ErrExists, t.store.sql.PutTransaction, scope.Tenant, scope.Livemode,
			row.ID, account, row.BankID, row.TransactedAt, row.Sequence, row.Status, full(row.Body)); err != nil {
			return fmt.Errorf("putting transaction: %w", err)
		}
	}
	return nil
}

// TransactionsSince returns an account's transactions from transactedAt (Unix seconds) on, newest first, as this
// transaction sees them.
func (t *Tx) TransactionsSince(ctx context.Context, scope Scope, account string, transactedAt int64) ([]Transaction, error) {
	return transactions(ctx, t.conn, t.store.sql.TransactionsSince, scope.Tenant, scope.Livemode, account, transactedAt)
}

// Transaction returns a transaction; ErrNotFound when there is none.
func (s *Store) Transaction(ctx context.Context, scope Scope, id string) (row Transaction, err error) {
	if !storable(scope.Tenant, id) {
		return Transaction{}, ErrNotFound
	}
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.Transaction, []any{scope.Tenant, scope.Livemode, id}, row.columns()...)
	}); err != nil {
		return Transaction{}, fmt.Errorf("reading transaction: %w", err)
	}
	return row, nil
}

// TransactionExists tells whether there is such a transaction.
func (s *Store) TransactionExists(ctx context.Context, scope Scope, id string) (bool, error) {
	return s.exists(ctx, s.sql.TransactionExists, scope, id)
}

// ListTransactions returns a page of an account's transactions, by TransactedAt and then by id, newest first, and
// whether there are more in the direction of paging; ErrNoCursor when the page's cursor is no transaction of the
// account. A page costs the same wherever it is. With AfterSequence it costs a little for each refresh since.
func (s *Store) ListTransactions(ctx context.Context, scope Scope, filter TransactionFilter, page Page) (rows []Transaction, more bool, err error) {
	if !storable(scope.Tenant, filter.Account) {
		return nil, false, nil
	}
	err = s.read(ctx, func(conn Conn) error {
		part, err := s.transactionSpan(ctx, conn, scope, filter, page)
		if err != nil {
			return err
		}
		if filter.AfterSequence != nil {
			rows, err = s.changedTransactions(ctx, conn, scope, filter.Account, *filter.AfterSequence, part, page)
			return err
		}
		query := s.sql.OlderTransactions
		if page.newer() {
			query = s.sql.NewerTransactions
		}
		rows, err = transactions(ctx, conn, query, transactionArgs(scope, filter, part, page)...)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	rows, more = cut(rows, page)
	return rows, more, nil
}

// ListTransactionBodies is ListTransactions, of which it returns the bodies. Without AfterSequence it takes a third of
// the time.
func (s *Store) ListTransactionBodies(ctx context.Context, scope Scope, filter TransactionFilter, page Page) (bodies [][]byte, more bool, err error) {
	if filter.AfterSequence != nil {
		rows, more, err := s.ListTransactions(ctx, scope, filter, page)
		for _, row := range rows {
			bodies = append(bodies, row.Body)
		}
		return bodies, more, err
	}
	if !storable(scope.Tenant, filter.Account) {
		return nil, false, nil
	}
	err = s.read(ctx, func(conn Conn) error {
		if bodies, err = s.transactionBodies(ctx, conn, scope, filter, page); err != nil || len(bodies) > 0 {
			return err
		}
		_, err := s.transactionSpan(ctx, conn, scope, filter, page) // is the cursor there?
		return err
	})
	if err != nil {
		return nil, false, err
	}
	bodies, more = cut(bodies, page)
	return bodies, more, nil
}

func (s *Store) transactionBodies(ctx context.Context, conn Conn, scope Scope, filter TransactionFilter, page Page) (bodies [][]byte, err error) {
	query, args := s.sql.OlderTransactionBodies, transactionArgs(scope, filter, between(filter.From, filter.To), page)
	if cursor := page.cursor(); cursor != "" {
		if !storable(cursor) {
			return nil, ErrNoCursor
		}
		if query = s.sql.TransactionBodiesAfter; page.newer() {
			query = s.sql.TransactionBodiesBefore
		}
		args = slices.Insert(args, len(args)-1, any(cursor))
	}
	var body []byte
	bodies = make([][]byte, 0, page.Limit+1)
	if err := conn.Query(ctx, query, args, []any{&body}, func() error {
		bodies = append(bodies, body)
		body = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("listing transactions: %w", err)
	}
	return bodies, nil
}

func transactionArgs(scope Scope, filter TransactionFilter, part span, page Page) []any {
	return []any{scope.Tenant, scope.Livemode, filter.Account,
		part.from.at, part.from.id, part.to.at, part.to.id, int64(page.Limit) + 1}
}

// transactionSpan is where the page's rows lie; ErrNoCursor when its cursor is not there.
func (s *Store) transactionSpan(ctx context.Context, conn Conn, scope Scope, filter TransactionFilter, page Page) (span, error) {
	all := between(filter.From, filter.To)
	cursor := position{id: page.cursor()}
	if cursor.id == "" {
		return all, nil
	}
	if !storable(cursor.id) {
		return span{}, ErrNoCursor
	}
	err := conn.QueryRow(ctx, s.sql.TransactionTime, []any{scope.Tenant, scope.Livemode, cursor.id, filter.Account}, &cursor.at)
	if errors.Is(err, ErrNotFound) {
		return span{}, ErrNoCursor
	} else if err != nil {
		return span{}, fmt.Errorf("looking for cursor: %w", err)
	}
	return all.page(page, cursor), nil
}

// changedTransactions merges the lists of the sequences after the given one. Each is narrowed to what can still be on
// the page. The sequences are taken in ascending order: a row that is updated meanwhile may then be met twice, but not
// missed.
func (s *Store) changedTransactions(ctx context.Context, conn Conn, scope Scope, account string, after int64, part span, page Page) ([]Transaction, error) {
	query := s.sql.OlderTransactionsBySequence
	if page.newer() {
		query = s.sql.NewerTransactionsBySequence
	}
	var merged []Transaction
	for sequence := after; ; {
		err := conn.QueryRow(ctx, s.sql.NextSequence, []any{scope.Tenant, scope.Livemode, account, sequence}, &sequence)
		if errors.Is(err, ErrNotFound) {
			return merged, nil
		} else if err != nil {
			return nil, fmt.Errorf("looking for sequences: %w", err)
		}
		rows, err := transactions(ctx, conn, query, scope.Tenant, scope.Livemode, account, sequence,
			part.from.at, part.from.id, part.to.at, part.to.id, int64(page.Limit)+1)
		if err != nil {
			return nil, err
		}
		if merged = merge(merged, rows, page); len(merged) > page.Limit {
			last := merged[page.Limit].position()
			if page.newer() {
				part.to = last
			} else {
				part.from = last
			}
		}
	}
}

// merge keeps what comes first in the direction of paging, up to one row more than the page has.
func merge(rows, others []Transaction, page Page) []Transaction {
	rows = slices.DeleteFunc(rows, func(row Transaction) bool {
		return slices.ContainsFunc(others, func(other Transaction) bool { return other.ID == row.ID })
	})
	rows = append(rows, others...)
	slices.SortFunc(rows, func(a, b Transaction) int {
		if a.position().before(b.position()) == page.newer() {
			return -1
		}
		return 1
	})
	return rows[:min(len(rows), page.Limit+1)]
}

// NextTransactionSequence returns the next sequence of the account's refreshes: 1, 2, …; ErrNotFound when there is no
// such account. On PostgreSQL it holds the account against other transactions until this one ends.
func (t *Tx) NextTransactionSequence(ctx context.Context, scope Scope, account string) (sequence int64, err error) {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.AdvanceTransactionSequence,
		scope.Tenant, scope.Livemode, account); err != nil {
		return 0, fmt.Errorf("advancing sequence: %w", err)
	}
	if err := t.conn.QueryRow(ctx, t.store.sql.TransactionSequence, []any{scope.Tenant, scope.Livemode, account}, &sequence); err != nil {
		return 0, fmt.Errorf("reading sequence: %w", err)
	}
	return sequence, nil
}

// InsertTransactionRefresh adds a refresh; ErrExists when its id is taken.
func (t *Tx) InsertTransactionRefresh(ctx context.Context, scope Scope, r TransactionRefresh) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertTransactionRefresh,
		scope.Tenant, scope.Livemode, r.ID, r.Account, r.Sequence); err != nil {
		return fmt.Errorf("inserting transaction refresh: %w", err)
	}
	return nil
}

// TransactionRefresh returns a refresh; ErrNotFound when there is none.
func (s *Store) TransactionRefresh(ctx context.Context, scope Scope, id string) (TransactionRefresh, error) {
	r := TransactionRefresh{ID: id}
	if !storable(scope.Tenant, id) {
		return TransactionRefresh{}, ErrNotFound
	}
	if err := s.read(ctx, func(conn Conn) error {
		return conn.QueryRow(ctx, s.sql.TransactionRefresh, []any{scope.Tenant, scope.Livemode, id}, &r.Account, &r.Sequence)
	}); err != nil {
		return TransactionRefresh{}, fmt.Errorf("reading transaction refresh: %w", err)
	}
	return r, nil
}

func transactions(ctx context.Context, conn Conn, query string, args ...any) (rows []Transaction, err error) {
	var row Transaction
	if err := conn.Query(ctx, query, args, row.columns(), func() error {
		rows = append(rows, row)
		row.Body = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("listing transactions: %w", err)
	}
	return rows, nil
}
