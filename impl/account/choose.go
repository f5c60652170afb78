package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// SessionLifetime is for how long accounts can be linked in a session.
const SessionLifetime = 24 * time.Hour

// CheckSession refuses sessions in which nothing can be linked any more.
func CheckSession(session *gen.Session, now time.Time) error {
	if session.Accounts.TotalCount > 0 {
		return apierror.Invalid("session", fmt.Sprintf("The session '%s' has already been used: accounts were linked in it. "+
			"Create a new session.", session.ID)).AsOutcome()
	}
	if created := time.Unix(id.Created(session.ID), 0); !now.Before(created.Add(SessionLifetime)) {
		return apierror.Invalid("session", fmt.Sprintf("The session '%s' has expired: accounts can be linked in it for %d "+
			"hours. Create a new session.", session.ID, SessionLifetime/time.Hour)).AsOutcome()
	}
	return nil
}

// Subject is who the person is at a test institution: for one tenant, the same for every session of one account holder.
func Subject(scope store.Scope, session *gen.Session) (string, error) {
	holder, err := Holder(session.AccountHolder)
	if err != nil {
		return "", err
	}
	if holder == "" {
		holder = session.ID
	}
	return scope.Tenant + "/" + holder, nil
}

// Renew makes the grant of a sign-in the one that will be kept, before the bank is asked with it: so that the bank tells the
// accounts as they are once they are linked, and knows how often the holder's grant there was repaired.
func (a *Accounts) Renew(ctx context.Context, scope store.Scope, session *gen.Session, grant bank.Grant) (bank.Grant, error) {
	grant.Linked = grant.Created
	holder, err := Holder(session.AccountHolder)
	if err != nil {
		return grant, err
	}
	err = a.store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		kept, err := tx.AuthorizationByHolder(ctx, scope, holder, grant.Institution, grant.Subject)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		// One that cannot be opened, for its key is lost, is repaired by signing in like any other.
		previous, _ := a.open(kept.Grant)
		grant.Relinks = previous.Relinks + 1
		return nil
	})
	return grant, err
}

// Offered tells whether an institution can be chosen in a session: it is of the session's mode and country.
func Offered(session *gen.Session, institution bank.Institution) bool {
	if institution.Livemode != session.Livemode {
		return false
	}
	country := sessionCountry(session)
	return country == "" || slices.Contains(institution.Countries, country)
}

// sessionCountry is the country that the session asks for, "" for any. Of several, only the first counts (server-api 2.3).
func sessionCountry(session *gen.Session) string {
	switch filters := session.Filters; {
	case filters == nil:
		return ""
	case filters.Country != nil:
		return string(*filters.Country)
	case len(filters.Countries) > 0:
		return string(filters.Countries[0])
	}
	return ""
}

// Selectable tells whether the session's filters let the account be chosen.
func Selectable(session *gen.Session, account bank.Account) bool {
	filters := session.Filters
	if filters == nil {
		return true
	}
	if wanted := filters.AccountSubcategories; len(wanted) > 0 && !slices.Contains(wanted, gen.Subcategory(account.Subcategory)) {
		return false
	}
	return !requires(session, gen.PaymentMethodSupportAll) || Payable(account)
}

// Payable tells whether an account can be paid with.
func Payable(account bank.Account) bool { return len(account.PaymentMethodTypes) > 0 }

// CheckChoice refuses what may not be chosen together: more accounts than the session's limit, or none that can be paid
// with where one must be. The accounts are selectable one by one.
func CheckChoice(session *gen.Session, chosen []bank.Account) error {
	if limits := session.Limits; limits != nil && int64(len(chosen)) > limits.Accounts {
		return apierror.Invalid("accounts", fmt.Sprintf("The session's limits[accounts] is %d, and %d accounts were chosen.",
			limits.Accounts, len(chosen)))
	}
	if requires(session, gen.PaymentMethodSupportAtLeastOne) && !slices.ContainsFunc(chosen, Payable) {
		return apierror.Invalid("accounts", "The session's filters[require_payment_method_support] is at_least_one, and none of "+
			"the chosen accounts can be paid with.")
	}
	return nil
}

// Preselect is what is chosen when nobody says what: all that are selectable, or as many as the session's limit allows,
// those that can be paid with first where one must be.
func Preselect(session *gen.Session, accounts []bank.Account) []bank.Account {
	var chosen []bank.Account
	for _, account := range accounts {
		if Selectable(session, account) {
			chosen = append(chosen, account)
		}
	}
	limits := session.Limits
	if limits == nil || int64(len(chosen)) <= limits.Accounts {
		return chosen
	}
	if requires(session, gen.PaymentMethodSupportAtLeastOne) {
		if i := slices.IndexFunc(chosen, Payable); i >= 0 {
			first := chosen[i]
			chosen = slices.Insert(slices.Delete(chosen, i, i+1), 0, first)
		}
	}
	return chosen[:limits.Accounts]
}

func requires(session *gen.Session, support gen.PaymentMethodSupport) bool {
	return session.Filters != nil && session.Filters.RequirePaymentMethodSupport != nil &&
		*session.Filters.RequirePaymentMethodSupport == support
}

// Unavailable is the answer when nobody can sign in at the institution, of err from bank.Connector.Available or nil
// (link-protocol 5.6).
func Unavailable(institution bank.Institution, err error) error {
	fault, ok := errors.AsType[*bank.Error](err)
	if !ok {
		return err
	}
	switch {
	case fault.Kind == bank.KindUnavailable && !fault.ExpectedAt.IsZero():
		refused := apierror.Invalid("institution", fmt.Sprintf("%s is undergoing maintenance, which is scheduled to end at %s. "+
			"Choose another institution.", institution.Name, fault.ExpectedAt.UTC().Format(time.RFC3339)))
		refused.ExtraFields = map[string]any{
			"institution_unavailable": true, "expected_to_be_available_at": fault.ExpectedAt.Unix(),
		}
		return refused
	case fault.Kind == bank.KindUnavailable:
		refused := apierror.Invalid("institution", institution.Name+" is currently unavailable. Choose another institution.")
		refused.ExtraFields = map[string]any{"institution_unavailable": true}
		return refused
	case fault.Kind == bank.KindBroken:
		refused := apierror.Invalid("institution", institution.Name+" gave an answer that makes no sense. Choose another institution.")
		refused.Type = apierror.API
		return refused
	}
	return err
}
