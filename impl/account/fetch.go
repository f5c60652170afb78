package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fincon/gen"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const (
	// history is how far back transactions are fetched the first time (server-api 2.8).
	history = 180 * 24 * time.Hour
	// overlap is how far back they are compared later: what is pending may change for about this long (open-banking 3).
	overlap = 14 * 24 * time.Hour
)

// fetch asks the bank for one feature's data. The errors of banks are *bank.Error.
func (a *Accounts) fetch(ctx context.Context, scope store.Scope, row store.Account, todo job) (fetched, error) {
	r, connector, connection, err := a.connect(ctx, scope, row)
	if err != nil {
		return nil, err
	}
	switch todo.Feature {
	case gen.RefreshFeatureBalance:
		return a.fetchBalance(ctx, r, connector, connection)
	case gen.RefreshFeatureOwnership:
		return a.fetchOwners(ctx, scope, r, connector, connection)
	default:
		return a.fetchTransactions(ctx, scope, r, connector, connection, todo.Refresh)
	}
}

func (a *Accounts) fetchBalance(ctx context.Context, r *record, connector bank.Connector, connection bank.Connection) (fetched, error) {
	told, err := connector.Balance(ctx, connection, r.state.BankAccountID)
	if err != nil {
		return nil, err
	}
	balance := &gen.Balance{
		AsOf:    told.AsOf.Unix(),
		Current: gen.CurrencyAmounts{told.Currency: told.Current},
		Type:    gen.BalanceType(told.Type),
	}
	if told.Type == bank.BalanceCredit {
		balance.Credit = &gen.CreditBalance{Used: amounts(told.Currency, told.Used)}
	} else {
		balance.Cash = &gen.CashBalance{Available: amounts(told.Currency, told.Available)}
	}
	return func(_ context.Context, _ *store.Tx, _ time.Time, r *record) error {
		r.Balance = balance
		return nil
	}, nil
}

func amounts(currency string, amount *int64) map[string]int64 {
	if amount == nil {
		return nil
	}
	return map[string]int64{currency: *amount}
}

// fetchOwners makes a new snapshot of the owners; earlier ones stay.
func (a *Accounts) fetchOwners(ctx context.Context, scope store.Scope, r *record, connector bank.Connector,
	connection bank.Connection) (fetched, error) {
	told, err := connector.Owners(ctx, connection, r.state.BankAccountID)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *store.Tx, now time.Time, r *record) error {
		snapshot := newOwnership(r.row.ID, told, now)
		body, err := wire.JSON(snapshot)
		if err != nil {
			return err
		}
		if err := tx.InsertOwnership(ctx, scope, store.Ownership{ID: snapshot.ID, Account: r.row.ID, Body: body}); err != nil {
			return err
		}
		return r.Ownership.FromExpandableOwnership0(snapshot.ID)
	}, nil
}

func newOwnership(account string, told []bank.Owner, now time.Time) gen.AccountOwnership {
	snapshot := gen.AccountOwnership{
		ID:      id.New("fcaowns_", now),
		Object:  gen.AccountOwnershipObjectFinancialConnectionsAccountOwnership,
		Created: now.Unix(),
		Owners:  gen.AccountOwnerList{Object: gen.AccountOwnerListObjectList, Data: []gen.AccountOwner{}},
	}
	snapshot.Owners.URL = OwnersURL(account, snapshot.ID)
	asked := now.Unix()
	for _, owner := range told {
		snapshot.Owners.Data = append(snapshot.Owners.Data, gen.AccountOwner{
			ID:          id.New("fcaown_", now),
			Object:      gen.AccountOwnerObjectFinancialConnectionsAccountOwner,
			Name:        owner.Name,
			Email:       optional(owner.Email),
			Phone:       optional(owner.Phone),
			RawAddress:  optional(owner.RawAddress),
			Ownership:   snapshot.ID,
			RefreshedAt: &asked,
		})
	}
	return snapshot
}

// OwnersURL is where the owners of a snapshot are listed (server-api 1.8).
func OwnersURL(account, ownership string) string {
	return fmt.Sprintf("/v1/financial_connections/accounts/%s/owners?ownership=%s", account, ownership)
}

// fetchTransactions reads what is new at the bank and what may have changed. A transaction that is as it was is not
// touched, so that `transaction_refresh[after]` shows exactly what changed.
func (a *Accounts) fetchTransactions(ctx context.Context, scope store.Scope, r *record, connector bank.Connector,
	connection bank.Connection, refresh string) (fetched, error) {
	from := a.now().Add(-history)
	last, err := a.lastRefresh(ctx, scope, r.row.ID)
	if err != nil {
		return nil, err
	}
	if last != 0 {
		from = time.Unix(last, 0).Add(-overlap)
	}
	told, err := allTransactions(ctx, connector, connection, r.state.BankAccountID, from, a.now())
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *store.Tx, now time.Time, r *record) error {
		return writeTransactions(ctx, tx, scope, r, now, refresh, from, told)
	}, nil
}

// lastRefresh is when the account's transactions were last fetched, in Unix seconds; 0 for never.
func (a *Accounts) lastRefresh(ctx context.Context, scope store.Scope, account string) (int64, error) {
	row, err := a.store.Account(ctx, scope, account)
	if err != nil {
		return 0, err
	}
	r, err := read(row)
	if err != nil {
		return 0, err
	}
	return r.state.Fetched, nil
}

// maxPages bounds how much of a bank's answer is read: one that never ends is broken.
const maxPages = 1000

func allTransactions(ctx context.Context, connector bank.Connector, connection bank.Connection, account string,
	from, to time.Time) ([]bank.Transaction, error) {
	var all []bank.Transaction
	query := bank.TransactionQuery{From: from, To: to}
	for range maxPages {
		page, err := connector.Transactions(ctx, connection, account, query)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" || page.Next == query.Cursor { // the same again would never end (open-banking 1.2)
			return all, nil
		}
		query.Cursor = page.Next
	}
	return nil, &bank.Error{Kind: bank.KindBroken, Err: fmt.Errorf("more than %d pages of transactions", maxPages)}
}

// writeTransactions keeps what is new and what changed.
func writeTransactions(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, now time.Time, refresh string,
	from time.Time, told []bank.Transaction) error {
	known, err := knownTransactions(ctx, tx, scope, r.row.ID, from)
	if err != nil {
		return err
	}
	sequence, err := tx.NextTransactionSequence(ctx, scope, r.row.ID)
	if err != nil {
		return err
	}
	var changed []store.Transaction
	for _, t := range told {
		transactionID := id.New("fctxn_", now)
		if row, ok := known[t.ID]; ok {
			if row.Status == string(t.Status) {
				continue
			}
			transactionID = row.ID // it becomes posted or void in place
		}
		body, err := wire.JSON(newTransaction(r, t, transactionID, refresh, now))
		if err != nil {
			return err
		}
		changed = append(changed, store.Transaction{
			ID: transactionID, Account: r.row.ID, BankID: t.ID, TransactedAt: t.TransactedAt.Unix(), Sequence: sequence,
			Status: string(t.Status), Body: wire.Listed(body),
		})
	}
	if err := tx.PutTransactions(ctx, scope, r.row.ID, changed); err != nil {
		return err
	}
	r.state.Fetched = now.Unix()
	return tx.InsertTransactionRefresh(ctx, scope, store.TransactionRefresh{ID: refresh, Account: r.row.ID, Sequence: sequence})
}

func knownTransactions(ctx context.Context, tx *store.Tx, scope store.Scope, account string, from time.Time) (map[string]store.Transaction, error) {
	rows, err := tx.TransactionsSince(ctx, scope, account, from.Unix())
	if err != nil {
		return nil, err
	}
	known := make(map[string]store.Transaction, len(rows))
	for _, row := range rows {
		known[row.BankID] = row
	}
	return known, nil
}

func newTransaction(r *record, t bank.Transaction, transactionID, refresh string, now time.Time) gen.Transaction {
	const longest = 5000
	description := []rune(t.Description)
	transaction := gen.Transaction{
		ID:                 transactionID,
		Object:             gen.TransactionObjectFinancialConnectionsTransaction,
		Account:            r.row.ID,
		Amount:             t.Amount,
		Currency:           t.Currency,
		Description:        string(description[:min(len(description), longest)]),
		Livemode:           r.Livemode,
		Status:             gen.TransactionStatus(t.Status),
		TransactedAt:       t.TransactedAt.Unix(),
		TransactionRefresh: refresh,
		Updated:            now.Unix(),
	}
	transaction.StatusTransitions.PostedAt = unix(t.PostedAt)
	transaction.StatusTransitions.VoidAt = unix(t.VoidAt)
	return transaction
}

func unix(at *time.Time) *int64 {
	if at == nil {
		return nil
	}
	seconds := at.Unix()
	return &seconds
}

// HasTransactions tells whether the account's transactions were ever fetched.
func HasTransactions(row store.Account) bool {
	var kept state
	return json.Unmarshal(row.State, &kept) == nil && kept.Fetched != 0
}
