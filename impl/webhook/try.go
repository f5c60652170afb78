package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"

	"fincon/gen"
	"fincon/impl/event"
	"fincon/impl/store"
)

// try makes one try and logs it, without the URL, which may hold secrets, and without what was sent and answered.
func (l *lane) try(ctx context.Context, delivery store.ClaimedDelivery) (ended fate) {
	defer func() {
		if v := recover(); v != nil {
			l.Log.Error("webhook", "event", delivery.Event, "endpoint", l.endpoint.ID, "panic", v, "stack", string(debug.Stack()))
			ended = failed
		}
	}()
	if !delivery.To.Enabled {
		return abandoned
	}
	var endpoint gen.WebhookEndpoint
	if err := json.Unmarshal(delivery.To.Body, &endpoint); err != nil {
		l.Log.Error("read a stored webhook endpoint", "endpoint", l.endpoint.ID, "cause", err)
		return failed
	}
	received, result := l.post(ctx, endpoint, delivery)
	level := slog.LevelInfo
	ended = delivered
	switch {
	case received:
	case ctx.Err() != nil:
		ended = interrupted
	default:
		level, ended = slog.LevelWarn, failed
	}
	l.Log.Log(ctx, level, "webhook", "event", delivery.Event, "endpoint", l.endpoint.ID, "attempt", delivery.Attempt+1,
		"result", result)
	return ended
}

// post sends the event as the endpoint wants it: in its version, and signed at the server's time, anew for each try.
func (l *lane) post(ctx context.Context, endpoint gen.WebhookEndpoint, delivery store.ClaimedDelivery) (received bool, result string) {
	version := ""
	if endpoint.APIVersion != nil {
		version = *endpoint.APIVersion
	}
	payload := event.Render(delivery.Content.Body, version, delivery.Content.Pending)
	sender := l.test
	if l.endpoint.Livemode {
		sender = l.live
	}
	return sender.post(ctx, endpoint.URL, payload, Sign(payload, delivery.To.Secret, l.Clock.Now()))
}
