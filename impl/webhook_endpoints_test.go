package impl_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"fincon/gen"
)

const webhookEndpoints = "/v1/webhook_endpoints"

// endpoint creates one of all events; more are names and values of further parameters.
func (a *api) endpoint(key string, more ...string) (created gen.WebhookEndpoint) {
	a.t.Helper()
	decode(a.t, a.call(key, http.MethodPost, webhookEndpoints, endpointForm(more...)), &created)
	return created
}

func endpointForm(more ...string) string {
	form := url.Values{"url": {"https://93.184.215.14/webhooks"}, "enabled_events[0]": {"*"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form.Encode()
}

func (a *api) update(id string, more ...string) (updated gen.WebhookEndpoint) {
	a.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	decode(a.t, a.call(testKey, http.MethodPost, webhookEndpoints+"/"+id, form.Encode()), &updated)
	return updated
}

func TestCreateWebhookEndpoint(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	answer := a.call(testKey, http.MethodPost, webhookEndpoints, endpointForm(
		"api_version", "2025-01-27.acacia", "connect", "true", "description", "Ledger", "metadata[a]", "1", "metadata[b]", "",
		"enabled_events[0]", "financial_connections.account.disconnected", "enabled_events[1]", "financial_connections.account.created",
		"enabled_events[2]", "financial_connections.account.disconnected"))
	var created gen.WebhookEndpoint
	decode(t, answer, &created)
	require.Regexp(t, "^we_1[0-9A-Za-z]{23}$", created.ID)
	require.Regexp(t, "^whsec_[0-9A-Za-z]{32}$", *created.Secret)
	require.WithinDuration(t, a.clock.Now(), time.Unix(created.Created, 0), time.Minute)
	require.Equal(t, fmt.Sprintf(`{
  "id": "%s",
  "object": "webhook_endpoint",
  "api_version": "2025-01-27.acacia",
  "application": null,
  "created": %d,
  "description": "Ledger",
  "enabled_events": [
    "financial_connections.account.disconnected",
    "financial_connections.account.created"
  ],
  "livemode": false,
  "metadata": {
    "a": "1"
  },
  "secret": "%s",
  "status": "enabled",
  "url": "https://93.184.215.14/webhooks"
}
`, created.ID, created.Created, *created.Secret), answer.Body.String())

	var retrieved gen.WebhookEndpoint
	a.get(testKey, webhookEndpoints+"/"+created.ID, &retrieved)
	require.Nil(t, retrieved.Secret, "shown once")
	created.Secret = nil
	require.Equal(t, created, retrieved)
	kept, err := a.kept.WebhookEndpoint(t.Context(), a.scope(testKey), created.ID)
	require.NoError(t, err)
	require.NotContains(t, string(kept.Body), "whsec_")
}

// TestWebhookEndpointOnce: a request that is sent twice creates one endpoint, and both answers show its secret.
func TestWebhookEndpointOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	first := a.call(testKey, http.MethodPost, webhookEndpoints, endpointForm(), "Idempotency-Key", "one")
	second := a.call(testKey, http.MethodPost, webhookEndpoints, endpointForm(), "Idempotency-Key", "one")
	require.Equal(t, http.StatusOK, second.Code)
	require.Equal(t, first.Body.String(), second.Body.String())
	var list gen.WebhookEndpointList
	a.get(testKey, webhookEndpoints, &list)
	require.Len(t, list.Data, 1)
}

func TestWebhookEndpointURL(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.endpoint(testKey, "url", "http://127.0.0.1:4242/webhooks")
	created := a.endpoint(liveKey)
	for _, url := range []string{"http://93.184.215.14/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/"} {
		for _, path := range []string{webhookEndpoints, webhookEndpoints + "/" + created.ID} {
			answer := a.call(liveKey, http.MethodPost, path, endpointForm("url", url))
			require.Equal(t, http.StatusBadRequest, answer.Code, url)
			require.Contains(t, answer.Body.String(), `"code": "url_invalid"`)
		}
	}
}

func TestUpdateWebhookEndpoint(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	before := a.endpoint(testKey, "description", "Ledger", "metadata[a]", "1", "metadata[b]", "2")
	before.Secret = nil
	require.Equal(t, before, a.update(before.ID), "nothing was given")

	require.Equal(t, "https://93.184.215.14/2", a.update(before.ID, "url", "https://93.184.215.14/2").URL)
	require.Equal(t, gen.WebhookEndpointStatusDisabled, a.update(before.ID, "disabled", "true").Status)
	kept, err := a.kept.WebhookEndpoint(t.Context(), a.scope(testKey), before.ID)
	require.NoError(t, err)
	require.False(t, kept.Enabled)
	require.Equal(t, gen.WebhookEndpointStatusEnabled, a.update(before.ID, "disabled", "false").Status)
	require.Nil(t, a.update(before.ID, "description", "").Description)
	require.Equal(t, []gen.EnabledEvent{"financial_connections.account.created"},
		a.update(before.ID, "enabled_events[0]", "financial_connections.account.created").EnabledEvents)
	require.Equal(t, gen.Metadata{"b": "3", "c": "4"},
		a.update(before.ID, "metadata[a]", "", "metadata[b]", "3", "metadata[c]", "4").Metadata)
	require.Empty(t, a.update(before.ID, "metadata", "").Metadata)

	kept, err = a.kept.WebhookEndpoint(t.Context(), a.scope(testKey), before.ID)
	require.NoError(t, err)
	require.True(t, kept.Enabled)
	require.Equal(t, []string{"financial_connections.account.created"}, kept.Events)
	require.Regexp(t, "^whsec_", string(kept.Secret), "it stays")
}

func TestTooMuchMetadata(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var full []string
	for i := range 50 {
		full = append(full, fmt.Sprintf("metadata[%d]", i), "x")
	}
	created := a.endpoint(testKey, full...)
	requireFault(t, a.call(testKey, http.MethodPost, webhookEndpoints+"/"+created.ID, "metadata[more]=x"), 400, "", "metadata",
		"Metadata can have up to 50 names, and with these there would be 51.")
	require.Len(t, a.update(created.ID, "metadata[0]", "", "metadata[more]", "x").Metadata, 50)
}

func TestListWebhookEndpoints(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var ids []string
	for range 3 {
		a.clock.Advance(time.Second)
		ids = append(ids, a.endpoint(testKey).ID)
	}
	a.endpoint(liveKey)
	for query, want := range map[string][]string{
		"":                                       {ids[2], ids[1], ids[0]},
		"?limit=2":                               {ids[2], ids[1]},
		"?limit=2&starting_after=" + ids[1]:      {ids[0]},
		"?limit=1&ending_before=" + ids[0]:       {ids[1]},
		"?expand[]=data&ending_before=" + ids[1]: {ids[2]},
	} {
		var got gen.WebhookEndpointList
		a.get(testKey, webhookEndpoints+query, &got)
		var found []string
		for _, endpoint := range got.Data {
			found = append(found, endpoint.ID)
			require.Nil(t, endpoint.Secret)
		}
		require.Equal(t, want, found, query)
		require.Equal(t, webhookEndpoints, got.URL)
		require.Equal(t, strings.Contains(query, "limit") && len(want) > 0 && want[len(want)-1] != ids[0], got.HasMore, query)
	}
	requireFault(t, a.call(testKey, http.MethodGet, webhookEndpoints+"?starting_after=we_x", ""), 404, "resource_missing",
		"starting_after", "No such webhook_endpoint: 'we_x'")
}

func TestDeleteWebhookEndpoint(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := webhookEndpoints + "/" + a.endpoint(testKey).ID
	var deleted gen.DeletedWebhookEndpoint
	decode(t, a.call(testKey, http.MethodDelete, path, ""), &deleted)
	require.True(t, bool(deleted.Deleted))
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPost} {
		require.Equal(t, http.StatusNotFound, a.call(testKey, method, path, "").Code, method)
	}
}

func TestNoSuchWebhookEndpoint(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := a.endpoint(testKey).ID
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		requireFault(t, a.call(testKey, method, webhookEndpoints+"/we_x", ""), 404, "resource_missing", "webhook_endpoint",
			"No such webhook_endpoint: 'we_x'")
		requireFault(t, a.call("sk_test_other", method, webhookEndpoints+"/"+id, ""), 404, "resource_missing", "webhook_endpoint",
			"No such webhook_endpoint: '"+id+"'")
		requireFault(t, a.call(liveKey, method, webhookEndpoints+"/"+id, ""), 404, "resource_missing", "webhook_endpoint",
			"No such webhook_endpoint: '"+id+"'; a similar object exists in test mode, but a live mode key was used to make this request.")
	}
	require.NotEmpty(t, a.update(id).ID, "it is still there")
}

// TestEventsAreDelivered: from the endpoint that a request creates to a receiver that checks the signature.
func TestEventsAreDelivered(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { a.server.Run(ctx); close(stopped) }()
	t.Cleanup(func() { stop(); <-stopped })

	received := make(chan error, 1)
	var secret atomic.Value
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), secret.Load().(string))
		received <- err
	}))
	t.Cleanup(receiver.Close)
	created := a.endpoint(testKey, "url", receiver.URL, "api_version", stripe.APIVersion)
	secret.Store(*created.Secret)
	a.endpoint(testKey, "url", receiver.URL, "enabled_events[0]", string(accountDisconnected))
	id := a.happen(testKey, accountCreated)
	require.NoError(t, a.server.Due().Settle(t.Context()))
	require.NoError(t, <-received)
	require.Empty(t, received)
	var got gen.Event
	a.get(testKey, "/v1/events/"+id, &got)
	require.Zero(t, got.PendingWebhooks)
}
