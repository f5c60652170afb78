package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/event"
	"fincon/impl/store"
)

// daily is the time between two refreshes of an account that is subscribed to.
const daily = 24 * time.Hour

// Subscribe fetches transactions daily from now on; the first refresh begins at once (server-api 2.8).
func (a *Accounts) Subscribe(ctx context.Context, tx *store.Tx, now time.Time, scope store.Scope, accountID string, cause event.Request) ([]byte, error) {
	r, err := load(ctx, tx, scope, accountID)
	if err != nil {
		return nil, err
	}
	if err := r.mayFetch("subscribe to"); err != nil {
		return nil, err
	}
	if !r.permits(gen.PermissionTransactions) {
		return nil, apierror.Invalid("features[0]", "The account does not have the `transactions` permission, which "+
			"subscribing to its transactions needs. Ask for it in a new session.").AsOutcome()
	}
	if slices.Contains(r.Subscriptions, gen.AccountSubscriptionsTransactions) {
		return r.row.Body, nil
	}
	r.Subscriptions = append(r.Subscriptions, gen.AccountSubscriptionsTransactions)
	if err := a.insertDue(ctx, tx, scope, dailyKind, accountID, now.Add(daily).Unix(), now); err != nil {
		return nil, err
	}
	if err := a.begin(ctx, tx, scope, r, now, []gen.RefreshFeature{gen.RefreshFeatureTransactions}, cause); err != nil {
		return nil, err
	}
	return r.row.Body, nil
}

// Unsubscribe ends the daily refreshes. What was fetched stays.
func (a *Accounts) Unsubscribe(ctx context.Context, tx *store.Tx, scope store.Scope, accountID string) ([]byte, error) {
	r, err := load(ctx, tx, scope, accountID)
	if err != nil {
		return nil, err
	}
	if len(r.Subscriptions) == 0 {
		return r.row.Body, nil
	}
	r.Subscriptions = []gen.AccountSubscriptions{}
	if err := tx.CancelDue(ctx, scope, dailyKind, accountID); err != nil {
		return nil, err
	}
	if err := r.save(ctx, tx, scope); err != nil {
		return nil, err
	}
	return r.row.Body, nil
}

// runDaily begins the next day's refresh. An account that is inactive waits for the day on which it is active again.
func (a *Accounts) runDaily(ctx context.Context, work store.Due) error {
	return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		now := a.now()
		r, err := load(ctx, tx, work.Scope, work.Key)
		if errors.Is(err, store.ErrNotFound) {
			return tx.DeleteDue(ctx, work)
		}
		if err != nil {
			return err
		}
		if len(r.Subscriptions) == 0 {
			return tx.DeleteDue(ctx, work)
		}
		if err := a.begin(ctx, tx, work.Scope, r, now, []gen.RefreshFeature{gen.RefreshFeatureTransactions}, event.Request{}); err != nil {
			return err
		}
		// Counted from when it was due, so that the time of day stays; days that a server was off are not made up for.
		next := time.Unix(work.DueAt, 0).Add(daily)
		for !next.After(now) {
			next = next.Add(daily)
		}
		return a.insertDue(ctx, tx, work.Scope, dailyKind, work.Key, next.Unix(), now)
	})
}

// Disconnect ends the access to an account for good (server-api 2.4). Disconnecting again changes nothing.
func (a *Accounts) Disconnect(ctx context.Context, tx *store.Tx, now time.Time, scope store.Scope, accountID string, cause event.Request) ([]byte, error) {
	r, err := load(ctx, tx, scope, accountID)
	if err != nil {
		return nil, err
	}
	if r.Status == gen.AccountStatusDisconnected {
		return r.row.Body, nil
	}
	r.Status = gen.AccountStatusDisconnected
	r.StatusDetails = nil
	r.Balance, r.BalanceRefresh = nil, nil
	r.Ownership, r.OwnershipRefresh = gen.ExpandableOwnership{}, nil
	r.TransactionRefresh = nil
	r.state.Fetched = 0 // linked again, it has no transactions before they are fetched again
	r.Subscriptions = []gen.AccountSubscriptions{}
	for _, work := range []struct{ kind, key string }{
		{dailyKind, accountID},
		{checkKind, accountID},
		{upcomingKind, accountID + "/" + string(deactivation)},
		{upcomingKind, accountID + "/" + string(numberExpiry)},
		{refreshKind, accountID + "/" + string(gen.RefreshFeatureBalance)},
		{refreshKind, accountID + "/" + string(gen.RefreshFeatureOwnership)},
		{refreshKind, accountID + "/" + string(gen.RefreshFeatureTransactions)},
	} {
		if err := tx.CancelDue(ctx, scope, work.kind, work.key); err != nil {
			return nil, err
		}
	}
	if err := r.save(ctx, tx, scope); err != nil {
		return nil, err
	}
	return r.row.Body, r.tell(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAccountDisconnected, cause)
}
