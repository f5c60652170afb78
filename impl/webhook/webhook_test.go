package webhook_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"
	stripewebhook "github.com/stripe/stripe-go/v85/webhook"

	"fincon/gen"
	"fincon/impl/clock"
	"fincon/impl/due"
	"fincon/impl/event"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/webhook"
	"fincon/impl/wire"
	"fincon/tests/harness"
)

const secret = "whsec_KRJTKvCY3IKoYTrW18EazcO3"

var (
	testMode = store.Scope{Tenant: "one"}
	liveMode = store.Scope{Tenant: "one", Livemode: true}
	loopback = netip.MustParsePrefix("127.0.0.0/8")
)

// world is a store, a clock that a test moves, and deliveries that are made until the test ends.
type world struct {
	t      testing.TB
	kept   *store.Store
	clock  *clock.Clock
	runner *due.Runner
	start  time.Time
	log    *safeBuffer
	stop   func()
}

// options change a world before it begins.
type options struct {
	timeout time.Duration // long, so that nothing depends on how fast the machine is
	allow   []netip.Prefix
	trust   *x509.Certificate
}

func begin(t testing.TB, kind harness.Kind, o options) *world {
	t.Helper()
	kept := harness.NewDatabase(t, kind).Open()
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	w := &world{t: t, kept: kept, clock: clock.Test(0), log: new(safeBuffer)}
	w.start = w.clock.Now()
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.runner = due.New(kept, w.clock, log)
	if o.timeout == 0 {
		o.timeout = time.Minute
	}
	deliveries := webhook.New(webhook.Config{
		Store: kept, Clock: w.clock, Log: log, Timeout: o.timeout, Rules: webhook.Rules{Allow: o.allow},
	}, w.runner)
	if o.trust != nil {
		deliveries.Trust(o.trust)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.runner.Run(ctx); close(ended) }()
	w.stop = func() { cancel(); <-ended }
	t.Cleanup(w.stop)
	return w
}

// endpoint adds a webhook endpoint for all events.
func (w *world) endpoint(scope store.Scope, url, version string) (id string) {
	w.t.Helper()
	row := newEndpoint(w.t, scope, url, version)
	w.write(func(ctx context.Context, tx *store.Tx) error { return tx.InsertWebhookEndpoint(ctx, scope, row) })
	return row.ID
}

func newEndpoint(t testing.TB, scope store.Scope, url, version string) store.WebhookEndpoint {
	endpoint := gen.WebhookEndpoint{
		ID: id.New("we_", time.Now()), Object: gen.WebhookEndpointObjectWebhookEndpoint, Livemode: scope.Livemode,
		EnabledEvents: []gen.EnabledEvent{"*"}, Metadata: gen.Metadata{}, Status: gen.WebhookEndpointStatusEnabled, URL: url,
	}
	if version != "" {
		endpoint.APIVersion = &version
	}
	body, err := wire.JSON(endpoint)
	require.NoError(t, err)
	return store.WebhookEndpoint{ID: endpoint.ID, Enabled: true, Events: []string{"*"}, Body: body, Secret: []byte(secret)}
}

// change writes an endpoint anew.
func (w *world) change(scope store.Scope, id string, change func(*store.WebhookEndpoint)) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.WebhookEndpoint(ctx, scope, id)
		if err != nil {
			return err
		}
		change(&row)
		return tx.UpdateWebhookEndpoint(ctx, scope, row)
	})
}

// happen records events about an account, in one transaction.
func (w *world) happen(scope store.Scope, count int) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *store.Tx) error {
		for range count {
			if err := event.Record(ctx, tx, scope, w.clock.Now(), gen.EventTypeFinancialConnectionsAccountCreated,
				[]byte("{\n  \"id\": \"fca_1\"\n}\n"), event.Request{ID: "req_1"}); err != nil {
				return err
			}
		}
		return nil
	})
	w.runner.Kick()
}

func (w *world) write(work func(context.Context, *store.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.kept.Write(context.Background(), work))
}

func (w *world) settle() {
	w.t.Helper()
	require.NoError(w.t, w.runner.Settle(context.Background()))
}

func (w *world) pass(d time.Duration) {
	w.t.Helper()
	require.NoError(w.t, w.runner.AdvanceTo(context.Background(), w.clock.Now().Add(d)))
}

// events are those of the scope, newest first.
func (w *world) events(scope store.Scope) []store.Event {
	w.t.Helper()
	found, _, err := w.kept.ListEvents(context.Background(), scope, store.EventFilter{}, store.Page{Limit: 100})
	require.NoError(w.t, err)
	return found
}

// requireNothingDue: no delivery is left.
func (w *world) requireNothingDue() {
	w.t.Helper()
	_, found, err := w.kept.NextDue(context.Background())
	require.NoError(w.t, err)
	require.False(w.t, found)
}

// receiver is a web server that keeps what it got, with the server's time.
type receiver struct {
	*httptest.Server
	clock *clock.Clock
	start time.Time

	mu   sync.Mutex
	kept []request
}

// request is one that a receiver got.
type request struct {
	*http.Request
	body []byte
	at   time.Duration // since the start, to the minute
}

// receive starts a web server that keeps requests and lets answer answer them.
func receive(w *world, answer http.HandlerFunc) *receiver {
	r := &receiver{clock: w.clock, start: w.start}
	r.Server = httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		r.keep(request)
		answer(response, request)
	}))
	w.t.Cleanup(r.Close)
	return r
}

func (r *receiver) keep(got *http.Request) {
	body, _ := io.ReadAll(got.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, request{got, body, r.clock.Now().Sub(r.start).Round(time.Minute)})
}

func (r *receiver) got() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kept)
}

func (r *receiver) times() (times []time.Duration) {
	for _, request := range r.got() {
		times = append(times, request.at)
	}
	return times
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// safeBuffer is written by many.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestDelivery: what the official SDK takes, on a clock that was moved by a month.
func TestDelivery(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind, options{})
		w.clock.Advance(30 * 24 * time.Hour)
		r := receive(w, status(http.StatusNoContent))
		w.endpoint(testMode, r.URL+"/webhooks?token=hunter2", stripe.APIVersion)
		w.happen(testMode, 1)
		w.settle()

		require.Len(t, r.got(), 1)
		request := r.got()[0]
		body := request.body
		require.Equal(t, http.MethodPost, request.Method)
		require.Equal(t, "/webhooks?token=hunter2", request.URL.String())
		require.Equal(t, "application/json; charset=utf-8", request.Header.Get("Content-Type"))
		require.Equal(t, "fincon", request.Header.Get("User-Agent"))
		signature := request.Header.Get("Stripe-Signature")
		got, err := stripewebhook.ConstructEvent(body, signature, secret)
		require.NoError(t, err)
		require.Equal(t, stripe.APIVersion, got.APIVersion)
		require.Equal(t, stripe.EventTypeFinancialConnectionsAccountCreated, got.Type)
		require.Equal(t, "fca_1", got.Data.Object["id"])
		require.Equal(t, int64(1), got.PendingWebhooks)
		require.Equal(t, "req_1", got.Request.ID)

		_, err = stripewebhook.ConstructEvent(bytes.Replace(body, []byte("fca_1"), []byte("fca_2"), 1), signature, secret)
		require.ErrorIs(t, err, stripewebhook.ErrNoValidSignature)

		recorded := w.events(testMode)[0]
		require.Equal(t, recorded.ID, got.ID)
		require.Zero(t, recorded.Pending)
		require.Contains(t, string(recorded.Body), `"api_version": "`+event.Version+`"`)
		w.requireNothingDue()
		w.stop()
		require.Contains(t, w.log.String(), "event="+got.ID)
		for _, hidden := range []string{"hunter2", secret, "fca_1"} {
			require.NotContains(t, w.log.String(), hidden)
		}
	})
}

// TestVersion: without one of its own, an endpoint gets the event's.
func TestVersion(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, options{})
	r := receive(w, status(http.StatusOK))
	w.endpoint(testMode, r.URL, "")
	w.happen(testMode, 1)
	w.settle()
	var got gen.Event
	require.NoError(t, json.Unmarshal(r.got()[0].body, &got))
	require.Equal(t, event.Version, *got.APIVersion)
	require.Equal(t, string(w.events(testMode)[0].Body), string(r.got()[0].body), "as it was recorded")
}

// TestRetries: every kind of failure is tried again an hour and three hours later, and then no more.
func TestRetries(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
		logged  string
	}{
		"server error": {answer: status(http.StatusInternalServerError), logged: "result=500"},
		"refusal":      {answer: status(http.StatusBadRequest), logged: "result=400"},
		"redirect": {answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, logged: "result=307"},
		"no answer": {
			answer:  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			timeout: 500 * time.Millisecond, logged: "no answer in time",
		},
		"death": {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, logged: "connection lost"},
		"nonsense": {answer: func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = conn.Write([]byte("sesame"))
			_ = conn.Close()
		}, logged: "connection lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, harness.Memory, options{timeout: test.timeout})
			r := receive(w, test.answer)
			w.endpoint(testMode, r.URL, "")
			w.happen(testMode, 1)
			w.settle()
			require.Len(t, r.got(), 1)
			w.pass(24 * time.Hour)
			require.Equal(t, []time.Duration{0, time.Hour, 3 * time.Hour}, r.times())
			require.Equal(t, 1, w.events(testMode)[0].Pending)
			w.requireNothingDue()
			signatures := map[string]bool{}
			for _, request := range r.got() {
				signatures[request.Header.Get("Stripe-Signature")] = true
				require.Equal(t, r.got()[0].body, request.body)
			}
			require.Len(t, signatures, 3, "each try is signed anew")
			w.stop()
			require.Contains(t, w.log.String(), test.logged)
			require.NotContains(t, w.log.String(), "sesame")
		})
	}
}

// TestRetriesThatSucceed end there, whichever database counts.
func TestRetriesThatSucceed(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind, options{})
		var tries int
		r := receive(w, func(response http.ResponseWriter, _ *http.Request) {
			if tries++; tries < 2 {
				response.WriteHeader(http.StatusBadGateway)
			}
		})
		w.endpoint(testMode, r.URL, "")
		w.happen(testMode, 1)
		w.pass(24 * time.Hour)
		require.Equal(t, []time.Duration{0, time.Hour}, r.times())
		require.Zero(t, w.events(testMode)[0].Pending)
	})
}

// TestNobodyListens: connections that are refused are failed tries.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	w.endpoint(testMode, "http://"+address, "")
	w.happen(testMode, 1)
	w.settle()
	next, found, err := w.kept.NextDue(t.Context())
	require.NoError(t, err)
	require.True(t, found)
	require.WithinDuration(t, w.start.Add(time.Hour), time.Unix(next, 0), time.Minute)
}

// TestLive: ten tries in three days, over https alone.
func TestLive(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, options{allow: []netip.Prefix{loopback}})
	var mu sync.Mutex
	var times []time.Duration
	address := listen(t, func() {
		mu.Lock()
		defer mu.Unlock()
		times = append(times, w.clock.Now().Sub(w.start).Round(time.Minute))
	})
	w.endpoint(liveMode, "https://"+address, "")
	w.happen(liveMode, 1)
	w.pass(7 * 24 * time.Hour)
	mu.Lock()
	require.Equal(t, tries(true), times)
	mu.Unlock()
	require.Equal(t, 1, w.events(liveMode)[0].Pending)
	w.requireNothingDue()
}

// listen counts connections, and ends each.
func listen(t *testing.T, connected func()) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connected()
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestLiveDelivery(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Stripe-Signature")
	}))
	t.Cleanup(secure.Close)
	w := begin(t, harness.Memory, options{allow: []netip.Prefix{loopback}, trust: secure.Certificate()})
	w.endpoint(liveMode, secure.URL, "")
	w.happen(liveMode, 1)
	w.settle()
	require.NotEmpty(t, <-got)
	require.Zero(t, w.events(liveMode)[0].Pending)
}

// TestForbiddenAddress: what a name leads to is looked at when connecting, whatever was the case when the URL was set.
func TestForbiddenAddress(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			w := begin(t, harness.Memory, options{})
			address := listen(t, func() { t.Error("a connection was made") })
			_, port, err := net.SplitHostPort(address)
			require.NoError(t, err)
			w.endpoint(liveMode, fmt.Sprintf("https://%s:%s/", host, port), "")
			w.happen(liveMode, 1)
			w.settle()
			require.Equal(t, 1, w.events(liveMode)[0].Pending)
			w.stop()
			require.Contains(t, w.log.String(), "the address is not permitted")
		})
	}
}

// TestEndlessAnswer: the status counts, and no more is read than a usual answer has.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, options{})
	r := receive(w, func(response http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 32<<10); ; {
			if _, err := response.Write(chunk); err != nil {
				return
			}
		}
	})
	w.endpoint(testMode, r.URL, "")
	w.happen(testMode, 1)
	w.settle()
	require.Zero(t, w.events(testMode)[0].Pending)
}

// TestDeadEndpointDelaysNobody: while one endpoint holds on to all that it is given, another gets everything.
func TestDeadEndpointDelaysNobody(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		const events = 50
		w := begin(t, kind, options{})
		release := make(chan struct{})
		dead := receive(w, func(http.ResponseWriter, *http.Request) { <-release })
		w.endpoint(testMode, dead.URL, "")
		received := make(chan struct{}, events)
		alive := receive(w, func(http.ResponseWriter, *http.Request) { received <- struct{}{} })
		w.endpoint(testMode, alive.URL, "")
		w.happen(testMode, events)
		for range events {
			<-received
		}
		require.LessOrEqual(t, len(dead.got()), 8)
		close(release)
		w.settle()
		require.Len(t, dead.got(), events)
		require.Len(t, alive.got(), events)
		for _, e := range w.events(testMode) {
			require.Zero(t, e.Pending)
		}
	})
}

// TestManyDeadEndpoints: nor do many, which together could hold on to everything.
func TestManyDeadEndpoints(t *testing.T) {
	t.Parallel()
	const events, dead = 10, 40
	w := begin(t, harness.Memory, options{})
	release := make(chan struct{})
	hole := receive(w, func(http.ResponseWriter, *http.Request) { <-release })
	for range dead {
		w.endpoint(testMode, hole.URL, "")
	}
	received := make(chan struct{}, events)
	alive := receive(w, func(http.ResponseWriter, *http.Request) { received <- struct{}{} })
	w.endpoint(testMode, alive.URL, "")
	w.happen(testMode, events)
	for range events {
		<-received
	}
	close(release)
	w.settle()
	require.Len(t, hole.got(), events*dead)
}

// TestPendingWebhooks: each payload tells how many have not received the event by then, and so does the event.
func TestPendingWebhooks(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, options{})
	fine := receive(w, status(http.StatusOK))
	broken := receive(w, status(http.StatusInternalServerError))
	w.endpoint(testMode, fine.URL, "")
	w.endpoint(testMode, broken.URL, "")
	w.happen(testMode, 1)
	require.Contains(t, string(w.events(testMode)[0].Body), `"pending_webhooks": 2`)
	w.settle()
	require.Equal(t, 1, w.events(testMode)[0].Pending)
	w.pass(time.Hour)
	require.Contains(t, string(broken.got()[1].body), `"pending_webhooks": 1`)
}

// TestDisabled: an endpoint that is disabled at the time of a retry has had its last try of that event; one that was
// enabled again before goes on.
func TestDisabled(t *testing.T) {
	t.Parallel()
	w := begin(t, harness.Memory, options{})
	r := receive(w, status(http.StatusInternalServerError))
	endpoint := w.endpoint(testMode, r.URL, "")
	w.happen(testMode, 1)
	w.settle()
	w.change(testMode, endpoint, func(row *store.WebhookEndpoint) { row.Enabled = false })
	w.happen(testMode, 1)
	w.settle()
	require.Len(t, r.got(), 1, "what happens meanwhile is not delivered")
	w.change(testMode, endpoint, func(row *store.WebhookEndpoint) { row.Enabled = true })
	w.pass(time.Hour)
	require.Len(t, r.got(), 2)
	w.change(testMode, endpoint, func(row *store.WebhookEndpoint) { row.Enabled = false })
	w.pass(24 * time.Hour)
	require.Len(t, r.got(), 2)
	w.requireNothingDue()
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind, options{})
		r := receive(w, status(http.StatusInternalServerError))
		endpoint := w.endpoint(testMode, r.URL, "")
		w.happen(testMode, 1)
		w.settle()
		w.write(func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteWebhookEndpoint(ctx, testMode, endpoint)
		})
		w.pass(24 * time.Hour)
		require.Len(t, r.got(), 1)
		w.requireNothingDue()
	})
}

// TestLease: what a process was sending when it died is sent by another when the lease has run out.
func TestLease(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		w := begin(t, kind, options{})
		received := make(chan struct{}, 1)
		r := receive(w, func(http.ResponseWriter, *http.Request) { received <- struct{}{} })
		row := newEndpoint(t, testMode, r.URL, "")
		now := w.clock.Now()
		w.write(func(ctx context.Context, tx *store.Tx) error {
			if err := tx.InsertWebhookEndpoint(ctx, testMode, row); err != nil {
				return err
			}
			later := now.Add(time.Hour)
			return event.Record(ctx, tx, testMode, later, gen.EventTypeFinancialConnectionsAccountCreated, []byte("{}"), event.Request{})
		})
		claimed, err := w.kept.ClaimDeliveries(t.Context(), store.EndpointKey{Scope: testMode, ID: row.ID},
			now.Add(time.Hour).Unix(), now.Add(2*time.Hour).Unix(), 10)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		w.clock.Advance(2 * time.Hour)
		<-received
		w.settle()
		require.Zero(t, w.events(testMode)[0].Pending)
	})
}

// TestStop: a server that stops lets what it is sending come to its end, and begins nothing new.
func TestStop(t *testing.T) {
	t.Parallel()
	const events = 20
	w := begin(t, harness.Memory, options{})
	began, release := make(chan struct{}, events), make(chan struct{})
	r := receive(w, func(http.ResponseWriter, *http.Request) { began <- struct{}{}; <-release })
	w.endpoint(testMode, r.URL, "")
	w.happen(testMode, events)
	<-began
	<-began
	stopped := make(chan struct{})
	go func() { w.stop(); close(stopped) }()
	<-w.runner.Stopping()
	close(release)
	<-stopped
	pending := 0
	for _, e := range w.events(testMode) {
		pending += e.Pending
	}
	require.Len(t, r.got(), 2)
	require.Equal(t, events-2, pending)
}
