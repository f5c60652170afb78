package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"fincon/gen"
	"fincon/impl/bank"
	"fincon/impl/event"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// Choice is what a person chose to link in a session.
type Choice struct {
	Scope       store.Scope
	Session     *gen.Session
	Institution bank.Institution
	Grant       bank.Grant
	Accounts    []bank.Account
}

// Holder is the account holder as rows are looked up by it: "customer:cus_1".
func Holder(holder *gen.AccountHolder) (string, error) {
	if holder == nil {
		return "", nil
	}
	switch {
	case holder.Customer != nil:
		customer, err := holder.Customer.AsExpandableCustomer0()
		return "customer:" + customer, err
	case holder.CustomerAccount != nil:
		return "customer_account:" + *holder.CustomerAccount, nil
	case holder.Account != nil:
		account, err := holder.Account.AsExpandableConnectedAccount0()
		return "account:" + account, err
	}
	return "", errors.New("an account holder without an id")
}

// Write runs a transaction that links accounts, see Again.
func (a *Accounts) Write(ctx context.Context, work func(context.Context, *store.Tx) error) error {
	return Again(func() error { return a.store.Write(ctx, work) })
}

// Again runs a transaction that links accounts. A holder's first accounts at an institution may be linked in two sessions at
// once: whoever comes second runs again, and finds them.
func Again(write func() error) (err error) {
	const patience = 10
	for range patience {
		if err = write(); !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	return err
}

// Link makes accounts of what was chosen, or takes up those that the same holder has linked before: these keep their ids,
// and permissions are united. It adds them to the session and begins the fetching that the session asks for in advance.
// Their account.created events are sent when the flow completes.
func (a *Accounts) Link(ctx context.Context, tx *store.Tx, now time.Time, choice Choice) ([]store.Account, error) {
	holder, err := Holder(choice.Session.AccountHolder)
	if err != nil {
		return nil, err
	}
	choice.Grant.Linked = now
	authorization, err := a.authorize(ctx, tx, now, holder, choice)
	if err != nil {
		return nil, err
	}
	linked := make([]store.Account, 0, len(choice.Accounts))
	for _, chosen := range choice.Accounts {
		r, err := a.linkOne(ctx, tx, now, holder, authorization, choice, chosen)
		if err != nil {
			return nil, err
		}
		linked = append(linked, r.row)
	}
	return linked, a.countAccounts(ctx, tx, choice)
}

// linkOne links one account.
func (a *Accounts) linkOne(ctx context.Context, tx *store.Tx, now time.Time, holder, authorization string, choice Choice,
	chosen bank.Account) (*record, error) {
	row, err := tx.AccountByBank(ctx, choice.Scope, holder, bankKey(choice.Institution, chosen))
	var r *record
	switch {
	case errors.Is(err, store.ErrNotFound):
		r, err = a.insert(ctx, tx, now, holder, authorization, choice, chosen)
	case err == nil:
		r, err = a.linkAgain(ctx, tx, now, row, choice, chosen)
	}
	if err != nil {
		return nil, err
	}
	if err := tx.AddSessionAccount(ctx, choice.Scope, choice.Session.ID, r.row.ID); err != nil {
		return nil, err
	}
	var features []gen.RefreshFeature
	for _, feature := range choice.Session.Prefetch {
		features = append(features, refreshFeatures[feature])
	}
	return r, a.begin(ctx, tx, choice.Scope, r, now, features, event.Request{})
}

// refreshFeatures: what is asked for in advance as balances is refreshed as balance.
var refreshFeatures = map[gen.PrefetchFeature]gen.RefreshFeature{
	gen.PrefetchFeatureBalances:     gen.RefreshFeatureBalance,
	gen.PrefetchFeatureOwnership:    gen.RefreshFeatureOwnership,
	gen.PrefetchFeatureTransactions: gen.RefreshFeatureTransactions,
}

func bankKey(institution bank.Institution, account bank.Account) string {
	return institution.ID + "/" + account.ID
}

func (a *Accounts) insert(ctx context.Context, tx *store.Tx, now time.Time, holder, authorization string, choice Choice,
	chosen bank.Account) (*record, error) {
	account := newAccount(choice, chosen, id.New("fca_", now), now)
	r := &record{
		Account: account,
		state:   state{Institution: choice.Institution.ID, BankAccountID: chosen.ID},
		row: store.Account{
			ID: account.ID, Holder: holder, Authorization: authorization, BankKey: bankKey(choice.Institution, chosen),
			Created: now.Unix(),
		},
	}
	if err := r.encode(); err != nil {
		return nil, err
	}
	if err := tx.InsertAccount(ctx, choice.Scope, r.row); err != nil {
		return nil, err
	}
	return r, a.applyToAuthorization(ctx, tx, choice.Scope, r, now)
}

// linkAgain takes up an account that the holder had linked before. One that was disconnected or inactive comes back.
func (a *Accounts) linkAgain(ctx context.Context, tx *store.Tx, now time.Time, row store.Account, choice Choice,
	chosen bank.Account) (*record, error) {
	r, err := read(row)
	if err != nil {
		return nil, err
	}
	united := append(slices.Clone(r.Permissions), choice.Session.Permissions...)
	slices.Sort(united)
	r.Permissions = slices.Compact(united)
	if r.Status == gen.AccountStatusDisconnected {
		r.Status = gen.AccountStatusInactive // and reactivated below, when the bank says so
	}
	return r, a.apply(ctx, tx, choice.Scope, r, chosen, now)
}

// newAccount is the API's object for an account at a bank.
func newAccount(choice Choice, chosen bank.Account, accountID string, now time.Time) *gen.Account {
	account := &gen.Account{
		ID:              accountID,
		Object:          gen.AccountObjectFinancialConnectionsAccount,
		AccountHolder:   choice.Session.AccountHolder,
		Category:        gen.AccountCategory(chosen.Category),
		Created:         now.Unix(),
		DisplayName:     optional(chosen.Name),
		InstitutionName: choice.Institution.LinkedName,
		Last4:           optional(chosen.Last4),
		Livemode:        choice.Scope.Livemode,
		Permissions:     slices.Clone(choice.Session.Permissions),
		Subcategory:     gen.AccountSubcategory(chosen.Subcategory),
		Subscriptions:   []gen.AccountSubscriptions{},
	}
	describe(account, chosen)
	return account
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// describe writes what the bank says of the account's state into the object.
func describe(account *gen.Account, told bank.Account) {
	account.Status = gen.AccountStatus(told.Status)
	account.SupportedPaymentMethodTypes = []gen.AccountSupportedPaymentMethodTypes{}
	for _, kind := range told.PaymentMethodTypes {
		account.SupportedPaymentMethodTypes = append(account.SupportedPaymentMethodTypes, gen.AccountSupportedPaymentMethodTypes(kind))
	}
	account.AccountNumbers = nil
	if slices.Contains(account.Permissions, gen.PermissionPaymentMethod) {
		account.AccountNumbers = numberDetails(told.Numbers)
	}
	account.StatusDetails = nil
	if expected := told.ExpectedDeactivation; expected != nil {
		account.StatusDetails = &gen.AccountStatusDetails{Active: &gen.ActiveStatusDetails{
			Action:                   gen.ActiveStatusDetailsAction(expected.Action),
			Cause:                    gen.ActiveStatusDetailsCause(expected.Cause),
			ExpectedDeactivationDate: expected.Date.Unix(),
		}}
	}
	if account.Status != gen.AccountStatusActive {
		closeRefreshes(account)
	}
}

func numberDetails(numbers []bank.NumberDetails) []gen.AccountNumberDetails {
	details := make([]gen.AccountNumberDetails, 0, len(numbers))
	for _, number := range numbers {
		detail := gen.AccountNumberDetails{
			IdentifierType:    gen.AccountNumberDetailsIdentifierType(number.IdentifierType),
			Status:            gen.AccountNumberDetailsStatus(number.Status),
			SupportedNetworks: []gen.AccountNumberDetailsSupportedNetworks{},
		}
		if number.ExpectedExpiry != nil {
			expiry := number.ExpectedExpiry.Unix()
			detail.ExpectedExpiryDate = &expiry
		}
		for _, network := range number.SupportedNetworks {
			detail.SupportedNetworks = append(detail.SupportedNetworks, gen.AccountNumberDetailsSupportedNetworks(network))
		}
		details = append(details, detail)
	}
	return details
}

// authorize keeps the person's consent: the one that the holder gave at the institution before, renewed, or a new one.
func (a *Accounts) authorize(ctx context.Context, tx *store.Tx, now time.Time, holder string, choice Choice) (string, error) {
	sealed, err := a.seal(choice.Grant)
	if err != nil {
		return "", err
	}
	existing, err := tx.AuthorizationByHolder(ctx, choice.Scope, holder, choice.Institution.ID, choice.Grant.Subject)
	if err == nil {
		return existing.ID, tx.UpdateAuthorization(ctx, choice.Scope, existing.ID, existing.Body, sealed, existing.State)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	authorization := gen.Authorization{
		ID:              id.New("fcauth_", now),
		Object:          gen.AuthorizationObjectFinancialConnectionsAuthorization,
		InstitutionName: choice.Institution.LinkedName,
		Livemode:        choice.Scope.Livemode,
	}
	for _, chosen := range choice.Accounts {
		account := new(gen.Account)
		describe(account, chosen)
		describeAuthorization(&authorization, account)
	}
	body, err := wire.JSON(authorization)
	if err != nil {
		return "", err
	}
	return authorization.ID, tx.InsertAuthorization(ctx, choice.Scope, store.Authorization{
		ID: authorization.ID, Holder: holder, Institution: choice.Institution.ID, Subject: choice.Grant.Subject,
		Body: body, Grant: sealed, State: []byte("{}"),
	})
}

// countAccounts writes into the session how many accounts it has; who reads the session fills them in as they are then.
func (a *Accounts) countAccounts(ctx context.Context, tx *store.Tx, choice Choice) error {
	accounts, err := tx.SessionAccounts(ctx, choice.Scope, choice.Session.ID, maxSessionAccounts)
	if err != nil {
		return err
	}
	choice.Session.Accounts.TotalCount = int64(len(accounts))
	body, err := wire.JSON(choice.Session)
	if err != nil {
		return err
	}
	return tx.UpdateSession(ctx, choice.Scope, choice.Session.ID, body)
}

// maxSessionAccounts is how many accounts of a session are counted; institutions have far fewer.
const maxSessionAccounts = 10_000

// Complete tells of the accounts that were linked in a session and not told of yet, and has the bank asked how they stand:
// what the person chose from may have changed since.
func (a *Accounts) Complete(ctx context.Context, tx *store.Tx, now time.Time, scope store.Scope, session string, cause event.Request) error {
	rows, err := tx.SessionAccounts(ctx, scope, session, maxSessionAccounts)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := a.insertDue(ctx, tx, scope, checkKind, row.ID, now.Unix(), now); err != nil {
			return err
		}
		r, err := load(ctx, tx, scope, row.ID)
		if err != nil {
			return err
		}
		if r.state.Created {
			continue
		}
		r.state.Created = true
		if err := r.save(ctx, tx, scope); err != nil {
			return err
		}
		if err := r.tell(ctx, tx, scope, now, gen.EventTypeFinancialConnectionsAccountCreated, cause); err != nil {
			return err
		}
	}
	return nil
}
