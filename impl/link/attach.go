package link

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"fincon/gen"
	"fincon/impl/apierror"
	"fincon/impl/bank"
	"fincon/impl/id"
	"fincon/impl/store"
)

// AttachLinked attaches a linked account for payments: the bank is asked for its number. It is named by its own id or by
// that of the offer.
func (f *Flows) AttachLinked(ctx context.Context, call Call, wanted string) ([]byte, error) {
	w, err := f.look(ctx, call)
	if err != nil {
		return nil, err
	}
	accountID, err := w.attachable(wanted)
	if err != nil {
		return nil, err
	}
	if err := f.answered(ctx, w.place, askNumbers+"/"+accountID); err != nil {
		return nil, f.noNumber(accountID, err)
	}
	return f.change(ctx, call, func(_ context.Context, _ *store.Tx, w *flow) (any, error) {
		told, ok := w.Numbers[accountID]
		if !ok {
			return nil, notYet()
		}
		w.attach(accountID, told)
		pane := gen.LinkPaneSuccess
		if s := w.signIn(w.Active); s != nil {
			pane = w.next()
		}
		return paymentAccount(accountID, pane), nil
	})
}

// attachable finds a linked account whose number may be asked for.
func (w *flow) attachable(wanted string) (string, error) {
	if !w.wantsNumbers() {
		return "", apierror.Invalid("linked_account", "The session does not ask for account numbers: it lacks the permission "+
			"`payment_method`.")
	}
	for _, s := range w.SignIns {
		for _, o := range s.Offers {
			if o.ID == wanted && w.linkedID(s, o) != "" {
				wanted = w.linkedID(s, o)
			}
		}
	}
	if !slices.ContainsFunc(w.Linked, func(l linked) bool { return l.ID == wanted }) {
		return "", apierror.Invalid("linked_account[id]", "No such account was linked in this session.").WithCode("resource_missing")
	}
	return wanted, nil
}

// attach takes an account for payments. Doing so again with the same account changes nothing.
func (w *flow) attach(accountID string, told number) {
	if w.Attached == accountID {
		return
	}
	w.Attached = accountID
	if w.payout() {
		for _, l := range w.Linked {
			institutionID, _, _ := strings.Cut(l.Key, "/")
			if institution, _, ok := w.banks.Institution(institutionID); ok && l.ID == accountID {
				told.BankName = institution.LinkedName
			}
		}
		w.Token = w.token(bankAccount(id.New("ba_", w.now), told))
	}
}

// noNumber is the answer when the bank does not tell an account's number.
func (f *Flows) noNumber(accountID string, err error) error {
	if bank.KindOf(err) == "" {
		return err
	}
	f.Log.Warn("a bank does not tell an account's number", "account", accountID, "kind", bank.KindOf(err))
	return trouble("The bank does not tell this account's number. Choose another account.", "account_number_retrieval_failed")
}

// AttachTyped attaches an account by the numbers that the person typed. They are not kept; only their last digits are.
func (f *Flows) AttachTyped(ctx context.Context, call Call, routing, accountNumber string) ([]byte, error) {
	return f.change(ctx, call, func(_ context.Context, _ *store.Tx, w *flow) (any, error) {
		if !w.manualEntry() {
			return nil, apierror.Invalid("type", "Account numbers cannot be typed in this session: its manual_entry[mode] is not automatic.")
		}
		if !validRouting(routing) {
			return nil, apierror.Invalid("bank_account[routing_number]", "This is not a routing number: its digits do not add up. "+
				"Check it for a typing error.").WithCode("routing_number_invalid")
		}
		typed := fmt.Sprintf("%x", sha256.Sum256([]byte(routing+"/"+accountNumber)))
		if w.Typed == nil || string(w.secrets[typedSecret].Private) != typed {
			if w.limit() == 1 && len(w.Linked) > 0 {
				return nil, apierror.Invalid("type", "One account can be linked in this session, and one is linked already.")
			}
			account := bankAccount(id.New("ba_", w.now), number{Routing: routing, Last4: last4(accountNumber), Currency: "usd"})
			w.Typed, w.Attached = &account, account.ID
			w.secrets[typedSecret] = secret{Private: []byte(typed)}
			if w.payout() {
				w.Token = w.token(account)
			}
		}
		w.AtTyped = true
		return paymentAccount(w.Typed.ID, w.next()), nil
	})
}

// validRouting tells whether nine digits are a routing number: three times the first, seven times the second, the third,
// and so on, add up to a multiple of ten.
func validRouting(routing string) bool {
	weights := [3]int{3, 7, 1}
	sum := 0
	for i, digit := range []byte(routing) {
		sum += weights[i%3] * int(digit-'0')
	}
	return len(routing) == 9 && sum%10 == 0 && sum > 0
}

func bankAccount(accountID string, told number) gen.LinkBankAccount {
	account := gen.LinkBankAccount{
		ID: accountID, Object: gen.LinkBankAccountObjectBankAccount, Country: "US", Currency: told.Currency,
		Last4: told.Last4, RoutingNumber: told.Routing,
	}
	if told.BankName != "" {
		account.BankName = &told.BankName
	}
	return account
}

// token stands for the account to which a payout goes.
func (w *flow) token(account gen.LinkBankAccount) *gen.Token {
	return &gen.Token{
		ID: id.New("btok_", w.now), Object: gen.TokenObjectToken, BankAccount: account, Created: w.now.Unix(),
		Livemode: w.Livemode, Type: gen.TokenTypeBankAccount,
	}
}

func paymentAccount(accountID string, pane gen.LinkPane) gen.LinkPaymentAccount {
	return gen.LinkPaymentAccount{ID: accountID, NextPane: pane}
}
