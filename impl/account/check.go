package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"fincon/gen"
	"fincon/impl/bank"
	"fincon/impl/event"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// ahead is how long before something ends its coming is announced (server-api 6.2).
const ahead = 30 * 24 * time.Hour

// runCheck asks the bank how an account stands and tells of what changed.
func (a *Accounts) runCheck(ctx context.Context, work store.Due) error {
	row, err := a.store.Account(ctx, work.Scope, work.Key)
	if errors.Is(err, store.ErrNotFound) {
		return a.drop(ctx, work)
	}
	if err != nil {
		return err
	}
	told, bankErr := a.ask(ctx, work.Scope, row)
	if retry, ok := retryLater(bankErr, work); ok {
		return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.RescheduleDue(ctx, work, a.now().Add(retry).Unix())
		})
	}
	if bankErr != nil && bank.KindOf(bankErr) == "" {
		return bankErr // not the bank's: it is tried again
	}
	return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		now := a.now()
		r, err := load(ctx, tx, work.Scope, work.Key)
		if err != nil {
			return err
		}
		if err := tx.DeleteDue(ctx, work); err != nil {
			return err
		}
		switch {
		case r.Status == gen.AccountStatusDisconnected:
			return nil
		case lost(bankErr):
			return a.deactivate(ctx, tx, work.Scope, r, now, event.Request{})
		case bankErr != nil:
			a.log.Warn("a bank did not say how an account stands", "account", work.Key, "kind", bank.KindOf(bankErr))
			return nil // the next refresh will tell
		}
		if err := a.apply(ctx, tx, work.Scope, r, told, now); err != nil {
			return err
		}
		return a.schedule(ctx, tx, work.Scope, r, told, now)
	})
}

func (a *Accounts) ask(ctx context.Context, scope store.Scope, row store.Account) (bank.Account, error) {
	r, connector, connection, err := a.connect(ctx, scope, row)
	if err != nil {
		return bank.Account{}, err
	}
	return connector.Account(ctx, connection, r.state.BankAccountID)
}

// schedule makes due what the bank has announced: the next look at the account, and the announcements of what will end.
func (a *Accounts) schedule(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, told bank.Account, now time.Time) error {
	if !told.NextChange.IsZero() {
		if err := a.insertDue(ctx, tx, scope, checkKind, r.row.ID, later(told.NextChange, now), now); err != nil {
			return err
		}
	}
	if told.ExpectedDeactivation != nil {
		if err := a.announce(ctx, tx, scope, r, deactivation, told.ExpectedDeactivation.Date, now); err != nil {
			return err
		}
	}
	for _, number := range told.Numbers {
		if number.ExpectedExpiry != nil && number.Status == bank.NumberTransactable && r.AccountNumbers != nil {
			return a.announce(ctx, tx, scope, r, numberExpiry, *number.ExpectedExpiry, now)
		}
	}
	return nil
}

// coming is what is announced before it happens.
type coming string

const (
	deactivation coming = "deactivation"
	numberExpiry coming = "number_expiry"
)

// announce makes the announcement of what will happen at the time due, once for each time.
func (a *Accounts) announce(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, what coming, at, now time.Time) error {
	if r.state.Announced[what] == at.Unix() {
		return nil
	}
	return a.insertDue(ctx, tx, scope, upcomingKind, r.row.ID+"/"+string(what), later(at.Add(-ahead), now), now)
}

// later is the time in whole seconds, and not before now: what is due in between must not be found a moment too early.
func later(at, now time.Time) int64 {
	if !at.After(now) {
		return now.Unix()
	}
	return at.Add(time.Second - time.Nanosecond).Unix()
}

func (a *Accounts) insertDue(ctx context.Context, tx *store.Tx, scope store.Scope, kind, key string, at int64, now time.Time) error {
	return tx.InsertDue(ctx, store.Due{Scope: scope, ID: id.New("due_", now), Kind: kind, Key: key, DueAt: at, Payload: []byte("{}")})
}

// apply writes what the bank says of an account into its object, and tells of each thing that changed (server-api 6.2).
func (a *Accounts) apply(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, told bank.Account, now time.Time) error {
	before, err := read(r.row)
	if err != nil {
		return err
	}
	wasActive := r.active()
	describe(r.Account, told)
	if err := r.save(ctx, tx, scope); err != nil {
		return err
	}
	expected, expectedBefore := expectedDate(r.Account), expectedDate(before.Account)
	changes := []struct {
		happened bool
		kind     gen.EventType
	}{
		{!wasActive && r.active(), gen.EventTypeFinancialConnectionsAccountReactivated},
		{wasActive && !r.active(), gen.EventTypeFinancialConnectionsAccountDeactivated},
		// Numbers that could not be read before have not changed: a permission was added.
		{before.AccountNumbers != nil && !reflect.DeepEqual(before.AccountNumbers, r.AccountNumbers),
			gen.EventTypeFinancialConnectionsAccountAccountNumbersUpdated},
		{!reflect.DeepEqual(before.SupportedPaymentMethodTypes, r.SupportedPaymentMethodTypes),
			gen.EventTypeFinancialConnectionsAccountSupportedPaymentMethodTypesUpdated},
		{expected != 0 && expected != expectedBefore, gen.EventTypeFinancialConnectionsAccountExpectedDeactivationDateUpdated},
	}
	for _, change := range changes {
		if !change.happened {
			continue
		}
		if err := r.tell(ctx, tx, scope, now, change.kind, event.Request{}); err != nil {
			return err
		}
	}
	if !r.active() && told.Inactive != nil && told.Inactive.Action == bank.ActionNone {
		return nil // this account is closed; the consent goes on for the others
	}
	return a.applyToAuthorization(ctx, tx, scope, r, now)
}

// expectedDate is when the account is expected to become inactive, in Unix seconds; 0 when that is not known.
func expectedDate(account *gen.Account) int64 {
	if account.StatusDetails == nil || account.StatusDetails.Active == nil {
		return 0
	}
	return account.StatusDetails.Active.ExpectedDeactivationDate
}

// applyToAuthorization: the consent ends when its accounts do. Its events are told once, whichever account shows it first.
func (a *Accounts) applyToAuthorization(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, now time.Time) error {
	kept, err := tx.Authorization(ctx, scope, r.row.Authorization)
	if err != nil {
		return err
	}
	var authorization gen.Authorization
	if err := json.Unmarshal(kept.Body, &authorization); err != nil {
		return fmt.Errorf("read a stored authorization: %w", err)
	}
	before := kept.Body
	dateBefore := authorizationDate(&authorization)
	describeAuthorization(&authorization, r.Account)
	if kept.Body, err = wire.JSON(authorization); err != nil || string(kept.Body) == string(before) {
		return err
	}
	if err := tx.UpdateAuthorization(ctx, scope, kept.ID, kept.Body, kept.Grant, kept.State); err != nil {
		return err
	}
	if date := authorizationDate(&authorization); date != 0 && date != dateBefore {
		return event.Record(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAuthorizationExpectedDeactivationDateUpdated, kept.Body, event.Request{})
	}
	return nil
}

func describeAuthorization(authorization *gen.Authorization, account *gen.Account) {
	authorization.StatusDetails = gen.AuthorizationStatusDetails{}
	switch {
	case account.Status == gen.AccountStatusActive:
		authorization.Status = gen.AuthorizationStatusActive
		if details := account.StatusDetails; details != nil && details.Active != nil {
			authorization.StatusDetails.Active = &gen.AuthorizationActiveDetails{
				Action:                   gen.AuthorizationActiveDetailsAction(details.Active.Action),
				ExpectedDeactivationDate: details.Active.ExpectedDeactivationDate,
			}
		}
	default:
		authorization.Status = gen.AuthorizationStatusInactive
		authorization.StatusDetails.Inactive = &gen.AuthorizationInactiveDetails{
			Action: gen.AuthorizationInactiveDetailsActionRelinkRequired,
		}
	}
}

func authorizationDate(authorization *gen.Authorization) int64 {
	if authorization.StatusDetails.Active == nil {
		return 0
	}
	return authorization.StatusDetails.Active.ExpectedDeactivationDate
}

// runUpcoming announces what is about to happen to an account, if it still is.
func (a *Accounts) runUpcoming(ctx context.Context, work store.Due) error {
	return a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.DeleteDue(ctx, work); err != nil {
			return err
		}
		accountID, what := splitKey(work.Key)
		r, err := load(ctx, tx, work.Scope, accountID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return a.tellUpcoming(ctx, tx, work.Scope, r, coming(what), a.now())
	})
}

func (a *Accounts) tellUpcoming(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, what coming, now time.Time) error {
	at := r.comingAt(what)
	if at == 0 || !r.active() || r.state.Announced[what] == at {
		return nil
	}
	if r.state.Announced == nil {
		r.state.Announced = map[coming]int64{}
	}
	r.state.Announced[what] = at
	if err := r.save(ctx, tx, scope); err != nil {
		return err
	}
	if what == numberExpiry {
		return r.tell(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAccountUpcomingAccountNumberExpiry, event.Request{})
	}
	if err := r.tell(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAccountUpcomingDeactivation, event.Request{}); err != nil {
		return err
	}
	return a.tellUpcomingAuthorization(ctx, tx, scope, r, at, now)
}

// tellUpcomingAuthorization announces the end of the consent once, though each of its accounts comes here.
func (a *Accounts) tellUpcomingAuthorization(ctx context.Context, tx *store.Tx, scope store.Scope, r *record, at int64, now time.Time) error {
	kept, err := tx.Authorization(ctx, scope, r.row.Authorization)
	if err != nil {
		return err
	}
	known, err := readAuthorization(kept)
	if err != nil || known.Announced == at {
		return err
	}
	known.Announced = at
	state, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := tx.UpdateAuthorization(ctx, scope, kept.ID, kept.Body, kept.Grant, state); err != nil {
		return err
	}
	return event.Record(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAuthorizationUpcomingDeactivation, kept.Body, event.Request{})
}

// comingAt is when what was announced will happen, in Unix seconds; 0 when it will not any more.
func (r *record) comingAt(what coming) int64 {
	if what == deactivation {
		return expectedDate(r.Account)
	}
	for _, number := range r.AccountNumbers {
		if number.ExpectedExpiryDate != nil && number.Status == gen.AccountNumberDetailsStatusTransactable {
			return *number.ExpectedExpiryDate
		}
	}
	return 0
}
