package tests

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/tests/harness"
)

// The paths of the nouns.
const (
	accounts         = "/v1/financial_connections/accounts"
	transactions     = "/v1/financial_connections/transactions"
	events           = "/v1/events"
	webhookEndpoints = "/v1/webhook_endpoints"
)

var (
	allPermissions = []string{"balances", "ownership", "payment_method", "transactions"}
	allFeatures    = []string{"balance", "ownership", "transactions"}
)

// world is a server on a clock that the test moves, and the backend of one of its users.
type world struct {
	*harness.Server
	t   *testing.T
	key string
}

func begin(t *testing.T, kind harness.Kind, options ...harness.Option) *world {
	t.Helper()
	return &world{Server: harness.StartStopped(t, kind, options...), t: t, key: harness.Key}
}

// call sends a request, which is a GET without a form and a POST with one.
func (w *world) call(path string, form ...string) harness.Answer {
	w.t.Helper()
	return w.Send(w.t, harness.Request{Path: path, Key: w.key, Body: strings.Join(form, "&")})
}

// post sends a request without a body.
func (w *world) post(path string) harness.Answer {
	w.t.Helper()
	return w.Send(w.t, harness.Request{Method: http.MethodPost, Path: path, Key: w.key})
}

// session creates a session of the customer cus_1, who is asked for permissions, and gives its id.
func (w *world) session(permissions []string, more ...string) string {
	w.t.Helper()
	return w.sessionOf("cus_1", permissions, more...)
}

func (w *world) sessionOf(customer string, permissions []string, more ...string) string {
	w.t.Helper()
	form := []string{"account_holder[type]=customer", "account_holder[customer]=" + customer}
	for _, permission := range permissions {
		form = append(form, "permissions[]="+permission)
	}
	return w.call(harness.Sessions, append(form, more...)...).Session(w.t).ID
}

// link links accounts in a new session with all permissions.
func (w *world) link(institution string, names ...string) []string {
	w.t.Helper()
	return w.Link(w.t, w.key, w.session(allPermissions), institution, names...)
}

// account reads an account.
func (w *world) account(id string) gen.Account {
	w.t.Helper()
	return read[gen.Account](w.t, w.call(accounts+"/"+id))
}

// refresh refreshes features and waits until that is done.
func (w *world) refresh(account string, features ...string) gen.Account {
	w.t.Helper()
	read[gen.Account](w.t, w.call(accounts+"/"+account+"/refresh", featuresForm(features...)))
	w.Settle(w.t)
	return w.account(account)
}

func featuresForm(features ...string) string {
	return "features[]=" + strings.Join(features, "&features[]=")
}

// read reads an answer that went well.
func read[T any](t testing.TB, answer harness.Answer) (object T) {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	answer.Read(t, &object)
	return object
}

// requireFault compares an error's status, code and param, and the beginning of its message.
func requireFault(t testing.TB, answer harness.Answer, status int, code, param, message string) {
	t.Helper()
	require.Equal(t, status, answer.Status, answer.Body)
	got := answer.Error(t)
	require.Equal(t, "invalid_request_error", got.Type)
	require.Equal(t, code, got.Code, got.Message)
	require.Equal(t, param, got.Param, got.Message)
	require.True(t, strings.HasPrefix(got.Message, message), "%q does not begin with %q", got.Message, message)
}

// requireSame compares objects by their JSON, whatever they were read from.
func requireSame(t testing.TB, want, got any) {
	t.Helper()
	wanted, err := json.Marshal(want)
	require.NoError(t, err)
	found, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(wanted), string(found))
}

// backend is the story of a company's backend, told with the official SDK for Go.
type backend struct {
	*world
	sdk     *stripe.Client
	ctx     context.Context
	session string
	account string // the one that the story is about
}

func TestAccountsStripeGo(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		b := &backend{world: begin(t, kind), ctx: t.Context()}
		b.sdk = stripeGo(b.URL, b.key, 0)
		b.links()
		b.lists()
		b.refreshes()
		b.pages()
		b.readsWhatChanged()
		b.readsOwners()
		b.subscribes()
		b.disconnects()
	})
}

func (b *backend) links() {
	session, err := b.sdk.V1FinancialConnectionsSessions.Create(b.ctx, &stripe.FinancialConnectionsSessionCreateParams{
		AccountHolder: &stripe.FinancialConnectionsSessionCreateAccountHolderParams{
			Type: stripe.String("customer"), Customer: stripe.String("cus_1"),
		},
		Permissions: stripe.StringSlice(allPermissions),
	})
	require.NoError(b.t, err)
	require.Empty(b.t, session.Accounts.Data)
	ids := b.Link(b.t, b.key, session.ID, sandbox.TestNonOAuth, "Success", "Credit Card")
	require.Len(b.t, ids, 2)
	b.session, b.account = session.ID, ids[0]
}

func (b *backend) lists() {
	session, err := b.sdk.V1FinancialConnectionsSessions.Retrieve(b.ctx, b.session, nil)
	require.NoError(b.t, err)
	require.Len(b.t, session.Accounts.Data, 2)
	bySession := b.accounts(&stripe.FinancialConnectionsAccountListParams{Session: &b.session})
	byCustomer := b.accounts(ofCustomer("cus_1"))
	require.Equal(b.t, ids(session.Accounts.Data, accountID), ids(bySession, accountID))
	require.Equal(b.t, ids(session.Accounts.Data, accountID), ids(byCustomer, accountID))
	require.Empty(b.t, b.accounts(ofCustomer("cus_2")))

	linked := b.retrieve()
	require.Equal(b.t, "financial_connections.account", linked.Object)
	require.Equal(b.t, "cus_1", linked.AccountHolder.Customer.ID)
	require.Equal(b.t, "StripeBank", linked.InstitutionName)
	require.Equal(b.t, "Success", linked.DisplayName)
	require.Equal(b.t, "6789", linked.Last4)
	require.Equal(b.t, stripe.FinancialConnectionsAccountStatusActive, linked.Status)
	require.Equal(b.t, stripe.FinancialConnectionsAccountCategoryCash, linked.Category)
	require.Equal(b.t, stripe.FinancialConnectionsAccountSubcategoryChecking, linked.Subcategory)
	require.Len(b.t, linked.Permissions, 4)
	require.Len(b.t, linked.AccountNumbers, 1)
	require.Equal(b.t, harness.Noon.Unix(), linked.Created)
	require.Nil(b.t, linked.Balance, "nothing was refreshed yet")
	require.Nil(b.t, linked.BalanceRefresh)
	require.Nil(b.t, linked.Ownership)
	require.Nil(b.t, linked.TransactionRefresh)
}

// refreshes: each refresh is pending at first; its event tells that it has ended.
func (b *backend) refreshes() {
	for _, feature := range allFeatures {
		pending := b.refresh(feature)
		state := refreshOf(pending, feature)
		require.Equal(b.t, "pending", state.status, feature)
		require.Equal(b.t, b.Clock.Now().Unix(), state.attempted)
		require.Zero(b.t, state.next)
		b.Settle(b.t)

		told := b.events("financial_connections.account.refreshed_" + feature)
		require.Len(b.t, told, 1)
		require.Equal(b.t, b.account, told[0].Data.Object["id"])
		require.Equal(b.t, pending.LastResponse.RequestID, told[0].Request.ID)
		require.Equal(b.t, pending.LastResponse.IdempotencyKey, told[0].Request.IdempotencyKey)
		ended := refreshOf(b.retrieve(), feature)
		require.Equal(b.t, refreshState{"succeeded", state.attempted, state.attempted + 1}, ended)
	}
	refreshed := b.retrieve()
	require.Equal(b.t, b.Clock.Now().Unix(), refreshed.Balance.AsOf)
	require.Contains(b.t, refreshed.Balance.Current, "usd")
	require.Contains(b.t, refreshed.Balance.Cash.Available, "usd")
	require.NotEmpty(b.t, refreshed.Ownership.ID)
	require.NotEmpty(b.t, refreshed.TransactionRefresh.ID)
}

// pages: the SDK's own paging finds every transaction, in both directions and whatever the limit is.
func (b *backend) pages() {
	whole := b.transactions(nil)
	require.Greater(b.t, len(whole), 200, "180 days of a checking account")
	require.True(b.t, slices.IsSortedFunc(whole, newestFirst))
	last := whole[len(whole)-1]
	require.GreaterOrEqual(b.t, last.TransactedAt, b.Clock.Now().Add(-180*24*time.Hour).Unix())

	forward := b.transactions(func(p *stripe.FinancialConnectionsTransactionListParams) { p.Limit = stripe.Int64(7) })
	require.Equal(b.t, whole, forward)
	after := b.transactions(func(p *stripe.FinancialConnectionsTransactionListParams) {
		p.StartingAfter, p.Limit = &whole[9].ID, stripe.Int64(13)
	})
	require.Equal(b.t, whole[10:], after)
	backward := b.transactions(func(p *stripe.FinancialConnectionsTransactionListParams) {
		p.EndingBefore, p.Limit = &last.ID, stripe.Int64(7)
	})
	slices.Reverse(backward) // the SDK goes from the cursor up
	require.Equal(b.t, whole[:len(whole)-1], backward)

	from, to := whole[20].TransactedAt, whole[10].TransactedAt
	between := b.transactions(func(p *stripe.FinancialConnectionsTransactionListParams) {
		p.TransactedAtRange = &stripe.RangeQueryParams{GreaterThanOrEqual: from, LesserThan: to}
	})
	require.Equal(b.t, slices.DeleteFunc(slices.Clone(whole), func(one transaction) bool {
		return one.TransactedAt < from || one.TransactedAt >= to
	}), between)

	one, err := b.sdk.V1FinancialConnectionsTransactions.Retrieve(b.ctx, last.ID, nil)
	require.NoError(b.t, err)
	require.Equal(b.t, last, plain(one))
}

// readsWhatChanged: `transaction_refresh[after]` picks up exactly what is new and what was updated.
func (b *backend) readsWhatChanged() {
	before := b.transactions(nil)
	first := b.retrieve().TransactionRefresh.ID
	b.Advance(b.t, 25*time.Hour)
	b.refresh("transactions")
	b.Settle(b.t)
	second := b.retrieve().TransactionRefresh.ID
	require.NotEqual(b.t, first, second)

	after := b.transactions(nil)
	changed := slices.DeleteFunc(slices.Clone(after), func(one transaction) bool { return slices.Contains(before, one) })
	picked := b.transactions(func(p *stripe.FinancialConnectionsTransactionListParams) {
		p.TransactionRefresh = &stripe.FinancialConnectionsTransactionListTransactionRefreshParams{After: &first}
		p.Limit = stripe.Int64(2)
	})
	require.Equal(b.t, changed, picked)
	requireChanges(b.t, before, picked, second, b.Clock.Now().Unix())

	none := b.transactions(func(p *stripe.FinancialConnectionsTransactionListParams) {
		p.TransactionRefresh = &stripe.FinancialConnectionsTransactionListTransactionRefreshParams{After: &second}
	})
	require.Empty(b.t, none)
}

// requireChanges: some are new, some have settled and kept their ids.
func requireChanges(t *testing.T, before, changed []transaction, refresh string, now int64) {
	t.Helper()
	created, settled := 0, 0
	for _, one := range changed {
		require.Equal(t, refresh, one.TransactionRefresh)
		require.Equal(t, now, one.Updated)
		i := slices.IndexFunc(before, func(old transaction) bool { return old.ID == one.ID })
		if i < 0 {
			created++
			continue
		}
		settled++
		require.EqualValues(t, "pending", before[i].Status)
		require.NotEqualValues(t, "pending", one.Status)
		require.Equal(t, before[i].Amount, one.Amount)
	}
	require.NotZero(t, created)
	require.NotZero(t, settled)
}

// readsOwners: the ownership is an id, or the whole snapshot wherever it is asked for.
func (b *backend) readsOwners() {
	id := b.retrieve().Ownership.ID
	require.Nil(b.t, b.retrieve().Ownership.Owners)
	expanded := []*stripe.FinancialConnectionsAccount{b.retrieve("ownership")}

	params := ofCustomer("cus_1")
	params.AddExpand("data.ownership")
	expanded = append(expanded, b.find(b.accounts(params)))

	retrieval := &stripe.FinancialConnectionsSessionRetrieveParams{}
	retrieval.AddExpand("accounts.data.ownership")
	session, err := b.sdk.V1FinancialConnectionsSessions.Retrieve(b.ctx, b.session, retrieval)
	require.NoError(b.t, err)
	expanded = append(expanded, b.find(session.Accounts.Data))

	refresh := &stripe.FinancialConnectionsAccountRefreshParams{Features: stripe.StringSlice([]string{"balance"})}
	refresh.AddExpand("ownership")
	posted, err := b.sdk.V1FinancialConnectionsAccounts.Refresh(b.ctx, b.account, refresh)
	require.NoError(b.t, err)
	expanded = append(expanded, posted)
	b.Settle(b.t)

	listed := b.owners(id)
	require.Len(b.t, listed, 1)
	require.NotEmpty(b.t, listed[0].Name)
	require.NotEmpty(b.t, listed[0].Email)
	require.Equal(b.t, id, listed[0].Ownership)
	for _, account := range expanded {
		require.Equal(b.t, id, account.Ownership.ID)
		require.Equal(b.t, "financial_connections.account_ownership", account.Ownership.Object)
		require.Equal(b.t, listed, account.Ownership.Owners.Data)
	}
}

// subscribes: a refresh at once, another one the next day that nobody asked for, and none after the end.
func (b *backend) subscribes() {
	const refreshed = "financial_connections.account.refreshed_transactions"
	before, old := len(b.events(refreshed)), b.retrieve().TransactionRefresh.ID
	features := stripe.StringSlice([]string{"transactions"})
	b.Advance(b.t, time.Minute)
	subscribed, err := b.sdk.V1FinancialConnectionsAccounts.Subscribe(b.ctx, b.account,
		&stripe.FinancialConnectionsAccountSubscribeParams{Features: features})
	require.NoError(b.t, err)
	require.EqualValues(b.t, []stripe.FinancialConnectionsAccountSubscription{"transactions"}, subscribed.Subscriptions)
	require.EqualValues(b.t, "pending", subscribed.TransactionRefresh.Status)
	b.Settle(b.t)
	told := b.events(refreshed)
	require.Len(b.t, told, before+1)
	require.Equal(b.t, subscribed.LastResponse.RequestID, told[0].Request.ID)

	b.Advance(b.t, 25*time.Hour)
	told = b.events(refreshed)
	require.Len(b.t, told, before+2)
	require.Empty(b.t, told[0].Request.ID, "nobody asked")
	require.NotEqual(b.t, old, b.retrieve().TransactionRefresh.ID)
	require.Greater(b.t, b.transactions(nil)[0].TransactedAt, b.Clock.Now().Add(-26*time.Hour).Unix())

	ended, err := b.sdk.V1FinancialConnectionsAccounts.Unsubscribe(b.ctx, b.account,
		&stripe.FinancialConnectionsAccountUnsubscribeParams{Features: features})
	require.NoError(b.t, err)
	require.Empty(b.t, ended.Subscriptions)
	require.NotNil(b.t, ended.TransactionRefresh, "what was fetched stays")
	b.Advance(b.t, 50*time.Hour)
	require.Len(b.t, b.events(refreshed), before+2)
}

// disconnects: the data is unreadable from then on. Doing it twice changes nothing.
func (b *backend) disconnects() {
	snapshot := b.retrieve().Ownership.ID
	transactionID := b.transactions(nil)[0].ID
	for range 2 {
		gone, err := b.sdk.V1FinancialConnectionsAccounts.Disconnect(b.ctx, b.account, nil)
		require.NoError(b.t, err)
		require.Equal(b.t, stripe.FinancialConnectionsAccountStatusDisconnected, gone.Status)
		require.Nil(b.t, gone.Balance)
		require.Nil(b.t, gone.BalanceRefresh)
		require.Nil(b.t, gone.Ownership)
		require.Nil(b.t, gone.OwnershipRefresh)
		require.Nil(b.t, gone.TransactionRefresh)
		require.Empty(b.t, gone.Subscriptions)
		b.Advance(b.t, time.Hour)
	}
	require.Len(b.t, b.world.events("type=financial_connections.account.disconnected"), 1)

	for _, path := range []string{
		transactions + "?account=" + b.account,
		transactions + "/" + transactionID,
		accounts + "/" + b.account + "/owners?ownership=" + snapshot,
	} {
		requireFault(b.t, b.call(path), http.StatusBadRequest, "", "", "This account is disconnected")
	}
	require.Nil(b.t, b.retrieve("ownership").Ownership)
	require.Len(b.t, b.accounts(ofCustomer("cus_1")), 2, "it is listed still")
}

func (b *backend) refresh(feature string) *stripe.FinancialConnectionsAccount {
	b.t.Helper()
	account, err := b.sdk.V1FinancialConnectionsAccounts.Refresh(b.ctx, b.account,
		&stripe.FinancialConnectionsAccountRefreshParams{Features: stripe.StringSlice([]string{feature})})
	require.NoError(b.t, err)
	return account
}

func (b *backend) retrieve(expand ...string) *stripe.FinancialConnectionsAccount {
	b.t.Helper()
	params := &stripe.FinancialConnectionsAccountRetrieveParams{Expand: stripe.StringSlice(expand)}
	if len(expand) == 0 {
		params = nil
	}
	account, err := b.sdk.V1FinancialConnectionsAccounts.GetByID(b.ctx, b.account, params)
	require.NoError(b.t, err)
	return account
}

func (b *backend) accounts(params *stripe.FinancialConnectionsAccountListParams) (all []*stripe.FinancialConnectionsAccount) {
	b.t.Helper()
	for one, err := range b.sdk.V1FinancialConnectionsAccounts.List(b.ctx, params).All(b.ctx) {
		require.NoError(b.t, err)
		all = append(all, one)
	}
	return all
}

func ofCustomer(customer string) *stripe.FinancialConnectionsAccountListParams {
	return &stripe.FinancialConnectionsAccountListParams{
		AccountHolder: &stripe.FinancialConnectionsAccountListAccountHolderParams{Customer: &customer},
	}
}

func (b *backend) find(list []*stripe.FinancialConnectionsAccount) *stripe.FinancialConnectionsAccount {
	b.t.Helper()
	i := slices.IndexFunc(list, func(one *stripe.FinancialConnectionsAccount) bool { return one.ID == b.account })
	require.GreaterOrEqual(b.t, i, 0)
	return list[i]
}

func (b *backend) owners(ownership string) (all []*stripe.FinancialConnectionsAccountOwner) {
	b.t.Helper()
	params := &stripe.FinancialConnectionsAccountListOwnersParams{Account: &b.account, Ownership: &ownership}
	for one, err := range b.sdk.V1FinancialConnectionsAccounts.ListOwners(b.ctx, params).All(b.ctx) {
		require.NoError(b.t, err)
		all = append(all, one)
	}
	return all
}

// events are those of a type, newest first.
func (b *backend) events(kind string) (all []*stripe.Event) {
	b.t.Helper()
	for one, err := range b.sdk.V1Events.List(b.ctx, &stripe.EventListParams{Type: &kind}).All(b.ctx) {
		require.NoError(b.t, err)
		all = append(all, one)
	}
	return all
}

// transaction is what the SDK tells of one, without where it came from.
type transaction struct {
	stripe.FinancialConnectionsTransaction
	transitions stripe.FinancialConnectionsTransactionStatusTransitions
}

func plain(one *stripe.FinancialConnectionsTransaction) transaction {
	t := transaction{*one, *one.StatusTransitions}
	t.APIResource, t.StatusTransitions = stripe.APIResource{}, nil
	return t
}

// transactions are those that the SDK's paging finds, 100 at a time unless params say otherwise.
func (b *backend) transactions(change func(*stripe.FinancialConnectionsTransactionListParams)) (all []transaction) {
	b.t.Helper()
	params := &stripe.FinancialConnectionsTransactionListParams{Account: &b.account}
	params.Limit = stripe.Int64(100)
	if change != nil {
		change(params)
	}
	for one, err := range b.sdk.V1FinancialConnectionsTransactions.List(b.ctx, params).All(b.ctx) {
		require.NoError(b.t, err)
		all = append(all, plain(one))
	}
	return all
}

func newestFirst(a, b transaction) int {
	if a.TransactedAt != b.TransactedAt {
		return int(b.TransactedAt - a.TransactedAt)
	}
	return strings.Compare(b.ID, a.ID)
}

// refreshState is what the three kinds of refreshes have in common.
type refreshState struct {
	status          string
	attempted, next int64
}

func refreshOf(account *stripe.FinancialConnectionsAccount, feature string) refreshState {
	switch feature {
	case "balance":
		r := account.BalanceRefresh
		return refreshState{string(r.Status), r.LastAttemptedAt, r.NextRefreshAvailableAt}
	case "ownership":
		r := account.OwnershipRefresh
		return refreshState{string(r.Status), r.LastAttemptedAt, r.NextRefreshAvailableAt}
	}
	r := account.TransactionRefresh
	return refreshState{string(r.Status), r.LastAttemptedAt, r.NextRefreshAvailableAt}
}

func accountID(account *stripe.FinancialConnectionsAccount) string { return account.ID }

func ids[T, ID any](list []T, id func(T) ID) []ID {
	found := make([]ID, len(list))
	for i, one := range list {
		found[i] = id(one)
	}
	return found
}

// The same account linked again keeps its id; what was permitted before stays permitted (the design's decision).
func TestAccountsLinkedAgain(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		first := w.session([]string{"balances"})
		account := w.Link(t, w.key, first, sandbox.TestNonOAuth, "Success")
		w.Advance(t, time.Hour)
		second := w.session([]string{"transactions", "ownership"})
		require.Equal(t, account, w.Link(t, w.key, second, sandbox.TestNonOAuth, "Success"))

		again := w.account(account[0])
		require.Equal(t, []gen.Permission{"balances", "ownership", "transactions"}, again.Permissions)
		require.Equal(t, harness.Noon.Unix(), again.Created)
		for _, session := range []string{first, second} {
			listed := read[gen.AccountList](t, w.call(accounts+"?session="+session))
			requireSame(t, []gen.Account{again}, listed.Data)
		}
		require.Len(t, read[gen.AccountList](t, w.call(accounts)).Data, 1)
		w.refresh(account[0], "ownership")
		require.Len(t, w.events("type=financial_connections.account.created"), 1)
	})
}

// Other holders, tenants, modes and connected accounts have accounts of their own at the same bank.
func TestAccountsOfOthers(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory)
	seen := map[string]bool{}
	for _, customer := range []string{"cus_1", "cus_2"} {
		linked := w.Link(t, w.key, w.sessionOf(customer, allPermissions), sandbox.TestNonOAuth, "Success")
		seen[linked[0]] = true
	}
	require.Len(t, seen, 2)
	require.Len(t, read[gen.AccountList](t, w.call(accounts+"?account_holder[customer]=cus_2")).Data, 1)
	require.Empty(t, read[gen.AccountList](t, w.call(accounts+"?account_holder[account]=cus_2")).Data)
	require.Empty(t, read[gen.AccountList](t, w.call(accounts+"?account_holder[customer_account]=cus_2")).Data)
}

// An account that was disconnected is given back by linking it again.
func TestAccountsLinkedAfterDisconnection(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	account := w.link(sandbox.TestNonOAuth, "Success")[0]
	w.refresh(account, allFeatures...)
	read[gen.Account](t, w.post(accounts+"/"+account+"/disconnect"))
	w.Advance(t, 60*24*time.Hour)
	require.Equal(t, gen.AccountStatusDisconnected, w.account(account).Status)

	require.Equal(t, account, w.link(sandbox.TestNonOAuth, "Success")[0])
	back := w.account(account)
	require.Equal(t, gen.AccountStatusActive, back.Status)
	require.Nil(t, back.Balance, "it was given up")
	back = w.refresh(account, allFeatures...)
	require.NotNil(t, back.Balance)
	require.Equal(t, gen.RefreshStatusSucceeded, back.TransactionRefresh.Status)
}

// While a refresh is pending, and until the next one is available, another one changes nothing.
func TestAccountsEarlyRefresh(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		path, form := accounts+"/"+account+"/refresh", featuresForm(allFeatures...)
		read[gen.Account](t, w.call(path, form))
		w.Settle(t)
		refreshed := w.call(accounts + "/" + account)

		early := w.call(path, form)
		require.Equal(t, http.StatusOK, early.Status)
		require.Equal(t, refreshed.Body, early.Body)
		w.Settle(t)
		require.Equal(t, refreshed.Body, w.call(accounts+"/"+account).Body)
		require.Len(t, w.events("type=financial_connections.account.refreshed_*"), 3)

		w.Advance(t, time.Second)
		again := read[gen.Account](t, w.call(path, form))
		require.Equal(t, gen.RefreshStatusPending, again.BalanceRefresh.Status)
		require.NotNil(t, again.Balance, "what was fetched stays")
		w.Settle(t)
		require.Len(t, w.events("type=financial_connections.account.refreshed_*"), 6)
	})
}

// What a bank does not tell fails to be refreshed; what was fetched before would stay.
func TestAccountsFailedRefresh(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	account := w.link(sandbox.TestNonOAuth, "Life Insurance")[0] // has neither balance nor transactions
	failed := w.refresh(account, "balance", "transactions")
	require.Equal(t, gen.RefreshStatusFailed, failed.BalanceRefresh.Status)
	require.NotNil(t, failed.BalanceRefresh.NextRefreshAvailableAt)
	require.Nil(t, failed.Balance)
	require.Equal(t, gen.RefreshStatusFailed, failed.TransactionRefresh.Status)
	require.Equal(t, gen.AccountStatusActive, failed.Status)
	requireFault(t, w.call(transactions+"?account="+account), http.StatusBadRequest, noRefresh, "", "No transaction refresh")

	nobody := w.link(sandbox.OwnershipAccounts, "No Owners Available")[0]
	require.Equal(t, gen.RefreshStatusFailed, w.refresh(nobody, "ownership").OwnershipRefresh.Status)
}

// The error codes of accounts.
const (
	missingCode  = "resource_missing"
	inactiveCode = "financial_connections_account_inactive"
	noRefresh    = "financial_connections_no_successful_transaction_refresh"
)

// fixture has accounts in every state.
type fixture struct {
	*world
	session                                           string
	active, inactive, disconnected, unpermitted, live string
	ownership, transaction, event                     string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	w := begin(t, harness.SQLite)
	f := &fixture{world: w, session: w.session(allPermissions)}
	linked := w.Link(t, w.key, f.session, sandbox.BankNonOAuth, "Everyday Checking", "Rainy Day Savings")
	f.active, f.disconnected = linked[0], linked[1]
	f.inactive = w.link(sandbox.InactiveAccounts, "Checking")[0]
	f.unpermitted = w.Link(t, w.key, w.session([]string{"payment_method"}), sandbox.BankNonOAuth, "Home Loan")[0]
	w.refresh(f.active, allFeatures...)
	read[gen.Account](t, w.post(accounts+"/"+f.disconnected+"/disconnect"))
	w.Advance(t, time.Minute)
	require.Equal(t, gen.AccountStatusInactive, w.account(f.inactive).Status)

	id, err := w.account(f.active).Ownership.AsExpandableOwnership0()
	require.NoError(t, err)
	f.ownership = id
	f.transaction = read[gen.TransactionList](t, w.call(transactions+"?account="+f.active)).Data[0].ID
	f.event = w.events("")[0].ID
	live := &world{Server: w.Server, t: t, key: strings.Replace(w.key, "test", "live", 1)}
	f.live = live.link(sandbox.TestNonOAuth, "Success")[0]
	return f
}

// TestAccountsRefused has the documented answers of what accounts cannot do, and of what is not there.
func TestAccountsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refresh := func(account string, features ...string) func() harness.Answer {
		return func() harness.Answer { return f.call(accounts+"/"+account+"/refresh", featuresForm(features...)) }
	}
	subscribe := func(account, verb string) func() harness.Answer {
		return func() harness.Answer { return f.call(accounts+"/"+account+"/"+verb, "features[]=transactions") }
	}
	get := func(path string) func() harness.Answer { return func() harness.Answer { return f.call(path) } }
	cases := []struct {
		name                 string
		call                 func() harness.Answer
		status               int
		code, param, message string
	}{
		{"refresh an inactive one", refresh(f.inactive, "balance"), 400, inactiveCode, "", "You cannot refresh this account"},
		{"subscribe to an inactive one", subscribe(f.inactive, "subscribe"), 400, inactiveCode, "",
			"You cannot subscribe to this account"},
		{"refresh a disconnected one", refresh(f.disconnected, "balance"), 400, "", "", "This account is disconnected"},
		{"subscribe to a disconnected one", subscribe(f.disconnected, "subscribe"), 400, "", "",
			"This account is disconnected"},
		{"refresh the balance without permission", refresh(f.unpermitted, "balance"), 400, "", "features[0]",
			"The account does not have the `balances` permission"},
		{"refresh the owners without permission", refresh(f.unpermitted, "ownership"), 400, "", "features[0]",
			"The account does not have the `ownership` permission"},
		{"refresh transactions without permission", refresh(f.unpermitted, "transactions"), 400, "", "features[0]",
			"The account does not have the `transactions` permission"},
		{"subscribe without permission", subscribe(f.unpermitted, "subscribe"), 400, "", "features[0]",
			"The account does not have the `transactions` permission"},
		{"refresh nothing", refresh(f.active), 400, "parameter_invalid_empty", "features[0]",
			"You passed an empty string for 'features[0]'."},
		{"refresh without features", func() harness.Answer {
			return f.call(accounts+"/"+f.active+"/refresh",
				"expand[]=ownership")
		}, 400, "parameter_missing", "features", "Missing required param: features."},
		{"refresh what is a permission", refresh(f.active, "balances"), 400, "", "features[0]",
			"Invalid features[0]: must be one of balance, ownership, or transactions"},
		{"subscribe to balances", func() harness.Answer {
			return f.call(accounts+"/"+f.active+"/subscribe",
				"features[]=balance")
		}, 400, "", "features[0]", "Invalid features[0]: must be"},
		{"transactions before a refresh", get(transactions + "?account=" + f.inactive), 400, noRefresh, "",
			"No transaction refresh of this account has succeeded yet"},
		{"transactions without permission", get(transactions + "?account=" + f.unpermitted), 400, noRefresh, "",
			"No transaction refresh of this account has succeeded yet"},

		{"no such account", get(accounts + "/fca_x"), 404, missingCode, "account", "No such account: 'fca_x'"},
		{"refresh no such account", refresh("fca_x", "balance"), 404, missingCode, "account", "No such account: 'fca_x'"},
		{"subscribe to no such account", subscribe("fca_x", "subscribe"), 404, missingCode, "account",
			"No such account: 'fca_x'"},
		{"unsubscribe from no such account", subscribe("fca_x", "unsubscribe"), 404, missingCode, "account",
			"No such account: 'fca_x'"},
		{"disconnect no such account", func() harness.Answer { return f.post(accounts + "/fca_x/disconnect") }, 404,
			missingCode, "account", "No such account: 'fca_x'"},
		{"owners of no such account", get(accounts + "/fca_x/owners?ownership=" + f.ownership), 404, missingCode, "account",
			"No such account: 'fca_x'"},
		{"no such transaction", get(transactions + "/fctxn_x"), 404, missingCode, "transaction",
			"No such transaction: 'fctxn_x'"},
		{"no such event", get(events + "/evt_x"), 404, missingCode, "id", "No such event: 'evt_x'"},
		{"an id with blanks", get(accounts + "/%20" + f.active), 404, missingCode, "account",
			"No such account: ' " + f.active + "'. Make sure you use the exact id without extra whitespace or quotes"},

		{"accounts of no such session", get(accounts + "?session=fcsess_x"), 400, missingCode, "session",
			"No such session: 'fcsess_x'"},
		{"transactions of no such account", get(transactions + "?account=fca_x"), 400, missingCode, "account",
			"No such account: 'fca_x'"},
		{"after no such refresh", get(transactions + "?account=" + f.active + "&transaction_refresh[after]=fctxnref_x"),
			400, missingCode, "transaction_refresh[after]", "No such transaction_refresh: 'fctxnref_x'"},
		{"no such ownership", get(accounts + "/" + f.active + "/owners?ownership=fcaowns_x"), 400, missingCode, "ownership",
			"No such account_ownership: 'fcaowns_x'"},
		{"another account's ownership", get(accounts + "/" + f.inactive + "/owners?ownership=" + f.ownership), 400,
			missingCode, "ownership", "No such account_ownership: '" + f.ownership + "'"},
		{"owners without a snapshot", get(accounts + "/" + f.active + "/owners"), 400, "parameter_missing", "ownership",
			"Missing required param: ownership."},
		{"transactions of nothing", get(transactions), 400, "parameter_missing", "account", "Missing required param: account."},
		{"refresh after nothing", get(transactions + "?account=" + f.active + "&transaction_refresh[x]=1"), 400,
			"parameter_unknown", "transaction_refresh[x]", "Received unknown parameter: transaction_refresh[x]"},

		{"an account of live mode", get(accounts + "/" + f.live), 404, missingCode, "account",
			"No such account: '" + f.live + "'; a similar object exists in live mode, but a test mode key was used to make this request."},

		{"holder and session", get(accounts + "?account_holder[customer]=cus_1&session=" + f.session), 400,
			"parameters_exclusive", "account_holder[customer]",
			"You may only specify one of these parameters: account_holder[customer], session."},
		{"two ids of the holder", get(accounts + "?account_holder[customer]=cus_1&account_holder[account]=acct_1"), 400,
			"parameters_exclusive", "account_holder[account]",
			"You may only specify one of these parameters: account_holder[account], account_holder[customer]."},
		{"a holder's type", get(accounts + "?account_holder[type]=customer"), 400, "parameter_unknown",
			"account_holder[type]", "Received unknown parameter: account_holder[type]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { requireFault(t, c.call(), c.status, c.code, c.param, c.message) })
	}
}

// To end what was not begun changes nothing, whatever the account's state.
func TestAccountsUnsubscribeFromNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, account := range []string{f.active, f.inactive, f.disconnected, f.unpermitted} {
		before := f.call(accounts + "/" + account)
		same := f.call(accounts+"/"+account+"/unsubscribe", "features[]=transactions")
		require.Equal(t, http.StatusOK, same.Status)
		require.Equal(t, before.Body, same.Body)
	}
}

// Every answer with an account expands it; a list's items are expanded through `data`.
func TestAccountsExpand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const expand = "expand[]=ownership&expand[]=account_holder.customer&expand[]=balance&expand[]=transaction_refresh"
	want := f.call(accounts + "/" + f.active + "?" + expand)
	account := read[gen.Account](t, want)
	snapshot, err := account.Ownership.AsAccountOwnership()
	require.NoError(t, err)
	require.Equal(t, f.ownership, snapshot.ID)
	require.Len(t, snapshot.Owners.Data, 2)
	require.Equal(t, accounts+"/"+f.active+"/owners?ownership="+f.ownership, snapshot.Owners.URL)

	inList := "expand[]=data.ownership&expand[]=data.account_holder.customer"
	list := read[gen.AccountList](t, f.call(accounts+"?session="+f.session+"&"+inList))
	i := slices.IndexFunc(list.Data, func(one gen.Account) bool { return one.ID == f.active })
	requireSame(t, account, list.Data[i])
	for _, verb := range []string{"refresh", "subscribe", "unsubscribe"} {
		posted := read[gen.Account](t, f.call(accounts+"/"+f.active+"/"+verb, featuresForm("transactions"), expand))
		requireSame(t, account.Ownership, posted.Ownership)
		requireSame(t, account.AccountHolder, posted.AccountHolder)
		f.Settle(t)
		f.Advance(t, time.Second)
	}
	gone := read[gen.Account](t, f.call(accounts+"/"+f.active+"/disconnect", expand))
	requireSame(t, account.AccountHolder, gone.AccountHolder)
	requireSame(t, nil, gone.Ownership) // null stays null
}

func TestAccountsExpandRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cases := []struct{ name, path, message string }{
		{"in the list", accounts + "?expand[]=ownership",
			"This property cannot be expanded (ownership). You may want to try expanding 'data.ownership' instead."},
		{"the list's count", accounts + "?expand[]=total_count", "This property cannot be included (total_count)"},
		{"what does not exist", accounts + "/" + f.active + "?expand[]=institution",
			"This property cannot be expanded because it doesn't exist: institution."},
		{"what has no more to say", accounts + "/" + f.active + "?expand[]=last4", "This property cannot be expanded (last4)."},
		{"an event's list", events + "?expand[]=request",
			"This property cannot be expanded (request). You may want to try expanding 'data.request' instead."},
		{"a transaction's account", transactions + "/" + f.transaction + "?expand[]=account",
			"This property cannot be expanded (account)."},
		{"too deep", accounts + "?expand[]=data.ownership.owners.data.x",
			"You cannot expand more than 4 levels of a property. Property: data.ownership.owners.data.x"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := f.call(c.path)
			require.Equal(t, http.StatusBadRequest, answer.Status, answer.Body)
			require.Equal(t, c.message, answer.Error(t).Message)
			require.Empty(t, answer.Error(t).Param)
		})
	}
}

// Nothing of an account's numbers but the last four digits is ever served.
func TestAccountsNumbersStaySecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.world
	account := w.link(sandbox.TestNonOAuth, "Success")[0]
	w.refresh(account, allFeatures...)
	for _, path := range []string{accounts + "/" + account, accounts + "?limit=100&expand[]=data.ownership",
		events + "?limit=100",
		transactions + "?limit=100&account=" + account, harness.Sessions + "/" + f.session} {
		answer := w.call(path)
		require.Equal(t, http.StatusOK, answer.Status)
		for _, secret := range []string{"000123456789", "sandbox_access_", "sandbox_refresh_"} {
			require.NotContains(t, answer.Body, secret, path)
		}
	}
}

// troubledBank is the test institutions, which refuse to tell anything while there is trouble.
type troubledBank struct {
	*sandbox.Bank
	trouble atomic.Pointer[bank.Error]
}

func (b *troubledBank) Balance(ctx context.Context, connection bank.Connection, id string) (bank.Balance, error) {
	if trouble := b.trouble.Load(); trouble != nil {
		return bank.Balance{}, trouble
	}
	return b.Bank.Balance(ctx, connection, id)
}

func (b *troubledBank) Transactions(ctx context.Context, connection bank.Connection, id string,
	query bank.TransactionQuery) (bank.Page[bank.Transaction], error) {
	if trouble := b.trouble.Load(); trouble != nil {
		return bank.Page[bank.Transaction]{}, trouble
	}
	return b.Bank.Transactions(ctx, connection, id, query)
}

func beginTroubled(t *testing.T, kind harness.Kind) (*world, *troubledBank) {
	t.Helper()
	troubled := &troubledBank{}
	w := begin(t, kind, func(config *impl.Config) {
		troubled.Bank = sandbox.New(config.Clock.Now)
		config.Banks = bank.NewDirectory(context.Background(), troubled)
	})
	return w, troubled
}

// A refresh that a bank refuses fails, and leaves what was fetched before; where the bank says that access has ended, the
// account is inactive from then on.
func TestAccountsRefusedByTheBank(t *testing.T) {
	t.Parallel()
	cases := []struct {
		kind   bank.Kind
		status gen.AccountStatus
	}{
		{bank.KindBroken, gen.AccountStatusActive},
		{bank.KindBadRequest, gen.AccountStatusActive},
		{bank.KindUnsupported, gen.AccountStatusActive},
		{bank.KindUnavailable, gen.AccountStatusActive},
		{bank.KindGrantDead, gen.AccountStatusInactive},
		{bank.KindAccountGone, gen.AccountStatusInactive},
		{bank.KindAccountClosed, gen.AccountStatusInactive},
		{bank.KindAccountLocked, gen.AccountStatusInactive},
	}
	for _, c := range cases {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			w, troubled := beginTroubled(t, harness.SQLite)
			account := w.link(sandbox.TestNonOAuth, "Success")[0]
			before := w.refresh(account, "balance", "transactions")
			seen := len(w.events(""))
			w.Advance(t, day)
			troubled.trouble.Store(&bank.Error{Kind: c.kind})
			refused := w.refresh(account, "balance", "transactions")

			require.Equal(t, c.status, refused.Status)
			require.Equal(t, gen.RefreshStatusFailed, refused.BalanceRefresh.Status)
			require.Equal(t, gen.RefreshStatusFailed, refused.TransactionRefresh.Status)
			require.Equal(t, c.status == gen.AccountStatusActive, refused.BalanceRefresh.NextRefreshAvailableAt != nil)
			require.Equal(t, c.status == gen.AccountStatusActive, refused.TransactionRefresh.NextRefreshAvailableAt != nil)
			require.Equal(t, before.Balance, refused.Balance, "what was fetched stays")
			require.NotEmpty(t, w.transactions(account, ""))
			want := []string{balanceCame, moneyMoved}
			if c.status == gen.AccountStatusInactive {
				want = []string{deactivated, balanceCame, moneyMoved}
				requireFault(t, w.call(accounts+"/"+account+"/refresh", "features[]=balance"), http.StatusBadRequest,
					inactiveCode, "", "You cannot refresh")
			}
			require.Equal(t, want, types(w.events("")[seen:]))

			failedRefresh := refused.TransactionRefresh.ID
			require.Empty(t, w.transactions(account, "&transaction_refresh[after]="+failedRefresh))
			if c.status == gen.AccountStatusActive {
				troubled.trouble.Store(nil)
				w.Advance(t, time.Minute)
				w.refresh(account, "transactions")
				require.Equal(t, w.transactions(account, "&transaction_refresh[after]="+before.TransactionRefresh.ID),
					w.transactions(account, "&transaction_refresh[after]="+failedRefresh),
					"the one that failed brought nothing")
				require.NotEmpty(t, w.transactions(account, "&transaction_refresh[after]="+failedRefresh))
			}
		})
	}
}

// A bank that asks to come back later is asked again, and the refresh stays pending; in the end it fails.
func TestAccountsRefreshedLater(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w, troubled := beginTroubled(t, kind)
		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		troubled.trouble.Store(&bank.Error{Kind: bank.KindRetryLater, RetryAfter: time.Minute})
		require.Equal(t, gen.RefreshStatusPending, w.refresh(account, "balance").BalanceRefresh.Status)
		w.Advance(t, 59*time.Second)
		troubled.trouble.Store(nil)
		require.Equal(t, gen.RefreshStatusPending, w.account(account).BalanceRefresh.Status)
		require.Empty(t, w.events("type="+prefix+balanceCame))
		w.Advance(t, time.Second)
		require.Equal(t, gen.RefreshStatusSucceeded, w.account(account).BalanceRefresh.Status)
		require.Len(t, w.events("type="+prefix+balanceCame), 1)

		troubled.trouble.Store(&bank.Error{Kind: bank.KindRetryLater})
		w.Advance(t, time.Minute)
		require.Equal(t, gen.RefreshStatusPending, w.refresh(account, "balance").BalanceRefresh.Status)
		w.Advance(t, day)
		require.Equal(t, gen.RefreshStatusFailed, w.account(account).BalanceRefresh.Status)
		require.Len(t, w.events("type="+prefix+balanceCame), 2)
		require.Equal(t, gen.AccountStatusActive, w.account(account).Status)
	})
}

// An account that is disconnected while a refresh is pending stays as it is.
func TestAccountsDisconnectedWhilePending(t *testing.T) {
	t.Parallel()
	w, troubled := beginTroubled(t, harness.SQLite)
	account := w.link(sandbox.TestNonOAuth, "Success")[0]
	troubled.trouble.Store(&bank.Error{Kind: bank.KindRetryLater})
	w.refresh(account, "balance", "transactions")
	gone := w.post(accounts + "/" + account + "/disconnect")
	require.Equal(t, http.StatusOK, gone.Status)
	troubled.trouble.Store(nil)
	w.Advance(t, day)
	require.Equal(t, gone.Body, w.call(accounts+"/"+account).Body)
	require.Empty(t, w.events("type="+prefix+"account.refreshed_*"))
}

// Requests that come at once: one refresh, one disconnection.
func TestAccountsChangedAtOnce(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		atOnce(t, 10, func(int) (harness.Answer, error) {
			return w.Do(harness.Request{Path: accounts + "/" + account + "/refresh", Key: w.key, Body: featuresForm("balance")})
		})
		w.Settle(t)
		require.Len(t, w.events("type="+prefix+balanceCame), 1)
		atOnce(t, 10, func(int) (harness.Answer, error) {
			return w.Do(harness.Request{Method: http.MethodPost, Path: accounts + "/" + account + "/disconnect", Key: w.key})
		})
		w.Settle(t)
		require.Len(t, w.events("type="+prefix+gone), 1)
	})
}

// The same account linked in many sessions at once is one account.
func TestAccountsLinkedAtOnce(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		control := w.Control(t)
		var sessions []string
		for range 8 {
			sessions = append(sessions, w.session(allPermissions))
		}
		answers := atOnce(t, len(sessions), func(i int) (harness.Answer, error) {
			return control.Do(harness.Request{Path: "/sessions/" + sessions[i] + "/link", Key: w.key, Type: harness.JSONType,
				Body: `{"institution": "Test (Non-OAuth)", "accounts": ["Success"]}`})
		})
		linked := read[gen.AccountList](t, w.call(accounts))
		require.Len(t, linked.Data, 1)
		for _, answer := range answers {
			session := read[gen.Session](t, answer)
			require.Len(t, session.Accounts.Data, 1)
			require.Equal(t, linked.Data[0].ID, session.Accounts.Data[0].ID)
		}
		w.Settle(t)
		require.Len(t, w.events("type="+prefix+created), 1)
	})
}

// The same through the linking flow, as eight clients choose the same account.
func TestAccountsChosenAtOnce(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.Start(t, kind)
		clients, signIns := make([]*linkClient, 8), make([]authSession, 8)
		offered := make([]string, len(clients))
		for i := range clients {
			clients[i] = beginLink(t, server, dataForm)
			clients[i].agree(t)
			signIns[i] = clients[i].signIn(t, "bcinst_Jg18xEfPHevfHP")
			offered[i] = clients[i].offers(t, signIns[i].ID).Data[0].ID
		}
		answers := atOnce(t, len(clients), func(i int) (harness.Answer, error) {
			return server.Do(clients[i].request(selectPath, selection(signIns[i].ID, offered[i])...))
		})
		linked := map[string]bool{}
		for _, answer := range answers {
			var p partnerAccounts
			decodeMobile(t, answer.Body, &p)
			linked[*p.Data[0].LinkedAccountID] = true
		}
		require.Len(t, linked, 1, "one holder has one account of it")
	})
}

// atOnce sends requests side by side; all have to go well.
func atOnce(t *testing.T, count int, send func(i int) (harness.Answer, error)) []harness.Answer {
	t.Helper()
	answers, errs := make([]harness.Answer, count), make([]error, count)
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() { answers[i], errs[i] = send(i) })
	}
	group.Wait()
	for i, answer := range answers {
		require.NoError(t, errs[i])
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	}
	return answers
}
