package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"fincon/gen"
	api "fincon/gen/control"
	"fincon/impl/apierror"
	"fincon/impl/apikey"
	"fincon/impl/event"
	"fincon/impl/store"
)

// ResendEvent delivers an event again (POST /events/{event}/resend).
func (c *Control) ResendEvent(ctx context.Context, request api.ResendEventRequestObject) (api.ResendEventResponseObject, error) {
	scope := apikey.From(ctx).Scope
	// For one that does not exist, this has the words.
	if _, err := c.server.RetrieveEvent(ctx, gen.RetrieveEventRequestObject{ID: request.Event}); err != nil {
		return nil, err
	}
	found, err := c.server.Store.Event(ctx, scope, request.Event)
	if err != nil {
		return nil, err
	}
	answer := api.EventResend{Event: found.ID}
	err = c.server.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		answer.Endpoints, err = receivers(ctx, tx, scope, found, request.Body)
		if err != nil {
			return err
		}
		for _, endpoint := range answer.Endpoints {
			if err := tx.ResendDelivery(ctx, scope, found.ID, endpoint, c.server.Clock.Now().Unix()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.server.Due().Kick()
	return api.ResendEvent200JSONResponse{Body: answer}, nil
}

// receivers are the endpoints that the event goes to.
func receivers(ctx context.Context, tx *store.Tx, scope store.Scope, found store.Event, params *api.EventResendParams) ([]string, error) {
	if params != nil && params.Endpoint != nil {
		return oneReceiver(ctx, tx, scope, *params.Endpoint)
	}
	endpoints, err := tx.EnabledWebhookEndpoints(ctx, scope)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, endpoint := range endpoints {
		if event.Wants(endpoint, gen.EventType(found.Type)) {
			ids = append(ids, endpoint.ID)
		}
	}
	if len(ids) == 0 {
		return nil, apierror.Invalid("event", fmt.Sprintf("No enabled webhook endpoint wants events of the type %s.", found.Type))
	}
	return ids, nil
}

func oneReceiver(ctx context.Context, tx *store.Tx, scope store.Scope, id string) ([]string, error) {
	endpoint, err := tx.WebhookEndpoint(ctx, scope, id)
	if errors.Is(err, store.ErrNotFound) {
		missing := apierror.NoSuch("webhook_endpoint", id, "endpoint")
		missing.Status = http.StatusBadRequest
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	if !endpoint.Enabled {
		return nil, apierror.Invalid("endpoint", fmt.Sprintf("The webhook endpoint '%s' is disabled: nothing is delivered to it.", endpoint.ID))
	}
	return []string{endpoint.ID}, nil
}
