package store

import (
	"context"
	"fmt"
)

// Account is a linked account.
type Account struct {
	ID            string // time-ordered
	Holder        string // "customer:cus_1", "account:acct_1" or "customer_account:acct_1"
	Authorization string // id
	BankKey       string // institution + "/" + the bank's account id; with Holder it is unique in its scope
	Created       int64  // Unix seconds
	Body          []byte // the API object as the JSON it is served as
	State         []byte // what is kept about it and never served
}

// AccountFilter selects accounts; an empty field selects all.
type AccountFilter struct {
	Holder  string
	Session string // id
}

// AccountStatements is the SQL about accounts. "account" stands for the columns id, holder, authorization_id,
// bank_key, created, body, state.
type AccountStatements struct {
	InsertAccount    string // must: tenant, livemode, account
	UpdateAccount    string // must: tenant, livemode, id, body, state
	Account          string // tenant, livemode, id: account
	AccountForUpdate string // the same, keeping the row from other writers to the end of the transaction
	AccountExists    string // tenant, livemode, id: bool
	AccountByBank    string // tenant, livemode, holder, bank_key: account, kept as AccountForUpdate does

	// Each is tenant, livemode, …, from, to, limit: account; ids between from and to, both exclusive.
	OlderAccounts          string // to the lowest
	NewerAccounts          string // from the lowest on
	OlderAccountsByHolder  string // …, holder
	NewerAccountsByHolder  string
	OlderAccountsBySession string // …, session, holder or ""
	NewerAccountsBySession string

	AccountsOfAuthorization string // tenant, livemode, authorization_id: account, newest first

	AddSessionAccount string // tenant, livemode, session_id, account_id

	AdvanceTransactionSequence string // must: tenant, livemode, id
	TransactionSequence        string // tenant, livemode, id: transaction_sequence
}

func (a *Account) columns() []any {
	return []any{&a.ID, &a.Holder, &a.Authorization, &a.BankKey, &a.Created, &a.Body, &a.State}
}

// InsertAccount adds an account; ErrExists when its id is taken, or its holder has linked this account of the bank.
func (t *Tx) InsertAccount(ctx context.Context, scope Scope, a Account) error {
	if err := t.conn.Must(ctx, ErrExists, t.store.sql.InsertAccount, scope.Tenant, scope.Livemode,
		a.ID, a.Holder, a.Authorization, a.BankKey, a.Created, full(a.Body), full(a.State)); err != nil {
		return fmt.Errorf("inserting account: %w", err)
	}
	return nil
}

// UpdateAccount replaces an account's body and state; ErrNotFound when there is no such account.
func (t *Tx) UpdateAccount(ctx context.Context, scope Scope, id string, body, state []byte) error {
	if err := t.conn.Must(ctx, ErrNotFound, t.store.sql.UpdateAccount,
		scope.Tenant, scope.Livemode, id, full(body), full(state)); err != nil {
		return fmt.Errorf("updating account: %w", err)
	}
	t.changed(change{key: cacheKey{scope, id}, update: true})
	return nil
}

// Account returns an account as this transaction sees it; ErrNotFound when there is none. On PostgreSQL it holds the
// row against other transactions until this one ends.
func (t *Tx) Account(ctx context.Context, scope Scope, id string) (Account, error) {
	return account(ctx, t.conn, t.store.sql.AccountForUpdate, scope, id)
}

// Account returns an account; ErrNotFound when there is none. It sees every acknowledged write. Body and State are
// shared, the caller must not change them.
func (s *Store) Account(ctx context.Context, scope Scope, id string) (Account, error) {
	key := cacheKey{scope, id}
	kept, epoch, _ := s.cache.get(key)
	if row, ok := kept.(*Account); ok {
		return *row, nil
	}
	var row Account
	if err := s.read(ctx, func(conn Conn) (err error) {
		row, err = account(ctx, conn, s.sql.Account, scope, id)
		return err
	}); err != nil {
		return Account{}, err
	}
	s.cache.add(key, &row, epoch)
	return row, nil
}

// AccountExists tells whether there is such an account.
func (s *Store) AccountExists(ctx context.Context, scope Scope, id string) (exists bool, err error) {
	return s.exists(ctx, s.sql.AccountExists, scope, id)
}

// AccountByBank returns the account that the holder has linked of the bank's; ErrNotFound when there is none. It
// holds the row as Account does.
func (t *Tx) AccountByBank(ctx context.Context, scope Scope, holder, bankKey string) (Account, error) {
	return account(ctx, t.conn, t.store.sql.AccountByBank, scope, holder, bankKey)
}

// AccountsOfAuthorization returns the accounts that were linked with an authorization, newest first.
func (t *Tx) AccountsOfAuthorization(ctx context.Context, scope Scope, authorization string) ([]Account, error) {
	return accounts(ctx, t.conn, t.store.sql.AccountsOfAuthorization, scope.Tenant, scope.Livemode, authorization)
}

// ListAccounts returns a page of accounts, and whether there are more in the direction of paging; ErrNoCursor when
// the page's cursor is no account of the scope.
func (s *Store) ListAccounts(ctx context.Context, scope Scope, filter AccountFilter, page Page) (rows []Account, more bool, err error) {
	if !storable(scope.Tenant, filter.Holder, filter.Session) {
		return nil, false, nil
	}
	err = s.read(ctx, func(conn Conn) error {
		if err := s.checkCursor(ctx, conn, s.sql.AccountExists, scope, page); err != nil {
			return err
		}
		query, args := s.accountList(scope, filter, page)
		from, to := page.ids()
		rows, err = accounts(ctx, conn, query, append(args, from, to, int64(page.Limit)+1)...)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	rows, more = cut(rows, page)
	return rows, more, nil
}

func (s *Store) accountList(scope Scope, filter AccountFilter, page Page) (query string, args []any) {
	args = []any{scope.Tenant, scope.Livemode}
	older, newer := s.sql.OlderAccounts, s.sql.NewerAccounts
	switch {
	case filter.Session != "":
		older, newer = s.sql.OlderAccountsBySession, s.sql.NewerAccountsBySession
		args = append(args, filter.Session, filter.Holder)
	case filter.Holder != "":
		older, newer = s.sql.OlderAccountsByHolder, s.sql.NewerAccountsByHolder
		args = append(args, filter.Holder)
	}
	if page.newer() {
		return newer, args
	}
	return older, args
}

// AddSessionAccount notes that an account was linked in a session; noting it again changes nothing.
func (t *Tx) AddSessionAccount(ctx context.Context, scope Scope, session, account string) error {
	if err := t.conn.Send(ctx, t.store.sql.AddSessionAccount, scope.Tenant, scope.Livemode, session, account); err != nil {
		return fmt.Errorf("adding account to session: %w", err)
	}
	return nil
}

// SessionAccounts returns up to limit accounts that were linked in the session, newest first.
func (s *Store) SessionAccounts(ctx context.Context, scope Scope, session string, limit int) (rows []Account, err error) {
	err = s.read(ctx, func(conn Conn) error {
		rows, err = s.sessionAccounts(ctx, conn, scope, session, limit)
		return err
	})
	return rows, err
}

// SessionAccounts is Store.SessionAccounts as this transaction sees it.
func (t *Tx) SessionAccounts(ctx context.Context, scope Scope, session string, limit int) ([]Account, error) {
	return t.store.sessionAccounts(ctx, t.conn, scope, session, limit)
}

func (s *Store) sessionAccounts(ctx context.Context, conn Conn, scope Scope, session string, limit int) ([]Account, error) {
	if !storable(scope.Tenant, session) {
		return nil, nil
	}
	return accounts(ctx, conn, s.sql.OlderAccountsBySession,
		scope.Tenant, scope.Livemode, session, "", "", newest.id, int64(limit))
}

func account(ctx context.Context, conn Conn, query string, scope Scope, by ...string) (a Account, err error) {
	args := []any{scope.Tenant, scope.Livemode}
	for _, text := range by {
		args = append(args, text)
	}
	if !storable(scope.Tenant) || !storable(by...) {
		return Account{}, ErrNotFound
	}
	if err := conn.QueryRow(ctx, query, args, a.columns()...); err != nil {
		return Account{}, fmt.Errorf("reading account: %w", err)
	}
	return a, nil
}

func accounts(ctx context.Context, conn Conn, query string, args ...any) (rows []Account, err error) {
	var row Account
	if err := conn.Query(ctx, query, args, row.columns(), func() error {
		rows = append(rows, row)
		row.Body, row.State = nil, nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("listing accounts: %w", err)
	}
	return rows, nil
}
