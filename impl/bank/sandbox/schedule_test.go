package sandbox

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fincon/impl/bank"
)

// instant draws a time from before the epoch on, now and then to the second on which something may happen.
func instant(t *rapid.T) time.Time {
	const years = 8 * 365 * 24 * int64(time.Hour)
	offset := rapid.Int64Range(-int64(40*24*time.Hour), years).Draw(t, "instant")
	if rapid.Bool().Draw(t, "on the second") {
		offset -= offset % int64(time.Second)
	}
	return Epoch.Add(time.Duration(offset))
}

// person draws somebody with an account that has transactions and lasts.
func person(t *rapid.T, b *Bank) (bank.Connection, bank.Account) {
	institution := rapid.SampledFrom([]string{TestNonOAuth, BankNonOAuth, OwnershipAccounts, InvalidPaymentAccounts}).Draw(t, "institution")
	subject := rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "subject")
	connection := bank.Connection{Grant: b.Grant(institution, subject)}
	all := slices.DeleteFunc(accounts(t, b, connection), func(a bank.Account) bool {
		return a.Category == bank.CategoryOther || a.Name == "Account Closed"
	})
	return connection, rapid.SampledFrom(all).Draw(t, "account")
}

func TestTheBalanceIsTheOpeningOneAndWhatWasPosted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := instant(t)
		b := at(now)
		connection, a := person(t, b)
		balance, err := b.Balance(context.Background(), connection, a.ID)
		require.NoError(t, err)
		opening, err := b.Opening(context.Background(), connection, a.ID)
		require.NoError(t, err)
		posted, held := opening, int64(0)
		for _, transaction := range transactions(t, b, connection, a.ID, bank.TransactionQuery{}) {
			switch transaction.Status {
			case bank.TransactionPosted:
				posted += transaction.Amount
			case bank.TransactionPending:
				held += min(transaction.Amount, 0)
			}
		}
		require.Equal(t, posted, balance.Current)
		require.Equal(t, now.Truncate(time.Second), balance.AsOf)
		switch {
		case a.Category == bank.CategoryCash:
			require.Equal(t, bank.BalanceCash, balance.Type)
			require.Equal(t, posted+held, *balance.Available)
			require.Nil(t, balance.Used)
		case a.Category == bank.CategoryInvestment:
			require.Equal(t, bank.BalanceCash, balance.Type)
			require.Less(t, *balance.Available, posted)
		case a.Subcategory == bank.SubcategoryCreditCard || a.Subcategory == bank.SubcategoryLineOfCredit:
			require.Equal(t, bank.BalanceCredit, balance.Type)
			require.Equal(t, min(posted, 0), *balance.Used)
			require.Nil(t, balance.Available)
		default:
			require.Equal(t, bank.BalanceCredit, balance.Type)
			require.Nil(t, balance.Used)
			require.Nil(t, balance.Available)
		}
	})
}

func TestBalancesStayPlausible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := instant(t)
		b := at(now)
		connection, a := person(t, b)
		balance, err := b.Balance(context.Background(), connection, a.ID)
		require.NoError(t, err)
		low, high := int64(0), int64(6_000_000)
		switch {
		case a.Subcategory == bank.SubcategoryChecking && a.Name != "Insufficient Funds":
			high = 2_000_000
		case a.Name == "Insufficient Funds" || a.Name == "Prepaid Card":
			low, high = -5_000, 10_000
		case a.Subcategory == bank.SubcategoryMortgage:
			low, high = -40_000_000, -18_000_000
		case a.Category == bank.CategoryCredit:
			low, high = -1_500_000, 0
		case a.Category == bank.CategoryInvestment:
			high = 20_000_000
		}
		require.GreaterOrEqual(t, balance.Current, low, a.Name)
		require.LessOrEqual(t, balance.Current, high, a.Name)
	})
}

func TestATransactionOnlyMovesForward(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		then := instant(t)
		now := then.Add(time.Duration(rapid.Int64Range(0, int64(5*24*time.Hour)).Draw(t, "later")))
		b := at(then)
		connection, a := person(t, b)
		query := bank.TransactionQuery{From: then.AddDate(0, 0, -20)}
		before := transactions(t, b, connection, a.ID, query)
		after := map[string]bank.Transaction{}
		for _, transaction := range transactions(t, at(now), connection, a.ID, query) {
			after[transaction.ID] = transaction
		}
		require.GreaterOrEqual(t, len(after), len(before))
		for _, old := range before {
			later, ok := after[old.ID]
			require.True(t, ok, old.ID)
			if old.Status == bank.TransactionPending && later.Status != bank.TransactionPending {
				moved := later.PostedAt
				if later.Status == bank.TransactionVoid {
					moved = later.VoidAt
				}
				require.True(t, moved.After(then) && !moved.After(now))
				require.LessOrEqual(t, moved.Sub(old.TransactedAt), settled*time.Second)
				old.Status, old.PostedAt, old.VoidAt = later.Status, later.PostedAt, later.VoidAt
			}
			require.Equal(t, old, later)
		}
	})
}

func TestTransactionsAreWellFormedAndInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := instant(t)
		b := at(now)
		connection, a := person(t, b)
		all := transactions(t, b, connection, a.ID, bank.TransactionQuery{})
		ids := map[string]bool{}
		for i, transaction := range all {
			require.False(t, ids[transaction.ID], "the same id twice: %s", transaction.ID)
			ids[transaction.ID] = true
			require.NotZero(t, transaction.Amount)
			require.NotEmpty(t, transaction.Description)
			require.Equal(t, "usd", transaction.Currency)
			require.False(t, transaction.TransactedAt.After(now))
			require.False(t, transaction.TransactedAt.Before(Epoch))
			require.Equal(t, transaction.Status == bank.TransactionPosted, transaction.PostedAt != nil)
			require.Equal(t, transaction.Status == bank.TransactionVoid, transaction.VoidAt != nil)
			if i > 0 {
				previous := all[i-1]
				require.True(t, previous.TransactedAt.After(transaction.TransactedAt) ||
					previous.TransactedAt.Equal(transaction.TransactedAt) && previous.ID > transaction.ID)
			}
		}
		// A range is a part of the whole.
		from := now.Add(-time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "from")))
		to := from.Add(time.Duration(rapid.Int64Range(0, int64(500*24*time.Hour)).Draw(t, "to")))
		want := slices.DeleteFunc(all, func(t bank.Transaction) bool {
			return t.TransactedAt.Before(from) || t.TransactedAt.After(to)
		})
		got := transactions(t, b, connection, a.ID, bank.TransactionQuery{From: from, To: to})
		require.Equal(t, len(want), len(got))
		for i := range got {
			require.Equal(t, want[i], got[i])
		}
	})
}

func TestPagesHoldWhileTimeGoesOn(t *testing.T) {
	t.Parallel()
	clock := &clock{start}
	b := New(clock.Now)
	connection := signIn(b, TestNonOAuth)
	success := named(t, b, connection, "Success").ID
	want := transactions(t, b, connection, success, bank.TransactionQuery{})
	require.Greater(t, len(want), 10*pageSize)
	var got []bank.Transaction
	query := bank.TransactionQuery{}
	for {
		page, err := b.Transactions(t.Context(), connection, success, query)
		require.NoError(t, err)
		got = append(got, page.Items...)
		if page.Next == "" {
			break
		}
		query.Cursor = page.Next
		clock.advance(13 * time.Hour)
	}
	require.Len(t, got, len(want))
	for i := range got {
		require.Equal(t, want[i].ID, got[i].ID)
	}
}

func TestHistoryOfHalfAYear(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, BankNonOAuth)
	query := bank.TransactionQuery{From: start.AddDate(0, 0, -180)}
	counts := map[bank.TransactionStatus]int{}
	for name, bounds := range map[string][2]int{
		"Everyday Checking": {180, 600}, "Everyday Rewards Card": {180, 600}, "Rainy Day Savings": {10, 14}, "Home Loan": {10, 14},
		"Retirement Fund": {6, 14},
	} {
		all := transactions(t, b, connection, named(t, b, connection, name).ID, query)
		require.GreaterOrEqual(t, len(all), bounds[0], name)
		require.LessOrEqual(t, len(all), bounds[1], name)
		for _, transaction := range all {
			counts[transaction.Status]++
		}
	}
	require.Positive(t, counts[bank.TransactionPending])
	share := float64(counts[bank.TransactionVoid]) / float64(counts[bank.TransactionPosted])
	require.InDelta(t, 0.03, share, 0.02)
}

// What leaves one account of a household arrives in another.
func TestAHouseholdsAccountsAgree(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, BankNonOAuth)
	sum := func(account, description string) (sum int64) {
		all := transactions(t, b, connection, named(t, b, connection, account).ID, bank.TransactionQuery{To: start.AddDate(0, 0, -8)})
		for _, transaction := range all {
			if strings.HasPrefix(transaction.Description, description) {
				sum += transaction.Amount
			}
		}
		require.NotZero(t, sum)
		return sum
	}
	require.Equal(t, -sum("Everyday Checking", "Transfer to savings"), sum("Rainy Day Savings", "Transfer from checking"))
	require.Equal(t, -sum("Everyday Checking", "Mortgage payment"), sum("Home Loan", "Payment"))
	require.Equal(t, -sum("Everyday Checking", "Credit card payment"), sum("Everyday Rewards Card", "Payment"))
}

func TestNothingBeforeTheEpoch(t *testing.T) {
	t.Parallel()
	b := at(Epoch.AddDate(-3, 0, 0))
	connection := signIn(b, TestNonOAuth)
	for _, a := range accounts(t, b, connection)[:2] {
		require.Empty(t, transactions(t, b, connection, a.ID, bank.TransactionQuery{}))
		balance, err := b.Balance(t.Context(), connection, a.ID)
		require.NoError(t, err)
		opening, err := b.Opening(t.Context(), connection, a.ID)
		require.NoError(t, err)
		require.Equal(t, opening, balance.Current)
	}
}

func BenchmarkBalance(b *testing.B) {
	for _, year := range []int{2027, 2100} {
		sandbox := at(time.Date(year, 11, 30, 12, 0, 0, 0, time.UTC))
		connection := signIn(sandbox, TestNonOAuth)
		for _, a := range accounts(b, sandbox, connection) {
			if a.Name == "Account Closed" || a.Category == bank.CategoryOther {
				continue
			}
			b.Run(a.Name+time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("/2006"), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := sandbox.Balance(b.Context(), connection, a.ID)
					require.NoError(b, err)
				}
			})
		}
	}
}

func BenchmarkTransactions(b *testing.B) {
	sandbox := at(time.Date(2027, 11, 30, 12, 0, 0, 0, time.UTC))
	connection := signIn(sandbox, TestNonOAuth)
	id := named(b, sandbox, connection, "Success").ID
	b.ReportAllocs()
	for b.Loop() {
		_, err := sandbox.Transactions(b.Context(), connection, id, bank.TransactionQuery{})
		require.NoError(b, err)
	}
}

func BenchmarkAccounts(b *testing.B) {
	sandbox := at(start)
	connection := signIn(sandbox, TestNonOAuth)
	b.ReportAllocs()
	for b.Loop() {
		_, err := sandbox.Accounts(b.Context(), connection, "")
		require.NoError(b, err)
	}
}
