package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"fincon/gen"
	"fincon/impl/apikey"
	"fincon/impl/store"
	"fincon/impl/wire"
)

const (
	stockCustomer = "cus_NiKSWdaFz2F6I0"
	stockBatch    = 10_000 // rows in one transaction of the database
)

// stockTime is the moment everything in a stock was linked and fetched.
var stockTime = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// A stock is what a database holds before its server is started: accounts of one customer, and transactions of the
// oldest of these. Its rows are numbered, oldest first.
type stock struct{ accounts, transactions int }

// benchScope is where the key of all requests finds its data.
func benchScope(ctx context.Context) (store.Scope, error) {
	caller, err := apikey.Open().Caller(ctx, http.Header{"Authorization": {"Bearer " + benchKey}})
	return caller.Scope, err
}

func (stock) accountID(i int) string     { return fmt.Sprintf("fca_1%023d", i) }
func (stock) transactionID(i int) string { return fmt.Sprintf("fctxn_1%023d", i) }

// put writes the stock through the store, which is much quicker than through the API.
func (s stock) put(ctx context.Context, kept *store.Store) error {
	scope, err := benchScope(ctx)
	if err != nil {
		return err
	}
	for first := 0; first < s.accounts; first += stockBatch {
		if err := kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			return s.putAccounts(ctx, tx, scope, first, min(first+stockBatch, s.accounts))
		}); err != nil {
			return err
		}
	}
	for first := 0; first < s.transactions; first += stockBatch {
		if err := kept.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			return s.putTransactions(ctx, tx, scope, first, min(first+stockBatch, s.transactions))
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s stock) putAccounts(ctx context.Context, tx *store.Tx, scope store.Scope, from, to int) error {
	for i := from; i < to; i++ {
		body, err := wire.JSON(s.account(i))
		if err != nil {
			return err
		}
		// The names are those of the state that impl/account keeps.
		state, err := json.Marshal(map[string]any{"institution": "fcinst_bench", "bank_account_id": fmt.Sprint(i),
			"created": true, "fetched": stockTime.Unix()})
		if err != nil {
			return err
		}
		if err := tx.InsertAccount(ctx, scope, store.Account{
			ID: s.accountID(i), Holder: "customer:" + stockCustomer, Authorization: "fcauth_bench",
			BankKey: fmt.Sprintf("fcinst_bench/%d", i), Created: stockTime.Unix(), Body: body, State: state,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s stock) putTransactions(ctx context.Context, tx *store.Tx, scope store.Scope, from, to int) error {
	rows := make([]store.Transaction, 0, to-from)
	for i := from; i < to; i++ {
		t := s.transaction(i)
		body, err := wire.JSON(t)
		if err != nil {
			return err
		}
		rows = append(rows, store.Transaction{
			ID: t.ID, Account: t.Account, BankID: fmt.Sprintf("bank-%012d", i), TransactedAt: t.TransactedAt, Sequence: 1,
			Status: string(t.Status), Body: wire.Listed(body),
		})
	}
	return tx.PutTransactions(ctx, scope, s.accountID(0), rows)
}

// account is number i as the API serves it.
func (s stock) account(i int) gen.Account {
	name, last4 := fmt.Sprintf("Everyday Checking %d", i), fmt.Sprintf("%04d", i%10_000)
	var customer gen.ExpandableCustomer
	_ = customer.FromExpandableCustomer0(stockCustomer) // a text always encodes
	next := stockTime.Unix() + 3600
	refreshed := gen.Refresh{LastAttemptedAt: stockTime.Unix(), NextRefreshAvailableAt: &next, Status: "succeeded"}
	current := gen.CurrencyAmounts{"usd": int64(100_000 + i)}
	return gen.Account{
		ID: s.accountID(i), Object: gen.AccountObjectFinancialConnectionsAccount,
		AccountHolder: &gen.AccountHolder{Customer: &customer, Type: "customer"},
		Balance: &gen.Balance{AsOf: stockTime.Unix(), Cash: &gen.CashBalance{Available: current}, Current: current,
			Type: "cash"},
		BalanceRefresh: &refreshed, Category: "cash", Created: stockTime.Unix(), DisplayName: &name,
		InstitutionName: "Bench Bank", Last4: &last4, Permissions: []gen.Permission{"balances", "transactions"},
		Status: gen.AccountStatusActive, Subcategory: "checking",
		Subscriptions:               []gen.AccountSubscriptions{"transactions"},
		SupportedPaymentMethodTypes: []gen.AccountSupportedPaymentMethodTypes{"us_bank_account"},
		TransactionRefresh:          s.transactionRefresh(next),
	}
}

func (stock) transactionRefresh(next int64) *gen.TransactionRefresh {
	return &gen.TransactionRefresh{ID: "fctxnref_1" + fmt.Sprintf("%023d", 1), LastAttemptedAt: stockTime.Unix(),
		NextRefreshAvailableAt: &next, Status: "succeeded"}
}

// transaction is number i as the API serves it; each is a minute after the one before.
func (s stock) transaction(i int) gen.Transaction {
	at := stockTime.Unix() - int64(s.transactions-i)*60
	return gen.Transaction{
		ID: s.transactionID(i), Object: gen.TransactionObjectFinancialConnectionsTransaction, Account: s.accountID(0),
		Amount: -int64(100 + i%100_000), Currency: "usd",
		Description: fmt.Sprintf("CARD PURCHASE %08d ROCKET RIDES SAN FRANCISCO CA", i), Status: "posted",
		StatusTransitions:  gen.TransactionStatusTransitions{PostedAt: &at},
		TransactedAt:       at,
		TransactionRefresh: s.transactionRefresh(0).ID, Updated: stockTime.Unix(),
	}
}
