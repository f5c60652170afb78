package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"fincon/gen"
	"fincon/impl/event"
	"fincon/impl/store"
	"fincon/impl/wire"
	"fincon/openapi"
	"fincon/tests/harness"
)

var (
	scope  = store.Scope{Tenant: "one"}
	object = []byte("{\n  \"id\": \"fca_1\",\n  \"note\": \"\\n  \\\"pending_webhooks\\\": 7 <&>\",\n  \"nested\": {\n    \"pending_webhooks\": 7,\n    \"api_version\": null\n  }\n}\n")
)

func TestVersionIsTheDocuments(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(openapi.JSON)
	require.NoError(t, err)
	require.Equal(t, document.Info.Version, event.Version)
}

const recorded = `{
  "id": "evt_",
  "object": "event",
  "api_version": "2026-09-30.endive",
  "created": 1681412208,
  "data": {
    "object": {
      "id": "fca_1",
      "note": "\n  \"pending_webhooks\": 7 <&>",
      "nested": {
        "pending_webhooks": 7,
        "api_version": null
      }
    }
  },
  "livemode": false,
  "pending_webhooks": 2,
  "request": {
    "id": null,
    "idempotency_key": null
  },
  "type": "financial_connections.account.created"
}
`

// TestRecord: an event and a delivery to each endpoint that wants it, and to no other.
func TestRecord(t *testing.T) {
	t.Parallel()
	harness.OnEach(t, func(t *testing.T, kind harness.Kind) {
		kept := open(t, kind)
		created, now := string(gen.EventTypeFinancialConnectionsAccountCreated), time.Unix(1681412208, 500)
		write(t, kept, func(ctx context.Context, tx *store.Tx) error {
			for _, e := range []store.WebhookEndpoint{
				{ID: "we_all", Enabled: true, Events: []string{"*"}},
				{ID: "we_this", Enabled: true, Events: []string{"financial_connections.account.disconnected", created}},
				{ID: "we_others", Enabled: true, Events: []string{"financial_connections.account.disconnected"}},
				{ID: "we_disabled", Events: []string{"*"}},
			} {
				if err := tx.InsertWebhookEndpoint(ctx, scope, e); err != nil {
					return err
				}
			}
			live := store.Scope{Tenant: "one", Livemode: true}
			if err := tx.InsertWebhookEndpoint(ctx, live, store.WebhookEndpoint{ID: "we_live", Enabled: true, Events: []string{"*"}}); err != nil {
				return err
			}
			return event.Record(ctx, tx, scope, now, gen.EventType(created), object, event.Request{})
		})
		found, _, err := kept.ListEvents(t.Context(), scope, store.EventFilter{}, store.Page{Limit: 10})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, 2, found[0].Pending)
		require.Equal(t, created, found[0].Type)
		require.Equal(t, now.Unix(), found[0].Created)
		require.Regexp(t, "^evt_1[0-9A-Za-z]{23}$", found[0].ID)
		require.Equal(t, strings.Replace(recorded, "evt_", found[0].ID, 1), string(found[0].Body))

		due, err := kept.EndpointsWithDueDeliveries(t.Context(), now.Unix())
		require.NoError(t, err)
		require.ElementsMatch(t, []store.EndpointKey{{Scope: scope, ID: "we_all"}, {Scope: scope, ID: "we_this"}}, due)
	})
}

// TestRequest: an event tells of the request that made it happen.
func TestRequest(t *testing.T) {
	t.Parallel()
	kept := open(t, harness.Memory)
	for _, cause := range []event.Request{{ID: "req_1", IdempotencyKey: "key"}, {ID: "req_1"}, {}} {
		write(t, kept, func(ctx context.Context, tx *store.Tx) error {
			return event.Record(ctx, tx, scope, time.Now(), gen.EventTypeFinancialConnectionsAccountCreated, object, cause)
		})
		found, _, err := kept.ListEvents(t.Context(), scope, store.EventFilter{}, store.Page{Limit: 1})
		require.NoError(t, err)
		var got gen.Event
		require.NoError(t, json.Unmarshal(found[0].Body, &got))
		require.Equal(t, pointer(cause.ID), got.Request.ID)
		require.Equal(t, pointer(cause.IdempotencyKey), got.Request.IdempotencyKey)
	}
}

// TestNothingWithoutCommit: what was not committed did not happen.
func TestNothingWithoutCommit(t *testing.T) {
	t.Parallel()
	kept := open(t, harness.Memory)
	undone := errors.New("undone")
	require.ErrorIs(t, kept.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		err := event.Record(ctx, tx, scope, time.Now(), gen.EventTypeFinancialConnectionsAccountCreated, object, event.Request{})
		return errors.Join(err, undone)
	}), undone)
	found, _, err := kept.ListEvents(t.Context(), scope, store.EventFilter{}, store.Page{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, found)
}

// TestRender: the same as if it had been recorded with these values.
func TestRender(t *testing.T) {
	t.Parallel()
	var parsed gen.Event
	require.NoError(t, json.Unmarshal([]byte(recorded), &parsed))
	for _, test := range []struct {
		version string
		pending int
	}{{"", 2}, {"", 0}, {"", 12}, {"2025-01-27.acacia", 2}, {event.Version, 1}, {"2020-08-27", 100}} {
		version := test.version
		if version == "" {
			version = event.Version
		}
		parsed.APIVersion, parsed.PendingWebhooks = &version, int64(test.pending)
		want, err := wire.JSON(parsed)
		require.NoError(t, err)
		given := []byte(recorded)
		require.Equal(t, string(want), string(event.Render(given, test.version, test.pending)))
		require.Equal(t, recorded, string(given), "what is given stays as it is")
	}
}

func open(t *testing.T, kind harness.Kind) *store.Store {
	t.Helper()
	kept := harness.NewDatabase(t, kind).Open()
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	return kept
}

func write(t *testing.T, kept *store.Store, work func(context.Context, *store.Tx) error) {
	t.Helper()
	require.NoError(t, kept.Write(t.Context(), work))
}

func pointer(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
