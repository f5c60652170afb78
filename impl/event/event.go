// Package event records what happened, in the transaction that made it happen, together with the deliveries to the
// webhook endpoints that want to hear of it.
package event

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"fincon/gen"
	"fincon/impl/id"
	"fincon/impl/store"
	"fincon/impl/wire"
)

// Version is the version of the API that events are recorded in: the document's.
const Version = "2026-09-30.endive"

// Lifetime is how long an event can be read, and is kept.
const Lifetime = 30 * 24 * time.Hour

// Request is what made an event happen; its zero value is that nobody asked, such as for a daily refresh.
type Request struct {
	ID             string `json:"id,omitempty"`
	IdempotencyKey string `json:"idempotency_key,omitempty"`
}

// Record keeps the event that the object, given as it is served, has changed at now, and makes its delivery due to each
// enabled endpoint of the scope that wants this type. Who commits the transaction tells the runner (due.Runner.Kick).
func Record(ctx context.Context, tx *store.Tx, scope store.Scope, now time.Time, kind gen.EventType, object []byte, cause Request) error {
	endpoints, err := tx.EnabledWebhookEndpoints(ctx, scope)
	if err != nil {
		return err
	}
	endpoints = slices.DeleteFunc(endpoints, func(endpoint store.WebhookEndpoint) bool { return !Wants(endpoint, kind) })

	version := Version
	eventID := id.New("evt_", now)
	body, err := wire.JSON(gen.Event{
		ID: eventID, Object: gen.EventObjectEvent, APIVersion: &version, Created: now.Unix(),
		Data: gen.EventData{Object: object}, Livemode: scope.Livemode, PendingWebhooks: int64(len(endpoints)),
		Request: &gen.EventRequest{ID: nonEmpty(cause.ID), IdempotencyKey: nonEmpty(cause.IdempotencyKey)}, Type: kind,
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", kind, err)
	}
	if err := tx.InsertEvent(ctx, scope, store.Event{
		ID: eventID, Type: string(kind), Created: now.Unix(), Pending: len(endpoints), Body: body,
	}); err != nil {
		return err
	}
	for _, endpoint := range endpoints {
		if err := tx.InsertDelivery(ctx, scope, eventID, endpoint.ID, now.Unix()); err != nil {
			return err
		}
	}
	return nil
}

// Wants tells whether events of a type are for an endpoint.
func Wants(endpoint store.WebhookEndpoint, kind gen.EventType) bool {
	return slices.Contains(endpoint.Events, string(gen.EnabledEventAsterisk)) || slices.Contains(endpoint.Events, string(kind))
}

func nonEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Render is a recorded event as it is sent now: pending is how many endpoints have not received it, version the version
// that the receiver wants, "" for the event's own. The body that is given stays as it is.
func Render(body []byte, version string, pending int) []byte {
	if version != "" {
		body = set(body, "api_version", strconv.Quote(version))
	}
	return set(body, "pending_webhooks", strconv.Itoa(pending))
}

// set replaces a number or a short text among the event's own properties. Those, and no other, stand behind a line's end
// and two blanks: what is inside of data stands further to the right, and a text holds no line's end.
func set(body []byte, property, value string) []byte {
	_, rest, found := bytes.Cut(body, []byte("\n  \""+property+"\": "))
	if !found {
		return body
	}
	end := bytes.IndexAny(rest, ",\n")
	if end < 0 || string(rest[:end]) == value {
		return body
	}
	changed := make([]byte, 0, len(body)+len(value))
	changed = append(changed, body[:len(body)-len(rest)]...)
	changed = append(changed, value...)
	return append(changed, rest[end:]...)
}
