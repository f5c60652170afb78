package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl"
	"fincon/impl/apikey"
	"fincon/impl/bank"
	"fincon/impl/bank/sandbox"
	"fincon/impl/clock"
	"fincon/impl/contract/contracttest"
	"fincon/impl/control"
	"fincon/impl/store"
	"fincon/impl/store/sqlite"
	"fincon/impl/vault"
	"fincon/openapi"
)

const (
	key   = "sk_test_123"
	other = "sk_test_456"

	sessions = "/v1/financial_connections/sessions"
	accounts = "/v1/financial_connections/accounts"
)

// machine is a server for tests with both of its listeners, whose answers are held against their documents.
type machine struct {
	t            *testing.T
	api, control string // URLs
	server       *impl.Server
}

func start(t *testing.T) *machine {
	t.Helper()
	kept, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "fincon.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	return startOn(t, kept)
}

func startOn(t *testing.T, kept *store.Store) *machine {
	t.Helper()
	time := clock.Test(0)
	server, err := impl.New(impl.Config{
		Store: kept, Keys: apikey.Open(), Clock: time, Vault: vault.Random(), Log: slog.New(slog.DiscardHandler),
		Banks: bank.NewDirectory(t.Context(), sandbox.New(time.Now)), Faults: impl.NewFaults(),
	})
	require.NoError(t, err)
	controlled, err := control.New(server)
	require.NoError(t, err)

	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { server.Run(ctx); close(stopped) }()
	t.Cleanup(func() { stop(); <-stopped })
	return &machine{
		t: t, server: server, api: serve(t, openapi.JSON, server), control: serve(t, openapi.ControlJSON, controlled),
	}
}

func serve(t *testing.T, document []byte, handler http.Handler) string {
	t.Helper()
	validated, err := contracttest.New(document, handler, func(err error) { t.Errorf("against the document: %v", err) })
	require.NoError(t, err)
	web := httptest.NewServer(validated)
	t.Cleanup(web.Close)
	return web.URL
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Text   string
}

// object reads the answer's JSON.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.Text), &object), a.Text)
	return object
}

// fault reads the answer, which has to be an error of the status.
func (a answer) fault(t *testing.T, status int) map[string]any {
	t.Helper()
	require.Equal(t, status, a.Status, a.Text)
	return a.object(t)["error"].(map[string]any)
}

// steer sends a request to the control listener, which has to go well.
func (m *machine) steer(method, path string, body any) map[string]any {
	m.t.Helper()
	a := m.send(key, method, m.control+path, body)
	require.Less(m.t, a.Status, 300, a.Text)
	if a.Status == http.StatusNoContent {
		return nil
	}
	return a.object(m.t)
}

// send sends JSON.
func (m *machine) send(key, method, url string, body any, header ...string) answer {
	m.t.Helper()
	a, err := m.try(key, method, url, body, header...)
	require.NoError(m.t, err)
	return a
}

func (m *machine) try(key, method, url string, body any, header ...string) (answer, error) {
	m.t.Helper()
	var encoded bytes.Buffer
	if body != nil {
		require.NoError(m.t, json.NewEncoder(&encoded).Encode(body))
	}
	request, err := http.NewRequestWithContext(m.t.Context(), method, url, &encoded)
	require.NoError(m.t, err)
	request.GetBody = nil // or the transport sends it again when the connection is dropped
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	transport := &http.Transport{DisableKeepAlives: true} // the transport sends again what fails on a used connection
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// session creates a session of cus_1 that asks for everything and what is given.
func (m *machine) session(more ...string) string {
	m.t.Helper()
	return m.sessionOf(key, more...)
}

func (m *machine) sessionOf(key string, more ...string) string {
	m.t.Helper()
	params := map[string]any{
		"account_holder": map[string]any{"type": "customer", "customer": "cus_1"},
		"permissions":    []string{"balances", "ownership", "payment_method", "transactions"},
	}
	for _, text := range more {
		require.NoError(m.t, json.Unmarshal([]byte(text), &params))
	}
	a := m.send(key, http.MethodPost, m.api+sessions, params)
	require.Equal(m.t, http.StatusOK, a.Status, a.Text)
	return a.object(m.t)["id"].(string)
}

// link links accounts in a session.
func (m *machine) link(session string, params map[string]any) []map[string]any {
	m.t.Helper()
	return linked(m.steer(http.MethodPost, "/sessions/"+session+"/link", params))
}

// linked are the accounts of a session.
func linked(session map[string]any) (all []map[string]any) {
	for _, one := range session["accounts"].(map[string]any)["data"].([]any) {
		all = append(all, one.(map[string]any))
	}
	return all
}

func names(accounts []map[string]any) (names []string) {
	for _, one := range accounts {
		names = append(names, one["display_name"].(string))
	}
	return names
}

// events are the types of the tenant's events, newest first.
func (m *machine) events(prefix string) (types []string) {
	m.t.Helper()
	a := m.send(key, http.MethodGet, m.api+"/v1/events?limit=100&type="+url.QueryEscape(prefix+"*"), nil)
	for _, one := range a.object(m.t)["data"].([]any) {
		types = append(types, strings.TrimPrefix(one.(map[string]any)["type"].(string), "financial_connections.account."))
	}
	return types
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	m := start(t)
	require.Equal(t, string(openapi.ControlYAML), m.send("", http.MethodGet, m.control+"/openapi.yaml", nil).Text)
	require.Equal(t, string(openapi.ControlJSON), m.send("", http.MethodGet, m.control+"/openapi.json", nil).Text)
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	m := start(t)
	for _, route := range [][2]string{{http.MethodGet, "/"}, {http.MethodPut, "/clock"}, {http.MethodGet, "/v2"}} {
		a := m.send(key, route[0], m.control+route[1], nil)
		require.Contains(t, a.fault(t, http.StatusNotFound)["message"], "/openapi.yaml")
	}
}

// A page that somebody looks at on this machine must not control the server.
func TestBrowsersAreRefused(t *testing.T) {
	t.Parallel()
	m := start(t)
	for name, header := range map[string][]string{
		"a page from elsewhere":             {"Origin", "https://attacker.example"},
		"a page of this machine":            {"Origin", "null"},
		"a name that was made to lead here": {"Host", "attacker.example"},
		"another machine's address":         {"Host", "192.0.2.1:80"},
	} {
		a := m.send(key, http.MethodPost, m.control+"/settle", nil, header...)
		require.Contains(t, a.fault(t, http.StatusForbidden)["message"], "own machine", name)
	}
	for _, host := range []string{"localhost:12110", "127.0.0.1", "[::1]:12110"} {
		require.Equal(t, http.StatusOK, m.send("", http.MethodPost, m.control+"/settle", nil, "Host", host).Status, host)
	}
}

// Whom to act for is named by a key of any kind; what is for all needs none.
func TestKeys(t *testing.T) {
	t.Parallel()
	m := start(t)
	require.Equal(t, http.StatusOK, m.send("", http.MethodGet, m.control+"/clock", nil).Status)
	a := m.send("", http.MethodGet, m.control+"/faults", nil)
	a.fault(t, http.StatusUnauthorized)
	require.NotEmpty(t, a.Header.Get("WWW-Authenticate"))
	m.send("nonsense", http.MethodPost, m.control+"/tenant/reset", nil).fault(t, http.StatusUnauthorized)
	for _, kind := range []string{"sk_test_1", "rk_test_1", "pk_test_1", "sk_live_1"} {
		require.Equal(t, http.StatusOK, m.send(kind, http.MethodGet, m.control+"/faults", nil).Status, kind)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	m := start(t)
	create := func(key string, header ...string) answer {
		return m.send(key, http.MethodPost, m.api+sessions, map[string]any{
			"account_holder": map[string]any{"type": "customer", "customer": "cus_1"}, "permissions": []string{"balances"},
		}, append(header, "Idempotency-Key", "once")...)
	}
	mine, connectedAccounts, others := create(key), create(key, "Stripe-Account", "acct_1"), create(other)
	id := mine.object(t)["id"].(string)
	m.link(id, map[string]any{"institution": "Test (Non-OAuth)"})
	m.steer(http.MethodPost, "/faults", map[string]any{"operation": "CreateSession", "drop": true})

	m.steer(http.MethodPost, "/tenant/reset", nil)
	m.send(key, http.MethodGet, m.api+sessions+"/"+id, nil).fault(t, http.StatusNotFound)
	m.send(key, http.MethodGet, m.api+sessions+"/"+connectedAccounts.object(t)["id"].(string), nil, "Stripe-Account", "acct_1").
		fault(t, http.StatusNotFound)
	require.Empty(t, m.send(key, http.MethodGet, m.api+accounts+"?account_holder[customer]=cus_1", nil).object(t)["data"])
	require.Empty(t, m.events(""))
	again := create(key)
	require.Equal(t, http.StatusOK, again.Status, "no planned fault is left")
	require.NotEqual(t, id, again.object(t)["id"], "no idempotency key is left")
	require.Equal(t, http.StatusOK, m.send(other, http.MethodGet, m.api+sessions+"/"+others.object(t)["id"].(string), nil).Status)
	m.steer(http.MethodPost, "/settle", nil)
}
