package control_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// receiver is a webhook endpoint's other end.
type receiver struct {
	*httptest.Server
	events chan string // ids, as they come
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{events: make(chan string, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var event struct{ ID string }
		if err := json.NewDecoder(request.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		r.events <- event.ID
	}))
	t.Cleanup(r.Close)
	return r
}

// endpoint makes a webhook endpoint of a receiver.
func (m *machine) endpoint(url string, events ...string) string {
	m.t.Helper()
	a := m.send(key, http.MethodPost, m.api+"/v1/webhook_endpoints", map[string]any{"url": url, "enabled_events": events})
	require.Equal(m.t, http.StatusOK, a.Status, a.Text)
	return a.object(m.t)["id"].(string)
}

func TestResend(t *testing.T) {
	t.Parallel()
	m := start(t)
	all, some, none := receive(t), receive(t), receive(t)
	allID := m.endpoint(all.URL, "*")
	someID := m.endpoint(some.URL, "financial_connections.account.created")
	noneID := m.endpoint(none.URL, "financial_connections.account.disconnected")
	m.link(m.session(), map[string]any{"institution": "Test (Non-OAuth)", "accounts": []string{"Success"}})
	m.steer(http.MethodPost, "/settle", nil)
	event := <-all.events
	require.Equal(t, event, <-some.events)

	answer := m.steer(http.MethodPost, "/events/"+event+"/resend", nil)
	require.Equal(t, map[string]any{"event": event, "endpoints": []any{allID, someID}}, answer)
	m.steer(http.MethodPost, "/settle", nil)
	require.Equal(t, event, <-all.events)
	require.Equal(t, event, <-some.events)

	m.steer(http.MethodPost, "/events/"+event+"/resend", map[string]any{"endpoint": noneID})
	m.steer(http.MethodPost, "/settle", nil)
	require.Equal(t, event, <-none.events)
	require.Empty(t, all.events)
	require.Empty(t, some.events)
	require.Zero(t, m.send(key, http.MethodGet, m.api+"/v1/events/"+event, nil).object(t)["pending_webhooks"])
}

func TestResendRefusals(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.link(m.session(), map[string]any{"institution": "Test (Non-OAuth)", "accounts": []string{"Success"}})
	event := m.send(key, http.MethodGet, m.api+"/v1/events", nil).object(t)["data"].([]any)[0].(map[string]any)["id"].(string)
	resend := func(key, event string, params any) answer {
		return m.send(key, http.MethodPost, m.control+"/events/"+event+"/resend", params)
	}
	require.Contains(t, resend(key, "evt_1", nil).fault(t, http.StatusNotFound)["message"], "No such event")
	resend(other, event, nil).fault(t, http.StatusNotFound)
	require.Contains(t, resend(key, event, nil).fault(t, http.StatusBadRequest)["message"], "No enabled webhook endpoint")
	fault := resend(key, event, map[string]any{"endpoint": "we_1"}).fault(t, http.StatusBadRequest)
	require.Equal(t, "endpoint", fault["param"])

	id := m.endpoint(receive(t).URL, "*")
	disabled := m.send(key, http.MethodPost, m.api+"/v1/webhook_endpoints/"+id, map[string]any{"disabled": true})
	require.Equal(t, http.StatusOK, disabled.Status, disabled.Text)
	fault = resend(key, event, map[string]any{"endpoint": id}).fault(t, http.StatusBadRequest)
	require.Contains(t, fault["message"], "disabled")
	require.Contains(t, resend(key, event, nil).fault(t, http.StatusBadRequest)["message"], "No enabled webhook endpoint")
}
