package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/tests/harness"
)

// moments are when accounts are looked at, each so long after the one before: a part of a day, days with purchases that are
// pending, the turn of months, and a long absence.
var moments = []time.Duration{0, 5 * time.Hour, 19 * time.Hour, 3*day + time.Hour, 11 * day, 31 * day,
	47*day + 13*time.Hour, 80 * day}

// A balance is the opening balance and all transactions that were posted since. Seen from outside: the account is linked
// within 180 days of the beginning of its transactions, so that the API shows all of them.
func TestSandboxBalancesFromTheOpening(t *testing.T) {
	t.Parallel()
	for _, institution := range []string{sandbox.TestNonOAuth, sandbox.BankNonOAuth} {
		t.Run(institution, func(t *testing.T) {
			t.Parallel()
			w := begin(t, harness.SQLite, harness.Clock(clock.Stopped(sandbox.Epoch.Add(40*day+9*time.Hour))))
			linked := w.moneyed(institution)
			for _, by := range moments {
				w.Advance(t, by)
				for _, account := range linked {
					looked, all := w.lookAt(account)
					moved := posted(all, 0, w.Clock.Now().Unix())
					require.Equal(t, w.opening(account)+moved, looked.Balance.Current["usd"], "%s at %s",
						*looked.DisplayName, w.Clock.Now())
				}
			}
		})
	}
}

// However late an account is linked: between two looks, the balance changes by what was posted between them.
func TestSandboxBalancesBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	for _, institution := range []string{sandbox.BankNonOAuth, sandbox.InvalidPaymentAccounts} {
		t.Run(institution, func(t *testing.T) {
			t.Parallel()
			w := begin(t, harness.SQLite)
			for _, account := range w.moneyed(institution) {
				before, _ := w.lookAt(account)
				for _, by := range moments[1:6] {
					w.Advance(t, by)
					after, all := w.lookAt(account)
					moved := posted(all, before.Balance.AsOf, after.Balance.AsOf)
					require.Equal(t, after.Balance.Current["usd"]-before.Balance.Current["usd"], moved,
						"%s from %d to %d", *after.DisplayName, before.Balance.AsOf, after.Balance.AsOf)
					before = after
				}
			}
		})
	}
}

// moneyed links the institution's accounts and gives those that have transactions.
func (w *world) moneyed(institution string) (linked []string) {
	w.t.Helper()
	for _, account := range w.link(institution) {
		if name := *w.account(account).DisplayName; name != "Account Closed" && name != "Life Insurance" {
			linked = append(linked, account)
		}
	}
	require.NotEmpty(w.t, linked)
	return linked
}

// lookAt refreshes an account, checks what its balance says besides the current one, and gives all its transactions.
func (w *world) lookAt(account string) (looked gen.Account, all []gen.Transaction) {
	w.t.Helper()
	looked = w.refresh(account, "balance", "transactions")
	require.Equal(w.t, gen.RefreshStatusSucceeded, looked.BalanceRefresh.Status)
	require.Equal(w.t, gen.RefreshStatusSucceeded, looked.TransactionRefresh.Status)
	balance, all := looked.Balance, w.transactions(account, "")
	require.Equal(w.t, w.Clock.Now().Unix(), balance.AsOf)
	switch {
	case balance.Credit != nil:
		require.Equal(w.t, gen.AccountCategoryCredit, looked.Category)
		require.EqualValues(w.t, "credit", balance.Type)
		require.Nil(w.t, balance.Cash)
		if balance.Credit.Used != nil {
			require.Equal(w.t, min(balance.Current["usd"], 0), balance.Credit.Used["usd"])
		}
	case looked.Category == gen.AccountCategoryCash:
		require.Equal(w.t, balance.Current["usd"]+pendingPayments(all), balance.Cash.Available["usd"])
	}
	return looked, all
}

// posted sums what was posted after one time and until another.
func posted(list []gen.Transaction, after, until int64) (sum int64) {
	for _, one := range list {
		if at := one.StatusTransitions.PostedAt; at != nil && *at > after && *at <= until {
			sum += one.Amount
		}
	}
	return sum
}

func pendingPayments(list []gen.Transaction) (sum int64) {
	for _, one := range list {
		if one.Status == gen.TransactionStatusPending && one.Amount < 0 {
			sum += one.Amount
		}
	}
	return sum
}

// opening is what the test bank says that an account began with.
func (w *world) opening(account string) int64 {
	w.t.Helper()
	row, err := w.Store.Account(w.t.Context(), harness.Scope(w.t, w.key), account)
	require.NoError(w.t, err)
	institution, id, _ := strings.Cut(row.BankKey, "/")
	_, connector, _ := w.Banks.Institution(institution)
	opening, err := connector.(*sandbox.Bank).Opening(w.t.Context(), bank.Connection{Grant: w.grant(institution, account)}, id)
	require.NoError(w.t, err)
	return opening
}

// grant is what a sign-in of the account's holder at a test institution results in.
func (w *world) grant(institution, account string) bank.Grant {
	w.t.Helper()
	scope := harness.Scope(w.t, w.key)
	row, err := w.Store.Account(w.t.Context(), scope, account)
	require.NoError(w.t, err)
	kept, err := w.Store.Authorization(w.t.Context(), scope, row.Authorization)
	require.NoError(w.t, err)
	_, connector, _ := w.Banks.Institution(institution)
	return connector.(*sandbox.Bank).Grant(institution, kept.Subject)
}

// The same key, holder and institution have the same accounts on every server; other keys and holders have others.
func TestSandboxIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	look := func(key, customer string) string {
		w := begin(t, harness.Memory)
		w.key = key
		account := w.Link(t, key, w.sessionOf(customer, allPermissions), sandbox.InvalidPaymentAccounts, "Prepaid Card")[0]
		looked, all := w.lookAt(account)
		return fmt.Sprint(*looked.Last4, looked.Balance.Current, amounts(all))
	}
	want := look("sk_test_one", "cus_1")
	require.Equal(t, want, look("sk_test_one", "cus_1"))
	require.Equal(t, want, look("rk_test_one", "cus_1"), "a key of the same tenant")
	require.NotEqual(t, want, look("sk_test_two", "cus_1"))
	require.NotEqual(t, want, look("sk_test_one", "cus_2"))
}

// The accounts to choose from are those that are documented, in their order and kinds.
func TestSandboxAccounts(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory)
	linked := w.link(sandbox.TestNonOAuth)
	var names, kinds []string
	for _, id := range linked {
		account := w.account(id)
		names = append(names, *account.DisplayName)
		kinds = append(kinds, string(account.Category)+"/"+string(account.Subcategory))
		require.Equal(t, sandbox.LinkedName, account.InstitutionName)
		require.Len(t, *account.Last4, 4)
		pays := len(account.AccountNumbers) > 0
		require.Equal(t, pays, slices.Contains(account.SupportedPaymentMethodTypes,
			gen.AccountSupportedPaymentMethodTypesUsBankAccount), names)
	}
	require.Equal(t, []string{"Success", "Savings", "Account Closed", "Insufficient Funds", "Debit Not Authorized",
		"Certificate of Deposit", "Credit Card", "Line of Credit", "Mortgage", "Personal Loan", "Brokerage",
		"Life Insurance"}, names)
	require.Equal(t, []string{"cash/checking", "cash/savings", "cash/checking", "cash/checking", "cash/checking", "cash/other",
		"credit/credit_card", "credit/line_of_credit", "credit/mortgage", "credit/other", "investment/other",
		"other/other"}, kinds)
}
