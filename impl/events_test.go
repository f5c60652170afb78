package impl_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/apikey"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/impl/contract/contracttest"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/impl/store/sqlite"
	"fincon/impl/vault"
	"fincon/impl/wire"
	"fincon/openapi"
)

// api is a server whose answers are held against the document, with its store and a clock that a test moves.
type api struct {
	t       *testing.T
	server  *impl.Server
	handler http.Handler
	kept    *store.Store
	clock   *clock.Clock
}

func newAPI(t *testing.T) *api {
	t.Helper()
	kept, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "fincon.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	a := &api{t: t, kept: kept, clock: clock.Test(0)}
	a.server, err = impl.New(impl.Config{
		Store: kept, Keys: apikey.Open(), Clock: a.clock, Banks: bank.NewDirectory(t.Context(), sandbox.New(a.clock.Now)),
		Vault: vault.Random(), Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	a.handler, err = contracttest.New(openapi.JSON, a.server, func(err error) { t.Errorf("against the document: %v", err) })
	require.NoError(t, err)
	return a
}

// The two modes of one tenant.
const (
	testKey = "sk_test_123"
	liveKey = "sk_live_123"
)

func (a *api) scope(key string) store.Scope {
	a.t.Helper()
	caller, err := apikey.Open().Caller(a.t.Context(), http.Header{"Authorization": {"Bearer " + key}})
	require.NoError(a.t, err)
	return caller.Scope
}

func (a *api) call(key, method, path, body string, header ...string) *httptest.ResponseRecorder {
	return call(a.handler, method, path, body, append(header, "Authorization", "Bearer "+key)...)
}

// get reads an answer that went well.
func (a *api) get(key, path string, into any) {
	a.t.Helper()
	decode(a.t, a.call(key, http.MethodGet, path, ""), into)
}

func decode(t *testing.T, answer *httptest.ResponseRecorder, into any) {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.Code, answer.Body.String())
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), into))
}

// requireFault holds an answer against an error.
func requireFault(t *testing.T, answer *httptest.ResponseRecorder, status int, code, param, message string) {
	t.Helper()
	var body struct {
		Error struct{ Code, Param, Message string }
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body))
	require.Equal(t, status, answer.Code, answer.Body.String())
	require.Equal(t, code, body.Error.Code)
	require.Equal(t, param, body.Error.Param)
	require.Equal(t, message, body.Error.Message)
}

func (a *api) write(work func(context.Context, *store.Tx) error) {
	a.t.Helper()
	require.NoError(a.t, a.kept.Write(a.t.Context(), work))
}

// account is the document's example of one.
var account = func() []byte {
	document, err := openapi3.NewLoader().LoadFromData(openapi.JSON)
	if err != nil {
		panic(err)
	}
	body, err := wire.JSON(document.Components.Examples["Account"].Value.Value)
	if err != nil {
		panic(err)
	}
	return body
}()

// happen records an event at the server's time and gives its id.
func (a *api) happen(key string, kind gen.EventType) string {
	a.t.Helper()
	a.write(func(ctx context.Context, tx *store.Tx) error {
		return event.Record(ctx, tx, a.scope(key), a.clock.Now(), kind, account, event.Request{ID: "req_1"})
	})
	found, _, err := a.kept.ListEvents(a.t.Context(), a.scope(key), store.EventFilter{}, store.Page{Limit: 1})
	require.NoError(a.t, err)
	return found[0].ID
}

// happenedAt is when a test event happened, as a parameter.
func (a *api) happenedAt(id string) string {
	a.t.Helper()
	found, err := a.kept.Event(a.t.Context(), a.scope(testKey), id)
	require.NoError(a.t, err)
	return strconv.FormatInt(found.Created, 10)
}

const (
	accountCreated      = gen.EventTypeFinancialConnectionsAccountCreated
	accountDisconnected = gen.EventTypeFinancialConnectionsAccountDisconnected
	upcoming            = gen.EventTypeFinancialConnectionsAuthorizationUpcomingDeactivation
)

func TestRetrieveEvent(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := a.happen(testKey, accountCreated)
	var got gen.Event
	a.get(testKey, "/v1/events/"+id, &got)
	require.Equal(t, id, got.ID)
	require.Equal(t, accountCreated, got.Type)
	require.WithinDuration(t, a.clock.Now(), time.Unix(got.Created, 0), time.Minute)
	require.Equal(t, event.Version, *got.APIVersion)
	require.Equal(t, "req_1", *got.Request.ID)
	require.Nil(t, got.Request.IdempotencyKey)
	require.JSONEq(t, string(account), string(got.Data.Object))

	requireFault(t, a.call(testKey, http.MethodGet, "/v1/events/evt_x", ""), 404, "resource_missing", "id", "No such event: 'evt_x'")
	requireFault(t, a.call("sk_test_other", http.MethodGet, "/v1/events/"+id, ""), 404, "resource_missing", "id", "No such event: '"+id+"'")
	requireFault(t, a.call(liveKey, http.MethodGet, "/v1/events/"+id, ""), 404, "resource_missing", "id", "No such event: '"+id+
		"'; a similar object exists in test mode, but a live mode key was used to make this request.")

	a.clock.Advance(30*24*time.Hour - time.Hour)
	a.get(testKey, "/v1/events/"+id, &got)
	a.clock.Advance(2 * time.Hour)
	for _, key := range []string{testKey, liveKey} {
		requireFault(t, a.call(key, http.MethodGet, "/v1/events/"+id, ""), 404, "resource_missing", "id", "No such event: '"+id+"'")
	}
}

func TestListEvents(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	old := a.happen(testKey, accountCreated)
	a.clock.Advance(20 * 24 * time.Hour)
	first := a.happen(testKey, accountCreated)
	firstAt := a.happenedAt(first)
	a.clock.Advance(time.Hour)
	second := a.happen(testKey, accountDisconnected)
	secondAt := a.happenedAt(second)
	a.clock.Advance(time.Hour)
	third := a.happen(testKey, upcoming)
	a.happen(liveKey, accountCreated)
	a.clock.Advance(15 * 24 * time.Hour)

	all := []string{third, second, first}
	for query, want := range map[string][]string{
		"":                                 all,
		"limit=2":                          {third, second},
		"limit=2&starting_after=" + second: {first},
		"limit=1&ending_before=" + first:   {second},
		"ending_before=" + third:           {},
		"created=" + firstAt:               {first},
		"created[gte]=" + secondAt:         {third, second},
		"created[gt]=" + secondAt:          {third},
		"created[lt]=" + secondAt:          {first},
		"created[lte]=" + secondAt:         {second, first},
		"created[gte]=1&created[lt]=2":     {},
		"created[gt]=9223372036854775807":  {},
		"created[gt]=" + firstAt + "&created[gte]=1&created[lte]=" + secondAt:     {second},
		"type=financial_connections.account.created":                              {first},
		"type=financial_connections.account.*":                                    {second, first},
		"type=*":                                                                  all,
		"type=financial_connections.*.created":                                    {},
		"type=customer.created":                                                   {},
		"types[]=financial_connections.account.created":                           {first},
		"types[]=" + string(upcoming) + "&types[]=" + string(accountDisconnected): {third, second},
		"delivery_success=true":                                                   all, // there was no endpoint to deliver to
		"delivery_success=false":                                                  {},
	} {
		var got gen.EventList
		a.get(testKey, "/v1/events?"+escape(query), &got)
		ids := []string{}
		for _, one := range got.Data {
			ids = append(ids, one.ID)
		}
		require.Equal(t, want, ids, query)
		require.Equal(t, "/v1/events", got.URL)
	}
	var page gen.EventList
	a.get(testKey, "/v1/events?limit=2", &page)
	require.True(t, page.HasMore)
	a.get(testKey, "/v1/events?limit=2&starting_after="+second, &page)
	require.False(t, page.HasMore, "what is too old is not served: %s", old)

	list := func(query string) *httptest.ResponseRecorder {
		return a.call(testKey, http.MethodGet, "/v1/events?"+query, "")
	}
	requireFault(t, list("type=a&types[]=b"), 400, "parameters_exclusive", "type", "You may only specify one of these parameters: type, types.")
	requireFault(t, list("starting_after=evt_x"), 404, "resource_missing", "starting_after", "No such event: 'evt_x'")
	requireFault(t, list("ending_before=evt_x"), 404, "resource_missing", "ending_before", "No such event: 'evt_x'")
	requireFault(t, list("starting_after="+first+"&ending_before="+first), 400, "parameters_exclusive", "ending_before",
		"You may only specify one of these parameters: ending_before, starting_after.")
}

// escape leaves the structure of a query and escapes what clients escape.
func escape(query string) string {
	values, _ := url.ParseQuery(query)
	return values.Encode()
}

// TestPendingWebhooks: an event tells how many endpoints have not received it by now, not when it was recorded.
func TestPendingWebhooks(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	create := "/v1/webhook_endpoints"
	form := url.Values{"url": {"http://127.0.0.1:1/"}, "enabled_events[]": {"*"}}.Encode()
	require.Equal(t, http.StatusOK, a.call(testKey, http.MethodPost, create, form).Code)
	require.Equal(t, http.StatusOK, a.call(testKey, http.MethodPost, create, form).Code)
	id := a.happen(testKey, accountCreated)
	pending := func() int64 {
		var one gen.Event
		a.get(testKey, "/v1/events/"+id, &one)
		var list gen.EventList
		a.get(testKey, "/v1/events", &list)
		require.Equal(t, one.PendingWebhooks, list.Data[0].PendingWebhooks)
		return one.PendingWebhooks
	}
	require.Equal(t, int64(2), pending())
	now := a.clock.Now().Unix()
	endpoints, err := a.kept.EndpointsWithDueDeliveries(t.Context(), now)
	require.NoError(t, err)
	require.Len(t, endpoints, 2)
	for i, endpoint := range endpoints {
		claimed, err := a.kept.ClaimDeliveries(t.Context(), endpoint, now, now+60, 1)
		require.NoError(t, err)
		a.write(func(ctx context.Context, tx *store.Tx) error { return tx.FinishDelivery(ctx, claimed[0].Delivery) })
		require.Equal(t, int64(1-i), pending())
	}
}
