package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fincon/impl/store"
)

var pageTests = map[string]func(*testing.T, *store.Store){
	"pages of accounts":            func(t *testing.T, s *store.Store) { pages(t, s, accountList) },
	"pages of a holder's accounts": func(t *testing.T, s *store.Store) { pages(t, s, holderList) },
	"pages of a session":           func(t *testing.T, s *store.Store) { pages(t, s, sessionList) },
	"pages of transactions":        func(t *testing.T, s *store.Store) { pages(t, s, transactionList) },
	"pages of events":              func(t *testing.T, s *store.Store) { pages(t, s, eventList) },
	"pages of webhook endpoints":   func(t *testing.T, s *store.Store) { pages(t, s, endpointList) },
	"pages of sessions":            func(t *testing.T, s *store.Store) { pages(t, s, allSessions) },
	"pages of deliveries":          func(t *testing.T, s *store.Store) { pages(t, s, deliveryList) },
	"cursors that are not there":   noCursor,
}

// place is a row of a list, as far as its order is concerned.
type place struct {
	at     int64
	id     string
	listed bool // or left out by the list's filter
}

func newestFirst(a, b place) int {
	if a.at != b.at {
		return int(b.at - a.at)
	}
	return strings.Compare(b.id, a.id)
}

// list is a list with a filter: add adds a random row, page reads.
type list struct {
	add  func(t *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error)
	page func(ctx context.Context, page store.Page) (ids []string, more bool, err error)
}

var listCount atomic.Int64

// pages compares a list with what it should be: wherever a page starts, in both directions, and walked through from
// end to end while rows are added.
func pages(t *testing.T, s *store.Store, make func(t *rapid.T, s *store.Store, scope store.Scope) list) {
	rapid.Check(t, func(r *rapid.T) {
		scope := store.Scope{Tenant: fmt.Sprint("pages", listCount.Add(1)), Livemode: rapid.Bool().Draw(r, "live")}
		list := make(r, s, scope)
		numbers := rapid.Permutation(slices.Collect(upTo(30))).Draw(r, "numbers")
		add := func(n int) (rows []place) {
			require.NoError(r, s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				for range n {
					row, err := list.add(r, ctx, tx, fmt.Sprintf("id_%02d", numbers[0]))
					if err != nil {
						return err
					}
					rows, numbers = append(rows, row), numbers[1:]
				}
				return nil
			}))
			return rows
		}
		rows := add(rapid.IntRange(0, 20).Draw(r, "rows"))
		slices.SortFunc(rows, newestFirst)
		anywhere(t, r, list, rows)
		for _, backward := range []bool{false, true} {
			walk(t, r, list, rows, backward, func() { rows = append(rows, add(1)...) })
			slices.SortFunc(rows, newestFirst)
		}
	})
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i++ {
		}
	}
}

// ids is the listed rows of a part of the list.
func ids(rows []place) []string {
	ids := []string{}
	for _, row := range rows {
		if row.listed {
			ids = append(ids, row.id)
		}
	}
	return ids
}

// anywhere asks for one page.
func anywhere(t *testing.T, r *rapid.T, list list, rows []place) {
	page := store.Page{Limit: rapid.IntRange(1, 12).Draw(r, "limit")}
	want, more := ids(rows), false
	if len(rows) > 0 {
		i := rapid.IntRange(0, len(rows)-1).Draw(r, "cursor")
		switch rapid.IntRange(0, 2).Draw(r, "direction") {
		case 1:
			page.After, want = rows[i].id, ids(rows[i+1:])
		case 2:
			page.Before, want = rows[i].id, ids(rows[:i])
		}
	}
	if n := len(want); n > page.Limit {
		more = true
		if page.Before != "" {
			want = want[n-page.Limit:]
		} else {
			want = want[:page.Limit]
		}
	}
	got, gotMore, err := list.page(t.Context(), page)
	require.NoError(r, err)
	require.Equal(r, want, append([]string{}, got...), "%+v", page)
	require.Equal(r, more, gotMore)
}

// walk goes from one end to the other, adding rows on the way: each row that was there at first is met once.
func walk(t *testing.T, r *rapid.T, list list, rows []place, backward bool, add func()) {
	page := store.Page{Limit: rapid.IntRange(1, 12).Draw(r, "limit")}
	met := []string{}
	if backward {
		if len(rows) == 0 {
			return
		}
		// A list has no last page to ask for: the walk starts at the oldest row, which it has met.
		page.Before = rows[len(rows)-1].id
		met = ids(rows[len(rows)-1:])
	}
	added := 0
	for more := true; more; {
		var got []string
		var err error
		got, more, err = list.page(t.Context(), page)
		require.NoError(r, err)
		require.LessOrEqual(r, len(got), page.Limit)
		if backward {
			met = append(got, met...)
		} else {
			met = append(met, got...)
		}
		if len(got) == 0 {
			break
		}
		page.After, page.Before = got[len(got)-1], ""
		if backward {
			page.After, page.Before = "", got[0]
		}
		if added < 4 && rapid.Bool().Draw(r, "add") {
			add()
			added++
		}
	}
	seen := map[string]bool{}
	for _, id := range met {
		require.False(r, seen[id], "%s is met twice", id)
		seen[id] = true
	}
	first := ids(rows)
	require.Equal(r, first, slices.DeleteFunc(append([]string{}, met...), func(id string) bool { return !slices.Contains(first, id) }))
}

func idsOf[T any](rows []T, id func(T) string) (ids []string) {
	for _, row := range rows {
		ids = append(ids, id(row))
	}
	return ids
}

func accountIDs(rows []store.Account) []string {
	return idsOf(rows, func(row store.Account) string { return row.ID })
}

func accountList(_ *rapid.T, s *store.Store, scope store.Scope) list {
	return list{
		add: func(_ *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			return place{id: id, listed: true}, tx.InsertAccount(ctx, scope, account(id, "customer:cus_1"))
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListAccounts(ctx, scope, store.AccountFilter{}, page)
			return accountIDs(rows), more, err
		},
	}
}

func holderList(_ *rapid.T, s *store.Store, scope store.Scope) list {
	return list{
		add: func(t *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			holder := rapid.SampledFrom([]string{"customer:cus_1", "customer:cus_2"}).Draw(t, "holder")
			return place{id: id, listed: holder == "customer:cus_1"}, tx.InsertAccount(ctx, scope, account(id, holder))
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListAccounts(ctx, scope, store.AccountFilter{Holder: "customer:cus_1"}, page)
			return accountIDs(rows), more, err
		},
	}
}

func sessionList(t *rapid.T, s *store.Store, scope store.Scope) list {
	filter := store.AccountFilter{Session: "fcsess_1"}
	if rapid.Bool().Draw(t, "of a holder") {
		filter.Holder = "customer:cus_1"
	}
	return list{
		add: func(t *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			holder := rapid.SampledFrom([]string{"customer:cus_1", "customer:cus_2"}).Draw(t, "holder")
			session := rapid.SampledFrom([]string{"fcsess_0", "fcsess_1"}).Draw(t, "session")
			if err := tx.InsertAccount(ctx, scope, account(id, holder)); err != nil {
				return place{}, err
			}
			listed := session == filter.Session && (filter.Holder == "" || filter.Holder == holder)
			return place{id: id, listed: listed}, tx.AddSessionAccount(ctx, scope, session, id)
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListAccounts(ctx, scope, filter, page)
			return accountIDs(rows), more, err
		},
	}
}

// bounds draws an optional range of times.
func bounds(t *rapid.T) (from, to *int64) {
	bound := rapid.Ptr(rapid.Int64Range(0, 9), true)
	return bound.Draw(t, "from"), bound.Draw(t, "to")
}

func within(at int64, from, to *int64) bool {
	return (from == nil || at >= *from) && (to == nil || at <= *to)
}

func transactionList(t *rapid.T, s *store.Store, scope store.Scope) list {
	filter := store.TransactionFilter{Account: "fca_1", AfterSequence: rapid.Ptr(rapid.Int64Range(0, 4), true).Draw(t, "after")}
	filter.From, filter.To = bounds(t)
	return list{
		add: func(t *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			row := transaction(id, rapid.Int64Range(0, 9).Draw(t, "at"), rapid.Int64Range(1, 5).Draw(t, "sequence"))
			listed := within(row.TransactedAt, filter.From, filter.To) &&
				(filter.AfterSequence == nil || row.Sequence > *filter.AfterSequence)
			// The other account's are never listed, and are no cursors: it has another row of the same time.
			other := transaction("other_"+id, row.TransactedAt, row.Sequence)
			if err := tx.PutTransactions(ctx, scope, "fca_2", []store.Transaction{other}); err != nil {
				return place{}, err
			}
			return place{row.TransactedAt, id, listed}, tx.PutTransactions(ctx, scope, "fca_1", []store.Transaction{row})
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListTransactions(ctx, scope, filter, page)
			if err != nil {
				return nil, false, err
			}
			bodies, moreBodies, err := s.ListTransactionBodies(ctx, scope, filter, page)
			if got, want := fmt.Sprintf("%s", bodies), fmt.Sprintf("%s", idsOf(rows, func(row store.Transaction) string { return string(row.Body) })); got != want || more != moreBodies {
				err = fmt.Errorf("bodies %s, rows %s (%w)", got, want, err)
			}
			return idsOf(rows, func(row store.Transaction) string { return row.ID }), more, err
		},
	}
}

func eventList(t *rapid.T, s *store.Store, scope store.Scope) list {
	types := []string{"a.b.created", "a.b.deleted", "a.c.created", "a.bc"}
	var filter store.EventFilter
	filter.From, filter.To = bounds(t)
	filter.NotBefore = rapid.Int64Range(-1, 5).Draw(t, "not before")
	filter.DeliverySuccess = rapid.Ptr(rapid.Bool(), true).Draw(t, "success")
	switch rapid.IntRange(0, 2).Draw(t, "types") {
	case 1:
		filter.Types = rapid.SliceOfN(rapid.SampledFrom(append(types, "none", "a.b.created,a.bc")), 1, 3).Draw(t, "types")
	case 2:
		filter.TypePrefix = rapid.SampledFrom([]string{"a", "a.b.", "a.bc", "b"}).Draw(t, "prefix")
	}
	return list{
		add: func(t *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			event := store.Event{ID: id, Type: rapid.SampledFrom(types).Draw(t, "type"),
				Created: rapid.Int64Range(0, 9).Draw(t, "at"), Pending: rapid.IntRange(0, 2).Draw(t, "pending"), Body: []byte(id)}
			listed := within(event.Created, filter.From, filter.To) && event.Created >= filter.NotBefore &&
				(filter.DeliverySuccess == nil || *filter.DeliverySuccess == (event.Pending == 0)) &&
				(filter.Types == nil || slices.Contains(filter.Types, event.Type)) &&
				strings.HasPrefix(event.Type, filter.TypePrefix)
			return place{event.Created, id, listed}, tx.InsertEvent(ctx, scope, event)
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListEvents(ctx, scope, filter, page)
			return idsOf(rows, func(row store.Event) string { return row.ID }), more, err
		},
	}
}

func endpointList(_ *rapid.T, s *store.Store, scope store.Scope) list {
	return list{
		add: func(_ *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			return place{id: id, listed: true}, tx.InsertWebhookEndpoint(ctx, scope, store.WebhookEndpoint{ID: id})
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListWebhookEndpoints(ctx, scope, page)
			return idsOf(rows, func(row store.WebhookEndpoint) string { return row.ID }), more, err
		},
	}
}

func allSessions(_ *rapid.T, s *store.Store, scope store.Scope) list {
	return list{
		add: func(_ *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			return place{id: id, listed: true}, tx.InsertSession(ctx, scope, session(id, id))
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListSessions(ctx, scope, page)
			return idsOf(rows, func(row store.Session) string { return string(row.Body) }), more, err
		},
	}
}

// deliveryList has deliveries to two endpoints, of which each event is on its way to one.
func deliveryList(_ *rapid.T, s *store.Store, scope store.Scope) list {
	return list{
		add: func(t *rapid.T, ctx context.Context, tx *store.Tx, id string) (place, error) {
			endpoint := rapid.SampledFrom([]string{"we_1", "we_2"}).Draw(t, "endpoint")
			if err := tx.InsertEvent(ctx, scope, event(id, 0, 1)); err != nil {
				return place{}, err
			}
			return place{id: store.DeliveryID(id, endpoint), listed: true}, tx.InsertDelivery(ctx, scope, id, endpoint, 0)
		},
		page: func(ctx context.Context, page store.Page) ([]string, bool, error) {
			rows, more, err := s.ListDeliveries(ctx, scope, page)
			return idsOf(rows, func(row store.OutstandingDelivery) string {
				return store.DeliveryID(row.Event, row.Endpoint)
			}), more, err
		},
	}
}

func noCursor(t *testing.T, s *store.Store) {
	seed(t, s, scope)
	seed(t, s, otherTenant)
	lists := map[string]func(store.Page) error{
		"accounts": func(page store.Page) error {
			_, _, err := s.ListAccounts(t.Context(), scope, store.AccountFilter{}, page)
			return err
		},
		"accounts of a session": func(page store.Page) error {
			_, _, err := s.ListAccounts(t.Context(), scope, store.AccountFilter{Session: "fcsess_1"}, page)
			return err
		},
		"transactions": func(page store.Page) error {
			_, _, err := s.ListTransactions(t.Context(), scope, store.TransactionFilter{Account: "fca_one"}, page)
			return err
		},
		"events": func(page store.Page) error {
			_, _, err := s.ListEvents(t.Context(), scope, store.EventFilter{}, page)
			return err
		},
		"sessions": func(page store.Page) error {
			_, _, err := s.ListSessions(t.Context(), scope, page)
			return err
		},
		"webhook endpoints": func(page store.Page) error {
			_, _, err := s.ListWebhookEndpoints(t.Context(), scope, page)
			return err
		},
	}
	for name, list := range lists {
		require.NoError(t, list(store.Page{Limit: 1}), name)
		for _, id := range []string{"none", "\x00", "\xff", "fca_two", "fctxn_two", "evt_two", "we_two"} {
			require.ErrorIs(t, list(store.Page{Limit: 1, After: id}), store.ErrNoCursor, "%s: %q", name, id)
			require.ErrorIs(t, list(store.Page{Limit: 1, Before: id}), store.ErrNoCursor, "%s: %q", name, id)
		}
	}
	_, _, err := s.ListTransactions(t.Context(), scope, store.TransactionFilter{Account: "fca_other"},
		store.Page{Limit: 1, After: "fctxn_one"})
	require.ErrorIs(t, err, store.ErrNoCursor, "a transaction of another account")
}
