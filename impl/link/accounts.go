package link

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// ListOffers lists the accounts that the person shares, once the bank has told them.
func (f *Flows) ListOffers(ctx context.Context, call Call, signInID string) ([]byte, error) {
	w, err := f.look(ctx, call)
	if err != nil {
		return nil, err
	}
	s, err := w.find(signInID)
	if err != nil {
		return nil, err
	}
	if !s.Told && w.standing(s) == authorized {
		if err := f.answered(ctx, w.place, askAccounts+"/"+s.ID); err != nil {
			return nil, f.noAccounts(w.institution(s), err)
		}
	}
	return f.show(ctx, call, func(w *flow) (any, error) {
		s, err := w.find(signInID)
		if err != nil {
			return nil, err
		}
		if err := w.offers(s); err != nil {
			return nil, err
		}
		return w.partnerAccounts(s, s.Offers), nil
	})
}

// offers refuses sign-ins that have no accounts to choose from.
func (w *flow) offers(s *signIn) error {
	bankName := w.institution(s).Name
	switch standing := w.standing(s); {
	case standing == waiting || standing == finishing:
		return apierror.NotYet("The person has not signed in yet. Ask again in a moment.")
	case standing != authorized:
		return trouble(fmt.Sprintf("The sign-in at %s came to nothing. Begin another one.", bankName), "sign_in_"+string(standing))
	case !s.Told:
		return notYet()
	case len(s.Offers) == 0:
		e := trouble(fmt.Sprintf("%s shares no accounts of this person. Choose another bank.", bankName), "no_accounts_found")
		e.ExtraFields["total_accounts_count"] = 0
		return e
	case s.Chosen || slices.ContainsFunc(s.Offers, func(o *offer) bool { return w.refusal(o.Account) == "" }) && w.payableEnough(s):
		return nil
	}
	e := trouble(fmt.Sprintf("None of the accounts at %s can be used here. Choose another bank.", bankName),
		"no_supported_payment_method_type_accounts_found")
	e.ExtraFields["total_accounts_count"] = len(s.Offers)
	return e
}

// payableEnough tells whether a choice can be made that has the accounts for payments that the session requires.
func (w *flow) payableEnough(s *signIn) bool {
	return w.requires() != gen.PaymentMethodSupportAtLeastOne || w.linkedPayable() ||
		slices.ContainsFunc(s.Offers, func(o *offer) bool { return w.refusal(o.Account) == "" && account.Payable(o.Account) })
}

func (w *flow) linkedPayable() bool {
	return slices.ContainsFunc(w.Linked, func(l linked) bool { return l.Payable })
}

// trouble is an error whose reason programs can read (link-protocol 5.6).
func trouble(message, reason string) *apierror.Error {
	e := apierror.Invalid("", message)
	e.ExtraFields = map[string]any{"reason": reason}
	return e
}

// noAccounts is the answer when the bank does not tell the accounts.
func (f *Flows) noAccounts(institution bank.Institution, err error) error {
	if bank.KindOf(err) == "" {
		return err
	}
	f.Log.Warn("a bank does not tell somebody's accounts", "institution", institution.ID, "kind", bank.KindOf(err))
	return trouble(fmt.Sprintf("There was a problem reading the accounts at %s. Try again, or choose another bank.", institution.Name),
		"account_retrieval_failed")
}

const (
	maxPages  = 100  // of a bank's accounts: one that never ends is broken
	maxOffers = 1000 // accounts of one person
)

// fetchAccounts asks the bank for the accounts, and for their balances if they are to be shared.
func (f *Flows) fetchAccounts(ctx context.Context, w *flow, s *signIn) (func(*flow), error) {
	_, connector, ok := f.Banks.Institution(s.Institution)
	kept := w.secrets[s.ID].Grant
	if !ok || kept == nil {
		return nil, &bank.Error{Kind: bank.KindGrantDead, Err: errors.New("there is no grant")}
	}
	connection := bank.Connection{Grant: *kept}
	connection.Renew = bank.Saving(&connection.Grant, func(ctx context.Context, grant bank.Grant) error {
		connection.Grant = grant
		return f.keepGrant(ctx, w.place, s.ID, grant)
	})
	var offers []*offer
	cursor := ""
	for range maxPages {
		page, err := connector.Accounts(ctx, connection, cursor)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Items {
			offers = append(offers, &offer{ID: id.New("bcacct_", w.now), Account: a})
		}
		if page.Next == "" || page.Next == cursor || len(offers) > maxOffers {
			break
		}
		cursor = page.Next
	}
	if w.permits(gen.PermissionBalances) {
		if err := addBalances(ctx, connector, &connection, offers); err != nil {
			return nil, err
		}
	}
	return func(w *flow) {
		if s := w.signIn(s.ID); s != nil && s.Status == authorized {
			s.Offers, s.Told = offers, true
		}
	}, nil
}

// addBalances asks for one balance after the other, for any answer may change the tokens. An account whose balance is not
// told is shown without.
func addBalances(ctx context.Context, connector bank.Connector, connection *bank.Connection, offers []*offer) error {
	for _, o := range offers {
		if o.Account.Status != bank.AccountActive {
			continue
		}
		balance, err := connector.Balance(ctx, *connection, o.Account.ID)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			o.Balance = &balance.Current
		}
	}
	return nil
}

// keepGrant keeps tokens that the bank has changed, before what came with them is used.
func (f *Flows) keepGrant(ctx context.Context, at place, signInID string, grant bank.Grant) error {
	return f.amendAlways(ctx, at, func(_ context.Context, _ *store.Tx, w *flow) error {
		if _, ok := w.secrets[signInID]; ok {
			w.secrets[signInID] = secret{Grant: &grant}
		}
		return nil
	})
}

// Select links accounts that the person chose. They are real from here on; that they are is told when the flow ends.
func (f *Flows) Select(ctx context.Context, call Call, signInID string, chosen []string) ([]byte, error) {
	var answer []byte
	err := account.Again(func() (err error) {
		answer, err = f.change(ctx, call, func(ctx context.Context, tx *store.Tx, w *flow) (any, error) {
			return f.choose(ctx, tx, w, signInID, chosen)
		})
		return err
	})
	f.runner.Kick()
	return answer, err
}

func (f *Flows) choose(ctx context.Context, tx *store.Tx, w *flow, signInID string, chosen []string) (any, error) {
	s, err := w.find(signInID)
	if err != nil {
		return nil, err
	}
	if err := w.offers(s); err != nil {
		return nil, err
	}
	selected, err := w.selected(s, chosen)
	if err != nil {
		return nil, err
	}
	if !s.Chosen {
		if err := f.link(ctx, tx, w, s, selected); err != nil {
			return nil, err
		}
	}
	return w.partnerAccounts(s, w.paymentFirst(selected)), nil
}

// selected finds the accounts that were chosen, and refuses choices that cannot be made.
func (w *flow) selected(s *signIn, chosen []string) ([]*offer, error) {
	if len(chosen) == 0 {
		return nil, apierror.Invalid("selected_accounts", "Choose at least one account.")
	}
	var selected []*offer
	for i, wanted := range chosen {
		param := fmt.Sprintf("selected_accounts[%d]", i)
		at := slices.IndexFunc(s.Offers, func(o *offer) bool { return o.ID == wanted })
		switch {
		case at < 0:
			return nil, apierror.Invalid(param, "No such account in this sign-in.").WithCode("resource_missing")
		case s.Chosen && w.linkedID(s, s.Offers[at]) == "":
			return nil, apierror.Invalid(param, "The accounts of this sign-in have been chosen already, and this one was not "+
				"among them. To link it too, sign in again.")
		case !s.Chosen && w.refusal(s.Offers[at].Account) != "":
			return nil, apierror.Invalid(param, w.refusal(s.Offers[at].Account))
		}
		if !slices.Contains(selected, s.Offers[at]) {
			selected = append(selected, s.Offers[at])
		}
	}
	if s.Chosen {
		return selected, nil
	}
	return selected, w.fits(s, selected)
}

// fits refuses choices that are too large, or lack an account for payments, together with what was linked before.
func (w *flow) fits(s *signIn, selected []*offer) error {
	keys := map[string]bool{}
	for _, l := range w.Linked {
		keys[l.Key] = true
	}
	payable := w.linkedPayable()
	for _, o := range selected {
		keys[keyOf(s, o)] = true
		payable = payable || account.Payable(o.Account)
	}
	count := len(keys)
	if w.Typed != nil && w.limit() == 1 {
		count++ // the one account is the one that was typed
	}
	if limit := w.limit(); limit > 0 && count > limit {
		return apierror.Invalid("selected_accounts", fmt.Sprintf("At most %d %s can be linked in this session, and with those that "+
			"are linked already this would be %d.", limit, plural("account", limit), count))
	}
	if w.requires() == gen.PaymentMethodSupportAtLeastOne && !payable {
		return apierror.Invalid("selected_accounts", "At least one of the accounts must be one that can be used for payments.")
	}
	return nil
}

func plural(noun string, count int) string {
	if count == 1 {
		return noun
	}
	return noun + "s"
}

// link makes the accounts real.
func (f *Flows) link(ctx context.Context, tx *store.Tx, w *flow, s *signIn, selected []*offer) error {
	institution, _, ok := f.Banks.Institution(s.Institution)
	granted := w.secrets[s.ID].Grant
	if !ok || granted == nil {
		return trouble(fmt.Sprintf("The sign-in at %s has been lost. Begin another one.", w.institution(s).Name), "sign_in_failed")
	}
	choice := account.Choice{Scope: w.Scope, Session: w.session, Institution: institution, Grant: *granted}
	for _, o := range selected {
		choice.Accounts = append(choice.Accounts, o.Account)
	}
	rows, err := f.Accounts.Link(ctx, tx, w.now, choice)
	if err != nil {
		return err
	}
	for i, row := range rows {
		if w.linkedID(s, selected[i]) == "" {
			w.Linked = append(w.Linked, linked{Key: keyOf(s, selected[i]), ID: row.ID, Payable: account.Payable(selected[i].Account)})
		}
	}
	s.Chosen = true
	w.Active, w.AtTyped = s.ID, false
	delete(w.secrets, s.ID) // the grant is the authorization's now
	return nil
}

// paymentFirst puts accounts for payments first: mobile clients attach the first (link-protocol 5.2, 14).
func (w *flow) paymentFirst(selected []*offer) []*offer {
	if w.wantsNumbers() {
		slices.SortStableFunc(selected, func(a, b *offer) int {
			return -cmp.Compare(len(a.Account.PaymentMethodTypes), len(b.Account.PaymentMethodTypes))
		})
	}
	return selected
}

// fetchNumbers asks for a linked account's number. Only its last digits are kept.
func (f *Flows) fetchNumbers(ctx context.Context, at place, accountID string) (func(*flow), error) {
	numbers, err := f.Accounts.Numbers(ctx, at.Scope, accountID)
	if errors.Is(err, store.ErrNotFound) {
		err = &bank.Error{Kind: bank.KindAccountGone, Err: err}
	}
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, &bank.Error{Kind: bank.KindUnsupported, Err: errors.New("no numbers")}
	}
	usable := slices.IndexFunc(numbers, func(n bank.Number) bool { return n.Details.Status == bank.NumberTransactable })
	told := numbers[max(usable, 0)]
	return func(w *flow) {
		w.Numbers = maps.Clone(w.Numbers)
		if w.Numbers == nil {
			w.Numbers = map[string]number{}
		}
		w.Numbers[accountID] = number{Routing: told.RoutingNumber, Last4: last4(told.AccountNumber), Currency: "usd"}
	}, nil
}

func last4(number string) string { return number[max(0, len(number)-4):] }
