package tests

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fincon/gen"
	"fincon/impl/bank/sandbox"
	"fincon/impl/event"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
	"fincon/tests/harness"
)

// place is where an object stands in its list: newest first by the time, and then by the id.
type place struct {
	ID string `json:"id"`
	At int64  `json:"transacted_at"` // of transactions; the others have their creation in the id
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.At, p.At), strings.Compare(q.ID, p.ID))
}

// listed is a page as it is answered.
type listed struct {
	Object  string  `json:"object"`
	URL     string  `json:"url"`
	HasMore bool    `json:"has_more"`
	Data    []place `json:"data"`
}

// pile is a list of one tenant, and what it must show.
type pile struct {
	*world
	rt    *rapid.T
	path  string          // with a query that ends in ? or &
	whole []place         // in the list's order
	known map[string]bool // events that were seen
}

// page reads one page.
func (p *pile) page(query string) (page listed) {
	answer, err := p.Do(harness.Request{Path: p.path + query, Key: p.key})
	require.NoError(p.rt, err)
	require.Equal(p.rt, http.StatusOK, answer.Status, answer.Body)
	require.NoError(p.rt, json.Unmarshal([]byte(answer.Body), &page))
	require.Equal(p.rt, "list", page.Object)
	return page
}

// forward pages from a cursor, "" for the beginning, to the end. between is done between two pages.
func (p *pile) forward(cursor string, between func()) (found []place) {
	for {
		limit := rapid.IntRange(1, 6).Draw(p.rt, "limit")
		query := fmt.Sprint("limit=", limit)
		if cursor != "" {
			query += "&starting_after=" + cursor
		}
		page := p.page(query)
		require.True(p.rt, len(page.Data) == limit || len(page.Data) < limit && !page.HasMore)
		found = append(found, page.Data...)
		if !page.HasMore {
			return found
		}
		cursor = page.Data[limit-1].ID
		between()
	}
}

// backward pages from a cursor to the beginning, and gives what it found in the list's order.
func (p *pile) backward(cursor string, between func()) (found []place) {
	for {
		limit := rapid.IntRange(1, 6).Draw(p.rt, "limit")
		page := p.page(fmt.Sprint("limit=", limit, "&ending_before=", cursor))
		require.True(p.rt, len(page.Data) == limit || len(page.Data) < limit && !page.HasMore)
		found = append(slices.Clone(page.Data), found...)
		if !page.HasMore {
			return found
		}
		cursor = page.Data[0].ID
		between()
	}
}

func nothing() {}

// requirePages: the pages from the beginning, and from any place in both directions, are the whole list.
func (p *pile) requirePages() {
	require.Equal(p.rt, places(p.whole), places(p.forward("", nothing)))
	if len(p.whole) == 0 {
		return
	}
	at := rapid.IntRange(0, len(p.whole)-1).Draw(p.rt, "cursor")
	require.Equal(p.rt, places(p.whole[at+1:]), places(p.forward(p.whole[at].ID, nothing)))
	require.Equal(p.rt, places(p.whole[:at]), places(p.backward(p.whole[at].ID, nothing)))
}

// requirePagesWhile: rows that are added meanwhile neither hide nor repeat the others.
func (p *pile) requirePagesWhile(add func()) {
	if len(p.whole) == 0 {
		return
	}
	before, added := slices.Clone(p.whole), 0
	between := func() {
		if added++; added <= 5 { // or paging to older ones might never end
			add()
		}
	}
	p.requireHas(before, p.forward("", between))
	last := before[len(before)-1]
	p.requireHas(before[:len(before)-1], p.backward(last.ID, between))
}

// requireHas: in order, nothing twice, and everything that was there before.
func (p *pile) requireHas(before, found []place) {
	for i := 1; i < len(found); i++ {
		require.Negative(p.rt, found[i-1].compare(found[i]), "in order, and nothing twice")
	}
	old := slices.DeleteFunc(slices.Clone(found), func(one place) bool { return !slices.Contains(before, one) })
	require.Equal(p.rt, places(before), places(old))
}

// places is for comparing: an empty list is the same as none.
func places(list []place) []place { return append([]place{}, list...) }

func (p *pile) put(one place) {
	p.whole = append(p.whole, one)
	slices.SortFunc(p.whole, place.compare)
}

func (p *pile) write(work func(ctx context.Context, tx *store.Tx, scope store.Scope) error) {
	scope := harness.Scope(p.t, p.key)
	require.NoError(p.rt, p.Store.Write(p.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return work(ctx, tx,
			scope)
	}))
}

var tenants atomic.Int64

// checkPages checks the pages of a list of random rows. fill makes the list.
func checkPages(t *testing.T, fill func(p *pile) (add func())) {
	t.Parallel()
	onPiles(t, func(p *pile) {
		add := fill(p)
		for range rapid.IntRange(0, 15).Draw(p.rt, "rows") {
			add()
		}
		p.requirePages()
		p.requirePagesWhile(add)
	})
}

// onPiles checks a property of lists on both engines; SQLite in memory, since the many rows need not be durable.
func onPiles(t *testing.T, check func(p *pile)) {
	for _, kind := range []harness.Kind{harness.Memory, harness.Postgres} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := harness.StartStopped(t, kind)
			rapid.Check(t, func(rt *rapid.T) {
				key := fmt.Sprint("sk_test_tenant", tenants.Add(1))
				check(&pile{world: &world{Server: server, t: t, key: key}, rt: rt})
			})
		})
	}
}

// someTime is a time with many others close by.
func (p *pile) someTime() time.Time {
	return harness.Noon.Add(-time.Duration(rapid.IntRange(0, 20).Draw(p.rt, "seconds ago")) * time.Second)
}

// Transactions are listed by when they took place: many at the same time, and put in at any place. The account and the
// filters are random, too.
func TestListsTransactions(t *testing.T) {
	checkPages(t, func(p *pile) func() {
		account, refreshes := p.emptyAccount()
		filter := store.TransactionFilter{Account: account}
		p.path = transactions + "?account=" + account + "&"
		if rapid.Bool().Draw(p.rt, "by time") {
			from, to := p.someTime().Unix(), p.someTime().Unix()
			filter.From, filter.To = &from, &to
			p.path += fmt.Sprintf("transacted_at[gte]=%d&transacted_at[lt]=%d&", from, to+1)
		}
		if rapid.Bool().Draw(p.rt, "by refresh") {
			after := int64(rapid.IntRange(0, len(refreshes)-1).Draw(p.rt, "after"))
			filter.AfterSequence = &after
			p.path += "transaction_refresh[after]=" + refreshes[after] + "&"
		}
		return func() { p.addTransaction(filter, refreshes) }
	})
}

// emptyAccount makes an account whose transactions were refreshed a few times, and has none.
func (p *pile) emptyAccount() (account string, refreshes []string) {
	account = id.New("fca_", harness.Noon)
	body, err := wire.JSON(gen.Account{
		ID: account, Object: gen.AccountObjectFinancialConnectionsAccount, Created: harness.Noon.Unix(),
		Category: gen.AccountCategoryCash, Subcategory: gen.AccountSubcategoryChecking, Status: gen.AccountStatusActive,
		SupportedPaymentMethodTypes: []gen.AccountSupportedPaymentMethodTypes{},
	})
	require.NoError(p.rt, err)
	p.write(func(ctx context.Context, tx *store.Tx, scope store.Scope) error {
		if err := tx.InsertAccount(ctx, scope, store.Account{
			ID: account, Holder: "customer:cus_1", BankKey: account, Body: body, State: []byte(`{"fetched":1}`),
		}); err != nil {
			return err
		}
		refreshes = nil
		for sequence := range 4 {
			refresh := store.TransactionRefresh{ID: id.New("fctxnref_", harness.Noon), Account: account,
				Sequence: int64(sequence)}
			refreshes = append(refreshes, refresh.ID)
			if err := tx.InsertTransactionRefresh(ctx, scope, refresh); err != nil {
				return err
			}
		}
		return nil
	})
	return account, refreshes
}

func (p *pile) addTransaction(filter store.TransactionFilter, refreshes []string) {
	at := p.someTime().Unix()
	sequence := rapid.IntRange(1, len(refreshes)-1).Draw(p.rt, "refresh")
	transactionID := id.New("fctxn_", p.someTime()) // of any order
	body, err := wire.JSON(gen.Transaction{
		ID: transactionID, Object: gen.TransactionObjectFinancialConnectionsTransaction, Account: filter.Account, Amount: 1,
		Currency: "usd", Status: gen.TransactionStatusPending, TransactedAt: at, TransactionRefresh: refreshes[sequence],
	})
	require.NoError(p.rt, err)
	p.write(func(ctx context.Context, tx *store.Tx, scope store.Scope) error {
		return tx.PutTransactions(ctx, scope, filter.Account, []store.Transaction{{
			ID: transactionID, Account: filter.Account, BankID: transactionID, TransactedAt: at, Sequence: int64(sequence),
			Status: "pending", Body: body,
		}})
	})
	if filter.From != nil && (at < *filter.From || at > *filter.To) ||
		filter.AfterSequence != nil && int64(sequence) <= *filter.AfterSequence {
		return
	}
	p.put(place{transactionID, at})
}

// Accounts of two holders, some of them linked in a session; the list is all, a holder's or the session's.
func TestListsAccounts(t *testing.T) {
	checkPages(t, func(p *pile) func() {
		session := p.session([]string{"balances"})
		by := rapid.SampledFrom([]string{"", "account_holder[customer]=cus_1&", "session=" + session + "&"}).Draw(p.rt,
			"filter")
		p.path = accounts + "?" + by
		return func() {
			holder := rapid.SampledFrom([]string{"customer:cus_1", "customer:cus_2"}).Draw(p.rt, "holder")
			inSession := rapid.Bool().Draw(p.rt, "in the session")
			account := p.addAccount(holder, session, inSession)
			if by == "" || strings.HasPrefix(by, "account") && holder == "customer:cus_1" || strings.HasPrefix(by,
				"session") && inSession {
				p.put(place{ID: account})
			}
		}
	})
}

func (p *pile) addAccount(holder, session string, inSession bool) (account string) {
	account = id.New("fca_", p.someTime())
	body, err := wire.JSON(gen.Account{
		ID: account, Object: gen.AccountObjectFinancialConnectionsAccount, Created: harness.Noon.Unix(),
		Category: gen.AccountCategoryOther, Subcategory: gen.AccountSubcategoryOther, Status: gen.AccountStatusActive,
		SupportedPaymentMethodTypes: []gen.AccountSupportedPaymentMethodTypes{},
	})
	require.NoError(p.rt, err)
	p.write(func(ctx context.Context, tx *store.Tx, scope store.Scope) error {
		row := store.Account{ID: account, Holder: holder, BankKey: account, Body: body, State: []byte("{}")}
		if err := tx.InsertAccount(ctx, scope, row); err != nil || !inSession {
			return err
		}
		return tx.AddSessionAccount(ctx, scope, session, account)
	})
	return account
}

// Events of several types and times; the list is all, those of one type or of some, or those since a time.
func TestListsEvents(t *testing.T) {
	checkPages(t, func(p *pile) func() {
		since := p.someTime()
		p.known = map[string]bool{}
		filters := map[string]func(gen.Event) bool{
			"":                             func(gen.Event) bool { return true },
			"type=" + prefix + gone + "&":  func(e gen.Event) bool { return e.Type == prefix+gone },
			"type=" + prefix + "account.&": func(gen.Event) bool { return false },
			"type=" + prefix + "account.*&": func(e gen.Event) bool {
				return strings.HasPrefix(string(e.Type), prefix+"account.")
			},
			"types[]=" + prefix + gone + "&types[]=" + prefix + consentEnds + "&": func(e gen.Event) bool {
				return e.Type == prefix+gone || e.Type == prefix+consentEnds
			},
			fmt.Sprintf("created[gte]=%d&", since.Unix()): func(e gen.Event) bool { return e.Created >= since.Unix() },
			fmt.Sprintf("created=%d&", since.Unix()):      func(e gen.Event) bool { return e.Created == since.Unix() },
			"delivery_success=true&":                      func(gen.Event) bool { return true },
			"delivery_success=false&":                     func(gen.Event) bool { return false },
		}
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range filters {
				if !yield(name) {
					return
				}
			}
		})
		filter := rapid.SampledFrom(names).Draw(p.rt, "filter")
		p.path = events + "?" + filter
		return func() {
			kind := gen.EventType(prefix + rapid.SampledFrom([]string{gone, created, consentEnds}).Draw(p.rt, "type"))
			if added := p.addEvent(kind, p.someTime()); filters[filter](added) {
				p.put(place{ID: added.ID})
			}
		}
	})
}

// addEvent records an event as it is recorded when something happens.
func (p *pile) addEvent(kind gen.EventType, at time.Time) gen.Event {
	subject, err := wire.JSON(gen.Authorization{
		ID: "fcauth_1", Object: gen.AuthorizationObjectFinancialConnectionsAuthorization, Status: gen.AuthorizationStatusActive,
	})
	require.NoError(p.rt, err)
	p.write(func(ctx context.Context, tx *store.Tx, scope store.Scope) error {
		return event.Record(ctx, tx, scope, at, kind, subject, event.Request{})
	})
	for _, one := range p.world.events(fmt.Sprint("created=", at.Unix())) {
		if !p.known[one.ID] {
			p.known[one.ID] = true
			return one
		}
	}
	require.Fail(p.rt, "the event is not listed")
	return gen.Event{}
}

func TestListsWebhookEndpoints(t *testing.T) {
	checkPages(t, func(p *pile) func() {
		p.path = webhookEndpoints + "?"
		return func() {
			answer, err := p.Do(harness.Request{Path: webhookEndpoints, Key: p.key,
				Body: "url=http://127.0.0.1:9/&enabled_events[]=*"})
			require.NoError(p.rt, err)
			require.Equal(p.rt, http.StatusOK, answer.Status, answer.Body)
			var one place
			require.NoError(p.rt, json.Unmarshal([]byte(answer.Body), &one))
			p.put(one)
		}
	})
}

// The owners of a snapshot stay in the order in which the bank told them.
func TestListsOwners(t *testing.T) {
	t.Parallel()
	onPiles(t, func(p *pile) {
		account, _ := p.emptyAccount()
		snapshot := gen.AccountOwnership{
			ID: id.New("fcaowns_", harness.Noon), Object: gen.AccountOwnershipObjectFinancialConnectionsAccountOwnership,
			Owners: gen.AccountOwnerList{Object: gen.AccountOwnerListObjectList, Data: []gen.AccountOwner{}},
		}
		for range rapid.IntRange(0, 20).Draw(p.rt, "owners") {
			owner := gen.AccountOwner{
				ID: id.New("fcaown_", p.someTime()), Object: gen.AccountOwnerObjectFinancialConnectionsAccountOwner,
				Ownership: snapshot.ID,
			}
			snapshot.Owners.Data = append(snapshot.Owners.Data, owner)
			p.whole = append(p.whole, place{ID: owner.ID})
		}
		body, err := wire.JSON(snapshot)
		require.NoError(p.rt, err)
		p.write(func(ctx context.Context, tx *store.Tx, scope store.Scope) error {
			return tx.InsertOwnership(ctx, scope, store.Ownership{ID: snapshot.ID, Account: account, Body: body})
		})
		p.path = accounts + "/" + account + "/owners?ownership=" + snapshot.ID + "&"
		p.requirePages()
	})
}

// TestListsRefused: every list has the same rules for its pages.
func TestListsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	endpoint := read[gen.WebhookEndpoint](t, f.call(webhookEndpoints, "url=http://127.0.0.1:9/&enabled_events[]=*"))
	lists := []struct{ name, path, kind, cursor string }{
		{"accounts", accounts + "?", "account", f.active},
		{"accounts of a session", accounts + "?session=" + f.session + "&", "account", f.active},
		{"owners", accounts + "/" + f.active + "/owners?ownership=" + f.ownership + "&", "account_owner", f.owner()},
		{"transactions", transactions + "?account=" + f.active + "&", "transaction", f.transaction},
		{"events", events + "?", "event", f.event},
		{"webhook endpoints", webhookEndpoints + "?", "webhook_endpoint", endpoint.ID},
	}
	const least, most = "This value must be greater than or equal to 1.", "This value must be less than or equal to 100."
	for _, list := range lists {
		cases := []struct {
			name, query          string
			status               int
			code, param, message string
		}{
			{"limit 0", "limit=0", 400, "parameter_invalid_integer", "limit", least},
			{"limit -1", "limit=-1", 400, "parameter_invalid_integer", "limit", least},
			{"limit 101", "limit=101", 400, "parameter_invalid_integer", "limit", most},
			{"limit abc", "limit=abc", 400, "parameter_invalid_integer", "limit", "Invalid integer: abc"},
			{"limit 1.5", "limit=1.5", 400, "parameter_invalid_integer", "limit", "Invalid integer: 1.5"},
			{"no limit", "limit=", 400, "parameter_invalid_empty", "limit", "You passed an empty string for 'limit'."},
			{"after nothing", "starting_after=", 400, "parameter_invalid_empty", "starting_after",
				"You passed an empty string for 'starting_after'."},
			{"after what is not there", "starting_after=bogus_1", 404, missingCode, "starting_after",
				"No such " + list.kind + ": 'bogus_1'"},
			{"before what is not there", "ending_before=bogus_1", 404, missingCode, "ending_before",
				"No such " + list.kind + ": 'bogus_1'"},
			{"after what is no such object", "starting_after=" + endpoint.ID[3:], 404, missingCode, "starting_after",
				"No such " + list.kind},
			{"both cursors", "starting_after=" + list.cursor + "&ending_before=" + list.cursor, 400, "parameters_exclusive",
				"ending_before",
				"You may only specify one of these parameters: ending_before, starting_after."},
			{"a parameter that there is not", "page=1", 400, "parameter_unknown", "page", "Received unknown parameter: page"},
		}
		for _, c := range cases {
			t.Run(list.name+", "+c.name, func(t *testing.T) {
				requireFault(t, f.call(list.path+c.query), c.status, c.code, c.param, c.message)
			})
		}
		for _, other := range lists {
			if other.kind == list.kind {
				continue
			}
			t.Run(list.name+", after one of "+other.name, func(t *testing.T) {
				requireFault(t, f.call(list.path+"starting_after="+other.cursor), 404, missingCode, "starting_after",
					"No such "+list.kind)
			})
		}
	}
}

func (f *fixture) owner() string {
	f.t.Helper()
	path := accounts + "/" + f.active + "/owners?ownership=" + f.ownership
	return read[gen.AccountOwnerList](f.t, f.call(path)).Data[0].ID
}

// Ten objects on a page unless it is said how many, a hundred at most; the list says where it is.
func TestListsLimits(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	account := w.link(sandbox.TestNonOAuth, "Success")[0]
	w.refresh(account, "transactions")
	for query, want := range map[string]int{"": 10, "&limit=1": 1, "&limit=100": 100, "&limit=007": 7} {
		page := read[listed](t, w.call(transactions+"?account="+account+query))
		require.Len(t, page.Data, want)
		require.True(t, page.HasMore)
		require.Equal(t, transactions, page.URL)
	}
	newest := read[listed](t, w.call(transactions+"?account="+account+"&limit=1")).Data[0].ID
	empty := read[listed](t, w.call(transactions+"?account="+account+"&ending_before="+newest))
	require.Empty(t, empty.Data)
	require.False(t, empty.HasMore)
	require.Contains(t, w.call(transactions+"?account="+account+"&ending_before="+newest).Body, `"data": []`)
	require.Equal(t, accounts, read[listed](t, w.call(accounts)).URL)
	require.Equal(t, events, read[listed](t, w.call(events)).URL)
	require.Equal(t, webhookEndpoints, read[listed](t, w.call(webhookEndpoints)).URL)
}
