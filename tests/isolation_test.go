package tests

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/bank/sandbox"
	"fincon/impl/store"
	"fincon/openapi"
	"fincon/tests/harness"
)

// party is a tenant in one mode, or one of its connected accounts, with an object of each kind.
type party struct {
	*world
	connected string // acct_…, or nothing
	has       objects
}

// objects are ids of one party.
type objects struct {
	session, account, ownership, owner, transaction, refresh, event, endpoint, request, delivery string
}

func (p *party) send(request harness.Request) harness.Answer {
	p.t.Helper()
	request.Key = p.key
	if p.connected != "" {
		if request.Header == nil {
			request.Header = map[string]string{}
		}
		request.Header["Stripe-Account"] = p.connected
	}
	return p.Send(p.t, request)
}

func newParty(t *testing.T, server *harness.Server, key, connected string) *party {
	t.Helper()
	p := &party{world: &world{Server: server, t: t, key: key}, connected: connected}
	form := "account_holder[type]=customer&account_holder[customer]=cus_1&permissions[]=" + strings.Join(allPermissions,
		"&permissions[]=")
	created := p.send(harness.Request{Body: form})
	p.has.session, p.has.request = created.Session(t).ID, created.Header.Get("Request-Id")
	p.has.account = p.LinkFor(t, key, connected, p.has.session, sandbox.TestNonOAuth, "Success")[0]
	p.has.endpoint = read[gen.WebhookEndpoint](t, p.send(createEndpoint())).ID
	refresh := harness.Request{Path: accounts + "/" + p.has.account + "/refresh", Body: featuresForm(allFeatures...)}
	read[gen.Account](t, p.send(refresh))
	p.Settle(t)
	account := read[gen.Account](t, p.send(harness.Request{Path: accounts + "/" + p.has.account}))
	var err error
	p.has.ownership, err = account.Ownership.AsExpandableOwnership0()
	require.NoError(t, err)
	p.has.refresh = account.TransactionRefresh.ID
	p.has.owner = p.first(accounts + "/" + p.has.account + "/owners?ownership=" + p.has.ownership)
	p.has.transaction = p.first(transactions + "?account=" + p.has.account)
	p.has.event = p.first(events)
	p.has.delivery = p.deliverLate(p.has.event, p.has.endpoint)
	return p
}

// deliverLate puts an event on its way to an endpoint, for later than any test runs.
func (p *party) deliverLate(event, endpoint string) string {
	p.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + p.key}}
	if p.connected != "" {
		header.Set("Stripe-Account", p.connected)
	}
	caller, err := p.Keys.Caller(p.t.Context(), header)
	require.NoError(p.t, err)
	require.NoError(p.t, p.Store.Write(p.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertDelivery(ctx, caller.Scope, event, endpoint, math.MaxInt32)
	}))
	return store.DeliveryID(event, endpoint)
}

// createEndpoint is for an event that does not happen here: nothing is sent to the address, which live mode takes too.
func createEndpoint() harness.Request {
	return harness.Request{Path: webhookEndpoints,
		Body: "enabled_events[]=" + prefix + paymentTypes + "&url=https://93.184.215.14/"}
}

func (p *party) first(path string) string {
	p.t.Helper()
	return read[listed](p.t, p.send(harness.Request{Path: path})).Data[0].ID
}

// absent are ids that nobody has, each as long as the party's.
func (p *party) absent() objects {
	other := func(id string) string { return id[:len(id)-6] + "000000" }
	return objects{
		other(p.has.session), other(p.has.account), other(p.has.ownership), other(p.has.owner), other(p.has.transaction),
		other(p.has.refresh),
		other(p.has.event), other(p.has.endpoint), other(p.has.request), other(p.has.delivery),
	}
}

// probe is a request of one's own that names somebody else's object.
type probe struct {
	name    string
	id      func(objects) string // the object that it names
	request func(mine, other objects) harness.Request
}

// saysMode tells whether the answer says that one's other mode has the object (server-api 1.4). A cursor stands for a place in
// one's own list, and owners' snapshots and refreshes are parts of an account.
func (p probe) saysMode() bool { return p.name == "path" || p.name == "session" || p.name == "account" }

func path(format string, id func(objects) string) probe {
	return probe{"path", id, func(_, other objects) harness.Request {
		return harness.Request{Path: fmt.Sprintf(format,
			id(other))}
	}}
}

func posts(format, form string, id func(objects) string) probe {
	return probe{"path", id, func(_, other objects) harness.Request {
		return harness.Request{Method: http.MethodPost, Path: fmt.Sprintf(format, id(other)), Body: form}
	}}
}

func parameter(name string, id func(objects) string, list func(mine objects) string) probe {
	return probe{name, id, func(mine, other objects) harness.Request {
		return harness.Request{Path: list(mine) + name + "=" + id(other)}
	}}
}

func cursors(id func(objects) string, list func(mine objects) string) []probe {
	return []probe{parameter("starting_after", id, list), parameter("ending_before", id, list)}
}

func at(query string) func(objects) string { return func(objects) string { return query } }

// Which object an operation names.
var (
	itsSession     = func(o objects) string { return o.session }
	itsAccount     = func(o objects) string { return o.account }
	itsOwnership   = func(o objects) string { return o.ownership }
	itsOwner       = func(o objects) string { return o.owner }
	itsTransaction = func(o objects) string { return o.transaction }
	itsRefresh     = func(o objects) string { return o.refresh }
	itsEvent       = func(o objects) string { return o.event }
	itsEndpoint    = func(o objects) string { return o.endpoint }
	itsRequest     = func(o objects) string { return o.request }
	itsDelivery    = func(o objects) string { return o.delivery }

	ownersOf       = func(o objects) string { return accounts + "/" + o.account + "/owners?ownership=" + o.ownership + "&" }
	transactionsOf = func(o objects) string { return transactions + "?account=" + o.account + "&" }
)

// probes are, for every operation of the document, the places in which it takes the id of an object.
var probes = map[string][]probe{
	"CreateSession":         nil, // it names no object that the server has
	"CreateWebhookEndpoint": nil,
	"RetrieveSession":       {path(harness.Sessions+"/%s", itsSession)},
	"ListAccounts":          append(cursors(itsAccount, at(accounts+"?")), parameter("session", itsSession, at(accounts+"?"))),
	"RetrieveAccount":       {path(accounts+"/%s", itsAccount)},
	"DisconnectAccount":     {posts(accounts+"/%s/disconnect", "", itsAccount)},
	"RefreshAccount":        {posts(accounts+"/%s/refresh", "features[]=balance", itsAccount)},
	"SubscribeAccount":      {posts(accounts+"/%s/subscribe", "features[]=transactions", itsAccount)},
	"UnsubscribeAccount":    {posts(accounts+"/%s/unsubscribe", "features[]=transactions", itsAccount)},
	"ListAccountOwners": append(cursors(itsOwner, ownersOf),
		parameter("ownership", itsOwnership, func(mine objects) string { return accounts + "/" + mine.account + "/owners?" }),
		probe{"path", itsAccount, func(_, other objects) harness.Request {
			return harness.Request{Path: strings.TrimSuffix(ownersOf(other), "&")}
		}}),
	"ListTransactions": append(cursors(itsTransaction, transactionsOf), parameter("account", itsAccount, at(transactions+"?")),
		parameter("transaction_refresh[after]", itsRefresh, transactionsOf)),
	"ListDeliveries":          cursors(itsDelivery, at(deliveries+"?")),
	"ListRequests":            cursors(itsRequest, at(requests+"?")),
	"ListSessions":            cursors(itsSession, at(sessionSummaries+"?")),
	"RetrieveServer":          nil, // it names no object
	"RetrieveTransaction":     {path(transactions+"/%s", itsTransaction)},
	"ListEvents":              cursors(itsEvent, at(events+"?")),
	"RetrieveEvent":           {path(events+"/%s", itsEvent)},
	"ListWebhookEndpoints":    cursors(itsEndpoint, at(webhookEndpoints+"?")),
	"RetrieveWebhookEndpoint": {path(webhookEndpoints+"/%s", itsEndpoint)},
	"UpdateWebhookEndpoint":   {posts(webhookEndpoints+"/%s", "disabled=true", itsEndpoint)},
	"DeleteWebhookEndpoint": {{"path", itsEndpoint, func(_, other objects) harness.Request {
		return harness.Request{Method: http.MethodDelete, Path: webhookEndpoints + "/" + other.endpoint}
	}}},
}

// TestIsolationIsComplete: an operation that is added has to say which ids it takes.
func TestIsolationIsComplete(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.JSON)
	require.NoError(t, err)
	documented := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			documented[operation.OperationID] = true
			if slices.Contains(operation.Tags, "Link") {
				continue // the client secret is what they find a session by: TestLinkSecretsOfOthers
			}
			require.Contains(t, probes, operation.OperationID, "%s %s", method, path)
		}
	}
	for operation := range probes {
		require.True(t, documented[operation], operation)
	}
}

// What belongs to others behaves exactly as what does not exist; what belongs to one's other mode is said to.
func TestIsolation(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.StartStopped(t, kind)
		mine := newParty(t, server, "sk_test_mine", "")
		live := newParty(t, server, "sk_live_mine", "")
		connected := newParty(t, server, "sk_test_mine", "acct_1")
		strangers := []*party{
			newParty(t, server, "sk_test_theirs", ""), newParty(t, server, "sk_live_theirs", ""), connected,
			newParty(t, server, "sk_live_mine", "acct_1"), newParty(t, server, "sk_test_mine", "acct_2"),
		}
		all := append([]*party{mine, live}, strangers...)
		before := contents(all)
		for operation, list := range probes {
			for _, probe := range list {
				t.Run(operation+", "+probe.name, func(t *testing.T) {
					for _, stranger := range strangers {
						requireAsAbsent(t, mine, stranger, probe)
					}
					requireAsAbsent(t, connected, mine, probe)
					requireAsAbsent(t, live, strangers[0], probe)
					if !probe.saysMode() {
						requireAsAbsent(t, mine, live, probe)
						requireAsAbsent(t, live, mine, probe)
						return
					}
					requireOtherMode(t, mine, live, probe,
						"exists in live mode, but a test mode key was used to make this request.")
					requireOtherMode(t, live, mine, probe,
						"exists in test mode, but a live mode key was used to make this request.")
				})
			}
		}
		require.Equal(t, before, contents(all), "nothing was changed")
	})
}

func requireAsAbsent(t *testing.T, asks, owns *party, probe probe) {
	t.Helper()
	absent := owns.absent()
	want, got := asks.send(probe.request(asks.has, absent)), asks.send(probe.request(asks.has, owns.has))
	require.GreaterOrEqual(t, want.Status, 400, want.Body)
	require.Equal(t, want.Status, got.Status, got.Body)
	require.Equal(t, strings.ReplaceAll(want.Body, probe.id(absent), probe.id(owns.has)), got.Body)
	for _, random := range []string{"Request-Id", "Date"} {
		want.Header.Del(random)
		got.Header.Del(random)
	}
	require.Equal(t, want.Header, got.Header)
}

func requireOtherMode(t *testing.T, asks, owns *party, probe probe, message string) {
	t.Helper()
	absent := owns.absent()
	want, got := asks.send(probe.request(asks.has, absent)), asks.send(probe.request(asks.has, owns.has))
	fault := want.Error(t)
	fault.Message = strings.ReplaceAll(fault.Message, probe.id(absent), probe.id(owns.has)) + "; a similar object " + message
	require.Equal(t, want.Status, got.Status, got.Body)
	require.Equal(t, fault, got.Error(t))
}

// contents is everything that the parties can read.
func contents(parties []*party) (all []string) {
	for _, p := range parties {
		p.Settle(p.t)
		for _, path := range []string{
			harness.Sessions + "/" + p.has.session, accounts + "?limit=100", ownersOf(p.has) + "limit=100",
			transactionsOf(p.has) + "limit=100", events + "?limit=100", webhookEndpoints + "?limit=100",
		} {
			answer := p.send(harness.Request{Path: path})
			require.Equal(p.t, http.StatusOK, answer.Status, answer.Body)
			all = append(all, answer.Body)
		}
	}
	return all
}

// Lists show what is one's own, and nothing else.
func TestIsolationOfLists(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.StartStopped(t, kind)
		parties := []*party{
			newParty(t, server, "sk_test_mine", ""), newParty(t, server, "sk_live_mine", ""), newParty(t, server,
				"sk_test_mine", "acct_1"),
			newParty(t, server, "sk_test_theirs", ""),
		}
		for _, p := range parties {
			seen := strings.Join(contents([]*party{p}), "")
			for _, q := range parties {
				for _, id := range []string{q.has.session, q.has.account, q.has.ownership, q.has.owner, q.has.transaction,
					q.has.event, q.has.endpoint} {
					require.Equal(t, p == q, strings.Contains(seen, id), "%s%s sees %s", p.key, p.connected, id)
				}
			}
		}
	})
}

// An idempotency key is its sender's: somebody else's request with it is another request.
func TestIsolationOfIdempotencyKeys(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.StartStopped(t, kind)
		created := map[string]bool{}
		for _, p := range []*party{
			{world: &world{Server: server, t: t, key: "sk_test_mine"}}, {world: &world{Server: server, t: t,
				key: "sk_live_mine"}},
			{world: &world{Server: server, t: t, key: "sk_test_theirs"}},
			{world: &world{Server: server, t: t, key: "sk_test_mine"}, connected: "acct_1"},
		} {
			for range 2 {
				request := harness.Request{Body: minimal, Header: map[string]string{"Idempotency-Key": "shared"}}
				created[p.send(request).Session(t).ID] = true
			}
		}
		require.Len(t, created, 4)
	})
}
