package tests

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/bank/sandbox"
	"fincon/tests/harness"
)

// transactions are all of an account that the query selects, newest first.
func (w *world) transactions(account, query string) (all []gen.Transaction) {
	w.t.Helper()
	path := transactions + "?limit=100&account=" + account + query
	for next := path; ; {
		page := read[gen.TransactionList](w.t, w.call(next))
		all = append(all, page.Data...)
		if !page.HasMore {
			return all
		}
		next = path + "&starting_after=" + page.Data[len(page.Data)-1].ID
	}
}

// What a transaction shows fits together, on every kind of account.
func TestTransactions(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	seen := map[gen.TransactionStatus]int{}
	for _, account := range w.link(sandbox.BankNonOAuth) {
		refreshed := w.refresh(account, "transactions")
		require.Equal(t, gen.RefreshStatusSucceeded, refreshed.TransactionRefresh.Status)
		all := w.transactions(account, "")
		require.NotEmpty(t, all, *refreshed.DisplayName)
		for _, one := range all {
			seen[one.Status]++
			require.Equal(t, account, one.Account)
			require.Equal(t, "usd", one.Currency)
			require.NotZero(t, one.Amount)
			require.NotEmpty(t, one.Description)
			require.False(t, one.Livemode)
			require.Equal(t, refreshed.TransactionRefresh.ID, one.TransactionRefresh)
			require.Equal(t, harness.Noon.Unix(), one.Updated)
			requireTransitions(t, one, harness.Noon)
		}
		got := w.call(transactions + "/" + all[0].ID)
		require.Equal(t, all[0], read[gen.Transaction](t, got))
		require.Equal(t, got.Body, w.call(transactions+"/"+all[0].ID+"?expand[]=status_transitions").Body)
	}
	require.Len(t, seen, 3, "pending, posted and void")
}

func requireTransitions(t *testing.T, one gen.Transaction, now time.Time) {
	t.Helper()
	require.LessOrEqual(t, one.TransactedAt, now.Unix())
	require.GreaterOrEqual(t, one.TransactedAt, now.Add(-180*day).Unix())
	posted, void := one.StatusTransitions.PostedAt, one.StatusTransitions.VoidAt
	require.Equal(t, one.Status == gen.TransactionStatusPosted, posted != nil)
	require.Equal(t, one.Status == gen.TransactionStatusVoid, void != nil)
	for _, at := range []*int64{posted, void} {
		if at != nil {
			require.GreaterOrEqual(t, *at, one.TransactedAt)
			require.LessOrEqual(t, *at, now.Unix())
		}
	}
}

func TestTransactionsByTime(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		w.refresh(account, "transactions")
		all := w.transactions(account, "")
		early, late := all[40].TransactedAt, all[20].TransactedAt
		cases := []struct {
			name, query string
			has         func(at int64) bool
		}{
			{"at a time", fmt.Sprint("transacted_at=", late), func(at int64) bool { return at == late }},
			{"after", fmt.Sprint("transacted_at[gt]=", late), func(at int64) bool { return at > late }},
			{"from", fmt.Sprint("transacted_at[gte]=", late), func(at int64) bool { return at >= late }},
			{"before", fmt.Sprint("transacted_at[lt]=", early), func(at int64) bool { return at < early }},
			{"to", fmt.Sprint("transacted_at[lte]=", early), func(at int64) bool { return at <= early }},
			{"between", fmt.Sprintf("transacted_at[gt]=%d&transacted_at[lte]=%d", early, late),
				func(at int64) bool { return early < at && at <= late }},
			{"the narrower ends",
				fmt.Sprintf("transacted_at[gt]=%d&transacted_at[gte]=%d&transacted_at[lt]=%d&transacted_at[lte]=%d", early,
					early, late, late),
				func(at int64) bool { return early < at && at < late }},
			{"nowhere", fmt.Sprintf("transacted_at[gt]=%d&transacted_at[lt]=%d", late, early),
				func(int64) bool { return false }},
			{"the widest", "transacted_at[gt]=-9223372036854775808&transacted_at[lt]=9223372036854775807",
				func(int64) bool { return true }},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				want := slices.DeleteFunc(slices.Clone(all), func(one gen.Transaction) bool { return !c.has(one.TransactedAt) })
				require.Equal(t, append([]gen.Transaction{}, want...), append([]gen.Transaction{}, w.transactions(account,
					"&"+c.query)...))
			})
		}
		refused := w.call(transactions + "?account=" + account + "&transacted_at[gt]=abc")
		requireFault(t, refused, http.StatusBadRequest, "parameter_invalid_integer", "transacted_at[gt]",
			"Invalid integer: abc")
	})
}

// Day by day: a transaction keeps its id while it becomes posted or void, which it does once; and at any day,
// `transaction_refresh[after]` picks up exactly what later refreshes brought.
func TestTransactionsDayByDay(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.BankNonOAuth, "Everyday Rewards Card")[0]
		known := map[string]gen.Transaction{}
		var refreshes []string
		settled := 0
		for range 6 {
			refreshes = append(refreshes, w.refresh(account, "transactions").TransactionRefresh.ID)
			all := w.transactions(account, "")
			for _, one := range all {
				old, ok := known[one.ID]
				if ok && old.Status != one.Status {
					requireSettled(t, old, one, w.Clock.Now().Unix())
					settled++
				} else if ok {
					require.Equal(t, old, one)
				}
				known[one.ID] = one
			}
			require.Len(t, known, len(all), "none is gone")
			w.requirePickedUp(account, all, refreshes)
			w.Advance(t, 17*time.Hour)
		}
		require.NotZero(t, settled)
	})
}

// requireSettled: old was pending and has become one, which is the same otherwise.
func requireSettled(t *testing.T, old, one gen.Transaction, now int64) {
	t.Helper()
	require.Equal(t, gen.TransactionStatusPending, old.Status)
	require.NotEqual(t, gen.TransactionStatusPending, one.Status)
	require.NotEqual(t, old.TransactionRefresh, one.TransactionRefresh)
	require.Equal(t, now, one.Updated)
	old.Status, old.StatusTransitions, old.TransactionRefresh, old.Updated = one.Status, one.StatusTransitions,
		one.TransactionRefresh, one.Updated
	require.Equal(t, old, one)
}

// requirePickedUp: after each refresh, what the later ones created or updated, and nothing else.
func (w *world) requirePickedUp(account string, all []gen.Transaction, refreshes []string) {
	w.t.Helper()
	for i, refresh := range refreshes {
		want := slices.DeleteFunc(slices.Clone(all), func(one gen.Transaction) bool {
			return !slices.Contains(refreshes[i+1:], one.TransactionRefresh)
		})
		got := w.transactions(account, "&transaction_refresh[after]="+refresh)
		require.Equal(w.t, append([]gen.Transaction{}, want...), append([]gen.Transaction{}, got...))
		require.True(w.t, slices.IsSortedFunc(got, func(a, b gen.Transaction) int {
			return cmp.Or(cmp.Compare(b.TransactedAt, a.TransactedAt), cmp.Compare(b.ID, a.ID))
		}))
	}
}

// Another account's refresh is none of this one's, and one that failed picks up what came after it.
func TestTransactionsAfter(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	linked := w.link(sandbox.InactiveAccounts)
	first := w.refresh(linked[0], "transactions").TransactionRefresh.ID
	other := w.refresh(linked[1], "transactions").TransactionRefresh.ID
	requireFault(t, w.call(transactions+"?account="+linked[0]+"&transaction_refresh[after]="+other), http.StatusBadRequest,
		missingCode, "transaction_refresh[after]", "No such transaction_refresh: '"+other+"'")
	require.Empty(t, w.transactions(linked[0], "&transaction_refresh[after]="+first))
	whole := w.transactions(linked[0], "")

	w.Advance(t, time.Minute)
	require.Equal(t, gen.AccountStatusInactive, w.account(linked[0]).Status)
	require.Equal(t, whole, w.transactions(linked[0], ""), "what was fetched stays readable")
	require.Equal(t, first, w.account(linked[0]).TransactionRefresh.ID)
	require.Nil(t, w.account(linked[0]).TransactionRefresh.NextRefreshAvailableAt)
}

// Everything of a long absence is made up for.
func TestTransactionsAfterAbsence(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	account := w.link(sandbox.TestNonOAuth, "Success")[0]
	w.refresh(account, "transactions")
	w.Advance(t, 75*day)
	w.refresh(account, "transactions")
	stayed := w.transactions(account, fmt.Sprint("&transacted_at[gte]=", harness.Noon.Add(-day).Unix()))

	fresh := w.Link(t, w.key, w.sessionOf("cus_1", []string{"transactions"}), sandbox.TestOAuth, "Success") // another bank's
	w.refresh(fresh[0], "transactions")
	require.NotEqual(t, amounts(stayed), amounts(w.transactions(fresh[0], fmt.Sprint("&transacted_at[gte]=",
		harness.Noon.Add(-day).Unix()))))

	late := begin(t, harness.Memory)
	late.Advance(t, 75*day)
	same := late.link(sandbox.TestNonOAuth, "Success")[0]
	late.refresh(same, "transactions")
	require.Equal(t, amounts(late.transactions(same, fmt.Sprint("&transacted_at[gte]=", harness.Noon.Add(-day).Unix()))),
		amounts(stayed),
		"as if it had been linked today")
}

// amounts is what of transactions does not depend on who looks.
func amounts(list []gen.Transaction) (found []string) {
	for _, one := range list {
		found = append(found, fmt.Sprint(one.TransactedAt, one.Amount, one.Description, one.Status,
			deref(one.StatusTransitions.PostedAt)))
	}
	slices.Sort(found)
	return found
}

func deref(at *int64) int64 {
	if at == nil {
		return 0
	}
	return *at
}
