// Package account is what happens to linked accounts: they are linked, refreshed, checked, subscribed to and disconnected.
// Whatever changes an account changes its row, what hangs on it and its events in one transaction; asking a bank happens
// outside of transactions, as work that is due.
package account

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"fincon/gen"
	"fincon/impl/bank"
	"fincon/impl/due"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// Banks are the institutions, with the connector that reaches each.
type Banks interface {
	// Institution finds one by its id (fcinst_…).
	Institution(id string) (bank.Institution, bank.Connector, bool)
}

// Accounts is everything that happens to accounts.
type Accounts struct {
	store *store.Store
	banks Banks
	vault Vault
	now   func() time.Time
	log   *slog.Logger

	exchanging sync.WaitGroup // tokens that are being exchanged
}

// Vault seals what is secret before it is stored: grants and account numbers.
type Vault interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
}

// Config is what Accounts works with.
type Config struct {
	Store *store.Store
	Banks Banks
	Vault Vault
	Now   func() time.Time // the server's time
	Log   *slog.Logger
}

// The kinds of work that is due for accounts.
const (
	refreshKind  = "account.refresh"       // key: account and feature; fetches data
	dailyKind    = "account.daily_refresh" // key: account; begins the next day's refresh
	checkKind    = "account.check"         // key: account; asks the bank for the account's state
	upcomingKind = "account.upcoming"      // key: account and what is coming; announces it
)

// New makes the accounts and registers their work with the runner.
func New(config Config, runner *due.Runner) *Accounts {
	a := &Accounts{store: config.Store, banks: config.Banks, vault: config.Vault, now: config.Now, log: config.Log}
	runner.Register(refreshKind, a.runRefresh)
	runner.Register(dailyKind, a.runDaily)
	runner.Register(checkKind, a.runCheck)
	runner.Register(upcomingKind, a.runUpcoming)
	return a
}

// state is what is known of an account and never served.
type state struct {
	Institution   string `json:"institution"`     // fcinst_…
	BankAccountID string `json:"bank_account_id"` // the account's id at the bank
	Created       bool   `json:"created"`         // account.created was sent
	// Fetched is when transactions were last fetched with success, in Unix seconds; 0 for never.
	Fetched int64 `json:"fetched,omitempty"`
	// Announced is what was announced, with the time at which it will happen in Unix seconds: each is told once.
	Announced map[coming]int64 `json:"announced,omitempty"`
}

// record is an account with its state, read to be changed.
type record struct {
	row   store.Account
	state state
	*gen.Account
}

func read(row store.Account) (*record, error) {
	r := &record{row: row, Account: new(gen.Account)}
	if err := json.Unmarshal(row.Body, r.Account); err != nil {
		return nil, fmt.Errorf("read a stored account: %w", err)
	}
	if err := json.Unmarshal(row.State, &r.state); err != nil {
		return nil, fmt.Errorf("read a stored account's state: %w", err)
	}
	return r, nil
}

// load reads an account and keeps it from others until the transaction ends.
func load(ctx context.Context, tx *store.Tx, scope store.Scope, id string) (*record, error) {
	row, err := tx.Account(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return read(row)
}

// encode renders the object and the state for storing.
func (r *record) encode() (err error) {
	if r.row.Body, err = wire.JSON(r.Account); err != nil {
		return err
	}
	r.row.State, err = json.Marshal(r.state)
	return err
}

func (r *record) save(ctx context.Context, tx *store.Tx, scope store.Scope) error {
	if err := r.encode(); err != nil {
		return err
	}
	return tx.UpdateAccount(ctx, scope, r.row.ID, r.row.Body, r.row.State)
}

// tell records an event about the account as it was last saved.
func (r *record) tell(ctx context.Context, tx *store.Tx, scope store.Scope, now time.Time, kind gen.EventType, cause event.Request) error {
	return event.Record(ctx, tx, scope, now, kind, r.row.Body, cause)
}

// permits tells whether the permission was granted.
func (r *record) permits(permission gen.Permission) bool {
	return slices.Contains(r.Permissions, permission)
}

func (r *record) active() bool { return r.Status == gen.AccountStatusActive }

// splitKey takes apart the key of work that is about one thing of an account.
func splitKey(key string) (accountID, thing string) {
	accountID, thing, _ = strings.Cut(key, "/")
	return accountID, thing
}
