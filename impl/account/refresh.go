package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/event"
	"fincon/impl/id"
	"fincon/impl/store"
)

// permissionOf: what must be granted for a feature to be refreshed.
var permissionOf = map[gen.RefreshFeature]gen.Permission{
	gen.RefreshFeatureBalance:      gen.PermissionBalances,
	gen.RefreshFeatureOwnership:    gen.PermissionOwnership,
	gen.RefreshFeatureTransactions: gen.PermissionTransactions,
}

// refreshedEvent tells how a refresh ended.
var refreshedEvent = map[gen.RefreshFeature]gen.EventType{
	gen.RefreshFeatureBalance:      gen.EventTypeFinancialConnectionsAccountRefreshedBalance,
	gen.RefreshFeatureOwnership:    gen.EventTypeFinancialConnectionsAccountRefreshedOwnership,
	gen.RefreshFeatureTransactions: gen.EventTypeFinancialConnectionsAccountRefreshedTransactions,
}

// job is what a refresh that is due must know.
type job struct {
	Feature gen.RefreshFeature `json:"feature"`
	Refresh string             `json:"refresh,omitempty"` // the transaction refresh's id
	Cause   event.Request      `json:"cause"`
}

// Refresh begins to fetch data anew and gives back the account's object. Errors are *apierror.Error for accounts that are
// not active and features that were not permitted, and store.ErrNotFound.
func (a *Accounts) Refresh(ctx context.Context, tx *store.Tx, now time.Time, scope store.Scope, accountID string,
	features []gen.RefreshFeature, cause event.Request) ([]byte, error) {
	r, err := load(ctx, tx, scope, accountID)
	if err != nil {
		return nil, err
	}
	if err := r.mayFetch("refresh"); err != nil {
		return nil, err
	}
	for i, feature := range features {
		if permission := permissionOf[feature]; !r.permits(permission) {
			return nil, apierror.Invalid(fmt.Sprintf("features[%d]", i), fmt.Sprintf("The account does not have the `%s` "+
				"permission, which refreshing its %s needs. Ask for it in a new session.", permission, feature)).AsOutcome()
		}
	}
	if err := a.begin(ctx, tx, scope, r, now, features, cause); err != nil {
		return nil, err
	}
	return r.row.Body, nil
}

// mayFetch refuses what accounts that are not active cannot do.
func (r *record) mayFetch(what string) error {
	switch r.Status {
	case gen.AccountStatusInactive:
		return apierror.Invalid("", fmt.Sprintf("You cannot %s this account, because it is inactive. The person has to "+
			"link it again in a new session.", what)).WithCode("financial_connections_account_inactive").AsOutcome()
	case gen.AccountStatusDisconnected:
		return Disconnected().AsOutcome()
	}
	return nil
}

// Disconnected is the answer to everything that needs the data of a disconnected account.
func Disconnected() *apierror.Error {
	return apierror.Invalid("", "This account is disconnected: its data is no longer available. The person has to link it "+
		"again in a new session.")
}

// begin marks the features as pending and makes their fetching due. What is pending or not available yet is left as it is
// (server-api 2.5).
func (a *Accounts) begin(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, now time.Time,
	features []gen.RefreshFeature, cause event.Request) error {
	features = slices.Compact(slices.Sorted(slices.Values(features)))
	for _, feature := range features {
		if !r.active() || !r.permits(permissionOf[feature]) || !r.available(feature, now) {
			continue
		}
		if err := a.beginOne(ctx, tx, scope, r, now, feature, cause); err != nil {
			return err
		}
	}
	return r.save(ctx, tx, scope)
}

func (a *Accounts) beginOne(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, now time.Time,
	feature gen.RefreshFeature, cause event.Request) error {
	work := job{Feature: feature, Cause: cause}
	pending := gen.Refresh{LastAttemptedAt: now.Unix(), Status: gen.RefreshStatusPending}
	switch feature {
	case gen.RefreshFeatureBalance:
		r.BalanceRefresh = &pending
	case gen.RefreshFeatureOwnership:
		r.OwnershipRefresh = &pending
	case gen.RefreshFeatureTransactions:
		work.Refresh = id.New("fctxnref_", now)
		r.TransactionRefresh = &gen.TransactionRefresh{
			ID: work.Refresh, LastAttemptedAt: pending.LastAttemptedAt, Status: pending.Status,
		}
	}
	payload, err := json.Marshal(work)
	if err != nil {
		return fmt.Errorf("encode a refresh: %w", err)
	}
	return tx.InsertDue(ctx, store.Due{
		Scope: scope, ID: id.New("due_", now), Kind: refreshKind, Key: r.row.ID + "/" + string(feature),
		DueAt: now.Unix(), Payload: payload,
	})
}

// available tells whether a refresh of the feature may begin: none is pending, and the time of the next one has come.
func (r *record) available(feature gen.RefreshFeature, now time.Time) bool {
	var status gen.RefreshStatus
	var next *int64
	switch feature {
	case gen.RefreshFeatureBalance:
		if r.BalanceRefresh == nil {
			return true
		}
		status, next = r.BalanceRefresh.Status, r.BalanceRefresh.NextRefreshAvailableAt
	case gen.RefreshFeatureOwnership:
		if r.OwnershipRefresh == nil {
			return true
		}
		status, next = r.OwnershipRefresh.Status, r.OwnershipRefresh.NextRefreshAvailableAt
	case gen.RefreshFeatureTransactions:
		if r.TransactionRefresh == nil {
			return true
		}
		status, next = r.TransactionRefresh.Status, r.TransactionRefresh.NextRefreshAvailableAt
	}
	// Without a next time it is pending, or ended when the account was not active; it is again now.
	return status != gen.RefreshStatusPending && (next == nil || now.Unix() >= *next)
}

// finish marks a feature's refresh as ended.
func (r *record) finish(feature gen.RefreshFeature, status gen.RefreshStatus, next *int64) {
	if !r.active() {
		next = nil
	}
	switch feature {
	case gen.RefreshFeatureBalance:
		r.BalanceRefresh.Status, r.BalanceRefresh.NextRefreshAvailableAt = status, next
	case gen.RefreshFeatureOwnership:
		r.OwnershipRefresh.Status, r.OwnershipRefresh.NextRefreshAvailableAt = status, next
	case gen.RefreshFeatureTransactions:
		r.TransactionRefresh.Status, r.TransactionRefresh.NextRefreshAvailableAt = status, next
	}
}

// closeRefreshes: an account that is not active has no next refresh.
func closeRefreshes(account *gen.Account) {
	if account.BalanceRefresh != nil {
		account.BalanceRefresh.NextRefreshAvailableAt = nil
	}
	if account.OwnershipRefresh != nil {
		account.OwnershipRefresh.NextRefreshAvailableAt = nil
	}
	if account.TransactionRefresh != nil {
		account.TransactionRefresh.NextRefreshAvailableAt = nil
	}
}

// fetched is what a bank answered: it writes the data into the account's record, in the transaction that ends the refresh.
type fetched func(ctx context.Context, tx *store.Tx, now time.Time, r *record) error

// runRefresh fetches data and ends its refresh: the data, the account and the event are written together.
func (a *Accounts) runRefresh(ctx context.Context, work store.Due) error {
	var todo job
	if err := json.Unmarshal(work.Payload, &todo); err != nil {
		return fmt.Errorf("read a refresh: %w", err)
	}
	accountID, _ := splitKey(work.Key)
	row, err := a.store.Account(ctx, work.Scope, accountID)
	if errors.Is(err, store.ErrNotFound) {
		return a.drop(ctx, work)
	}
	if err != nil {
		return err
	}
	data, bankErr := a.fetch(ctx, work.Scope, row, todo)
	if retry, ok := retryLater(bankErr, work); ok {
		return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.RescheduleDue(ctx, work, a.now().Add(retry).Unix())
		})
	}
	if bankErr != nil && bank.KindOf(bankErr) == "" {
		return bankErr // not the bank's: it is tried again
	}
	return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return a.endRefresh(ctx, tx, work, accountID, todo, data, bankErr)
	})
}

func (a *Accounts) drop(ctx context.Context, work store.Due) error {
	return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDue(ctx, work) })
}

const (
	maxAttempts = 5
	firstPause  = 30 * time.Second
)

// retryLater tells when to ask again a bank that could not answer now.
func retryLater(err error, work store.Due) (time.Duration, bool) {
	fault, ok := errors.AsType[*bank.Error](err)
	if !ok || fault.Kind != bank.KindRetryLater || work.Attempt >= maxAttempts {
		return 0, false
	}
	return max(fault.RetryAfter, firstPause<<work.Attempt), true
}

func (a *Accounts) endRefresh(ctx context.Context, tx *store.Tx, work store.Due, accountID string, todo job, data fetched,
	bankErr error) error {
	now := a.now()
	r, err := load(ctx, tx, work.Scope, accountID)
	if err != nil {
		return err
	}
	if r.Status == gen.AccountStatusDisconnected { // in the meantime: nothing is kept
		return tx.DeleteDue(ctx, work)
	}
	status := gen.RefreshStatusSucceeded
	if bankErr != nil {
		a.log.Warn("a bank refused a refresh", "account", accountID, "feature", todo.Feature, "kind", bank.KindOf(bankErr))
		status, data = gen.RefreshStatusFailed, failedRefresh(work.Scope, todo)
	}
	if err := data(ctx, tx, now, r); err != nil {
		return err
	}
	institution, _, _ := a.banks.Institution(r.state.Institution)
	next := now.Add(institution.RefreshInterval).Unix()
	r.finish(todo.Feature, status, &next)
	if err := r.save(ctx, tx, work.Scope); err != nil {
		return err
	}
	if err := r.tell(ctx, tx, work.Scope, now, refreshedEvent[todo.Feature], todo.Cause); err != nil {
		return err
	}
	if lost(bankErr) {
		if err := a.deactivate(ctx, tx, work.Scope, r, now, todo.Cause); err != nil {
			return err
		}
	}
	return tx.DeleteDue(ctx, work)
}

// failedRefresh keeps the id of a transaction refresh that brought nothing, so that `transaction_refresh[after]` knows it.
func failedRefresh(scope store.Scope, todo job) fetched {
	return func(ctx context.Context, tx *store.Tx, _ time.Time, r *record) error {
		if todo.Feature != gen.RefreshFeatureTransactions {
			return nil
		}
		sequence, err := tx.NextTransactionSequence(ctx, scope, r.row.ID)
		if err != nil {
			return err
		}
		return tx.InsertTransactionRefresh(ctx, scope, store.TransactionRefresh{ID: todo.Refresh, Account: r.row.ID, Sequence: sequence})
	}
}

// lost tells whether the bank's answer means that the account can no longer be reached (server-api 2.4).
func lost(err error) bool {
	switch bank.KindOf(err) {
	case bank.KindGrantDead, bank.KindAccountGone, bank.KindAccountClosed, bank.KindAccountLocked:
		return true
	}
	return false
}

// deactivate makes an active account inactive and tells of it.
func (a *Accounts) deactivate(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, now time.Time, cause event.Request) error {
	if !r.active() {
		return nil
	}
	r.Status = gen.AccountStatusInactive
	r.StatusDetails = nil
	closeRefreshes(r.Account)
	if err := r.save(ctx, tx, scope); err != nil {
		return err
	}
	return r.tell(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAccountDeactivated, cause)
}

// connect opens the grant that an account rests on.
func (a *Accounts) connect(ctx context.Context, scope store.Scope, row store.Account) (*record, bank.Connector, bank.Connection, error) {
	r, err := read(row)
	if err != nil {
		return nil, nil, bank.Connection{}, err
	}
	_, connector, ok := a.banks.Institution(r.state.Institution)
	if !ok {
		return nil, nil, bank.Connection{}, &bank.Error{Kind: bank.KindAccountGone, Err: errors.New("its institution is no longer served")}
	}
	authorization, err := a.store.Authorization(ctx, scope, row.Authorization)
	if err != nil {
		return nil, nil, bank.Connection{}, err
	}
	grant, err := a.open(authorization.Grant)
	if err != nil {
		return nil, nil, bank.Connection{}, err
	}
	return r, connector, bank.Connection{Grant: grant, Renew: a.renewal(scope, row.Authorization, grant)}, nil
}
