package control_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plan sends what is to go wrong.
func (m *machine) plan(fault map[string]any) []any {
	m.t.Helper()
	return m.steer(http.MethodPost, "/faults", fault)["data"].([]any)
}

func TestFaultsHappenAsPlanned(t *testing.T) {
	t.Parallel()
	m := start(t)
	session := m.api + sessions + "/" + m.session()
	planned := m.plan(map[string]any{
		"operation": "RetrieveSession", "times": 2, "error": map[string]any{"status": 429, "code": "rate_limit"},
	})
	require.Equal(t, []any{map[string]any{
		"after": false, "operation": "RetrieveSession", "times": 2.0, "error": map[string]any{
			"code": "rate_limit", "message": "A test has planned this fault.", "status": 429.0, "type": "invalid_request_error",
		},
	}}, planned)
	m.plan(map[string]any{"operation": "RetrieveSession", "error": map[string]any{"status": 500, "message": "Out of order."}})
	m.plan(map[string]any{"operation": "RetrieveSession", "drop": true})

	require.Equal(t, http.StatusOK, m.send(other, http.MethodGet, m.api+"/v1/events", nil).Status, "another operation")
	m.send(other, http.MethodGet, session, nil).fault(t, http.StatusNotFound) // another tenant
	m.send("sk_live_123", http.MethodGet, session, nil).fault(t, http.StatusNotFound)
	for range 2 {
		a := m.send(key, http.MethodGet, session, nil)
		require.Equal(t, "rate_limit", a.fault(t, http.StatusTooManyRequests)["code"])
		require.Equal(t, "true", a.Header.Get("Stripe-Should-Retry"))
	}
	fault := m.send(key, http.MethodGet, session, nil).fault(t, http.StatusInternalServerError)
	require.Equal(t, map[string]any{"message": "Out of order.", "type": "api_error"}, fault)
	_, err := m.try(key, http.MethodGet, session, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusOK, m.send(key, http.MethodGet, session, nil).Status)
	require.Empty(t, m.steer(http.MethodGet, "/faults", nil)["data"])
}

func TestFaultsAreCleared(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.plan(map[string]any{"operation": "CreateSession", "drop": true, "times": 1000})
	require.Len(t, m.plan(map[string]any{"operation": "ListEvents", "delay_ms": 1}), 2)
	require.Empty(t, m.send(other, http.MethodGet, m.control+"/faults", nil).object(t)["data"])
	require.Empty(t, m.steer(http.MethodDelete, "/faults", nil)["data"])
	m.session()
}

// A request that is not valid is answered as ever: it does not use up a fault.
func TestFaultsAreForValidRequests(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.plan(map[string]any{"operation": "CreateSession", "drop": true})
	m.send(key, http.MethodPost, m.api+sessions, map[string]any{}).fault(t, http.StatusBadRequest)
	require.Len(t, m.steer(http.MethodGet, "/faults", nil)["data"], 1)
}

// After the work, whatever happens to the answer: sending the request again under its idempotency key finds it done.
func TestFaultsAfterTheWork(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]map[string]any{
		"dropped": {"drop": true},
		"failed":  {"error": map[string]any{"status": 500}},
		"late":    {"delay_ms": 20000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := start(t)
			fault["after"] = true
			path, isDone := m.disconnectUnder(fault)
			stop := m.disconnect(path)
			require.Eventually(t, isDone, 30*time.Second, time.Millisecond)
			stop()
			again := m.send(key, http.MethodPost, path, nil, "Idempotency-Key", "once")
			require.Equal(t, http.StatusOK, again.Status, again.Text)
			require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
			require.Equal(t, []string{"disconnected", "created"}, m.events(""))
		})
	}
}

// Who gives up on a late answer before the work began has not done it.
func TestFaultsBeforeTheWork(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]map[string]any{
		"dropped": {"drop": true},
		"failed":  {"error": map[string]any{"status": 500}},
		"late":    {"delay_ms": 20000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := start(t)
			path, isDone := m.disconnectUnder(fault)
			stop := m.disconnect(path)
			require.Eventually(t, func() bool { // it has arrived
				return len(m.steer(http.MethodGet, "/faults", nil)["data"].([]any)) == 0
			}, 30*time.Second, time.Millisecond)
			stop()
			require.False(t, isDone())
			again := m.send(key, http.MethodPost, path, nil, "Idempotency-Key", "once")
			require.Equal(t, http.StatusOK, again.Status, again.Text)
			require.Empty(t, again.Header.Get("Idempotent-Replayed"), "a fault is not remembered")
			require.True(t, isDone())
		})
	}
}

// disconnectUnder links an account and plans a fault for its disconnection, which is at path.
func (m *machine) disconnectUnder(fault map[string]any) (path string, isDone func() bool) {
	m.t.Helper()
	linked := m.link(m.session(), map[string]any{"institution": "Test (Non-OAuth)", "accounts": []string{"Success"}})
	account := m.api + accounts + "/" + linked[0]["id"].(string)
	fault["operation"] = "DisconnectAccount"
	m.plan(fault)
	return account + "/disconnect", func() bool {
		return m.send(key, http.MethodGet, account, nil).object(m.t)["status"] == "disconnected"
	}
}

// disconnect sends a request that has an idempotency key and must not be answered well; stop gives up on it.
func (m *machine) disconnect(path string) (stop func()) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, path, nil)
	require.NoError(m.t, err)
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Idempotency-Key", "once")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
		if err != nil {
			return
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusInternalServerError {
			m.t.Errorf("answered %s", response.Status)
		}
	}()
	return func() { cancel(); <-ended }
}

// A late answer is the same answer.
func TestFaultsDelay(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		m := start(t)
		m.plan(map[string]any{"operation": "CreateSession", "delay_ms": 50, "after": after})
		start := time.Now()
		session := m.session()
		require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
		require.Equal(t, http.StatusOK, m.send(key, http.MethodGet, m.api+sessions+"/"+session, nil).Status)
	}
}

func TestFaultRefusals(t *testing.T) {
	t.Parallel()
	m := start(t)
	for name, c := range map[string]struct {
		fault map[string]any
		says  string
	}{
		"no operation":      {map[string]any{"drop": true}, "Missing required param: operation"},
		"unknown operation": {map[string]any{"operation": "Nonsense", "drop": true}, "no operation 'Nonsense'"},
		"nothing":           {map[string]any{"operation": "CreateSession"}, "one of delay_ms, drop and error"},
		"not dropped":       {map[string]any{"operation": "CreateSession", "drop": false}, "one of delay_ms, drop and error"},
		"two things":        {map[string]any{"operation": "CreateSession", "drop": true, "delay_ms": 1}, "only specify one"},
		"no status":         {map[string]any{"operation": "CreateSession", "error": map[string]any{}}, "error[status]"},
		"success":           {map[string]any{"operation": "CreateSession", "error": map[string]any{"status": 200}}, "400"},
		"never":             {map[string]any{"operation": "CreateSession", "drop": true, "times": 0}, "1"},
		"unknown":           {map[string]any{"operation": "CreateSession", "drop": true, "chance": 0.5}, "chance"},
	} {
		fault := m.send(key, http.MethodPost, m.control+"/faults", c.fault).fault(t, http.StatusBadRequest)
		require.Contains(t, fault["message"], c.says, name)
	}
	require.Empty(t, m.steer(http.MethodGet, "/faults", nil)["data"])
}
