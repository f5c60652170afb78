package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"fincon/gen"
	"fincon/impl"
	"fincon/impl/bank/sandbox"
	"fincon/tests/harness"
)

// endpoint sends all events to a receiver, in the version of the SDK for Go; more are further parameters.
func (w *world) endpoint(url string, more ...string) gen.WebhookEndpoint {
	w.t.Helper()
	form := append([]string{"url=" + urlValue(url), "api_version=" + stripe.APIVersion}, more...)
	if !slices.ContainsFunc(more, func(parameter string) bool { return strings.HasPrefix(parameter, "enabled_events") }) {
		form = append(form, "enabled_events[]=*")
	}
	return read[gen.WebhookEndpoint](w.t, w.call(webhookEndpoints, form...))
}

func urlValue(text string) string { return url.QueryEscape(text) }

func (w *world) receiver() *harness.Receiver {
	w.t.Helper()
	return harness.NewReceiver(w.t, w.Clock.Now)
}

// verified reads deliveries as the SDK for Go does, which verifies them.
func verified(t *testing.T, secret string, deliveries []harness.Delivery) (events []stripe.Event) {
	t.Helper()
	for _, delivery := range deliveries {
		event, err := webhook.ConstructEvent(delivery.Body, delivery.Header.Get("Stripe-Signature"), secret)
		require.NoError(t, err)
		events = append(events, event)
	}
	return events
}

// The backend's story of webhooks, with the official SDK for Go.
func TestWebhooksStripeGo(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		receiver := w.receiver()
		sdk := stripeGo(w.URL, w.key, 0)
		endpoint, err := sdk.V1WebhookEndpoints.Create(t.Context(), &stripe.WebhookEndpointCreateParams{
			URL: &receiver.URL, EnabledEvents: stripe.StringSlice([]string{"*"}), APIVersion: stripe.String(stripe.APIVersion),
		})
		require.NoError(t, err)
		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		refreshed, err := sdk.V1FinancialConnectionsAccounts.Refresh(t.Context(), account,
			&stripe.FinancialConnectionsAccountRefreshParams{Features: stripe.StringSlice([]string{"balance"})})
		require.NoError(t, err)
		w.Settle(t)

		deliveries := receiver.Deliveries()
		events := verified(t, endpoint.Secret, deliveries)
		require.ElementsMatch(t, []stripe.EventType{prefix + created, prefix + balanceCame}, ids(events, eventType))
		for i, event := range events {
			require.Equal(t, "application/json; charset=utf-8", deliveries[i].Header.Get("Content-Type"))
			require.Equal(t, stripe.APIVersion, event.APIVersion)
			require.Equal(t, account, event.Data.Object["id"])
			require.EqualValues(t, 1, event.PendingWebhooks, "this endpoint has not received it yet")
			kept, err := sdk.V1Events.Retrieve(t.Context(), event.ID, nil)
			require.NoError(t, err)
			require.Zero(t, kept.PendingWebhooks)
			require.Equal(t, kept.Data.Object, event.Data.Object)
			require.Equal(t, kept.Created, event.Created)
		}
		i := slices.IndexFunc(events, func(event stripe.Event) bool { return event.Type == prefix+balanceCame })
		require.Equal(t, refreshed.LastResponse.RequestID, events[i].Request.ID)
		requireTamperedRefused(t, endpoint.Secret, deliveries[0])
	})
}

func eventType(event stripe.Event) stripe.EventType { return event.Type }

// requireTamperedRefused: the SDK takes a delivery as it was sent, and nothing else.
func requireTamperedRefused(t *testing.T, secret string, delivery harness.Delivery) {
	t.Helper()
	header := delivery.Header.Get("Stripe-Signature")
	at, signature, _ := strings.Cut(header, ",")
	seconds, err := strconv.ParseInt(strings.TrimPrefix(at, "t="), 10, 64)
	require.NoError(t, err)
	tampered := map[string]struct {
		body           []byte
		header, secret string
	}{
		"another body": {bytes.Replace(delivery.Body, []byte(`"livemode": false`), []byte(`"livemode": true`), 1),
			header, secret},
		"a shorter body":    {bytes.TrimSpace(delivery.Body), header, secret},
		"another secret":    {delivery.Body, header, secret + "x"},
		"another time":      {delivery.Body, fmt.Sprintf("t=%d,%s", seconds+1, signature), secret},
		"another signature": {delivery.Body, at + ",v1=" + strings.Repeat("0", 64), secret},
		"no signature":      {delivery.Body, "", secret},
	}
	for name, one := range tampered {
		require.False(t, name == "another body" && bytes.Equal(one.body, delivery.Body))
		_, err := webhook.ConstructEvent(one.body, one.header, one.secret)
		require.Error(t, err, name)
	}
	_, err = webhook.ConstructEvent(delivery.Body, header, secret)
	require.NoError(t, err)
}

// Without a version of its own an endpoint gets the document's, which the SDK for Go refuses: it is of a later release.
func TestWebhooksVersion(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	receiver := w.receiver()
	endpoint := read[gen.WebhookEndpoint](t, w.call(webhookEndpoints, "enabled_events[]=*", "url="+urlValue(receiver.URL)))
	w.link(sandbox.TestNonOAuth, "Success")
	w.Settle(t)
	delivery := receiver.Deliveries()[0]
	_, err := webhook.ConstructEvent(delivery.Body, delivery.Header.Get("Stripe-Signature"), *endpoint.Secret)
	require.ErrorContains(t, err, "2026-09-30.endive")
	_, err = webhook.ConstructEventWithOptions(delivery.Body, delivery.Header.Get("Stripe-Signature"), *endpoint.Secret,
		webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	require.NoError(t, err)
}

// shortly is how long the receivers of these tests may take.
func shortly(config *impl.Config) { config.WebhookTimeout = 300 * time.Millisecond }

// failures are the ways in which a receiver does not receive.
func failures(t *testing.T, w *world) map[string]http.HandlerFunc {
	t.Helper()
	other := w.receiver() // where redirects lead
	t.Cleanup(func() { require.Empty(t, other.Deliveries(), "a redirect was followed") })
	released := make(chan struct{})
	t.Cleanup(func() { close(released) })
	status := func(code int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(code) }
	}
	return map[string]http.HandlerFunc{
		"500": status(500), "400": status(400), "410": status(410), "304": status(304), "301 without a place": status(301),
		"307 to another place": func(rw http.ResponseWriter, request *http.Request) {
			http.Redirect(rw, request, other.URL, http.StatusTemporaryRedirect)
		},
		"303 to another place": func(rw http.ResponseWriter, request *http.Request) {
			http.Redirect(rw, request, other.URL, http.StatusSeeOther)
		},
		"hangs": func(_ http.ResponseWriter, request *http.Request) {
			select {
			case <-released:
			case <-request.Context().Done():
			}
		},
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
}

func eventID(t *testing.T, delivery harness.Delivery) string {
	t.Helper()
	var event gen.Event
	require.NoError(t, json.Unmarshal(delivery.Body, &event))
	return event.ID
}

// tries are when the tries of an event were made, after the first.
func tries(t *testing.T, deliveries []harness.Delivery) (after []time.Duration) {
	t.Helper()
	for _, delivery := range deliveries {
		after = append(after, delivery.At.Sub(deliveries[0].At))
		require.Equal(t, eventID(t, deliveries[0]), eventID(t, delivery))
		require.True(t, strings.HasPrefix(delivery.Header.Get("Stripe-Signature"), fmt.Sprintf("t=%d,v1=", delivery.At.Unix())),
			"each try is signed anew")
	}
	return after
}

// A receiver that fails gets two more tries, an hour later and three hours later, and then no more.
func TestWebhooksRetries(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite, shortly)
	receivers := map[string]*harness.Receiver{}
	for name, answer := range failures(t, w) {
		receiver := w.receiver()
		receiver.Answer(answer)
		receivers[name] = receiver
		w.endpoint(receiver.URL)
	}
	w.endpoint("http://127.0.0.1:1/") // nobody listens
	w.link(sandbox.TestNonOAuth, "Success")
	w.Settle(t)
	for name, receiver := range receivers {
		require.Len(t, receiver.Deliveries(), 1, name)
	}
	w.Advance(t, 5*day)
	for name, receiver := range receivers {
		require.Equal(t, []time.Duration{0, time.Hour, 3 * time.Hour}, tries(t, receiver.Deliveries()), name)
	}
	failed := w.events("delivery_success=false")
	require.Len(t, failed, 1)
	require.EqualValues(t, len(receivers)+1, failed[0].PendingWebhooks)
	require.Empty(t, w.events("delivery_success=true"))
}

// Any answer of 200 to 299 is enough, whatever comes after its status.
func TestWebhooksReceived(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite, shortly)
	var receivers []*harness.Receiver
	for _, status := range []int{200, 201, 202, 204, 299, 0} {
		receiver := w.receiver()
		receiver.Answer(func(rw http.ResponseWriter, request *http.Request) {
			if status != 0 {
				rw.WriteHeader(status)
				return
			}
			rw.WriteHeader(http.StatusOK)
			rw.(http.Flusher).Flush()
			<-request.Context().Done() // the answer never ends
		})
		w.endpoint(receiver.URL)
		receivers = append(receivers, receiver)
	}
	w.link(sandbox.TestNonOAuth, "Success")
	w.Advance(t, day)
	for _, receiver := range receivers {
		require.Len(t, receiver.Deliveries(), 1)
	}
	require.Len(t, w.events("delivery_success=true"), 1)
}

// A receiver that recovers gets the event at the next try, and no further ones; other receivers get no more than theirs.
func TestWebhooksRecover(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		fine, ill := w.receiver(), w.receiver()
		ill.Answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(503) })
		w.endpoint(fine.URL)
		secret := *w.endpoint(ill.URL).Secret
		w.link(sandbox.TestNonOAuth, "Success")
		w.Settle(t)
		require.Len(t, fine.Deliveries(), 1)
		pending := w.events("delivery_success=false")
		require.Len(t, pending, 1)
		require.EqualValues(t, 1, pending[0].PendingWebhooks)

		w.Advance(t, time.Hour-time.Second)
		require.Len(t, ill.Deliveries(), 1, "not yet")
		ill.Answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
		w.Advance(t, time.Second)
		require.Equal(t, []time.Duration{0, time.Hour}, tries(t, ill.Deliveries()))
		received := verified(t, secret, ill.Deliveries())
		require.Equal(t, pending[0].ID, received[1].ID)
		w.Advance(t, 5*day)
		require.Len(t, ill.Deliveries(), 2)
		require.Len(t, fine.Deliveries(), 1)
		require.Empty(t, w.events("delivery_success=false"))
		done := w.events("delivery_success=true")
		require.Len(t, done, 1)
		require.Zero(t, done[0].PendingWebhooks)
	})
}

// An endpoint that is disabled or deleted gets nothing more, neither new events nor further tries of earlier ones.
func TestWebhooksStop(t *testing.T) {
	t.Parallel()
	stops := map[string]func(w *world, endpoint string){
		"disabled": func(w *world, endpoint string) {
			changed := read[gen.WebhookEndpoint](w.t, w.call(webhookEndpoints+"/"+endpoint, "disabled=true"))
			require.Equal(w.t, gen.WebhookEndpointStatusDisabled, changed.Status)
		},
		"deleted": func(w *world, endpoint string) {
			path := webhookEndpoints + "/" + endpoint
			read[gen.DeletedWebhookEndpoint](w.t, w.Send(w.t, harness.Request{Method: http.MethodDelete, Path: path,
				Key: w.key}))
			requireFault(w.t, w.call(path), 404, missingCode, "webhook_endpoint", "No such webhook_endpoint: '"+endpoint+"'")
		},
	}
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
				w := begin(t, kind)
				receiver := w.receiver()
				receiver.Answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
				endpoint := w.endpoint(receiver.URL)
				w.link(sandbox.TestNonOAuth, "Success")
				w.Settle(t)
				require.Len(t, receiver.Deliveries(), 1)
				stop(w, endpoint.ID)
				w.link(sandbox.TestNonOAuth, "Savings")
				w.Advance(t, 5*day)
				require.Len(t, receiver.Deliveries(), 1)
			})
		})
	}
}

// An endpoint that is enabled again gets what happens from then on.
func TestWebhooksEnabledAgain(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite)
	receiver := w.receiver()
	endpoint := w.endpoint(receiver.URL)
	for _, disabled := range []bool{true, false} {
		read[gen.WebhookEndpoint](t, w.call(webhookEndpoints+"/"+endpoint.ID, fmt.Sprint("disabled=", disabled)))
		w.link(sandbox.TestNonOAuth, map[bool]string{true: "Success", false: "Savings"}[disabled])
		w.Advance(t, day)
	}
	received := verified(t, *endpoint.Secret, receiver.Deliveries())
	require.Len(t, received, 1)
	require.Equal(t, "Savings", received[0].Data.Object["display_name"])
}

// An endpoint gets the events that it was made for, of its own tenant, mode and connected account.
func TestWebhooksChosenEvents(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind)
		chosen, others := w.receiver(), w.receiver()
		endpoint := w.endpoint(chosen.URL, "enabled_events[]="+prefix+gone, "enabled_events[]="+prefix+ownersCame)
		for _, key := range []string{"sk_test_other", strings.Replace(w.key, "test", "live", 1)} {
			stranger := &world{Server: w.Server, t: t, key: key}
			if strings.Contains(key, "test") {
				stranger.endpoint(others.URL)
			}
		}
		form := "enabled_events[]=*&url=" + urlValue(others.URL)
		read[gen.WebhookEndpoint](t, w.Send(t, harness.Request{Path: webhookEndpoints, Key: w.key, Body: form,
			Header: map[string]string{"Stripe-Account": "acct_1"}}))

		account := w.link(sandbox.TestNonOAuth, "Success")[0]
		w.refresh(account, allFeatures...)
		read[gen.Account](t, w.post(accounts+"/"+account+"/disconnect"))
		w.Settle(t)
		require.Equal(t, []stripe.EventType{prefix + ownersCame, prefix + gone}, ids(verified(t, *endpoint.Secret,
			chosen.Deliveries()), eventType))
		require.Empty(t, others.Deliveries())
	})
}

// Whatever a receiver does, others get their events: dead ones hold nobody up.
func TestWebhooksDeadReceivers(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.SQLite, func(config *impl.Config) { config.WebhookTimeout = time.Minute })
	released := make(chan struct{})
	defer close(released)
	for range 3 {
		dead := w.receiver()
		dead.Answer(func(http.ResponseWriter, *http.Request) { <-released })
		w.endpoint(dead.URL)
	}
	fine := w.receiver()
	endpoint := w.endpoint(fine.URL)
	w.link(sandbox.TestNonOAuth)
	require.Len(t, verified(t, *endpoint.Secret, fine.Await(12)), 12)
}

// A server that is killed between the commit of what happened and its delivery loses no event: each arrives at least once,
// under the same id.
func TestWebhooksCrash(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		database := harness.NewDatabase(t, kind)
		args := []string{"--test-clock", "--db", database.DSN, "--key-file", t.TempDir() + "/key"}
		process := harness.Run(t, args...)
		receiver := harness.NewReceiver(t, time.Now)
		killed := make(chan struct{})
		receiver.Answer(func(rw http.ResponseWriter, _ *http.Request) { <-killed; rw.WriteHeader(500) })
		endpoint := read[gen.WebhookEndpoint](t, process.Send(t, harness.Request{Path: webhookEndpoints,
			Body: "enabled_events[]=*&api_version=" + stripe.APIVersion + "&url=" + urlValue(receiver.URL)}))

		accounts := linkByControl(t, process, "Test (Non-OAuth)")
		require.Len(t, accounts, 12)
		held := receiver.Await(1) // it has arrived, and its sender does not know
		process.Kill()
		close(killed)
		receiver.Forget()
		receiver.Answer(func(http.ResponseWriter, *http.Request) {})

		process = harness.Run(t, args...)
		received := map[string]string{} // accounts by event
		require.Eventually(t, func() bool {
			for _, event := range verified(t, *endpoint.Secret, receiver.Deliveries()) {
				require.EqualValues(t, prefix+created, event.Type)
				received[event.ID] = event.Data.Object["id"].(string)
			}
			return len(received) == len(accounts)
		}, 2*time.Minute, 50*time.Millisecond, "what was under way arrives again when nobody holds it any more")
		for _, event := range verified(t, *endpoint.Secret, held) {
			require.Contains(t, received, event.ID)
		}
		var told []string
		for _, account := range received {
			told = append(told, account)
		}
		require.ElementsMatch(t, accounts, told)
		require.Eventually(t, func() bool {
			kept := read[gen.EventList](t, process.Send(t, harness.Request{Path: events + "?limit=100&delivery_success=true"}))
			return len(kept.Data) == len(accounts)
		}, time.Minute, 50*time.Millisecond)
		kept := read[gen.EventList](t, process.Send(t, harness.Request{Path: events + "?limit=100"}))
		require.Len(t, kept.Data, len(accounts), "nothing happened twice")
		process.Stop()
	})
}

// linkByControl links all accounts of an institution in a new session of a process.
func linkByControl(t *testing.T, process *harness.Process, institution string) (accounts []string) {
	t.Helper()
	session := process.Create(t, minimal).Session(t).ID
	body, err := json.Marshal(map[string]any{"institution": institution})
	require.NoError(t, err)
	linked := read[gen.Session](t, process.Control.Send(t, harness.Request{
		Path: "/sessions/" + session + "/link", Type: harness.JSONType, Body: string(body)}))
	for _, account := range linked.Accounts.Data {
		accounts = append(accounts, account.ID)
	}
	return accounts
}
