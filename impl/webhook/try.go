package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"time"

	"fincon/gen"
	"fincon/impl/activity"
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
	began := time.Now()
	result := l.post(ctx, endpoint, delivery)
	l.remember(delivery, result, time.Since(began))
	level := slog.LevelInfo
	ended = delivered
	switch {
	case result.received():
	case ctx.Err() != nil:
		ended = interrupted
	default:
		level, ended = slog.LevelWarn, failed
	}
	l.Log.Log(ctx, level, "webhook", "event", delivery.Event, "endpoint", l.endpoint.ID, "attempt", delivery.Attempt+1,
		"result", result.String())
	return ended
}

// remember keeps a try of test mode for who looks on.
func (l *lane) remember(delivery store.ClaimedDelivery, result answer, took time.Duration) {
	if l.Attempts == nil || l.endpoint.Livemode {
		return
	}
	l.Attempts.Add(l.endpoint.Tenant, activity.Attempt{
		Event: delivery.Event, EventType: delivery.Content.Type, Endpoint: l.endpoint.ID, Number: delivery.Attempt + 1,
		Ended: l.Clock.Now().Unix(), Took: took, Delivered: result.received(), Status: result.status, Trouble: result.trouble,
	})
}

// post sends the event as the endpoint wants it: in its version, and signed at the server's time, anew for each try.
func (l *lane) post(ctx context.Context, endpoint gen.WebhookEndpoint, delivery store.ClaimedDelivery) answer {
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
