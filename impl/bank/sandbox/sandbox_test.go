package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fincon/impl/bank"
)

var start = time.Date(2027, time.March, 3, 10, 30, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func at(now time.Time) *Bank { return New(func() time.Time { return now }) }

func signIn(b *Bank, institution string) bank.Connection {
	return bank.Connection{Grant: b.Grant(institution, "person")}
}

// active are the institutions at which one can sign in.
func active() []string {
	var ids []string
	for _, institution := range institutions {
		if _, ok := blueprints[institution.ID]; ok {
			ids = append(ids, institution.ID)
		}
	}
	return ids
}

func accounts(t require.TestingT, b *Bank, connection bank.Connection) []bank.Account {
	page, err := b.Accounts(context.Background(), connection, "")
	require.NoError(t, err)
	require.Empty(t, page.Next)
	return page.Items
}

func named(t require.TestingT, b *Bank, connection bank.Connection, name string) bank.Account {
	all := accounts(t, b, connection)
	i := slices.IndexFunc(all, func(a bank.Account) bool { return a.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return all[i]
}

// transactions are all pages.
func transactions(t require.TestingT, b *Bank, connection bank.Connection, accountID string, query bank.TransactionQuery) []bank.Transaction {
	var all []bank.Transaction
	for {
		page, err := b.Transactions(context.Background(), connection, accountID, query)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Items), pageSize)
		all = append(all, page.Items...)
		if page.Next == "" {
			return all
		}
		require.Len(t, page.Items, pageSize)
		query.Cursor = page.Next
	}
}

func TestInstitutions(t *testing.T) {
	t.Parallel()
	b := at(start)
	all := b.Institutions(t.Context())
	require.Len(t, all, 14)
	ids := map[string]bool{}
	order := 0
	for _, institution := range all {
		require.Regexp(t, regexp.MustCompile(`^fcinst_[0-9A-Za-z]{14}$`), institution.ID)
		require.Regexp(t, regexp.MustCompile(`^bcinst_[0-9A-Za-z]{14}$`), institution.LinkID)
		require.False(t, ids[institution.ID] || ids[institution.LinkID] || ids[institution.Name], institution.Name)
		ids[institution.ID], ids[institution.LinkID], ids[institution.Name] = true, true, true
		require.Equal(t, "StripeBank", institution.LinkedName)
		require.Equal(t, time.Second, institution.RefreshInterval)
		require.NotEqual(t, institution.Featured, institution.SearchOnly, institution.Name)
		require.False(t, institution.Livemode)
		if institution.Featured {
			require.Equal(t, order, institution.FeaturedOrder)
			order++
		}
		require.Equal(t, institution.ID == TestOAuth || institution.ID == BankOAuth, institution.OAuth, institution.Name)
		require.Equal(t, institution.ID == BankOAuth, institution.PicksAccounts, institution.Name)
	}
	all[0].Name = "changed"
	require.Equal(t, "Test (Non-OAuth)", b.Institutions(t.Context())[0].Name)
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind  bank.Kind
		known bool
	}{
		DownScheduled:   {bank.KindUnavailable, true},
		DownUnscheduled: {bank.KindUnavailable, false},
		DownError:       {bank.KindBroken, false},
		"fcinst_none":   {bank.KindBadRequest, false},
	}
	for id, test := range tests {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			b := at(start)
			var fault *bank.Error
			require.ErrorAs(t, b.Available(t.Context(), id, start), &fault)
			require.Equal(t, test.kind, fault.Kind)
			require.Equal(t, test.known, fault.ExpectedAt.After(start))
			_, err := b.Accounts(t.Context(), signIn(b, id), "")
			require.Equal(t, test.kind, bank.KindOf(err))
		})
	}
	for _, id := range active() {
		require.NoError(t, at(start).Available(t.Context(), id, start), id)
	}
}

func TestEveryCategoryIsAtTheTestInstitutions(t *testing.T) {
	t.Parallel()
	type kind struct {
		category    bank.Category
		subcategory bank.Subcategory
	}
	b := at(start)
	for _, id := range []string{TestNonOAuth, TestOAuth} {
		all := accounts(t, b, signIn(b, id))
		require.LessOrEqual(t, len(all), 12)
		require.Equal(t, "Success", all[0].Name)
		require.Equal(t, "6789", all[0].Last4)
		var kinds []kind
		for _, a := range all {
			kinds = append(kinds, kind{a.Category, a.Subcategory})
			payable := a.Subcategory == bank.SubcategoryChecking || a.Subcategory == bank.SubcategorySavings
			require.Equal(t, payable, slices.Contains(a.PaymentMethodTypes, "us_bank_account"), a.Name)
			require.Equal(t, payable, len(a.Numbers) == 1, a.Name)
		}
		for _, want := range []kind{
			{bank.CategoryCash, bank.SubcategoryChecking},
			{bank.CategoryCash, bank.SubcategorySavings},
			{bank.CategoryCash, bank.SubcategoryOther},
			{bank.CategoryCredit, bank.SubcategoryCreditCard},
			{bank.CategoryCredit, bank.SubcategoryLineOfCredit},
			{bank.CategoryCredit, bank.SubcategoryMortgage},
			{bank.CategoryCredit, bank.SubcategoryOther},
			{bank.CategoryInvestment, bank.SubcategoryOther},
			{bank.CategoryOther, bank.SubcategoryOther},
		} {
			require.Contains(t, kinds, want)
		}
	}
}

// everything is all that a connection gives, as text.
func everything(t require.TestingT, b *Bank, connection bank.Connection) string {
	ctx := context.Background()
	var all []any
	for _, a := range accounts(t, b, connection) {
		balance, balanceErr := b.Balance(ctx, connection, a.ID)
		owners, ownersErr := b.Owners(ctx, connection, a.ID)
		numbers, numbersErr := b.Numbers(ctx, connection, a.ID)
		page, pageErr := b.Transactions(ctx, connection, a.ID, bank.TransactionQuery{})
		all = append(all, a, balance, owners, page)
		for _, number := range numbers {
			all = append(all, number.AccountNumber, number.RoutingNumber, number.Details)
		}
		for _, err := range []error{balanceErr, ownersErr, numbersErr, pageErr} {
			all = append(all, fmt.Sprint(err))
		}
	}
	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return string(text)
}

func TestTheSameQuestionHasTheSameAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := instant(t)
		institution := rapid.SampledFrom(active()).Draw(t, "institution")
		subject := rapid.String().Draw(t, "subject")
		one, two := at(now), at(now)
		first := bank.Connection{Grant: one.Grant(institution, subject)}
		second := bank.Connection{Grant: two.Grant(institution, subject)}
		require.NotEqual(t, first.Grant.AccessToken, second.Grant.AccessToken)
		require.Equal(t, everything(t, one, first), everything(t, two, second))
	})
}

func TestAnotherPersonOrInstitutionHasOtherAccounts(t *testing.T) {
	t.Parallel()
	b := at(start)
	mine := signIn(b, BankNonOAuth)
	for name, theirs := range map[string]bank.Grant{
		"another person":      b.Grant(BankNonOAuth, "person2"),
		"another institution": b.Grant(BankOAuth, "person"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			others := accounts(t, b, bank.Connection{Grant: theirs})
			for i, a := range accounts(t, b, mine) {
				require.Equal(t, a.Name, others[i].Name)
				require.NotEqual(t, a.ID, others[i].ID)
				require.NotEqual(t, a.Last4, others[i].Last4)
				_, err := b.Balance(t.Context(), mine, others[i].ID)
				require.Equal(t, bank.KindAccountGone, bank.KindOf(err))
				require.NotEqual(t,
					transactions(t, b, mine, a.ID, bank.TransactionQuery{}),
					transactions(t, b, bank.Connection{Grant: theirs}, others[i].ID, bank.TransactionQuery{}))
				if len(a.Numbers) == 0 {
					continue
				}
				number, err := b.Numbers(t.Context(), mine, a.ID)
				require.NoError(t, err)
				other, err := b.Numbers(t.Context(), bank.Connection{Grant: theirs}, others[i].ID)
				require.NoError(t, err)
				require.NotEqual(t, number[0].AccountNumber, other[0].AccountNumber)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	b := at(start)
	for _, institution := range active() {
		connection := signIn(b, institution)
		for _, a := range accounts(t, b, connection) {
			numbers, err := b.Numbers(t.Context(), connection, a.ID)
			require.Regexp(t, `^[0-9]{4}$`, a.Last4)
			if len(a.Numbers) == 0 {
				require.Equal(t, bank.KindUnsupported, bank.KindOf(err))
				continue
			}
			require.NoError(t, err)
			require.Len(t, numbers, 1)
			require.Equal(t, "110000000", numbers[0].RoutingNumber)
			require.Equal(t, a.Numbers[0], numbers[0].Details)
			if a.Numbers[0].IdentifierType == bank.IdentifierAccountNumber {
				require.Regexp(t, `^[0-9]{9,12}$`, numbers[0].AccountNumber)
				require.Equal(t, a.Last4, numbers[0].AccountNumber[len(numbers[0].AccountNumber)-4:])
			} else {
				require.Regexp(t, `^[0-9]{16}$`, numbers[0].AccountNumber)
			}
		}
	}
}

func TestOwnershipAccounts(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, OwnershipAccounts)
	for name, want := range map[string]int{
		"Single Owner": 1, "Joint Owners": 2, "Business Owner": 1, "Owner Without Contact Details": 1, "No Owners Available": 0,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owners, err := b.Owners(t.Context(), connection, named(t, b, connection, name).ID)
			if want == 0 {
				require.Equal(t, bank.KindUnsupported, bank.KindOf(err))
				return
			}
			require.NoError(t, err)
			require.Len(t, owners, want)
			for _, owner := range owners {
				require.NotEmpty(t, owner.Name)
				told := name != "Owner Without Contact Details"
				require.Equal(t, told, owner.Email != "" && owner.Phone != "" && owner.RawAddress != "")
				if told {
					require.Regexp(t, `^\+1[0-9]{3}55501[0-9]{2}$`, owner.Phone)
				}
			}
			if want == 2 {
				require.NotEqual(t, owners[0].Name, owners[1].Name)
			}
		})
	}
}

func TestInvalidPaymentAccounts(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, InvalidPaymentAccounts)
	for _, a := range accounts(t, b, connection) {
		require.Empty(t, a.PaymentMethodTypes)
		require.NotNil(t, a.PaymentMethodTypes)
		require.Equal(t, bank.CategoryCash, a.Category)
		for _, number := range a.Numbers {
			require.Equal(t, bank.NumberDeactivated, number.Status)
		}
	}
}

func TestAccountsPickedAtTheBank(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, BankOAuth)
	all := accounts(t, b, connection)
	connection.Grant.AccountIDs = []string{all[1].ID, all[3].ID, "another"}
	require.Equal(t, []bank.Account{all[1], all[3]}, accounts(t, b, connection))
	_, err := b.Account(t.Context(), connection, all[0].ID)
	require.Equal(t, bank.KindAccountGone, bank.KindOf(err))
	connection.Grant.AccountIDs = []string{}
	require.Empty(t, accounts(t, b, connection))
}

// dataKinds is the kind of error of every data call, "" if there is none.
func dataKinds(t require.TestingT, b *Bank, connection bank.Connection, accountID string) bank.Kind {
	ctx := context.Background()
	_, balance := b.Balance(ctx, connection, accountID)
	_, owners := b.Owners(ctx, connection, accountID)
	_, numbers := b.Numbers(ctx, connection, accountID)
	_, page := b.Transactions(ctx, connection, accountID, bank.TransactionQuery{})
	require.Equal(t, bank.KindOf(balance), bank.KindOf(owners))
	require.Equal(t, bank.KindOf(balance), bank.KindOf(numbers))
	require.Equal(t, bank.KindOf(balance), bank.KindOf(page))
	return bank.KindOf(balance)
}

// What is said of the connection, from the link on.
func TestConnectionsOverTime(t *testing.T) {
	t.Parallel()
	type moment struct {
		after    time.Duration
		active   bool
		expected time.Duration // of the deactivation, after the link; 0: none
		next     time.Duration // change, after the link; 0: none
	}
	const d = 24 * time.Hour
	stays := []moment{{0, true, 0, 0}, {400 * d, true, 0, 0}}
	tests := []struct {
		name, institution string
		relinks           int
		moments           []moment
	}{
		{"Test (Non-OAuth)", TestNonOAuth, 0, stays},
		{"Test (OAuth)", TestOAuth, 0, stays},
		{"Bank (Non-OAuth)", BankNonOAuth, 0, stays},
		{"Bank (OAuth)", BankOAuth, 0, stays},
		{"Ownership", OwnershipAccounts, 0, stays},
		{"Data cannot be shared", NotSharedThroughLink, 0, stays},
		{"Inactive", InactiveAccounts, 0, []moment{
			{0, true, 0, shortly}, {shortly - 1, true, 0, shortly}, {shortly, false, 0, 0}, {400 * d, false, 0, 0}}},
		{"Inactive, linked again", InactiveAccounts, 1, stays},
		{"Immediately", ImmediatelyRequiresReauth, 0, []moment{
			{0, true, 0, shortly}, {shortly, false, 0, 0}, {400 * d, false, 0, 0}}},
		{"Immediately, linked again", ImmediatelyRequiresReauth, 1, []moment{
			{0, true, d, d}, {d - 1, true, d, d}, {d, false, 0, 0}}},
		{"Immediately, linked a third time", ImmediatelyRequiresReauth, 2, []moment{
			{0, true, d, d}, {d, false, 0, 0}}},
		{"Eventually", EventuallyRequiresReauth, 0, []moment{
			{0, true, 30 * d, 30 * d}, {30*d - 1, true, 30 * d, 30 * d}, {30 * d, false, 0, 0}}},
		{"Eventually, linked again", EventuallyRequiresReauth, 1, []moment{
			{0, true, 30 * d, 30 * d}, {30 * d, false, 0, 0}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock := &clock{start}
			b := New(clock.Now)
			connection := signIn(b, test.institution)
			clock.advance(5 * time.Minute) // the person takes their time to choose
			linked := clock.now
			connection.Grant.Linked = linked
			connection.Grant.Relinks = test.relinks
			for _, moment := range test.moments {
				clock.now = linked.Add(moment.after)
				a := accounts(t, b, connection)[0]
				same, err := b.Account(t.Context(), connection, a.ID)
				require.NoError(t, err)
				require.Equal(t, a, same)
				if moment.active {
					require.Equal(t, bank.AccountActive, a.Status)
					require.Nil(t, a.Inactive)
					require.Empty(t, dataKinds(t, b, connection, a.ID))
				} else {
					require.Equal(t, bank.AccountInactive, a.Status)
					require.Equal(t, bank.ActionRelinkRequired, a.Inactive.Action)
					require.Equal(t, bank.KindGrantDead, dataKinds(t, b, connection, a.ID))
				}
				if moment.expected == 0 {
					require.Nil(t, a.ExpectedDeactivation)
				} else {
					require.Equal(t, linked.Add(moment.expected), a.ExpectedDeactivation.Date)
					require.Equal(t, bank.ActionRelinkRequired, a.ExpectedDeactivation.Action)
				}
				if moment.next == 0 {
					require.Zero(t, a.NextChange)
				} else {
					require.Equal(t, linked.Add(moment.next), a.NextChange)
				}
			}
		})
	}
}

func TestAccountClosed(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, TestNonOAuth)
	closed := named(t, b, connection, "Account Closed")
	require.Equal(t, bank.AccountActive, closed.Status, "it can be chosen")
	require.Contains(t, closed.PaymentMethodTypes, "us_bank_account")
	connection.Grant.Linked = start
	closed = named(t, b, connection, "Account Closed")
	require.Equal(t, bank.AccountInactive, closed.Status)
	require.Equal(t, &bank.InactiveDetails{Action: bank.ActionNone, Cause: bank.CauseAccountClosed}, closed.Inactive)
	require.Zero(t, closed.NextChange)
	require.Equal(t, bank.KindAccountClosed, dataKinds(t, b, connection, closed.ID))
	// Nobody linked, and time went by.
	connection.Grant.Linked = time.Time{}
	closed = named(t, at(start.Add(shortly)), connection, "Account Closed")
	require.Equal(t, bank.AccountInactive, closed.Status)
}

func TestTokenizedAccountNumbersOverTime(t *testing.T) {
	t.Parallel()
	const d = 24 * time.Hour
	type moment struct {
		after  time.Duration
		status bank.NumberStatus
		next   time.Duration
	}
	tests := []struct {
		name    string
		expires time.Duration
		moments []moment
	}{
		{"Expired Tokenized Account Number", 0, []moment{{0, bank.NumberDeactivated, 0}, {90 * d, bank.NumberDeactivated, 0}}},
		{"Eventually Expiring Tokenized Account Number", 30 * d, []moment{
			{0, bank.NumberTransactable, 30 * d}, {30*d - 1, bank.NumberTransactable, 30 * d}, {30 * d, bank.NumberExpired, 0}}},
		{"Immediately Expiring Tokenized Account Number", 0, []moment{
			{0, bank.NumberTransactable, shortly}, {shortly, bank.NumberDeactivated, 0}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			clock := &clock{start}
			b := New(clock.Now)
			connection := signIn(b, TokenizedAccountNumber)
			connection.Grant.Linked = start
			for _, moment := range test.moments {
				clock.now = start.Add(moment.after)
				a := named(t, b, connection, test.name)
				require.Equal(t, bank.AccountActive, a.Status)
				require.Equal(t, []string{"us_bank_account"}, a.PaymentMethodTypes)
				require.Len(t, a.Numbers, 1)
				require.Equal(t, bank.IdentifierTokenizedAccountNumber, a.Numbers[0].IdentifierType)
				require.Equal(t, []string{"ach"}, a.Numbers[0].SupportedNetworks)
				require.Equal(t, moment.status, a.Numbers[0].Status)
				if test.expires == 0 {
					require.Nil(t, a.Numbers[0].ExpectedExpiry)
				} else {
					require.Equal(t, start.Add(test.expires), *a.Numbers[0].ExpectedExpiry)
				}
				if moment.next == 0 {
					require.Zero(t, a.NextChange)
				} else {
					require.Equal(t, start.Add(moment.next), a.NextChange)
				}
			}
		})
	}
}

func TestFaultsOfTheCaller(t *testing.T) {
	t.Parallel()
	b := at(start)
	connection := signIn(b, TestNonOAuth)
	all := accounts(t, b, connection)
	query := func(q bank.TransactionQuery) bank.Kind {
		_, err := b.Transactions(t.Context(), connection, all[0].ID, q)
		return bank.KindOf(err)
	}
	for _, cursor := range []string{"%", "AAAA", position{1, ""}.cursor()} {
		require.Equal(t, bank.KindBadRequest, query(bank.TransactionQuery{Cursor: cursor}), cursor)
	}
	require.Equal(t, bank.KindBadRequest, query(bank.TransactionQuery{From: start, To: start.Add(-1)}))
	_, err := b.Accounts(t.Context(), connection, "x")
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err))
	_, err = b.Account(t.Context(), connection, "acct_none")
	require.Equal(t, bank.KindAccountGone, bank.KindOf(err))

	insurance := named(t, b, connection, "Life Insurance")
	_, err = b.Balance(t.Context(), connection, insurance.ID)
	require.Equal(t, bank.KindUnsupported, bank.KindOf(err))
	_, err = b.Transactions(t.Context(), connection, insurance.ID, bank.TransactionQuery{})
	require.Equal(t, bank.KindUnsupported, bank.KindOf(err))
	_, err = b.Owners(t.Context(), connection, insurance.ID)
	require.NoError(t, err)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Balance(ended, connection, all[0].ID)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, b.Revoke(t.Context(), connection))
	connection.Grant.AccessToken = ""
	_, err = b.Accounts(t.Context(), connection, "")
	require.Equal(t, bank.KindGrantDead, bank.KindOf(err))
}
