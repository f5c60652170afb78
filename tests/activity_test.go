package tests

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/activity"
	"fincon/impl/bank/sandbox"
	"fincon/tests/harness"
)

const (
	deliveries       = "/v1/fincon/deliveries"
	requests         = "/v1/fincon/requests"
	sessionSummaries = "/v1/fincon/sessions"
	serverPath       = "/v1/fincon/server"
)

// look sends a request that is not listed.
func look(path string) harness.Request {
	return harness.Request{Path: path, Header: map[string]string{"Fincon-Unlisted": "true"}}
}

func TestActivityServer(t *testing.T) {
	t.Parallel()
	about := func(config *impl.Config) {
		config.About = impl.About{Version: "1.2.3", Database: gen.ServerDatabaseMemory}
	}
	server := harness.Start(t, harness.Memory, about)
	told := read[gen.Server](t, server.Send(t, look(serverPath)))
	require.Positive(t, told.Now)
	told.Now = 0
	require.Equal(t, gen.Server{
		Object: gen.ServerObjectFinconServer, APIVersion: "2026-09-30.endive", Database: gen.ServerDatabaseMemory,
		Keys: gen.ServerKeysAny, Version: "1.2.3",
	}, told)
}

// Nobody looks on in live mode, and nobody with a publishable key.
func TestActivityIsForTestMode(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	for _, path := range []string{deliveries, requests, serverPath, sessionSummaries} {
		answer := server.Send(t, harness.Request{Path: path, Key: "sk_live_one"})
		require.Equal(t, http.StatusForbidden, answer.Status)
		require.Equal(t, "livemode_mismatch", answer.Error(t).Code)
		answer = server.Send(t, harness.Request{Path: path, Key: "pk_test_one"})
		require.Equal(t, http.StatusForbidden, answer.Status)
		require.Equal(t, "secret_key_required", answer.Error(t).Code)
		require.Equal(t, http.StatusOK, server.Send(t, harness.Request{Path: path, Key: "rk_test_one"}).Status)
	}
	require.Equal(t, http.StatusOK, server.Send(t, harness.Request{Body: minimal, Key: "sk_live_quiet"}).Status)
	seen := read[gen.RequestList](t, server.Send(t, harness.Request{Path: requests, Key: "sk_test_quiet"}))
	require.Empty(t, seen.Data, "live requests are not remembered")
}

// What is told of a request is what it was, without its secrets.
func TestActivityRequests(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	created := server.Send(t, harness.Request{Body: minimal, Header: map[string]string{"Idempotency-Key": "hidden-1"}})
	session := created.Session(t)
	server.Send(t, harness.Request{Path: harness.Sessions + "/" + session.ID + "?expand[]=account_holder.customer"})
	server.Send(t, harness.Request{Body: "hidden-3=1&" + minimal})
	server.Send(t, harness.Request{Path: harness.Sessions + "/" + session.ClientSecret})
	server.Send(t, harness.Request{Path: "/v1/sk_live_hidden-4/" + strings.Repeat("x", 10_000)})
	server.Send(t, harness.Request{Body: minimal, Key: "sk_test_other"})
	server.Send(t, harness.Request{Path: "/openapi.yaml"})
	server.Send(t, look(requests))

	answer := server.Send(t, look(requests))
	list := read[gen.RequestList](t, answer)
	require.Len(t, list.Data, 5)
	slices.Reverse(list.Data)
	for i := range list.Data {
		require.Positive(t, list.Data[i].Created)
		require.Positive(t, list.Data[i].Duration)
	}
	first := list.Data[0]
	first.Created, first.Duration = 0, 0
	operation := "CreateSession"
	require.Equal(t, gen.Request{
		ID: created.Header.Get("Request-Id"), Object: gen.RequestObjectFinconRequest, IdempotencyKey: true, Method: "POST",
		Operation: &operation, Path: harness.Sessions, Status: 200,
	}, first)
	require.False(t, list.Data[1].IdempotencyKey)
	require.Equal(t, harness.Sessions+"/"+session.ID, list.Data[1].Path)

	unknown := list.Data[2]
	require.Equal(t, int64(400), unknown.Status)
	require.Equal(t, "invalid_request_error", unknown.Error.Type)
	require.Equal(t, "parameter_unknown", *unknown.Error.Code)
	require.Equal(t, "hidden-3", *unknown.Error.Param, "a parameter's name is no secret")

	require.Equal(t, harness.Sessions+"/fcsess_client_secret_…", list.Data[3].Path)
	require.Equal(t, "No such session: 'fcsess_client_secret_…'", list.Data[3].Error.Message)
	require.NotContains(t, answer.Body, session.ClientSecret)
	require.Nil(t, list.Data[4].Operation)
	require.Equal(t, "/v1/sk_live_…/"+strings.Repeat("x", 200-len("/v1/sk_live_hidden-4/"))+"…", list.Data[4].Path)
	for _, hidden := range []string{"hidden-1", "expand", "hidden-4", "sk_test_123", "cus_123"} {
		require.NotContains(t, answer.Body, hidden)
	}
}

// Pages of what is remembered, in both directions, and no more than that.
func TestActivityRequestPages(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Memory)
	var ids []string // newest first
	for range activity.Entries + 5 {
		ids = append(ids, server.Send(t, harness.Request{Path: "/v1/none"}).Header.Get("Request-Id"))
	}
	slices.Reverse(ids)
	page := func(query string) ([]string, bool) {
		list := read[gen.RequestList](t, server.Send(t, look(requests+query)))
		var found []string
		for _, one := range list.Data {
			found = append(found, one.ID)
		}
		return found, list.HasMore
	}
	for _, c := range []struct {
		query string
		want  []string
		more  bool
	}{
		{"", ids[:10], true},
		{"?limit=100&starting_after=" + ids[149], ids[150:200], false},
		{"?limit=49&starting_after=" + ids[149], ids[150:199], true},
		{"?limit=3&ending_before=" + ids[5], ids[2:5], true},
		{"?limit=5&ending_before=" + ids[5], ids[:5], false},
		{"?limit=50&ending_before=" + ids[5], ids[:5], false},
		{"?ending_before=" + ids[0], nil, false},
	} {
		found, more := page(c.query)
		require.Equal(t, c.want, found, c.query)
		require.Equal(t, c.more, more, c.query)
	}
	forgotten := server.Send(t, look(requests+"?starting_after="+ids[200]))
	require.Equal(t, "No such request: '"+ids[200]+"'", forgotten.Error(t).Message)
}

func TestActivitySessions(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		p := newParty(t, harness.StartStopped(t, kind), "sk_test_mine", "")
		answer := p.send(look(sessionSummaries))
		list := read[gen.SessionSummaryList](t, answer)
		require.Len(t, list.Data, 1)
		require.Equal(t, p.has.session, list.Data[0].ID)
		require.EqualValues(t, 1, list.Data[0].Accounts)
		require.Len(t, list.Data[0].Permissions, len(allPermissions))
		require.Positive(t, list.Data[0].Created)
		require.NotContains(t, answer.Body, "_secret_")
	})
}

// A delivery's story: one that arrives at once, and one that is tried in vain until it is given up. Pages go through both.
func TestActivityDeliveries(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		arrives, fails := w.receiver(), w.receiver()
		fails.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		good, bad, deleted := w.endpoint(arrives.URL).ID, w.endpoint(fails.URL).ID, w.endpoint(fails.URL).ID
		w.refresh(w.link(sandbox.TestNonOAuth, "Success")[0], allFeatures...)
		list := func(query string) gen.DeliveryList {
			return read[gen.DeliveryList](t, w.Send(t, look(deliveries+query)))
		}
		byEndpoint := func() map[string]gen.Delivery {
			found := map[string]gen.Delivery{}
			for _, one := range list("?limit=100").Data {
				if one.EventType == prefix+"account.created" {
					found[one.WebhookEndpoint] = one
				}
			}
			return found
		}
		w.Settle(t)
		found := byEndpoint()
		require.Equal(t, gen.DeliveryStatusDelivered, found[good].Status)
		require.EqualValues(t, 1, found[good].Attempts)
		require.EqualValues(t, 200, *found[good].LastAttempt.Status)
		require.Nil(t, found[good].NextAttempt)
		require.Equal(t, gen.DeliveryStatusPending, found[bad].Status)
		require.EqualValues(t, 1, found[bad].Attempts)
		require.EqualValues(t, http.StatusTeapot, *found[bad].LastAttempt.Status)
		require.Equal(t, harness.Noon.Add(time.Hour).Unix(), *found[bad].NextAttempt)
		requireDeliveryPages(t, list)
		require.Contains(t, found, deleted)
		w.Send(t, harness.Request{Method: http.MethodDelete, Path: webhookEndpoints + "/" + deleted})
		require.NotContains(t, byEndpoint(), deleted, "it neither waits nor was it received")

		fails.Answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		w.Advance(t, 72*time.Hour)
		found = byEndpoint()
		require.Equal(t, gen.DeliveryStatusFailed, found[bad].Status)
		require.EqualValues(t, 3, found[bad].Attempts)
		require.Nil(t, found[bad].NextAttempt)
		require.Nil(t, found[bad].LastAttempt.Status)
		require.Equal(t, "connection lost", *found[bad].LastAttempt.Error)

		w.Forget(tenantOf(t, w))
		found = byEndpoint()
		require.NotContains(t, found, good, "what was received is remembered in memory alone")
		require.Equal(t, gen.DeliveryStatusFailed, found[bad].Status)
		require.EqualValues(t, 3, found[bad].Attempts)
		require.Nil(t, found[bad].LastAttempt)
	})
}

// requireDeliveryPages goes through the list one by one, in both directions.
func requireDeliveryPages(t *testing.T, list func(query string) gen.DeliveryList) {
	t.Helper()
	all := list("?limit=100").Data
	require.Greater(t, len(all), 3)
	for i, one := range all {
		older, newer := list("?limit=1&starting_after="+one.ID), list("?limit=1&ending_before="+one.ID)
		if i > 0 {
			require.Equal(t, []gen.Delivery{all[i-1]}, newer.Data)
		}
		if i < len(all)-1 {
			require.Equal(t, []gen.Delivery{all[i+1]}, older.Data)
		}
		require.Equal(t, i > 1, newer.HasMore, i)
		require.Equal(t, i < len(all)-2, older.HasMore, i)
	}
}

func tenantOf(t *testing.T, w *world) string {
	t.Helper()
	caller, err := w.Keys.Caller(t.Context(), http.Header{"Authorization": {"Bearer " + w.key}})
	require.NoError(t, err)
	return caller.Scope.Tenant
}

// Each sees its own, and nothing else.
func TestActivityIsolation(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		server := harness.StartStopped(t, kind)
		parties := []*party{
			newParty(t, server, "sk_test_mine", ""), newParty(t, server, "sk_test_mine", "acct_1"),
			newParty(t, server, "sk_test_theirs", ""),
		}
		live := newParty(t, server, "sk_live_mine", "")
		for _, p := range parties {
			seen := ""
			for _, path := range []string{deliveries, requests, sessionSummaries} {
				seen += p.send(look(path + "?limit=100")).Body
			}
			for _, q := range append(parties, live) {
				for _, id := range []string{q.has.session, q.has.request, q.has.delivery} {
					require.Equal(t, p == q, strings.Contains(seen, id), "%s%s sees %s", p.key, p.connected, id)
				}
			}
		}
	})
}

// What is remembered holds nothing of what it came from: a name out of a body must not keep the whole body in memory. It is not
// parallel, as it measures.
func TestActivityHoldsLittle(t *testing.T) {
	server := harness.Start(t, harness.Memory)
	used := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	long, query := strings.Repeat("x", 100_000), strings.Repeat("x", 30_000)
	send := func(count int) {
		for range count {
			server.Send(t, harness.Request{Body: "unknown=1&padding=" + long})
			server.Send(t, harness.Request{Path: "/v1/none?padding=" + query})
			server.Send(t, harness.Request{Method: "BREW", Path: "/v1/none?padding=" + query})
		}
	}
	send(1)
	before := used()
	send(activity.Entries / 3)
	require.Less(t, used(), before+3<<20)
}

// A tenant that is reset is forgotten.
func TestActivityReset(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory)
	receiver := w.receiver()
	w.endpoint(receiver.URL)
	w.link(sandbox.TestNonOAuth, "Success")
	w.Settle(t)
	require.NotEmpty(t, read[gen.DeliveryList](t, w.Send(t, look(deliveries))).Data)
	reset := w.Control(t).Send(t, harness.Request{Method: http.MethodPost, Path: "/tenant/reset"})
	require.Equal(t, http.StatusNoContent, reset.Status, reset.Body)
	for _, path := range []string{deliveries, requests, sessionSummaries} {
		require.Empty(t, read[listed](t, w.Send(t, look(path))).Data, path)
	}
}
